//! Enhanced fan-out: registered consumers and their subscriptions, on the servers that have it.

mod consumers;
mod ends;
mod http2;
mod subscription;
mod subscriptions;

use std::sync::OnceLock;

use headwater_tests::{Endpoint, Server};

/// What happens to a consumer and to its shards.
pub(crate) mod around {
    use super::{Server, consumers, ends};

    suite! {
        [
            ours: Server::Local.shared(),
            kinesis_local: Server::KinesisLocal.shared(),
            ministack: Server::Ministack.shared(),
        ]
        {
            consumers:
                a_consumer_is_creating_before_it_is_active
                a_consumer_that_exists_is_not_registered_again
                a_consumer_is_described_by_its_arn_and_by_its_name
                a_consumer_keeps_its_arn_to_itself
                consumers_are_listed_in_pages
                a_deregistered_consumer_is_gone
                an_unknown_consumer_is_not_found;
            ends:
                a_subscription_to_a_closed_shard_ends_with_its_children
                a_subscription_ends_with_the_children_when_its_shard_is_split
                a_subscription_ends_with_a_child_of_both_parents_when_its_shard_is_merged;
        }
    }
}

/// What a subscription delivers, by HTTP/2 as well.
pub(crate) mod pushed {
    use super::{Server, kinesis_local_over_tls, subscriptions};

    suite! {
        [
            ours: Server::Local.shared(),
            kinesis_local: Server::KinesisLocal.shared(),
            kinesis_local_over_tls: kinesis_local_over_tls(),
            ministack: Server::Ministack.shared(),
        ]
        {
            subscriptions:
                a_subscription_delivers_what_is_there_and_what_comes
                a_subscription_at_trim_horizon_begins_with_the_first_record
                a_subscription_at_latest_delivers_only_what_comes
                a_subscription_at_a_sequence_number_begins_with_its_record
                a_subscription_after_a_sequence_number_begins_behind_its_record
                a_subscription_at_a_timestamp_begins_with_the_first_record_that_is_no_older
                a_subscription_resumed_after_its_continuation_neither_loses_nor_repeats
                a_subscription_to_an_empty_shard_is_resumed_after_its_continuation
                an_event_comes_though_nothing_is_written
                two_consumers_each_see_every_record
                a_second_subscription_within_five_seconds_is_refused
                a_later_subscription_takes_over
                an_unknown_consumer_cannot_subscribe
                an_unknown_shard_cannot_be_subscribed_to;
        }
    }
}

/// kinesis-local once more, by HTTP/2.
fn kinesis_local_over_tls() -> &'static Endpoint {
    static ENDPOINT: OnceLock<Endpoint> = OnceLock::new();
    ENDPOINT.get_or_init(|| Server::KinesisLocal.shared().tls())
}
