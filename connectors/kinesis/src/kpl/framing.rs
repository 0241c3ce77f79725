//! KPL aggregates as a framing.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use headwater::codec::{Frame, Framing, Part, Split};
use headwater::{HashKey, Key};

use crate::kpl::aggregate::{self, Aggregate};
use crate::kpl::{AGGREGATE_PARTITION_KEY, Contents, UserRecord, deaggregate};

/// KPL aggregates: user records with different keys share a record, and each keeps its own.
///
/// Writing gives byte for byte what the KPL writes for the same user records in the same order. One user record alone
/// is not wrapped: the record is its data, and needs its partition key. Headers go into the tags of a user record, which
/// the format has and the KPL never writes; a reader that does not know them passes over them. One user record alone
/// that has any is wrapped, because a plain record has no room. Reading gives a record that is no aggregate as one
/// message, as it is, so that a stream may hold both. An aggregate with a user record that refers to a key that is
/// not there is damaged as a whole.
///
/// All user records of one aggregate must hash into the shard that the record goes to, because KCL consumers drop the
/// whole record otherwise; the sink sees to that.
///
/// Source: [KPL aggregation format](https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).
///
/// # Example
///
/// ```
/// use headwater::codec::Framing;
/// use headwater::{Headers, Key};
/// use headwater_kinesis::kpl::Kpl;
///
/// let mut frame = Kpl.open();
/// frame.push(&Key::from("customer-7"), b"first", &Headers::new());
/// let mut headers = Headers::new();
/// headers.insert("tenant", "north")?;
/// frame.push(&Key::from("customer-8"), b"second", &headers);
/// let record = frame.finish();
///
/// let split = Kpl.split(&record);
/// assert_eq!(split.parts[1].payload, "second");
/// assert_eq!(split.parts[1].key, Some(Key::from("customer-8")));
/// assert_eq!(split.parts[1].headers.get("tenant"), Some("north"));
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Kpl;

impl Framing for Kpl {
    fn name(&self) -> &'static str {
        "KPL aggregates"
    }

    fn joins(&self) -> bool {
        true
    }

    fn carries_keys(&self) -> bool {
        true
    }

    fn carries_headers(&self) -> bool {
        true
    }

    /// As the KPL has it: a partition key that says nothing, and the first message's hash key to route by.
    fn shared_key(&self, _: &Key, hash_key: HashKey) -> Key {
        static PARTITION_KEY: LazyLock<Key> = LazyLock::new(|| Key::from(AGGREGATE_PARTITION_KEY));
        PARTITION_KEY.clone().hashed(hash_key)
    }

    fn open(&self) -> Box<dyn Frame> {
        Box::new(Aggregate::default())
    }

    fn seal(&self, records: &mut [BytesMut]) {
        aggregate::seal(records);
    }

    fn split(&self, record: &Bytes) -> Split {
        match deaggregate(record) {
            Ok(Contents::Plain | Contents::BadDigest) => Split::whole(record),
            Ok(Contents::Aggregate(users)) => {
                let part =
                    |UserRecord { key, data, headers }| Part { payload: data, key: Some(key), headers };
                Split { parts: users.into_iter().map(part).collect(), damaged: None }
            }
            Err(error) => Split::unreadable(record, error),
        }
    }
}
