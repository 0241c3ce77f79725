//! Enhanced fan-out from servers that nobody here wrote, over connections that break.

use std::collections::HashMap;
use std::time::Duration;

use futures::TryStreamExt;
use headwater::Control;
use headwater::source::ShardStatus;
use headwater_kinesis::KinesisSource;
use headwater_tests::{Endpoint, Server, TestStream, eventually, sized};
use tokio::time::{Instant, interval, sleep, timeout};

use crate::collect::{Seen, assert_whole};
use crate::numbered::put_to;

/// How many records are put between two cuts.
const BATCH: usize = 20;

/// Cuts every connection again and again while records are put.
async fn nothing_is_lost_or_repeated_across_cuts(endpoint: Endpoint, cuts: usize) {
    let stream = endpoint.create_stream("pushed", 2).await;
    let (cuttable, proxy) = endpoint.through_proxy().await;
    let source = KinesisSource::builder(stream.name()).sdk_config(cuttable.sdk_config()).fan_out("reports");
    let source = source.connect().await.unwrap();
    let fan_out = source.fan_out().expect("it was asked for");
    let subscribed = async || {
        eventually("both shards are subscribed to", async || {
            (fan_out.subscribed_shards() == 2).then_some(())
        })
        .await;
    };
    let count = BATCH * (cuts + 1);
    let control = source.control();
    let reading = tokio::spawn(source.map_ok(Seen::from).try_collect::<Vec<_>>());
    for cut in 0..cuts {
        subscribed().await;
        put_to(&stream, BATCH * cut..BATCH * (cut + 1)).await;
        proxy.cut();
        eventually("the cut is felt", async || (fan_out.subscribed_shards() < 2).then_some(())).await;
    }
    subscribed().await;
    put_to(&stream, BATCH * cuts..count).await;
    stop_once_all_is_read(&control, &stream).await;
    assert_whole(&reading.await.unwrap().unwrap(), count);
}

/// Stops a source once its checkpoints are at the last record of every shard, or two minutes have passed.
async fn stop_once_all_is_read(control: &Control, stream: &TestStream) {
    let mut last = HashMap::new();
    for shard in stream.shards().await {
        let records = stream.read_all(&shard.shard_id).await;
        last.insert(shard.shard_id, records.last().map(|record| record.sequence_number.clone()));
    }
    let is_done = |status: &ShardStatus| match &last[status.shard.as_str()] {
        Some(last) => status.position.as_ref().is_some_and(|position| position.to_string().ends_with(last)),
        None => true,
    };
    let _ = timeout(Duration::from_mins(2), async {
        while !control.status().iter().all(is_done) {
            sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    control.stop();
}

#[tokio::test]
async fn three_cuts_of_a_ministack_subscription_lose_and_repeat_nothing() {
    nothing_is_lost_or_repeated_across_cuts(Server::Ministack.start(), 3).await;
}

#[tokio::test]
async fn a_cut_of_a_kinesis_local_subscription_loses_and_repeats_nothing() {
    nothing_is_lost_or_repeated_across_cuts(Server::KinesisLocal.start(), sized(5, 1)).await;
}

#[tokio::test]
async fn a_cut_of_a_kinesis_local_subscription_over_http_2_loses_and_repeats_nothing() {
    nothing_is_lost_or_repeated_across_cuts(Server::KinesisLocal.start().tls(), sized(5, 1)).await;
}

/// kinesis-local ends a session after five minutes, as AWS does; so long a run is for the soak.
#[tokio::test]
async fn soak_a_session_that_ends_goes_on_where_it_was() {
    let endpoint = Server::KinesisLocal.start().tls();
    let stream = endpoint.create_stream("session", 1).await;
    let source = KinesisSource::builder(stream.name()).sdk_config(endpoint.sdk_config()).fan_out("reports");
    let source = source.connect().await.unwrap();
    let control = source.control();
    let reading = tokio::spawn(source.map_ok(Seen::from).try_collect::<Vec<_>>());
    let (begun, lasting) = (Instant::now(), Duration::from_secs(sized(330, 5) as u64));
    let mut ticks = interval(Duration::from_millis(100));
    let mut count = 0;
    while begun.elapsed() < lasting {
        ticks.tick().await;
        put_to(&stream, count..count + 1).await;
        count += 1;
    }
    stop_once_all_is_read(&control, &stream).await;
    assert_whole(&reading.await.unwrap().unwrap(), count);
}
