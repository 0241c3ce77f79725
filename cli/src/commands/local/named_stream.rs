//! A stream to begin with.

use std::fmt;
use std::str::FromStr;

/// A stream to begin with: `orders:4`, or `orders` for one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedStream {
    pub(crate) name: String,
    pub(crate) shards: usize,
}

impl FromStr for NamedStream {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let (name, shards) = written.split_once(':').unwrap_or((written, "1"));
        let shards = shards.parse().ok().filter(|&shards| shards > 0 && !name.is_empty());
        let shards = shards.ok_or("a name and a number of shards is right, such as orders:4")?;
        Ok(Self { name: name.to_owned(), shards })
    }
}

impl fmt::Display for NamedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.shards)
    }
}

#[cfg(test)]
mod tests {
    use super::NamedStream;

    #[test]
    fn a_stream_has_one_shard_unless_more_are_named() {
        let stream = |shards| Ok(NamedStream { name: "orders".to_owned(), shards });
        assert_eq!("orders".parse(), stream(1));
        assert_eq!("orders:12".parse(), stream(12));
        for wrong in ["", ":4", "orders:", "orders:0", "orders:many", "orders:-1"] {
            assert!(wrong.parse::<NamedStream>().is_err(), "{wrong}");
        }
    }
}
