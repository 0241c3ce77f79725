//! A stream or a file, as an argument names it.

use std::path::PathBuf;
use std::str::FromStr;

/// The endings that make a name a file's.
const FILE_ENDINGS: [&str; 4] = [".ndjson", ".jsonl", ".json", ".txt"];

/// A stream or a file. A stream's name has no `/`, so `./orders` is always a file; `stream:` and `file:` say it plainly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A name or an ARN.
    Stream(String),
    /// A path; `-` is standard input or output.
    File(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(place: &str) -> Result<Self, String> {
        if let Some(stream) = place.strip_prefix("stream:") {
            return Ok(Self::Stream(stream.to_owned()));
        }
        if let Some(path) = place.strip_prefix("file:") {
            return Ok(Self::File(path.into()));
        }
        if place.is_empty() {
            return Err("a stream or a file is needed".to_owned());
        }
        let is_arn = place.starts_with("arn:");
        let is_file =
            place == "-" || place.contains('/') || FILE_ENDINGS.iter().any(|end| place.ends_with(end));
        Ok(if is_file && !is_arn { Self::File(place.into()) } else { Self::Stream(place.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_name_is_a_stream_and_a_path_is_a_file() {
        for (written, place) in [
            ("orders", Place::Stream("orders".to_owned())),
            ("orders.v2", Place::Stream("orders.v2".to_owned())),
            ("stream:a.json", Place::Stream("a.json".to_owned())),
            (
                "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
                Place::Stream("arn:aws:kinesis:eu-west-1:123456789012:stream/orders".to_owned()),
            ),
            ("./orders", Place::File("./orders".into())),
            ("orders.ndjson", Place::File("orders.ndjson".into())),
            ("file:orders", Place::File("orders".into())),
            ("-", Place::File("-".into())),
        ] {
            assert_eq!(written.parse(), Ok(place), "{written}");
        }
        assert!("".parse::<Place>().is_err());
    }
}
