//! What a connector checks of a message before the sink accepts it.

use bytes::Bytes;

use crate::{Key, Message, Result};

/// Decides under which key a message is sent, or that it never can be.
///
/// Asked once per message, before it is accepted, on the task that sends: a message that no retry could save fails
/// alone and at once, in the `start_send` that brought it. Implemented for closures.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use headwater::batch::Admission;
/// use headwater::{Error, ErrorKind, Message};
///
/// let short_keys = |message: &Message<Bytes>| match message.key() {
///     Some(key) if key.partition_key().len() > 8 => {
///         Err(Error::new(ErrorKind::Invalid, format!("partition key {key}: at most 8 bytes are allowed")))
///     }
///     _ => Ok(None),
/// };
/// assert!(short_keys.admit(&Message::keyed("payload".into(), "far too long")).is_err());
/// ```
pub trait Admission: Send + Sync + 'static {
    /// Returns a key to send the message under in place of its own. `None` keeps its own, and has the sink generate
    /// one where it has none.
    ///
    /// # Errors
    ///
    /// Why the message can never be sent. The sink hands it back with that reason and goes on.
    fn admit(&self, message: &Message<Bytes>) -> Result<Option<Key>>;
}

impl<F> Admission for F
where
    F: Fn(&Message<Bytes>) -> Result<Option<Key>> + Send + Sync + 'static,
{
    fn admit(&self, message: &Message<Bytes>) -> Result<Option<Key>> {
        self(message)
    }
}

/// Sends every message under its own key.
pub(super) struct OwnKey;

impl Admission for OwnKey {
    fn admit(&self, _: &Message<Bytes>) -> Result<Option<Key>> {
        Ok(None)
    }
}
