//! Files that earlier versions made.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use headwater::checkpoint::{Application, ApplicationStart, CheckpointStore, Claim, WorkerId};
use headwater::{Position, ShardId};
use headwater_sqlite::SqliteCheckpoints;
use rusqlite::Connection;

/// The first version of the schema, and what a group left in it.
const FIRST: &str = "
PRAGMA journal_mode = WAL;
CREATE TABLE leases (
    application TEXT NOT NULL,
    stream TEXT NOT NULL,
    shard TEXT NOT NULL,
    owner TEXT,
    token INTEGER NOT NULL,
    version INTEGER NOT NULL,
    position TEXT NOT NULL CHECK (position IN ('beginning', 'at', 'latest', 'after', 'end')),
    sequence TEXT,
    sub_sequence INTEGER,
    at_millis INTEGER,
    arrival_millis INTEGER,
    handoff_to TEXT,
    handoff_token INTEGER,
    PRIMARY KEY (application, stream, shard)
) STRICT, WITHOUT ROWID;
CREATE TABLE starts (
    application TEXT NOT NULL,
    stream TEXT NOT NULL,
    at_millis INTEGER NOT NULL,
    PRIMARY KEY (application, stream)
) STRICT, WITHOUT ROWID;
CREATE TABLE start_shards (
    application TEXT NOT NULL,
    stream TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    shard TEXT NOT NULL,
    PRIMARY KEY (application, stream, ordinal)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1214535540;
PRAGMA user_version = 1;
INSERT INTO leases VALUES
    ('billing', 'orders', 'shardId-0', 'old', 3, 40, 'after', '49590338271490256608', 2, NULL, 1753000000123, 'heir', 3),
    ('billing', 'orders', 'shardId-1', NULL, 1, 9, 'end', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO starts VALUES ('billing', 'orders', 1753000000000);
INSERT INTO start_shards VALUES ('billing', 'orders', 0, 'shardId-0'), ('billing', 'orders', 1, 'shardId-1');
";

fn make_first(path: &Path) {
    Connection::open(path).unwrap().execute_batch(FIRST).unwrap();
}

#[tokio::test]
async fn a_file_of_the_first_version_keeps_all_it_has_and_takes_workers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoints.db");
    make_first(&path);
    let billing = Application::new("billing", "orders");

    // The second opening finds a file of this version.
    for round in 0..2 {
        let store = SqliteCheckpoints::open(&path).await.unwrap();
        let rows = store.list(&billing).await.unwrap();
        let [first, second] = &rows[..] else { panic!("two rows were there: {rows:?}") };
        assert_eq!((first.owner.clone(), first.token.0, first.version), (Some(WorkerId::new("old")), 3, 40));
        let sequence = "49590338271490256608".into();
        assert_eq!(first.checkpoint.position, Position::After { sequence, sub_sequence: Some(2) });
        let arrival = UNIX_EPOCH + Duration::from_millis(1_753_000_000_123);
        assert_eq!(first.checkpoint.arrival, Some(arrival));
        assert_eq!(first.handoff.as_ref().map(|handoff| handoff.to.as_str()), Some("heir"));
        assert_eq!((&second.owner, &second.checkpoint.position), (&None, &Position::End));
        let start = ApplicationStart {
            at: UNIX_EPOCH + Duration::from_secs(1_753_000_000),
            shards: vec![ShardId::new("shardId-0"), ShardId::new("shardId-1")],
        };
        assert_eq!(store.started(&billing).await.unwrap(), Some(start));
        store.announce(&billing, &WorkerId::new(format!("pod-{round}")), 4).await.unwrap();
        assert_eq!(store.workers(&billing).await.unwrap().len(), 1);
    }
    let version: i32 =
        Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 2);

    let store = SqliteCheckpoints::open(&path).await.unwrap();
    let claim = Claim {
        application: billing,
        shard: ShardId::new("shardId-0"),
        worker: WorkerId::new("heir"),
        expired: None,
        initial: Position::Beginning.into(),
    };
    assert_eq!(store.claim(&claim).await.unwrap(), None, "no lock tells whether a worker of old lives");
    let claim = Claim { expired: Some(40), ..claim };
    assert_eq!(store.claim(&claim).await.unwrap().expect("it expired").token.0, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_stores_open_a_file_of_the_first_version_at_once() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let path = directory.path().join(format!("{round}.db"));
        make_first(&path);
        let opening: Vec<_> = (0..8).map(|_| tokio::spawn(SqliteCheckpoints::open(path.clone()))).collect();
        for store in opening {
            let rows = store.await.unwrap().unwrap().list(&Application::new("billing", "orders")).await;
            assert_eq!(rows.unwrap().len(), 2);
        }
    }
}
