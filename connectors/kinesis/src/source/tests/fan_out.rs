//! Subscriptions, and polling where they fail.

use std::collections::HashMap;

use headwater::ErrorKind;
use headwater::source::Fetch;
use headwater_local::{ErrorCode, Fault, FaultKind, Faults, LocalKinesisBuilder, Operation};
use metrics_util::debugging::DebuggingRecorder;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, timeout};

use super::*;
use crate::KinesisSource;
use crate::source::fan_out::{Consumer, FanOut, SwitchingFetch};

const SUBSCRIBE: Operation = Operation::SubscribeToShard;
const SEEDS: std::ops::Range<u64> = 1..4;

/// A consumer, and the task that looks after it.
struct Setup {
    local: LocalKinesis,
    consumer: Arc<Consumer>,
    _keeper: JoinSet<()>,
}

impl Setup {
    async fn new(builder: LocalKinesisBuilder) -> Self {
        Self::of(builder.stream("orders", 1).build()).await
    }

    async fn of(local: LocalKinesis) -> Self {
        let polling = polling(&local.client());
        Self::polled(local, polling).await
    }

    async fn polled(local: LocalKinesis, polling: Arc<Polling>) -> Self {
        let client = local.client();
        let arn = client.describe_stream_summary().stream_name("orders").send().await.unwrap();
        let arn = arn.stream_description_summary.unwrap().stream_arn;
        let consumer = Arc::new(Consumer::new(polling, "reports".into(), arn));
        let mut keeper = JoinSet::new();
        keeper.spawn(consumer.connect().await.unwrap());
        Self { local, consumer, _keeper: keeper }
    }

    fn open(&self, from: ReadFrom) -> Reader {
        let fetch = SwitchingFetch::new(Arc::clone(&self.consumer), shard(0), from);
        Reader { fetch, read: Vec::new(), gaps: 0 }
    }

    fn handle(&self) -> FanOut {
        FanOut::new(Arc::clone(&self.consumer))
    }

    fn subscriptions(&self) -> usize {
        let counted = self.local.subscription_count("orders").unwrap();
        assert_eq!(counted, self.handle().subscribed_shards());
        counted
    }

    fn subscribe_calls(&self) -> u64 {
        self.local.counters().calls(SUBSCRIBE)
    }
}

/// Does what a reader of the engine does, and keeps what came.
struct Reader {
    fetch: SwitchingFetch,
    read: Vec<usize>,
    gaps: usize,
}

impl Reader {
    async fn page(&mut self) -> Page {
        self.fetch.due().await;
        let largest = self.fetch.largest();
        let page = self.fetch.next().await.unwrap();
        assert!(page.bytes <= largest, "{} bytes where {largest} were reserved", page.bytes);
        self.read.extend(numbers(&page));
        self.gaps += usize::from(page.gap);
        page
    }

    /// Reads until `count` records have come.
    async fn until(&mut self, count: usize) {
        let all = async {
            while self.read.len() < count {
                self.page().await;
            }
        };
        assert!(
            timeout(Duration::from_hours(1), all).await.is_ok(),
            "{} records are all that came",
            self.read.len()
        );
    }

    /// Reads for a time.
    async fn during(&mut self, time: Duration) {
        let _ = timeout(time, async { while self.page().await.end.is_none() {} }).await;
    }

    #[track_caller]
    fn assert_read(&self, numbers: std::ops::Range<usize>) {
        let odd = self.read.iter().zip(numbers.clone()).find(|(read, number)| **read != *number);
        assert_eq!((odd, self.read.len()), (None, numbers.len()), "nothing is lost and nothing repeated");
        assert_eq!(self.gaps, 0, "nothing is missing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_of_an_active_consumer_is_pushed_from_its_first_record_on() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    put(&setup.local, 0..5);
    let mut reader = setup.open(BEGINNING);
    reader.until(5).await;
    let begun = Instant::now();
    put(&setup.local, 5..6);
    reader.until(6).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    reader.assert_read(0..6);
    assert_eq!(setup.local.counters().calls(Operation::GetRecords), 0);
    assert_eq!((setup.handle().subscribed_shards(), setup.handle().polled_shards()), (1, 0));
    drop(reader);
    assert_eq!((setup.subscriptions(), setup.handle().polled_shards()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_shard_is_polled_until_its_consumer_is_active() {
    let builder = LocalKinesis::builder().create_delay(Duration::from_secs(20));
    let setup = Setup::new(builder).await;
    let mut reader = setup.open(BEGINNING);
    put(&setup.local, 0..5);
    reader.until(5).await;
    assert_eq!((setup.subscribe_calls(), setup.handle().polled_shards()), (0, 1));
    for second in 5..65 {
        put(&setup.local, second..second + 1);
        reader.during(Duration::from_secs(1)).await;
    }
    reader.until(65).await;
    reader.assert_read(0..65);
    assert_eq!((setup.subscriptions(), setup.subscribe_calls()), (1, 1));
    assert!(setup.local.counters().calls(Operation::DescribeStreamConsumer) <= 8);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_loses_and_repeats_nothing() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    for second in 0..1_000 {
        put(&setup.local, second..second + 1);
        reader.during(Duration::from_secs(1)).await;
    }
    reader.until(1_000).await;
    reader.assert_read(0..1_000);
    assert_eq!(setup.subscribe_calls(), 4, "a session lasts for five minutes");
    assert_eq!(setup.local.counters().records_pushed(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_disconnects_lose_and_repeat_nothing() {
    for seed in SEEDS {
        let local = local();
        let mut seldom = Arc::into_inner(polling(&local.client())).unwrap();
        seldom.pace.interval = Some(Duration::from_secs(1));
        let setup = Setup::polled(local, Arc::new(seldom)).await;
        setup.local.faults().set(Faults::seeded(seed).disconnect(0.25));
        let mut reader = setup.open(BEGINNING);
        let mut count = 0;
        let mut random = fastrand::Rng::with_seed(seed);
        while setup.local.counters().faults(FaultKind::Disconnect) < 200 {
            put(&setup.local, count..count + 3);
            count += 3;
            reader.during(Duration::from_millis(random.u64(0..8_000))).await;
        }
        reader.until(count).await;
        reader.assert_read(0..count);
        assert_eq!(setup.local.counters().refused(SUBSCRIBE), 0, "the pause of 5 s was kept");
        assert!(setup.local.counters().records_pushed() > 200, "not all was polled");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_shard_resumes_where_its_last_event_stood() {
    let setup = Setup::new(LocalKinesis::builder().retention(Duration::from_mins(1))).await;
    put(&setup.local, 0..3);
    let mut reader = setup.open(BEGINNING);
    reader.until(3).await;
    // The record that was read last is long gone when the session ends; what stands for it is the number of the event.
    reader.during(Duration::from_mins(4)).await;
    setup.local.disconnect_subscriptions("orders").unwrap();
    reader.during(Duration::from_millis(100)).await;
    put(&setup.local, 3..4);
    reader.until(4).await;
    reader.assert_read(0..4);
}

#[tokio::test(start_paused = true)]
async fn a_silent_subscription_is_given_up_and_replaced() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    setup.local.faults().set(Faults::seeded(1).add(Fault::stall().times(1)));
    put(&setup.local, 0..3);
    let begun = Instant::now();
    reader.until(3).await;
    assert!((30..32).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    reader.assert_read(0..3);
    assert_eq!((setup.subscriptions(), setup.subscribe_calls()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_never_answered_is_given_up() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    setup.local.faults().set(Faults::seeded(1).add(Fault::hang().on(SUBSCRIBE).times(1)));
    put(&setup.local, 0..3);
    let mut reader = setup.open(BEGINNING);
    let begun = Instant::now();
    reader.until(3).await;
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    reader.assert_read(0..3);
}

#[tokio::test(start_paused = true)]
async fn a_shard_whose_subscriptions_fail_is_polled_and_comes_back() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let fault = Fault::fail_calls(ErrorCode::InternalFailure).on(SUBSCRIBE);
    setup.local.faults().set(Faults::seeded(1).add(fault));
    let mut reader = setup.open(BEGINNING);
    for second in 0..60 {
        put(&setup.local, second..second + 1);
        reader.during(Duration::from_secs(1)).await;
    }
    reader.until(60).await;
    assert_eq!((setup.subscribe_calls(), setup.handle().polled_shards()), (3, 1));
    setup.local.faults().clear();
    reader.during(Duration::from_mins(6)).await;
    put(&setup.local, 60..61);
    reader.until(61).await;
    reader.assert_read(0..61);
    assert_eq!((setup.subscriptions(), setup.subscribe_calls()), (1, 4));
    assert_eq!(
        setup.local.counters().records_pushed(),
        2,
        "the last that was polled, as a proof, and the new one"
    );
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_another_takes_over_is_not_fought_for() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut one = setup.open(BEGINNING);
    let mut other = setup.open(BEGINNING);
    let begun = Instant::now();
    for number in 0..600 {
        put(&setup.local, number..number + 1);
        tokio::join!(one.during(Duration::from_secs(1)), other.during(Duration::from_secs(1)));
    }
    one.until(600).await;
    other.until(600).await;
    one.assert_read(0..600);
    other.assert_read(0..600);
    let most = 2 * begun.elapsed().as_secs() / 5;
    assert!(setup.subscribe_calls() < most, "{} calls", setup.subscribe_calls());
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_is_let_go_of_and_comes_again() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    for round in 0..20 {
        put(&setup.local, round * 3..round * 3 + 3);
        reader.fetch.due().await;
        reader.fetch.park();
        assert_eq!(setup.subscriptions(), 0);
        assert!(reader.fetch.largest() >= limits::DEFAULT_MAX_RECORD, "the event is no more");
        if round % 4 == 0 {
            reader.during(Duration::from_secs(8)).await;
        }
    }
    reader.until(60).await;
    reader.assert_read(0..60);
    assert_eq!(setup.local.counters().refused(SUBSCRIBE), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_consumer_holds_one_event_at_most() {
    let setup = Setup::new(LocalKinesis::builder().event_bytes(1_000)).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    let payload = "1".repeat(500);
    for _ in 0..1_000 {
        setup.local.put("orders", "key", &payload).unwrap();
        reader.fetch.due().await;
        advance(Duration::from_millis(50)).await;
    }
    assert!(reader.fetch.largest() <= 1_000);
    assert!(setup.local.counters().records_pushed() <= 2);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_shard_names_its_children() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    put(&setup.local, 0..3);
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    let children = setup.local.split_shard("orders", shard(0).as_str()).unwrap();
    let end = loop {
        if let Some(end) = reader.page().await.end {
            break end;
        }
    };
    assert!(end.iter().map(|child| child.id.as_str()).eq(children.iter().map(String::as_str)));
    assert!(end.iter().all(|child| child.parents == [shard(0)]));
    reader.assert_read(0..3);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_from_a_checkpoint_begins_after_it_and_sees_a_gap() {
    let setup = Setup::new(LocalKinesis::builder().retention(Duration::from_mins(1))).await;
    let sequences = put(&setup.local, 0..3);
    let mut reader = setup.open(after(&sequences[0]));
    reader.until(2).await;
    assert_eq!((&*reader.read, reader.gaps), (&[1, 2][..], 0));
    let inside = Position::After { sequence: sequences[1].as_str().into(), sub_sequence: Some(2) };
    drop(reader);
    advance(Duration::from_secs(10)).await;
    let mut reader = setup.open(ReadFrom::Position(inside));
    reader.until(2).await;
    assert_eq!((&*reader.read, reader.gaps), (&[1, 2][..], 0));
    drop(reader);

    advance(Duration::from_mins(2)).await;
    put(&setup.local, 3..5);
    let mut reader = setup.open(after(&sequences[0]));
    reader.until(2).await;
    put(&setup.local, 5..6);
    reader.until(3).await;
    assert_eq!((&*reader.read, reader.gaps), (&[3, 4, 5][..], 1));
    assert_eq!(setup.local.counters().calls(Operation::GetRecords), 0);
}

#[tokio::test(start_paused = true)]
async fn a_denied_subscription_ends_the_reading_at_once() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let fault = Fault::fail_calls(ErrorCode::AccessDenied).on(SUBSCRIBE);
    setup.local.faults().set(Faults::seeded(1).add(fault));
    let mut reader = setup.open(BEGINNING);
    reader.fetch.due().await;
    let error = reader.fetch.next().await.unwrap_err();
    assert_eq!((error.kind(), setup.subscribe_calls()), (ErrorKind::AccessDenied, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_deleted_is_not_found_at_once() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    setup.local.delete_stream("orders").unwrap();
    let begun = Instant::now();
    reader.fetch.due().await;
    let error = reader.fetch.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_was_taken_away_is_registered_anew() {
    let setup = Setup::new(LocalKinesis::builder()).await;
    let mut reader = setup.open(BEGINNING);
    reader.page().await;
    let first = setup.handle().consumer_arn().unwrap();
    advance(Duration::from_secs(2)).await;
    let client = setup.local.client();
    client.deregister_stream_consumer().consumer_arn(&first).send().await.unwrap();
    for second in 0..60 {
        put(&setup.local, second..second + 1);
        reader.during(Duration::from_secs(1)).await;
    }
    reader.until(60).await;
    reader.assert_read(0..60);
    assert_eq!(setup.subscriptions(), 1);
    assert_ne!(setup.handle().consumer_arn().unwrap(), first);
    assert_eq!(setup.local.counters().calls(Operation::RegisterStreamConsumer), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_all_the_consumers_it_may_is_polled_until_one_goes() {
    let local = LocalKinesis::builder().stream("orders", 1).build();
    let others: Vec<_> = (0..20)
        .map(|number| local.register_consumer("orders", &format!("other-{number}")).unwrap())
        .collect();
    let setup = Setup::of(local).await;
    assert_eq!(setup.handle().consumer_arn(), None);
    let mut reader = setup.open(BEGINNING);
    put(&setup.local, 0..3);
    reader.until(3).await;
    reader.during(Duration::from_mins(20)).await;
    let looks = setup.local.counters().calls(Operation::RegisterStreamConsumer);
    assert!((4..12).contains(&looks), "{looks}");
    let gone = setup.local.client().deregister_stream_consumer().consumer_arn(&others[7]);
    gone.send().await.unwrap();
    reader.during(Duration::from_mins(5)).await;
    put(&setup.local, 3..6);
    reader.until(6).await;
    reader.assert_read(0..6);
    assert_eq!(setup.subscriptions(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_who_registered_a_consumer_deregisters_it_and_then_polls() {
    let first = Setup::new(LocalKinesis::builder()).await;
    let second = Setup::of(first.local.clone()).await;
    assert_eq!(second.handle().consumer_arn(), first.handle().consumer_arn());
    assert!(!second.handle().deregister().await.unwrap());
    assert_eq!(first.local.consumers("orders").unwrap().len(), 1);

    let mut reader = first.open(BEGINNING);
    reader.page().await;
    assert!(first.handle().deregister().await.unwrap());
    assert!(!first.handle().deregister().await.unwrap());
    assert!(first.local.consumers("orders").unwrap().is_empty());
    put(&first.local, 0..3);
    reader.until(3).await;
    reader.during(Duration::from_mins(10)).await;
    reader.assert_read(0..3);
    assert!(first.local.consumers("orders").unwrap().is_empty(), "it stays deregistered");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_may_not_be_found_or_registered_fails_connect_at_once() {
    let operations = [Operation::DescribeStreamConsumer, Operation::RegisterStreamConsumer];
    for (code, kind) in
        [(ErrorCode::AccessDenied, ErrorKind::AccessDenied), (ErrorCode::Validation, ErrorKind::Invalid)]
    {
        for operation in operations {
            let local = local();
            local.faults().set(Faults::seeded(1).add(Fault::fail_calls(code).on(operation)));
            let source = KinesisSource::builder("orders").client(local.client()).fan_out("reports");
            let error = source.connect().await.unwrap_err();
            assert_eq!((error.kind(), local.counters().calls(operation)), (kind, 1));
            assert!(error.to_string().contains("consumer \"reports\" of \"orders\""), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_cannot_be_seen_for_a_while_fails_nothing() {
    let local = local();
    let fault = Fault::fail_calls(ErrorCode::InternalFailure).on(Operation::DescribeStreamConsumer);
    local.faults().set(Faults::seeded(1).add(fault.times(4)));
    let setup = Setup::of(local).await;
    let mut reader = setup.open(BEGINNING);
    put(&setup.local, 0..3);
    reader.during(Duration::from_mins(1)).await;
    reader.assert_read(0..3);
    assert_eq!(setup.subscriptions(), 1);
}

#[tokio::test]
async fn a_name_that_no_consumer_can_have_is_refused() {
    for name in ["", "re ports", &"n".repeat(129)] {
        let local = local();
        let source = KinesisSource::builder("orders").client(local.client()).fan_out(name);
        let error = source.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().starts_with(&format!("fan_out = \"{name}\": ")), "{error}");
        assert_eq!(local.counters().total_calls(), 0);
    }
}

#[test]
fn subscriptions_their_ends_and_fallbacks_are_told() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let told: HashMap<_, _> = metrics::with_local_recorder(&recorder, || {
        runtime.unwrap().block_on(async {
            let setup = Setup::new(LocalKinesis::builder()).await;
            let mut reader = setup.open(BEGINNING);
            reader.page().await;
            setup.local.faults().set(Faults::seeded(1).add(Fault::stall().times(1)));
            reader.during(Duration::from_mins(6)).await;
            reader.fetch.park();
            setup.local.faults().set(Faults::seeded(1).fail_calls(1.0, ErrorCode::InternalFailure));
            let _ = timeout(Duration::from_secs(30), async {
                loop {
                    reader.fetch.due().await;
                    let _ = reader.fetch.next().await;
                }
            })
            .await;
            setup.local.faults().clear();
            reader.during(Duration::from_mins(6)).await;
            super::told(&snapshotter)
        })
    });
    let of = |name: &str, label: &str| told[&(format!("headwater_source_{name}"), label.to_owned())];
    for reason in ["stalled", "expired", "parked"] {
        assert_eq!(of("resubscriptions_total", reason), 1, "{reason}");
    }
    assert_eq!((of("fallbacks_total", "orders"), of("subscriptions", "orders")), (1, 1));
    assert_eq!((of("calls_total", "SubscribeToShard"), of("calls_total", "DescribeStreamConsumer")), (7, 1));
}
