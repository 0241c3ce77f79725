//! Where the servers are known to differ from AWS.
//!
//! These tables are the only place that says so: a test that needs to know asks [`Server::deviations`].

use crate::server::Server;

/// One row of the conformance suite that a server is known to fail.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// The row of the conformance suite, by its name.
    pub row: &'static str,
    /// What happens when the row runs.
    pub effect: Effect,
    /// What the server does instead of what AWS does.
    pub instead: &'static str,
}

/// What happens when a row runs against a server that deviates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The row fails with a message that contains this text. The suite runs it, and fails once it passes, so that
    /// no table names what is no longer so.
    Fails(&'static str),
    /// The row fails with a message that contains this text where the machine is quick enough to meet a state that passes,
    /// and passes where it is not.
    MayFail(&'static str),
    /// The server crashes, so that the row is not run.
    Crashes,
    /// The server never comes to an end, so that the row is not run.
    Hangs,
}

impl Server {
    /// The rows that it is known to fail.
    pub fn deviations(self) -> &'static [Deviation] {
        match self {
            Self::Local => LOCAL,
            Self::Kinesalite => KINESALITE,
            Self::KinesisLocal => KINESIS_LOCAL,
            Self::Ministack => MINISTACK,
        }
    }
}

const LOCAL: &[Deviation] = &[];

const KINESALITE: &[Deviation] = &[
    fails("a_description_is_given_in_pages", "left: 3", "ignores the limit of DescribeStream"),
    fails(
        "a_request_of_six_mebibytes_is_accepted",
        "put records: ",
        "answers 413 to a body over 7 MiB, which is 5.25 MiB of data",
    ),
    fails("a_request_over_ten_mebibytes_is_refused", "put of 11 MiB: ", "answers 413 without a code"),
    fails(
        "a_stream_answers_to_its_arn",
        "put by ARN: ValidationException",
        "knows streams by their names only",
    ),
    fails(
        "an_on_demand_stream_is_created_without_a_number_of_shards",
        "'shardCount'",
        "has no on-demand mode",
    ),
    fails("a_stream_that_distributes_by_itself_wants_no_keys", "'shardCount'", "has no on-demand mode"),
    fails(
        "an_explicit_hash_key_that_is_no_number_is_refused",
        "\"0x10\": accepted",
        "reads hexadecimal hash keys too",
    ),
    hangs("at_a_timestamp_past_the_last_record_only_later_ones_are_read", "never answers GetShardIterator"),
    fails(
        "lag_shows_while_records_are_left",
        "0 ms behind",
        "MillisBehindLatest is always 0 on an open shard",
    ),
    fails("a_closed_shard_is_not_split", "split again: accepted", "splits it once more"),
    fails("the_end_of_a_split_shard_names_its_children", "the children", "has no ChildShards"),
    fails("the_end_of_a_merged_shard_names_both_parents", "the children", "has no ChildShards"),
    fails("an_update_of_the_shard_count_shares_the_range_evenly", UNKNOWN, "has no UpdateShardCount"),
    fails("shards_are_listed_in_pages", "the pages", "ignores MaxResults"),
    crashes("a_token_from_nowhere_is_refused", "looks up a stream without a name"),
    fails("the_filter_at_latest_lists_open_shards", "shardId-000000000000", "ignores ShardFilter"),
    fails(
        "the_filter_at_trim_horizon_lists_the_oldest_shards",
        "shardId-000000000002",
        "ignores ShardFilter",
    ),
    fails("the_filter_after_a_shard_lists_later_ones", "shardId-000000000000", "ignores ShardFilter"),
];

const KINESIS_LOCAL: &[Deviation] = &[
    fails("a_stream_of_no_shards_is_refused", "LimitExceededException", "takes it for too many shards"),
    fails(
        "a_stream_that_distributes_by_itself_wants_no_keys",
        "the strategy",
        "knows no RecordDistributionStrategy",
    ),
    fails("five_hundred_and_one_records_are_refused", "accepted", "has no limit of records"),
    fails("an_empty_request_is_refused", "accepted", "has no least number of records"),
    fails("a_request_over_ten_mebibytes_is_refused", "accepted", "has no limit of bytes"),
    fails(
        "an_explicit_hash_key_that_is_no_number_is_refused",
        "\"abc\": response error",
        "answers 500 without a code",
    ),
    fails(
        "a_sequence_number_from_nowhere_is_refused",
        "ResourceNotFoundException",
        "takes it for a record that is gone",
    ),
    fails("an_iterator_from_nowhere_is_refused", "read: response error", "answers 500 without a code"),
    may_fail(
        "a_stream_deleted_while_it_is_read_is_not_found",
        "ResourceInUseException",
        "refuses reads while the stream is being deleted, where AWS goes on or says that it is gone",
    ),
    fails("a_closed_shard_is_not_split", "ResourceInUseException", "refuses it with another code"),
    fails(
        "the_filter_at_trim_horizon_lists_the_oldest_shards",
        "shardId-000000000002",
        "lists children beside their parents",
    ),
    fails("consumers_are_listed_in_pages", "[2]", "gives no token for the rest"),
    fails("an_unknown_consumer_cannot_subscribe", "accepted", "starts a subscription"),
    fails("an_unknown_shard_cannot_be_subscribed_to", "accepted", "starts a subscription"),
    fails(
        "a_second_subscription_within_five_seconds_is_refused",
        "accepted",
        "starts a subscription, whose first event is the refusal",
    ),
    hangs("a_later_subscription_takes_over", "refuses it for as long as the earlier one lives"),
    fails(
        "a_subscription_to_a_closed_shard_ends_with_its_children",
        "in vain for the children",
        "goes on with empty events",
    ),
    fails(
        "a_subscription_ends_with_the_children_when_its_shard_is_split",
        "in vain for the children",
        "goes on with empty events",
    ),
    fails(
        "a_subscription_ends_with_a_child_of_both_parents_when_its_shard_is_merged",
        "in vain for the children",
        "goes on with empty events",
    ),
];

/// Of the rows of enhanced fan-out. It is asked no others.
const MINISTACK: &[Deviation] = &[
    fails("a_consumer_is_creating_before_it_is_active", "left: Active", "registers within the call"),
    fails(
        "a_subscription_to_a_closed_shard_ends_with_its_children",
        "subscribe: ResourceNotFoundException",
        "deletes a shard that is split, with the records that nobody has read",
    ),
];

/// How a server that lacks an operation refuses it.
const UNKNOWN: &str = "UnknownOperationException";

const fn fails(row: &'static str, message: &'static str, instead: &'static str) -> Deviation {
    Deviation { row, effect: Effect::Fails(message), instead }
}

const fn may_fail(row: &'static str, message: &'static str, instead: &'static str) -> Deviation {
    Deviation { row, effect: Effect::MayFail(message), instead }
}

const fn crashes(row: &'static str, instead: &'static str) -> Deviation {
    Deviation { row, effect: Effect::Crashes, instead }
}

const fn hangs(row: &'static str, instead: &'static str) -> Deviation {
    Deviation { row, effect: Effect::Hangs, instead }
}
