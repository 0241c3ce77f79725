//! All that is measured.

use std::time::Duration;

use headwater_kinesis::Wire;

use crate::job::{Job, Keys};
use crate::processor::Processor;
use crate::speed::row::{Group, Row, Served};

/// How many messages a run has, unless it says otherwise.
const RECORDS: usize = 100_000;
/// Those of the table of all processors.
const FEW: usize = 50_000;
/// Those of the table of millions.
const MANY: usize = 10_000_000;

/// Returns the rows of a table.
pub fn rows(group: Group) -> Vec<Row> {
    match group {
        Group::Budget => budget(),
        Group::Processors => processors(),
        Group::Growth => growth(),
        Group::Latency => latency(),
        Group::Slow => slow(),
        Group::Long => long(),
    }
}

fn sink(processor: Processor) -> Job {
    Job::Sink { processor, keys: Keys::Load }
}

/// Any messages share a record: what the framing costs where records are full.
fn full(processor: Processor) -> Job {
    Job::Sink { processor, keys: Keys::Without }
}

fn source(processor: Processor) -> Job {
    Job::Source { processor }
}

fn budget() -> Vec<Row> {
    let row = |job, goal| Row { goal: Some(goal), ..Row::new(Group::Budget, job, RECORDS) };
    // Joined messages stand beside the loop that sends each struct as JSON by itself.
    let joined = |job, goal| Row { bare: sink(Processor::Json), ..row(job, goal) };
    let short = |job, goal| Row { bare: sink(Processor::Bytes), size: 100, ..row(job, goal) };
    let cbor = |row: Row, goal| Row { wire: Wire::Cbor, goal: Some(goal), ..row };
    let (put, get, copy) =
        (row(sink(Processor::Bytes), 0.75), row(source(Processor::Bytes), 0.45), row(Job::Relay, 0.65));
    vec![
        put.clone(),
        cbor(put, 0.55),
        row(sink(Processor::Json), 0.75),
        joined(full(Processor::JsonLines), 3.3 / 4.1),
        joined(full(Processor::Msgpack), 2.2 / 4.1),
        joined(sink(Processor::KplJson), 6.0 / 4.1),
        short(sink(Processor::Bytes), 0.55 / 0.95),
        short(full(Processor::TextLines), 0.25 / 0.95),
        short(sink(Processor::KplString), 0.75 / 0.95),
        get.clone(),
        cbor(get, 0.3),
        row(source(Processor::Json), 0.7),
        copy.clone(),
        cbor(copy, 0.65),
    ]
}

fn processors() -> Vec<Row> {
    let jobs = Job::all().into_iter().filter(|job| !job.is_about_order());
    jobs.map(|job| Row { served: Served::Stored, ..Row::new(Group::Processors, job, FEW) }).collect()
}

fn growth() -> Vec<Row> {
    let jobs = [sink(Processor::Bytes), source(Processor::Bytes), Job::Relay];
    let rows = jobs.map(|job| {
        let shards = [1, 16, 256].map(|shards| Row { shards, ..Row::new(Group::Growth, job, 1_000_000) });
        let records = [10_000, 100_000, 1_000_000].map(|records| Row::new(Group::Growth, job, records));
        shards.into_iter().chain(records)
    });
    rows.into_iter().flatten().collect()
}

fn latency() -> Vec<Row> {
    let jobs = [sink(Processor::Bytes), source(Processor::Bytes), Job::Relay];
    let rows = jobs.map(|job| {
        let row =
            |millis| Row { delay: Duration::from_millis(millis), ..Row::new(Group::Latency, job, RECORDS) };
        [0, 10, 50].map(row)
    });
    rows.into_iter().flatten().collect()
}

fn slow() -> Vec<Row> {
    let row = Row::new(Group::Slow, source(Processor::Bytes), RECORDS);
    // 20,000 messages a second at most, where the server gives ten times as many.
    vec![Row { rest: Duration::from_millis(50), ..row }]
}

fn long() -> Vec<Row> {
    let row = Row::new(Group::Long, Job::Relay, MANY);
    vec![Row { lap: Some(100_000), ..row }]
}
