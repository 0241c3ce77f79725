//! Packages that read and write KPL aggregates as Headwater does, and that nobody here wrote.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headwater::Key;
use headwater_kinesis::kpl::{Contents, UserRecord, deaggregate};
use serde_json::{Value, json};

use crate::python::run;

/// A Python package that makes aggregates and takes them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregator {
    /// `aiokpl` 0.2.0, a producer after the KPL's own
    AioKpl,
    /// `aws-kinesis-agg` 1.2.3, which is Amazon's
    AwsKinesisAgg,
}

/// What a record turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One message, as it is
    Plain,
    /// User records, in their order
    Users(Vec<UserRecord>),
    /// Neither: it is damaged
    Damaged,
}

impl Found {
    /// What Headwater makes of a record.
    pub fn by_us(record: &Bytes) -> Self {
        match deaggregate(record) {
            Ok(Contents::Plain | Contents::BadDigest) => Self::Plain,
            Ok(Contents::Aggregate(users)) => Self::Users(users),
            Err(_) => Self::Damaged,
        }
    }
}

impl Aggregator {
    /// Both.
    pub const ALL: [Self; 2] = [Self::AioKpl, Self::AwsKinesisAgg];

    /// The name of the package.
    pub fn package(self) -> &'static str {
        match self {
            Self::AioKpl => "aiokpl",
            Self::AwsKinesisAgg => "aws-kinesis-agg",
        }
    }

    /// Makes one record of each group of user records.
    ///
    /// # Panics
    ///
    /// When the program fails or takes too long, with what it printed.
    pub async fn aggregate(self, groups: &[Vec<UserRecord>]) -> Vec<Bytes> {
        let work =
            groups.iter().map(|users| json!({ "records": users.iter().map(value).collect::<Vec<_>>() }));
        let answers = self.work(work.collect()).await;
        answers.iter().map(|answer| data(&answer["record"])).collect()
    }

    /// Takes each record apart.
    ///
    /// # Panics
    ///
    /// When the program fails or takes too long, with what it printed.
    pub async fn deaggregate(self, records: &[Bytes]) -> Vec<Found> {
        let work = records.iter().map(|record| json!({ "record": STANDARD.encode(record) }));
        let answers = self.work(work.collect()).await;
        answers.iter().map(found).collect()
    }

    /// Has the package do each piece of work, all in one process.
    async fn work(self, work: Vec<Value>) -> Vec<Value> {
        let count = work.len();
        let lines: Vec<_> = work.iter().map(Value::to_string).collect();
        let output = run("aggregates.py", &["--package", self.package()], lines.join("\n")).await;
        let answer = |line| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{} printed {line:?}: {error}", self.package()))
        };
        let answers: Vec<_> = output.lines().map(answer).collect();
        assert_eq!(answers.len(), count, "{} answers each piece of work", self.package());
        answers
    }
}

/// A user record as the Python programs take it.
pub(crate) fn value(user: &UserRecord) -> Value {
    json!({
        "key": user.key.partition_key(),
        "hash": user.key.explicit_hash_key().map(|hash| hash.to_string()),
        "data": STANDARD.encode(&user.data),
    })
}

fn found(answer: &Value) -> Found {
    if answer.get("error").is_some() {
        return Found::Damaged;
    }
    match answer.get("records").and_then(Value::as_array) {
        Some(users) => Found::Users(users.iter().map(user).collect()),
        None => Found::Plain,
    }
}

fn user(value: &Value) -> UserRecord {
    let key = Key::from(value["key"].as_str().expect("a key is a text"));
    let key = match value["hash"].as_str() {
        Some(hash) => key.hashed(hash.parse().expect("a hash key is a number")),
        None => key,
    };
    UserRecord::new(key, data(&value["data"]))
}

fn data(value: &Value) -> Bytes {
    let text = value.as_str().expect("data is a text");
    STANDARD.decode(text).expect("data is base64").into()
}
