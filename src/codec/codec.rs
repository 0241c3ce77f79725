//! A framing and a serializer, paired.

use std::sync::Arc;

use crate::codec::Framing;
#[cfg(any(feature = "gzip", feature = "lz4", feature = "zstd"))]
use crate::codec::compressed::{Compressed, Compression};

/// How messages of a type become records and come back: a framing × a serializer.
///
/// The presets in [`codec`](crate::codec) are the usual pairs; any other pair is made with [`new`](Self::new). A
/// codec is cheap to clone.
///
/// # Example
///
/// ```
/// use headwater::codec::{Codec, Framing, Json, Netstrings};
///
/// let codec = Codec::new(Netstrings, Json::<u64>::new());
/// assert_eq!(codec.framing().name(), "netstrings");
/// ```
#[derive(Clone, Debug)]
pub struct Codec<S> {
    framing: Arc<dyn Framing>,
    serializer: S,
}

impl<S> Codec<S> {
    /// Pairs a framing with a serializer.
    pub fn new(framing: impl Framing, serializer: S) -> Self {
        Self { framing: Arc::new(framing), serializer }
    }

    /// Compresses every record, whole, where that makes it shorter; others stay as they are.
    ///
    /// The codec reads any format that the crate was built with, whichever it writes, and records that are not compressed:
    /// a stream may hold all of them. A format is told by the first bytes of a record, so that a record which only looks
    /// like one is compressed too. What is damaged, cut short or longer than [`Compression::max_inflated`] when inflated is
    /// poison, as a whole.
    ///
    /// A record is full at 256 KiB before it is compressed, unless the sink's `frame_size` says otherwise, and fits the
    /// service's limit even if it cannot be compressed: a message that is too long uncompressed is refused.
    ///
    /// The KPL's aggregates are compressed whole too: this crate reads them, and what knows only aggregates, such as the
    /// KCL, gets one payload that it cannot take apart.
    ///
    /// # Memory
    ///
    /// One record at a time is inflated, and its messages are slices of it: each keeps all of it in memory. A source charges
    /// its byte budget for the compressed record until the last of them is dropped, not for what was inflated. So a budget
    /// of 64 MiB may hold six times that where records are compressed to a sixth.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "gzip")] {
    /// use headwater::codec::{self, Compression};
    /// use headwater::{Headers, Key};
    ///
    /// let codec = codec::json_lines::<String>().compressed(Compression::gzip());
    /// let line = format!("\"{}\"", "again ".repeat(100));
    /// let mut frame = codec.framing().open();
    /// for _ in 0..10 {
    ///     frame.push(&Key::from("a"), line.as_bytes(), &Headers::new());
    /// }
    /// let record = frame.finish();
    /// assert!(record.len() < line.len() / 2);
    /// assert_eq!(codec.framing().split(&record).parts[9].payload, line);
    /// assert_eq!(codec.framing().split(&"\"plain\"\n".into()).parts[0].payload, "\"plain\"");
    /// # }
    /// ```
    #[cfg(any(feature = "gzip", feature = "lz4", feature = "zstd"))]
    pub fn compressed(self, compression: Compression) -> Self {
        let Self { framing, serializer } = self;
        Self { framing: Arc::new(Compressed::new(framing, compression)), serializer }
    }

    /// Compresses every record with Zstandard, at level 1: [`compressed`](Self::compressed) says how.
    ///
    /// # Example
    ///
    /// ```
    /// use futures::{StreamExt, TryStreamExt, stream};
    /// use headwater::codec::{self, DecodeExt, EncodeExt};
    /// use headwater::{MemoryStream, Message};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> headwater::Result<()> {
    /// let orders = MemoryStream::new("orders", 1);
    /// let many = stream::iter((0..1000_u32).map(|id| Ok(Message::keyed(id, "customer-7"))));
    /// many.forward(orders.sink().encode(codec::json_lines().zstd())).await?;
    /// assert!(orders.records()[0].payload.len() < 2000);
    ///
    /// let mut read = orders.source().await?.decode(codec::json_lines::<u32>().zstd());
    /// assert_eq!(*read.try_next().await?.expect("the first").payload(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "zstd")]
    pub fn zstd(self) -> Self {
        self.compressed(Compression::zstd())
    }

    /// Compresses every record with LZ4: [`compressed`](Self::compressed) says how.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::codec;
    ///
    /// let codec = codec::json_lines::<u64>().lz4();
    /// assert_eq!(codec.framing().name(), "lines");
    /// ```
    #[cfg(feature = "lz4")]
    pub fn lz4(self) -> Self {
        self.compressed(Compression::lz4())
    }

    /// Compresses every record with gzip, at level 1: [`compressed`](Self::compressed) says how.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::codec;
    ///
    /// let codec = codec::json_lines::<u64>().gzip();
    /// assert_eq!(codec.framing().name(), "lines");
    /// ```
    #[cfg(feature = "gzip")]
    pub fn gzip(self) -> Self {
        self.compressed(Compression::gzip())
    }

    /// Returns the framing.
    pub fn framing(&self) -> &Arc<dyn Framing> {
        &self.framing
    }

    /// Returns the serializer.
    pub fn serializer(&self) -> &S {
        &self.serializer
    }

    /// Takes the pair apart.
    pub fn into_parts(self) -> (Arc<dyn Framing>, S) {
        (self.framing, self.serializer)
    }
}

/// Names a pair for errors: `json`, or `json in lines`.
pub(super) fn pair_name(framing: &dyn Framing, serializer: &'static str) -> String {
    if framing.joins() { format!("{serializer} in {}", framing.name()) } else { serializer.to_owned() }
}
