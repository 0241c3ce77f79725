//! What becomes of KPL aggregates.

/// What a source does with KPL aggregates, and with user records that the shard does not own.
///
/// A shard owns a user record whose hash key lies in its range: the explicit one, or else the MD5 of the partition key.
/// An aggregate may hold others where its writer had an old picture of the shards, as just after a split, or where its
/// writer does not go by the keys of its user records at all, as async-kinesis. The policies differ in nothing
/// else: a plain record is always delivered, and so is a record that looks like an aggregate and cannot be taken apart.
///
/// What is dropped is counted in `headwater_source_user_records_dropped_total`, by `stream` and `reason`:
/// `out_of_range` for user records that the shard does not own, `beside_out_of_range` for the others of their
/// aggregate, which only [`KclStrict`](Self::KclStrict) drops. A warning names the shard, once a minute at most.
/// A checkpoint passes what is dropped with the next record that is acked.
///
/// # Example
///
/// An aggregate that was written for a shard that has been split since:
///
/// ```
/// use futures::TryStreamExt;
/// use headwater::Headers;
/// use headwater::codec::Framing;
/// use headwater::source::Until;
/// use headwater_kinesis::kpl::Kpl;
/// use headwater_kinesis::{Deaggregation, KinesisSource};
/// # use headwater_local::LocalKinesis;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let local = LocalKinesis::builder().stream("orders", 2).build();
/// let mut frame = Kpl.open();
/// frame.push(&"a".into(), b"of the lower half", &Headers::new());
/// frame.push(&"b".into(), b"of the upper half", &Headers::new());
/// local.put_at("orders", "a", 0, frame.finish())?;
///
/// for (policy, delivered) in [
///     (Deaggregation::KeepAll, 2),
///     (Deaggregation::KeepInRange, 1),
///     (Deaggregation::KclStrict, 0),
///     (Deaggregation::Whole, 1),
/// ] {
///     let orders = KinesisSource::builder("orders").deaggregation(policy);
/// #   let orders = orders.client(local.client()).until(Until::Tip);
///     let orders = orders.connect().await?.map_ok(|order| order.ack());
///     assert_eq!(orders.try_collect::<Vec<()>>().await?.len(), delivered, "{policy:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deaggregation {
    /// Every user record is delivered, whichever shard it was read from. The default: nothing is lost.
    #[default]
    KeepAll,
    /// A user record is delivered if the shard owns it.
    ///
    /// For streams whose writers put again each user record that landed on the wrong shard, as aiokpl does: the copy
    /// where it belongs is the one that counts, and the other would be a repeat. With a writer that does not, records
    /// are lost.
    KeepInRange,
    /// An aggregate is delivered if the shard owns all its user records, and dropped whole otherwise, as Amazon's KCL
    /// does.
    ///
    /// For streams whose writers put such an aggregate again whole, as sinks of this crate do, and for applications
    /// that must see what a KCL application beside them sees. With a writer that does not, records are lost.
    ///
    /// Source: [`AggregatorUtil` of the KCL](https://github.com/awslabs/amazon-kinesis-client/blob/master/amazon-kinesis-client/src/main/java/software/amazon/kinesis/retrieval/AggregatorUtil.java).
    KclStrict,
    /// An aggregate is delivered as one message, as it is.
    ///
    /// For relays. Its key is the record's partition key, with the hash key of its first user record as the explicit
    /// one, so that it lands on the shard which owns it and readers of any policy keep it. Where the shards of both
    /// streams differ, an aggregate may fit none of the target's: take it apart there. Aggregates that begin with
    /// different keys keep no order among them, so neither does a key that occurs in both.
    Whole,
}

impl Deaggregation {
    /// Tells whether the shard's range decides what is delivered.
    pub(super) fn goes_by_range(self) -> bool {
        matches!(self, Self::KeepInRange | Self::KclStrict)
    }
}
