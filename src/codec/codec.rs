//! A framing and a serializer, paired.

use std::sync::Arc;

use crate::codec::Framing;

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
