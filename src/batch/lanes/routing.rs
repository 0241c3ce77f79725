//! Where a service stores what it is given.

use futures::future::BoxFuture;

use crate::{Error, ErrorKind, HashKey, Key, Result, ShardId};

/// How a service spreads entries over shards: which shards there are, and where each key lands.
///
/// A sink that knows it gives every shard a lane of its own, with its own queue and its own limit, and lets messages
/// of many keys share a record where the framing carries keys.
///
/// # Example
///
/// A [`MemoryStream`](crate::MemoryStream) knows its own:
///
/// ```
/// use headwater::batch::{Routing, ShardScope};
/// use headwater::{Key, MemoryStream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let stream = MemoryStream::new("orders", 4);
/// let shards = stream.shard_ranges(ShardScope::Open).await?;
/// let record = stream.put("customer-7", "an order");
/// let hash_key = stream.hash_key(&Key::from("customer-7"));
/// let predicted = shards.iter().find(|shard| shard.holds(hash_key)).expect("the shards cover every key");
/// assert_eq!(predicted.id, record.shard);
/// # Ok(())
/// # }
/// ```
pub trait Routing: Send + Sync + 'static {
    /// Returns where a key lands: its explicit hash key, or the hash of its partition key. Asked once per key while
    /// the sink remembers it.
    fn hash_key(&self, key: &Key) -> HashKey;

    /// Lists shards, over all pages. An answer that takes more than 30 s counts as an error; after one the sink asks again
    /// within 5 s, else 500 ms after the last answer at the earliest.
    ///
    /// # Errors
    ///
    /// Why they cannot be listed. The sink goes on with those that it knows and asks again later.
    fn shard_ranges(&self, scope: ShardScope) -> BoxFuture<'static, Result<Vec<ShardRange>>>;
}

/// Which shards are asked for.
///
/// # Example
///
/// See [`Routing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShardScope {
    /// Those that take records.
    Open,
    /// Those that were closed by a reshard too, as long as the stream keeps them.
    All,
}

/// A shard, and the hash keys that it holds or held.
///
/// # Example
///
/// ```
/// use headwater::HashKey;
/// use headwater::batch::ShardRange;
///
/// let half = HashKey::new(u128::MAX / 2);
/// let shard = ShardRange { id: "shardId-000000000000".into(), first: HashKey::MIN, last: half, open: true };
/// assert!(shard.holds(half) && !shard.holds(HashKey::MAX));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardRange {
    /// The shard.
    pub id: ShardId,
    /// The lowest hash key.
    pub first: HashKey,
    /// The highest hash key.
    pub last: HashKey,
    /// Whether it takes records.
    pub open: bool,
}

impl ShardRange {
    /// Tells whether a hash key lies in its range.
    pub fn holds(&self, hash_key: HashKey) -> bool {
        self.first <= hash_key && hash_key <= self.last
    }

    /// Checks that open shards hold every hash key once.
    ///
    /// # Errors
    ///
    /// `Unavailable`, naming the first hash key that none of them or more than one holds: a listing from the middle of a
    /// reshard, to be asked for again.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::HashKey;
    /// use headwater::batch::ShardRange;
    ///
    /// let half = HashKey::new(u128::MAX / 2);
    /// let shard = ShardRange { id: "shardId-000000000000".into(), first: HashKey::MIN, last: half, open: true };
    /// let error = ShardRange::check_cover(&[shard]).unwrap_err();
    /// assert!(error.is_retryable());
    /// ```
    pub fn check_cover(shards: &[Self]) -> Result<()> {
        let mut open: Vec<&Self> = shards.iter().filter(|shard| shard.open).collect();
        open.sort_by_key(|shard| shard.first);
        let bad = |why: String| {
            Err(Error::new(ErrorKind::Unavailable, format!("map the open shards ({}): {why}", open.len())))
        };
        let mut next = Some(0);
        for shard in &open {
            if next != Some(shard.first.get()) {
                return bad(format!("{} leaves a gap below it or overlaps another", shard.id));
            }
            next = shard.last.get().checked_add(1);
        }
        next.map_or(Ok(()), |hash_key| bad(format!("none holds hash key {hash_key}")))
    }
}
