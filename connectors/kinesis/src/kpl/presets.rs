//! KPL framing with the serializers in common use.

use headwater::codec::{Codec, Json, Utf8};

use crate::kpl::Kpl;

/// JSON in KPL aggregates, one value per user record.
///
/// # Example
///
/// ```
/// use headwater_kinesis::codec::{self, Framing};
///
/// assert!(codec::kpl_json::<u32>().framing().carries_keys());
/// ```
pub fn kpl_json<T>() -> Codec<Json<T>> {
    Codec::new(Kpl, Json::new())
}

/// UTF-8 text in KPL aggregates, one string per user record.
///
/// # Example
///
/// ```
/// use headwater_kinesis::codec::{self, Framing};
///
/// assert!(codec::kpl_string().framing().joins());
/// ```
pub fn kpl_string() -> Codec<Utf8> {
    Codec::new(Kpl, Utf8)
}
