//! A worker of kcl-rs 0.1.4 and one of Headwater, which share a lease table on one stream.

use std::time::Duration;

use aws_sdk_kinesis::primitives::Blob;
use bytes::Bytes;
use futures::StreamExt as _;
use headwater::checkpoint::{Application, CheckpointStore, WorkerId};
use headwater::codec::Framing as _;
use headwater::source::Control;
use headwater::{HashKey, Headers, Key, Message};
use headwater_dynamodb::DynamoDbCheckpoints;
use headwater_kinesis::KinesisSource;
use headwater_kinesis::kpl::Kpl;
use headwater_tests::{KclEvent, KclWorker, Server, StoreServer, TestStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::dynamodb::patient;

/// What the KCL has for the time after which a silent worker's leases are anyone's, and does not let be set.
const LEASE_TIME: Duration = Duration::from_secs(10);
/// How long a shard may take to change hands: a KCL looks for some every 20 s.
const LIMIT: Duration = Duration::from_mins(2);
const SHARDS: [&str; 2] = ["shardId-000000000000", "shardId-000000000001"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kcl_rs_and_headwater_hand_shards_to_each_other_and_lose_nothing() {
    let mut world = World::new().await;
    // Each shard: a plain record 0, an aggregate of 1 to 5, a plain record 6, an aggregate of 7 to 11.
    for shard in 0..SHARDS.len() {
        world.put(shard, &[0]).await;
        world.put(shard, &[1, 2, 3, 4, 5]).await;
        world.put(shard, &[6]).await;
        world.put(shard, &[7, 8, 9, 10, 11]).await;
    }

    // Headwater stops inside an aggregate, and kcl-rs resumes there, whether it is as far as a plain record afterwards or
    // as the first of the next aggregate.
    let headwater = world.headwater(Some(3)).await;
    world.until("Headwater read up to 3", |seen| seen.len() == 8).await;
    headwater.leave().await;
    let kcl = world.kcl(&[3, 4]);
    world.until("kcl-rs read on", |seen| seen.len() == 15).await;
    assert_eq!(world.begun, [2, 2], "the sub-sequence number of 3");
    kcl.kill().await;

    // Headwater resumes in turn. So far each was read once.
    let headwater = world.headwater(None).await;
    world.until("Headwater read the rest", |seen| seen.len() >= 24).await;
    let read = |reader: &str, numbers: [Vec<u32>; 2]| {
        (0..SHARDS.len())
            .flat_map(move |shard| {
                let reader = reader.to_owned();
                numbers[shard].clone().into_iter().map(move |number| (reader.clone(), shard, number))
            })
            .collect::<Vec<_>>()
    };
    let mut expected = read("headwater", [(0..=3).collect(), (0..=3).collect()]);
    expected.extend(read("kcl", [vec![4, 5, 6], vec![4, 5, 6, 7]]));
    expected.extend(read("headwater", [(7..=11).collect(), (8..=11).collect()]));
    let mut seen = world.seen.clone();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);

    // kcl-rs takes a shard from Headwater, which goes on with the other.
    let kcl = world.kcl(&[]);
    world.until_shared(1).await;
    // Headwater leaves, and kcl-rs has both.
    headwater.leave().await;
    world.until_shared(2).await;
    // Headwater comes back, and asks kcl-rs for one.
    let headwater = world.headwater(None).await;
    world.until_shared(1).await;
    // kcl-rs leaves, and Headwater has both.
    kcl.leave().await;
    world.until_shared(0).await;
    headwater.leave().await;
    world.stream.delete().await;
}

/// Who read what of which shard.
type Seen = (String, usize, u32);

/// What a reader tells.
enum News {
    Read(Seen),
    /// kcl-rs began a shard after this sub-sequence number.
    Begun(u64),
}

struct World {
    stream: TestStream,
    application: Application,
    seen: Vec<Seen>,
    begun: Vec<u64>,
    /// The next number of each shard.
    next: u32,
    news: mpsc::Receiver<News>,
    tell: mpsc::Sender<News>,
}

impl World {
    async fn new() -> Self {
        let stream = Server::Local.shared().create_stream("kcl", 2).await;
        let application = Application::new(stream.name(), stream.name());
        let (tell, news) = mpsc::channel(64);
        Self { stream, application, seen: Vec::new(), begun: Vec::new(), next: 12, news, tell }
    }

    /// Puts a record, an aggregate where there are several numbers.
    async fn put(&self, shard: usize, numbers: &[u32]) {
        let hash = [0, u128::MAX][shard];
        let text = |number: &u32| format!("{shard}/{number}");
        let data = match numbers {
            [number] => Bytes::from(text(number)),
            numbers => {
                let mut frame = Kpl.open();
                for number in numbers {
                    frame.push(
                        &Key::from("key").hashed(HashKey::new(hash)),
                        text(number).as_bytes(),
                        &Headers::new(),
                    );
                }
                frame.finish()
            }
        };
        let put = self.stream.client().put_record().stream_name(self.stream.name()).partition_key("key");
        put.explicit_hash_key(hash.to_string()).data(Blob::new(data)).send().await.unwrap();
    }

    async fn store(&self) -> DynamoDbCheckpoints {
        let config = StoreServer::DynamoDbLocal.shared().sdk_config();
        patient(config).open().await.unwrap()
    }

    /// Starts a worker of Headwater, which acks up to a number and holds what comes after.
    async fn headwater(&self, last: Option<u32>) -> Headwater {
        let source = KinesisSource::builder(self.stream.name())
            .sdk_config(Server::Local.shared().sdk_config())
            .checkpoints(self.store().await)
            .application(&*self.application.name)
            .worker(WorkerId::new(format!("headwater-{:016x}", fastrand::u64(..))))
            .lease_time(LEASE_TIME)
            .drain_timeout(Duration::from_secs(1));
        let mut source = source.connect().await.unwrap();
        let (control, tell) = (source.control(), self.tell.clone());
        let task = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Some(message) = source.next().await {
                let message: Message<Bytes> = message.unwrap();
                let (shard, number) = parse(std::str::from_utf8(message.payload()).unwrap());
                if last.is_some_and(|last| number > last) {
                    held.push(message);
                    continue;
                }
                message.ack();
                // Nobody listens once the test has ended.
                let _ = tell.send(News::Read(("headwater".into(), shard, number))).await;
            }
        });
        Headwater { control, task }
    }

    fn kcl(&self, limits: &[u32]) -> KclRunner {
        let (kinesis, dynamodb) = (Server::Local.shared().url(), StoreServer::DynamoDbLocal.shared().url());
        let mut worker =
            KclWorker::start(kinesis, &dynamodb, self.stream.name(), &self.application.name, limits);
        let tell = self.tell.clone();
        let (stop, mut stopped) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    event = worker.next() => {
                        let news = match event {
                            None => return,
                            Some(KclEvent::Begin { sub, .. }) => News::Begun(sub),
                            Some(KclEvent::Record { data, .. }) => {
                                let (shard, number) = parse(&data);
                                News::Read(("kcl".into(), shard, number))
                            }
                            Some(_) => continue,
                        };
                        let _ = tell.send(news).await;
                    }
                    stop = stopped.recv() => match stop {
                        Some(Stop::Leave) => worker.leave(),
                        Some(Stop::Kill) => return worker.kill().await,
                        None => return,
                    }
                }
            }
        });
        KclRunner { stop, task }
    }

    /// Takes in what the readers tell until it is as it is waited for.
    async fn until(&mut self, what: &str, done: impl Fn(&[Seen]) -> bool) {
        while !done(&self.seen) {
            match timeout(LIMIT, self.news.recv()).await {
                Ok(Some(News::Read(seen))) => self.seen.push(seen),
                Ok(Some(News::Begun(sub))) => self.begun.push(sub),
                _ => panic!("waited {LIMIT:?} in vain: {what}; {:?}", self.seen),
            }
        }
    }

    /// Waits until the KCL owns so many shards and Headwater the others, and then until a record of each shard, and every
    /// one before it, was read by whoever has it.
    async fn until_shared(&mut self, with_kcl: usize) {
        let (store, application) = (self.store().await, self.application.clone());
        let shared = async || {
            let rows = store.list(&application).await.unwrap();
            let owners: Vec<_> = rows.iter().filter_map(|row| row.owner.as_ref()).collect();
            let kcl = owners.iter().filter(|owner| owner.as_str().starts_with("kcl")).count();
            kcl == with_kcl && owners.len() == SHARDS.len()
        };
        let mut looks = tokio::time::interval(Duration::from_millis(200));
        let waiting = async {
            while !shared().await {
                looks.tick().await;
            }
        };
        timeout(LIMIT, waiting)
            .await
            .unwrap_or_else(|_| panic!("waited in vain: kcl-rs has {with_kcl} shards"));
        let number = self.next;
        self.next += 1;
        for shard in 0..SHARDS.len() {
            self.put(shard, &[number]).await;
        }
        let read_by =
            |seen: &[Seen], shard: usize, reader: &str| seen.contains(&(reader.to_owned(), shard, number));
        self.until("everything is read", |seen| {
            let by_kcl = (0..SHARDS.len()).filter(|shard| read_by(seen, *shard, "kcl")).count();
            (0..SHARDS.len()).all(|shard| read_by(seen, shard, "kcl") || read_by(seen, shard, "headwater"))
                && by_kcl >= with_kcl
        })
        .await;
        for shard in 0..SHARDS.len() {
            let is_read =
                |number: &u32| self.seen.iter().any(|(_, of, read)| (*of, *read) == (shard, *number));
            let lost: Vec<_> = (0..=number).filter(|number| !is_read(number)).collect();
            assert!(lost.is_empty(), "shard {shard}: {lost:?}");
        }
    }
}

/// A worker of Headwater.
struct Headwater {
    control: Control,
    task: tokio::task::JoinHandle<()>,
}

impl Headwater {
    /// Ends it in order: what was acked is stored, and its shards are let go.
    async fn leave(self) {
        self.task.abort();
        // Dropped with what it held unacked.
        let _ended = self.task.await;
        let _unacked = self.control.finished().await;
    }
}

enum Stop {
    Leave,
    Kill,
}

/// A worker of kcl-rs.
struct KclRunner {
    stop: mpsc::Sender<Stop>,
    task: tokio::task::JoinHandle<()>,
}

impl KclRunner {
    async fn leave(self) {
        let _ended = self.stop.send(Stop::Leave).await;
        self.task.await.unwrap();
    }

    async fn kill(self) {
        let _ended = self.stop.send(Stop::Kill).await;
        self.task.await.unwrap();
    }
}

/// Reads `shard/number`.
fn parse(text: &str) -> (usize, u32) {
    let (shard, number) = text.split_once('/').unwrap();
    (shard.parse().unwrap(), number.parse().unwrap())
}
