//! How calls that carry records are written and read: by this crate, in JSON or CBOR, or by the SDK.
//!
//! The SDK keeps credentials, endpoint, signing, timeouts and HTTP. An [`Exchange`] puts the body of one call in its
//! place before it is signed, and takes the body of the answer before the SDK parses it. A [`Shortcut`] makes the calls
//! of PutRecords that come after one that succeeded without setting up the SDK for each.

mod bodies;
mod collect;
mod dialect;
mod exchange;
mod failure;
mod get;
#[cfg(test)]
mod hostile;
mod put;
mod read;
mod shortcut;

use std::env;

use headwater::{Error, ErrorKind, Result};

pub(crate) use bodies::Bodies;
pub(crate) use dialect::{Dialect, Format};
pub(crate) use exchange::{Exchange, exchangeable, exchanging, is_exchangeable, renew_connections};
pub(crate) use get::{Answer, Child, EventStream, GetRecords, Said, Subscribe};
pub(crate) use put::{PutExchange, refused, write as write_put};
pub(crate) use shortcut::{Kept, Shortcut};

/// Names the format where the builder does not.
const VARIABLE: &str = "HEADWATER_WIRE";

/// In which format records go over the wire, and who writes and reads them.
///
/// Only calls that carry records differ: PutRecords, GetRecords and SubscribeToShard. All others are the SDK's.
///
/// In JSON and CBOR the SDK makes the first call of a sink, and each that follows one which failed. Those between are
/// made with its credentials, signer and HTTP client alone, so that the spans and metrics of the SDK do not tell of
/// them. Where the client has interceptors, retries or a watch over stalled streams, the SDK makes them all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// JSON, written and read by this crate: what AWS documents.
    #[default]
    Json,
    /// CBOR (RFC 8949), as Amazon's Java SDK speaks it to Kinesis: it sends bytes as they are, where JSON takes base64. It
    /// is not in the API reference. An endpoint that refuses it is spoken to in JSON from then on.
    Cbor,
    /// JSON, written and read by the AWS SDK.
    Sdk,
}

impl Wire {
    /// Returns what the environment says.
    ///
    /// # Errors
    ///
    /// `Invalid` where that is none of the formats.
    pub(crate) fn from_env() -> Result<Self> {
        match env::var(VARIABLE).ok().filter(|value| !value.is_empty()) {
            None => Ok(Self::default()),
            Some(value) => match value.as_str() {
                "json" => Ok(Self::Json),
                "cbor" => Ok(Self::Cbor),
                "sdk" => Ok(Self::Sdk),
                _ => Err(Error::new(
                    ErrorKind::Invalid,
                    format!("{VARIABLE} = \"{value}\": json, cbor or sdk is allowed"),
                )),
            },
        }
    }
}
