//! Two other packages read the KPL aggregates that Headwater writes, write the same bytes, and are read.

use bytes::Bytes;
use headwater::codec::Framing;
use headwater_kinesis::kpl::{Kpl, UserRecord};
use headwater_tests::{Aggregator, Found};

use crate::samples::{MALFORMED, WRITTEN, headed, malformed, wrap, written};

/// What Headwater makes of user records.
fn aggregate(users: &[UserRecord]) -> Bytes {
    let mut frame = Kpl.open();
    for user in users {
        frame.push(&user.key, &user.data, &user.headers);
    }
    frame.finish()
}

/// What the packages do otherwise than the format says, by the name of the sample. A test fails once it is no longer so.
fn reads_instead(package: Aggregator, sample: &str) -> Option<Found> {
    match (package, sample) {
        // It takes an index that is not there for index 0, which is how protobuf answers for it.
        (Aggregator::AwsKinesisAgg, "some with an explicit hash key") => {
            let first = written(sample).iter().find_map(|user| user.key.explicit_hash_key());
            let pinned = |mut user: UserRecord| {
                user.key = match (user.key.explicit_hash_key(), first) {
                    (None, Some(first)) => user.key.hashed(first),
                    _ => user.key,
                };
                user
            };
            Some(Found::Users(written(sample).into_iter().map(pinned).collect()))
        }
        // It prints the error and drops what follows.
        (Aggregator::AwsKinesisAgg, "an index outside its table") => {
            Some(Found::Users(vec![UserRecord::new("a", "x")]))
        }
        // Whatever begins as an aggregate must be one.
        (Aggregator::AioKpl, "a wrong digest" | "no protobuf") => Some(Found::Damaged),
        // It hands out nothing, so that the record is lost.
        (Aggregator::AioKpl, "the digest of nothing") => Some(Found::Users(Vec::new())),
        _ => None,
    }
}

/// See [`reads_instead`].
fn writes_instead(package: Aggregator, users: &[UserRecord]) -> Option<Bytes> {
    // It wraps one user record alone, and the KPL sends it as it is.
    let wraps = package == Aggregator::AwsKinesisAgg && users.len() == 1;
    wraps.then(|| wrap(&users[0]))
}

fn assert_read(package: Aggregator, sample: &str, found: &Found, expected: &Found) {
    let package_name = package.package();
    match reads_instead(package, sample) {
        None => assert_eq!(found, expected, "{package_name}: {sample}"),
        Some(instead) => {
            assert_ne!(instead, *expected, "{package_name}: {sample}: no deviation any more");
            assert_eq!(*found, instead, "{package_name}: {sample}");
        }
    }
}

async fn reads_what_we_write(package: Aggregator) {
    let records: Vec<Bytes> = WRITTEN.iter().map(|sample| aggregate(&written(sample))).collect();
    for (sample, found) in WRITTEN.iter().zip(package.deaggregate(&records).await) {
        let users = written(sample);
        // One user record alone is a plain record, whose key stands beside it.
        let expected = if users.len() == 1 { Found::Plain } else { Found::Users(users) };
        assert_read(package, sample, &found, &expected);
    }
}

async fn passes_over_our_headers(package: Aggregator) {
    let records: Vec<Bytes> = WRITTEN.iter().map(|sample| aggregate(&headed(written(sample)))).collect();
    for ((sample, record), found) in WRITTEN.iter().zip(&records).zip(package.deaggregate(&records).await) {
        assert_eq!(Found::by_us(record), Found::Users(headed(written(sample))), "ours: {sample}");
        // One user record alone is wrapped, and read as one of several.
        assert_read(package, sample, &found, &Found::Users(written(sample)));
    }
}

async fn writes_what_we_write_and_read(package: Aggregator) {
    let groups: Vec<Vec<UserRecord>> = WRITTEN.iter().map(|sample| written(sample)).collect();
    let theirs = package.aggregate(&groups).await;
    for ((sample, users), record) in WRITTEN.iter().zip(groups).zip(theirs) {
        let package_name = package.package();
        let ours = aggregate(&users);
        let instead = writes_instead(package, &users);
        assert!(instead.as_ref().is_none_or(|instead| *instead != ours), "{package_name}: {sample}");
        assert_eq!(record, *instead.as_ref().unwrap_or(&ours), "{package_name}: {sample}");

        let expected = if users.len() == 1 && instead.is_none() { Found::Plain } else { Found::Users(users) };
        assert_eq!(Found::by_us(&record), expected, "{package_name}: {sample}");
    }
}

async fn agrees_on_what_is_no_aggregate(package: Aggregator) {
    let records: Vec<Bytes> = MALFORMED.iter().map(|sample| malformed(sample).0).collect();
    for (sample, found) in MALFORMED.iter().zip(package.deaggregate(&records).await) {
        let (record, expected) = malformed(sample);
        assert_eq!(Found::by_us(&record), expected, "ours: {sample}");
        assert_read(package, sample, &found, &expected);
    }
}

#[tokio::test]
async fn others_read_the_aggregates_that_we_write() {
    for package in Aggregator::ALL {
        reads_what_we_write(package).await;
    }
}

#[tokio::test]
async fn others_pass_over_the_headers_that_we_write() {
    for package in Aggregator::ALL {
        passes_over_our_headers(package).await;
    }
}

#[tokio::test]
async fn others_write_the_same_bytes_and_are_read() {
    for package in Aggregator::ALL {
        writes_what_we_write_and_read(package).await;
    }
}

#[tokio::test]
async fn others_agree_on_what_is_no_aggregate() {
    for package in Aggregator::ALL {
        agrees_on_what_is_no_aggregate(package).await;
    }
}

/// The golden vectors of the KPL's processors in async-kinesis: see `connectors/kinesis/src/kpl/golden.rs`.
const GOLDEN: [([&str; 2], &str); 3] = [
    (
        [r#"{"test":123}"#, r#"{"test":456}"#],
        "f3899ac20a01611a1008001a0c7b2274657374223a3132337d1a1008001a0c7b2274657374223a3435367d\
         9593fe703625b9fa4dae30455990ed92",
    ),
    (
        [r#"{"test": 123}"#, r#"{"test": 456}"#],
        "f3899ac20a01611a1108001a0d7b2274657374223a203132337d1a1108001a0d7b2274657374223a203435367d\
         24b571d8cf2d1bbd5de227fae96648c8",
    ),
    (["123", "test"], "f3899ac20a01611a0708001a033132331a0808001a047465737444b47432846de9a761c2774e0a3d26e6"),
];

#[tokio::test]
async fn everybody_writes_the_golden_vectors() {
    let user = |text: &'static str| UserRecord::new("a", text);
    let groups = GOLDEN.map(|(texts, _)| texts.map(user).to_vec());
    let mut written = vec![groups.iter().map(|users| aggregate(users)).collect::<Vec<_>>()];
    for package in Aggregator::ALL {
        written.push(package.aggregate(&groups).await);
    }
    for records in written {
        for (record, (_, golden)) in records.iter().zip(GOLDEN) {
            assert_eq!(format!("{record:x}"), golden);
        }
    }
}
