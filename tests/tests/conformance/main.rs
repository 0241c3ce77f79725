//! What Kinesis does, asked of every server with the plain SDK and without a Headwater type.
//!
//! Each row is one sentence about Kinesis and one test per server. A row that a server is known to fail is in
//! [`Server::deviations`], and nowhere else. The rows of enhanced fan-out stand in `fan_out`, with the servers that
//! have it.

#[macro_use]
mod suite;

mod answer;
mod fan_out;
mod iterators;
mod listing;
mod put;
mod read;
mod reshard;
mod streams;

use headwater_tests::Server;

suite! {
    [
        ours: Server::Local.shared(),
        kinesalite: Server::Kinesalite.shared(),
        kinesis_local: Server::KinesisLocal.shared(),
    ]
    {
        streams:
            a_stream_is_creating_before_it_is_active
            a_stream_that_exists_is_not_created_again
            a_stream_of_no_shards_is_refused
            an_unknown_stream_is_not_found
            a_deleted_stream_is_gone
            streams_are_listed_in_pages
            shards_share_the_hash_keys_evenly
            a_summary_counts_the_open_shards
            a_stream_answers_to_its_arn
            an_on_demand_stream_is_created_without_a_number_of_shards
            a_stream_that_distributes_by_itself_wants_no_keys;
        put:
            a_key_lands_on_the_shard_that_its_md5_falls_in
            an_explicit_hash_key_overrides_the_key
            sequence_numbers_of_a_key_grow
            put_records_answers_each_entry_in_order
            a_record_keeps_its_bytes_and_its_key
            a_record_bears_the_time_of_its_arrival
            five_hundred_records_are_accepted
            five_hundred_and_one_records_are_refused
            an_empty_request_is_refused
            an_empty_key_is_refused
            a_key_of_256_characters_is_accepted
            a_key_of_257_characters_is_refused
            an_explicit_hash_key_of_129_bits_is_refused
            an_explicit_hash_key_that_is_no_number_is_refused
            a_record_of_one_mebibyte_is_accepted
            a_record_over_one_mebibyte_is_refused
            a_request_of_six_mebibytes_is_accepted
            a_request_over_ten_mebibytes_is_refused;
        iterators:
            trim_horizon_starts_at_the_first_record
            latest_sees_only_what_comes_later
            at_sequence_number_includes_the_record
            after_sequence_number_leaves_the_record_out
            at_timestamp_starts_at_the_first_record_that_is_no_older
            at_a_timestamp_before_the_stream_all_is_read
            at_a_timestamp_past_the_last_record_only_later_ones_are_read
            a_sequence_number_from_nowhere_is_refused
            an_iterator_from_nowhere_is_refused
            an_iterator_of_an_unknown_shard_is_refused
            an_iterator_can_be_used_again;
        read:
            a_limit_bounds_the_page
            pages_repeat_and_lose_nothing
            a_limit_over_ten_thousand_is_refused
            an_idle_shard_has_a_next_iterator_and_no_lag
            lag_shows_while_records_are_left
            a_stream_deleted_while_it_is_read_is_not_found;
        reshard:
            a_split_closes_the_parent_and_shares_its_range
            a_merge_names_both_parents
            a_closed_shard_is_read_to_its_end
            the_end_of_a_split_shard_names_its_children
            the_end_of_a_merged_shard_names_both_parents
            a_child_takes_the_records_of_its_range
            a_split_point_outside_the_shard_is_refused
            shards_that_do_not_touch_are_not_merged
            a_closed_shard_is_not_split
            an_update_of_the_shard_count_shares_the_range_evenly;
        listing:
            shards_are_listed_in_pages
            a_token_and_a_stream_name_together_are_refused
            a_token_from_nowhere_is_refused
            shards_are_listed_after_a_given_one
            the_filter_at_latest_lists_open_shards
            the_filter_at_trim_horizon_lists_the_oldest_shards
            the_filter_from_trim_horizon_lists_all_shards
            the_filter_after_a_shard_lists_later_ones
            a_description_is_given_in_pages;
    }
}

#[test]
fn every_known_deviation_is_from_one_row_of_the_suite() {
    for server in Server::ALL {
        for deviation in server.deviations() {
            let mut rows = ROWS.iter().chain(fan_out::around::ROWS).chain(fan_out::pushed::ROWS);
            assert!(
                rows.any(|row| *row == deviation.row),
                "{}, a deviation of {server}, is no row",
                deviation.row
            );
            let count = server.deviations().iter().filter(|other| other.row == deviation.row).count();
            assert_eq!(count, 1, "{} is written twice for {server}", deviation.row);
        }
    }
}
