//! A stream or a file, as an argument names it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use headwater_kinesis::StreamRef;

/// The endings that make a name a file's.
const FILE_ENDINGS: [&str; 4] = [".ndjson", ".jsonl", ".json", ".txt"];

/// A stream or a file. A stream's name has no `/`, so `./orders` is always a file; `stream:` and `file:` say it plainly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A name or an ARN.
    Stream(StreamRef),
    /// A path; `-` is standard input or output.
    File(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(place: &str) -> Result<Self, String> {
        if let Some(name) = place.strip_prefix("stream:") {
            return stream(name);
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
        if is_file && !is_arn { Ok(Self::File(place.into())) } else { stream(place) }
    }
}

/// Whether a path stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Brings the name of a file that is new, or was renamed, to the disk: what is synced in the file is lost without it.
/// Where a directory cannot be synced, a crash may cost the name.
pub(crate) fn sync_name(path: &Path) {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all());
}

fn stream(name: &str) -> Result<Place, String> {
    name.parse().map(Place::Stream).map_err(|error: headwater::Error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_name_is_a_stream_and_a_path_is_a_file() {
        const ARN: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
        let stream = |name: &str| Place::Stream(name.parse().unwrap());
        for (written, place) in [
            ("orders", stream("orders")),
            ("orders.v2", stream("orders.v2")),
            ("stream:a.json", stream("a.json")),
            (ARN, stream(ARN)),
            ("./orders", Place::File("./orders".into())),
            ("orders.ndjson", Place::File("orders.ndjson".into())),
            ("file:orders", Place::File("orders".into())),
            ("-", Place::File("-".into())),
        ] {
            assert_eq!(written.parse(), Ok(place), "{written}");
        }
        for wrong in ["", "stream:", "or ders", "arn:aws:s3:::bucket/orders"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
