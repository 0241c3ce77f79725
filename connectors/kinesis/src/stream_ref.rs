//! Which stream is meant: a name, or an ARN.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use headwater::{Error, ErrorKind};

use crate::limits;

/// A stream by name or by ARN.
///
/// # Example
///
/// ```
/// use headwater_kinesis::StreamRef;
///
/// let stream: StreamRef = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders".parse()?;
/// assert_eq!(stream.name(), "orders");
/// assert_eq!(stream.region(), Some("eu-west-1"));
/// assert!("or ders".parse::<StreamRef>().is_err());
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamRef {
    text: Arc<str>,
    /// Where the name begins in `text`; 0 for one that is no ARN.
    name_at: usize,
}

impl StreamRef {
    /// Returns the name of the stream.
    pub fn name(&self) -> &str {
        &self.text[self.name_at..]
    }

    /// Returns the ARN, if the stream was given by one.
    pub fn arn(&self) -> Option<&str> {
        (self.name_at > 0).then_some(&*self.text)
    }

    /// Returns the region of the ARN.
    pub fn region(&self) -> Option<&str> {
        self.arn()?.split(':').nth(3)
    }

    /// Returns the name or the ARN, as the stream was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what a request's `StreamName` is set to: nothing where there is an ARN.
    pub(crate) fn request_name(&self) -> Option<String> {
        self.arn().is_none().then(|| self.text.to_string())
    }

    /// Returns what a request's `StreamARN` is set to.
    pub(crate) fn request_arn(&self) -> Option<String> {
        self.arn().map(str::to_owned)
    }
}

impl FromStr for StreamRef {
    type Err = Error;

    /// Parses a name of 1 to 128 letters, digits, `_`, `.` and `-`, or an ARN that ends in one.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the text and what is wrong with it.
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |why: &str| Error::new(ErrorKind::Invalid, format!("stream \"{text}\": {why}"));
        let name_at = if text.starts_with("arn:") {
            // arn:aws:kinesis:us-east-1:123456789012:stream/name
            let fields: Vec<&str> = text.splitn(6, ':').collect();
            let is_kinesis = fields.len() == 6 && fields[2] == "kinesis" && !fields[3].is_empty();
            let name = fields.get(5).and_then(|resource| resource.strip_prefix("stream/"));
            match (is_kinesis, name) {
                (true, Some(name)) => text.len() - name.len(),
                _ => return Err(invalid("an ARN of a stream is arn:aws:kinesis:REGION:ACCOUNT:stream/NAME")),
            }
        } else {
            0
        };
        let name = &text[name_at..];
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !limits::STREAM_NAME_CHARS.contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(invalid("a name has 1 to 128 letters, digits, underscores, dots and hyphens"));
        }
        Ok(Self { text: text.into(), name_at })
    }
}

impl fmt::Display for StreamRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_cannot_exist_is_refused_by_name() {
        for text in
            ["", "a b", "arn:aws:s3:::bucket", "arn:aws:kinesis:eu-west-1:1:consumer/x", &"n".repeat(129)]
        {
            let error = text.parse::<StreamRef>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().starts_with(&format!("stream \"{text}\"")), "{error}");
        }
    }
}
