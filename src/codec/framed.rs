//! What a sink of bytes must be able to do for the encode stage.

use std::sync::Arc;

use bytes::Bytes;
use futures::Sink;

use crate::codec::Framing;
use crate::{Error, Message};

/// A sink of bytes that packs messages into records, in whatever framing it is given.
///
/// Framing happens in the sink and not in the encode stage, because only the sink knows which messages go to the same
/// shard. Connectors implement this; users call [`encode`](crate::codec::EncodeExt::encode).
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use futures::SinkExt;
/// use headwater::codec::{Framed, Lines};
/// use headwater::{MemoryStream, Message};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("texts", 1);
/// let mut lines = stream.sink().framed(Arc::new(Lines));
/// lines.send(Message::keyed("text".into(), "customer-7")).await?;
/// assert_eq!(stream.records()[0].payload, "text\n");
/// # Ok(())
/// # }
/// ```
pub trait Framed: Sink<Message<Bytes>, Error = Error> + Sized {
    /// Replaces the framing. Messages that are in the sink already keep the one they were framed with.
    fn framed(self, framing: Arc<dyn Framing>) -> Self;
}
