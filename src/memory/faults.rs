//! Switches that make an in-process stream fail.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Error, ErrorKind};

/// Makes an in-process stream fail on purpose. Every switch may be thrown while the stream is in use, and what is
/// random follows a seed, so that a failure repeats.
///
/// # Example
///
/// ```
/// use headwater::{ErrorKind, MemoryStream};
///
/// let stream = MemoryStream::new("orders", 1);
/// stream.faults().fail_fetches(1, ErrorKind::Unavailable);
/// ```
#[derive(Debug)]
pub struct MemoryFaults {
    switches: Mutex<Switches>,
}

#[derive(Debug)]
struct Switches {
    fetches: (u32, ErrorKind),
    puts: (u32, ErrorKind),
    refused: f64,
    random: fastrand::Rng,
}

impl MemoryFaults {
    pub(super) fn new() -> Self {
        let none = (0, ErrorKind::Unavailable);
        let random = fastrand::Rng::with_seed(0);
        Self { switches: Mutex::new(Switches { fetches: none, puts: none, refused: 0.0, random }) }
    }

    /// Makes the next `count` fetches, over all shards, fail with an error of `kind`.
    pub fn fail_fetches(&self, count: u32, kind: ErrorKind) {
        self.lock().fetches = (count, kind);
    }

    /// Makes the next `count` requests of a sink fail whole with an error of `kind`.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::SinkExt;
    /// use headwater::{ErrorKind, MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// let stream = MemoryStream::new("orders", 1);
    /// stream.faults().fail_puts(2, ErrorKind::Unavailable);
    ///
    /// let mut sink = stream.sink();
    /// sink.send(Message::keyed("an order".into(), "customer-7")).await?;
    /// assert_eq!(sink.status().requests(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fail_puts(&self, count: u32, kind: ErrorKind) {
        self.lock().puts = (count, kind);
    }

    /// Refuses a share of the entries of each request, from 0 to 1, as a throttled shard does. `seed` settles which.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::SinkExt;
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// let stream = MemoryStream::new("orders", 1);
    /// stream.faults().refuse_entries(0.5, 7); // 7 is the seed
    ///
    /// let mut sink = stream.sink();
    /// for order in 0..100 {
    ///     sink.feed(Message::keyed("an order".into(), format!("customer-{order}"))).await?;
    /// }
    /// sink.close().await?;
    /// assert_eq!(stream.records().len(), 100);
    /// assert!(sink.status().retried() > 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn refuse_entries(&self, share: f64, seed: u64) {
        let mut switches = self.lock();
        switches.refused = share;
        switches.random = fastrand::Rng::with_seed(seed);
    }

    pub(super) fn fetch(&self, stream: &str) -> Option<Error> {
        take(&mut self.lock().fetches, "fetch from", stream)
    }

    pub(super) fn put(&self, stream: &str) -> Option<Error> {
        take(&mut self.lock().puts, "put to", stream)
    }

    pub(super) fn refuses_entry(&self) -> bool {
        let mut switches = self.lock();
        let refused = switches.refused;
        refused > 0.0 && switches.random.f64() < refused
    }

    fn lock(&self) -> MutexGuard<'_, Switches> {
        self.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take((count, kind): &mut (u32, ErrorKind), operation: &str, stream: &str) -> Option<Error> {
    *count = count.checked_sub(1)?;
    Some(Error::new(*kind, format!("{operation} \"{stream}\"")).caused_by("a fault was asked for"))
}
