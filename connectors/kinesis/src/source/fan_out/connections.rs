//! Over which connections subscriptions come.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kinesis::Client;

use crate::api::Api;

/// A place on a connection, free again when it is dropped.
pub(super) type Connection = Arc<Client>;

/// How many subscriptions share one HTTP/2 connection. AWS allows 128 streams on one, and a client that has them all
/// open waits in silence for one to end; a subscription that is not read also takes window from its neighbours.
const SUBSCRIPTIONS_PER_CONNECTION: usize = 50;

/// The clients that subscriptions are made with, each with connections of its own, apart from those of other calls:
/// these must not wait for a window that subscriptions have filled.
///
/// A client whose HTTP client was handed in by the user shares that one: its connections are the user's to choose.
#[derive(Debug)]
pub(super) struct Connections {
    api: Arc<Api>,
    clients: Mutex<Vec<Connection>>,
}

impl Connections {
    pub(super) fn new(api: Arc<Api>) -> Self {
        Self { api, clients: Mutex::default() }
    }

    /// Returns a client that has room for one more subscription.
    pub(super) fn take(&self) -> Connection {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        // One more count is that of the list.
        let free = clients.iter().find(|client| Arc::strong_count(client) <= SUBSCRIPTIONS_PER_CONNECTION);
        if let Some(free) = free {
            return Arc::clone(free);
        }
        let client = Arc::new(self.api.another_client());
        clients.push(Arc::clone(&client));
        client
    }
}

#[cfg(test)]
mod tests {
    use headwater_local::LocalKinesis;

    use super::*;
    use crate::source::tests::polling;

    #[test]
    fn fifty_subscriptions_share_a_connection_and_leave_their_places_to_others() {
        let connections = Connections::new(Arc::clone(&polling(&LocalKinesis::new().client()).api));
        let mut taken: Vec<_> = (0..101).map(|_| connections.take()).collect();
        let made = || connections.clients.lock().unwrap().len();
        assert_eq!(made(), 3);
        taken.truncate(60);
        taken.extend((0..90).map(|_| connections.take()));
        assert_eq!(made(), 3);
        assert!(taken.iter().all(|client| Arc::strong_count(client) == SUBSCRIPTIONS_PER_CONNECTION + 1));
    }
}
