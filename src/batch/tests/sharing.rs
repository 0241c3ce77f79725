//! Several sinks that share the limit of a shard.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, SinkExt};
use tokio::time::Instant;

use super::numbered;
use crate::batch::{Allowance, BatchSink, LaneLimit, MemoryLimits, SharedLimit};
use crate::{Error, ErrorKind, MemoryStream, Result, ShardId};

const LIMIT: LaneLimit = LaneLimit { records: 1_000, bytes: 1 << 20, ceiling: 1.0 };

/// Sends messages through sinks of one stream, and returns how long that took.
async fn send(sinks: usize, each: u32, limits: impl SharedLimit + Clone) -> Duration {
    let stream = MemoryStream::new("orders", 1);
    let sink = |_| {
        BatchSink::builder().lane_limit(LIMIT).shared_limit(limits.clone()).build(stream.clone()).unwrap()
    };
    let begun = Instant::now();
    join_all((0..sinks).map(sink).enumerate().map(|(nth, mut sink)| async move {
        for number in 0..each {
            sink.feed(numbered(format!("{nth}-{number}"), number)).await.unwrap();
        }
        sink.close().await.unwrap();
    }))
    .await;
    assert_eq!(stream.records().len(), sinks * each as usize);
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn sinks_that_share_a_limit_keep_it_together_and_use_it_up() {
    for sinks in [1, 2, 5] {
        let took = send(sinks, 20_000 / sinks as u32, Arc::new(MemoryLimits::default())).await.as_secs_f64();
        assert!((19.0..=21.0).contains(&took), "{sinks} sinks took {took} s for 20 s worth of messages");
    }
}

/// A store that cannot be asked.
#[derive(Clone)]
struct Gone;

impl SharedLimit for Gone {
    fn take(
        &self,
        _: &str,
        _: &ShardId,
        _: LaneLimit,
        _: Allowance,
    ) -> BoxFuture<'static, Result<Allowance>> {
        std::future::ready(Err(Error::new(ErrorKind::Store, "take from the limit: connection refused")))
            .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_limit_that_cannot_be_asked_leaves_each_lane_its_own() {
    let took = send(1, 10_000, Gone).await.as_secs_f64();
    assert!((9.0..=11.0).contains(&took), "{took}");
}

/// A store that never answers.
#[derive(Clone)]
struct Silent;

impl SharedLimit for Silent {
    fn take(
        &self,
        _: &str,
        _: &ShardId,
        _: LaneLimit,
        _: Allowance,
    ) -> BoxFuture<'static, Result<Allowance>> {
        std::future::pending().boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_limit_that_never_answers_leaves_each_lane_its_own() {
    let took = send(1, 10_000, Silent).await.as_secs_f64();
    assert!((9.0..=12.0).contains(&took), "{took}");
}
