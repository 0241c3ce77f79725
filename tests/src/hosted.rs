//! Our own server, on a runtime of its own.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use headwater_local::LocalKinesis;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A `headwater-local` that listens on loopback and ends on drop.
///
/// It has a thread and a runtime of its own: the tests that share it each have their own, which end before it does.
#[derive(Debug)]
pub(crate) struct Hosted {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Hosted {
    /// Starts it, with streams that stay in each passing state for `state`. Returns its URL too.
    ///
    /// # Panics
    ///
    /// When it cannot listen.
    pub(crate) fn start(state: Duration) -> (Self, String) {
        let (stop, stopped) = oneshot::channel();
        let (started, starting) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let local =
                    LocalKinesis::builder().create_delay(state).update_delay(state).delete_delay(state);
                let server = local.shard_limit(1_000_000).serve().await.expect("headwater-local serves");
                // Whoever asked for it waits; where that one is gone the next line ends this.
                let _ = started.send(server.endpoint_url());
                let _ = stopped.await;
            });
        });
        let url = starting.recv().expect("headwater-local starts");
        (Self { stop: Some(stop), thread: Some(thread) }, url)
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed, and has failed the test that met it.
            let _ = thread.join();
        }
    }
}
