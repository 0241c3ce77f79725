//! Reading the bodies of requests.

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::put;
use crate::error::{Error, ErrorCode};
use crate::ops::{Body, PutRecord, PutRecords};

/// A body in JSON.
pub(crate) struct JsonBody<'a>(pub(crate) &'a Bytes);

impl Body for JsonBody<'_> {
    fn members<T: DeserializeOwned>(&self) -> Result<T, Error> {
        parse(self.0)
    }

    fn put_record(&self) -> Result<PutRecord, Error> {
        put::put_record(self.0)
    }

    fn put_records(&self) -> Result<PutRecords, Error> {
        put::put_records(self.0)
    }
}

pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    // Some clients send nothing where they have nothing to say.
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Error::new(ErrorCode::Serialization, error.to_string()))
}
