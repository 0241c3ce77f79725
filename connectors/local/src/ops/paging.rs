//! Pages of long lists.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};
use crate::limits;
use crate::opaque;
use crate::store::Timestamp;

/// A NextToken: where the list goes on, and when it was handed out.
#[derive(Debug, Serialize, Deserialize)]
struct NextToken<T> {
    rest: T,
    issued: Timestamp,
}

/// Writes a NextToken.
pub(super) fn next_token<T: Serialize>(rest: T, now: Timestamp) -> String {
    opaque::seal(&NextToken { rest, issued: now })
}

/// Reads a NextToken of the same list.
pub(super) fn resume<T: DeserializeOwned>(text: &str, now: Timestamp) -> Result<T, Error> {
    let token: NextToken<T> =
        opaque::open(text).ok_or_else(|| Error::invalid_argument("Invalid NextToken."))?;
    if now.saturating_sub(token.issued) >= limits::NEXT_TOKEN_LIFETIME_MILLIS {
        return Err(Error::new(ErrorCode::ExpiredNextToken, "The NextToken has expired."));
    }
    Ok(token.rest)
}

/// Checks a page size and cuts it to the largest page.
pub(super) fn page_size(asked: Option<i64>, at: &str, largest: usize) -> Result<usize, Error> {
    in_range(asked, at, 1, limits::PAGING_MAXIMUM)
        .map(|size| size.map_or(largest, |size| largest.min(size as usize)))
}

/// Checks that a number, if there is one, lies within its bounds.
pub(super) fn in_range(
    value: Option<i64>,
    at: &str,
    least: i64,
    greatest: i64,
) -> Result<Option<i64>, Error> {
    match value {
        Some(value) if value < least => {
            let rule = format!("have value greater than or equal to {least}");
            Err(Error::constraint(Some(&value.to_string()), at, &rule))
        }
        Some(value) if value > greatest => {
            let rule = format!("have value less than or equal to {greatest}");
            Err(Error::constraint(Some(&value.to_string()), at, &rule))
        }
        value => Ok(value),
    }
}

/// Takes a page off the front of a list and says whether something is left.
pub(super) fn cut<T>(mut list: Vec<T>, size: usize) -> (Vec<T>, bool) {
    let more = list.len() > size;
    list.truncate(size);
    (list, more)
}
