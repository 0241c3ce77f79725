//! PutRecord and PutRecords.

use std::sync::Arc;

use super::get_records::rate_exceeded;
use super::{Entry, Output, PutRecord, PutRecords};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorCode};
use crate::faults::{FaultKind, Plan, Target};
use crate::limits;
use crate::operation::Operation;
use crate::rates::ShardRates;
use crate::store::{
    Append, Distribution, Record, Shard, Stream, StreamState, Timestamp, hash_of, parse_explicit_hash_key,
};

/// What became of the entries of a request, in their order.
#[derive(Debug)]
pub(crate) struct PutOutcome {
    /// The shards that were open, which the outcomes point into.
    pub(crate) shards: Arc<Vec<Arc<Shard>>>,
    pub(crate) entries: Vec<EntryOutcome>,
    pub(crate) failed: usize,
}

/// What became of one entry.
#[derive(Debug)]
pub(crate) enum EntryOutcome {
    Stored { shard: usize, counter: u64 },
    Failed { code: ErrorCode, message: String },
}

/// A valid entry on its way into a shard.
struct Routed {
    shard: usize,
    /// Taken when it is stored or found to fail.
    record: Option<Record>,
    outcome: Option<EntryOutcome>,
    fault: Option<ErrorCode>,
}

pub(super) fn put_record(endpoint: &Endpoint, input: PutRecord, now: Timestamp) -> Result<Output, Error> {
    let stream = endpoint.account.find_serving(input.stream.by_ref(), now)?;
    let outcome = put(endpoint, &stream, vec![input.entry], input.body_len, now, Operation::PutRecord)?;
    match outcome.entries.first() {
        Some(EntryOutcome::Failed { code, message }) => Err(Error::new(*code, message.clone())),
        _ => Ok(Output::Stored(outcome)),
    }
}

pub(super) fn put_records(endpoint: &Endpoint, input: PutRecords, now: Timestamp) -> Result<Output, Error> {
    let count = input.entries.len();
    if !(1..=limits::PUT_RECORDS_ENTRIES).contains(&count) {
        let (rule, limit) = if count == 0 { ("greater", 1) } else { ("less", limits::PUT_RECORDS_ENTRIES) };
        let rule = format!("have length {rule} than or equal to {limit}");
        return Err(Error::constraint(Some(&format!("[{count} entries]")), "records", &rule));
    }
    let stream = endpoint.account.find_serving(input.stream.by_ref(), now)?;
    put(endpoint, &stream, input.entries, input.body_len, now, Operation::PutRecords).map(Output::Entries)
}

fn put(
    endpoint: &Endpoint,
    stream: &Stream,
    entries: Vec<Entry>,
    body_len: usize,
    now: Timestamp,
    operation: Operation,
) -> Result<PutOutcome, Error> {
    // Held to the end, so that no shard closes between routing and storing.
    let state = stream.state(now);
    let mut routed = route(entries, stream, &state, operation)?;
    let plan = endpoint.faults.plan().filter(|plan| plan.fails_entries());
    let mut writer = Writer {
        endpoint,
        stream,
        state: &state,
        now,
        operation,
        sparse: is_sparse(&routed, body_len),
        plan: plan.as_deref(),
        struck: 0,
    };
    for entry in &mut routed {
        entry.fault = writer.fault(entry.shard);
    }
    // By shard, each in the request's order: one lock per shard touched.
    let mut order: Vec<(usize, usize)> =
        routed.iter().enumerate().map(|(at, entry)| (entry.shard, at)).collect();
    order.sort_unstable();
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        writer.write_shard(group, &mut routed);
    }
    let entries: Vec<EntryOutcome> = routed.into_iter().filter_map(|entry| entry.outcome).collect();
    let failed = entries.iter().filter(|outcome| matches!(outcome, EntryOutcome::Failed { .. })).count();
    endpoint.tally.entries((entries.len() - failed) as u64, failed as u64);
    endpoint.tally.faults(FaultKind::FailEntry, writer.struck);
    Ok(PutOutcome { shards: state.topology.open_shared(), entries, failed })
}

/// Checks every entry and finds its shard. One bad entry refuses the whole request.
fn route(
    entries: Vec<Entry>,
    stream: &Stream,
    state: &StreamState,
    operation: Operation,
) -> Result<Vec<Routed>, Error> {
    let max_record = state.max_record_kib as usize * 1024;
    let mut total = 0;
    let mut routed = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        // Named only for a message: almost every entry is valid.
        let at = |member: &str| match operation {
            Operation::PutRecord => member.to_owned(),
            _ => format!("records.{}.member.{member}", index + 1),
        };
        check_partition_key(&entry, state.distribution, at)?;
        let partition_key = entry.partition_key.unwrap_or_default();
        let key = partition_key.as_bytes();
        let size = entry.payload.decoded_len() + key.len();
        check_size(size, max_record, at)?;
        total += size;
        let explicit = match &entry.explicit_hash_key {
            Some(text) => Some(parse_explicit_hash_key(text.as_str(), || at("explicitHashKey"))?),
            None => None,
        };
        let shard = stream.route(state, || explicit.unwrap_or_else(|| hash_of(key)));
        let record = Record {
            counter: 0,
            arrival: 0,
            partition_key,
            explicit_hash_key: explicit,
            payload: entry.payload,
        };
        routed.push(Routed { shard, record: Some(record), outcome: None, fault: None });
    }
    if total > limits::PUT_RECORDS_BYTES {
        return Err(Error::invalid_argument("Records size exceeds 10 MB limit"));
    }
    Ok(routed)
}

fn check_partition_key(
    entry: &Entry,
    distribution: Distribution,
    at: impl Fn(&str) -> String,
) -> Result<(), Error> {
    let Some(partition_key) = &entry.partition_key else {
        return match distribution {
            Distribution::Auto => Ok(()),
            Distribution::ByKey => Err(Error::missing(&at("partitionKey"))),
        };
    };
    let bytes = partition_key.as_bytes().len();
    let key = || partition_key.as_str();
    let rule = if bytes == 0 {
        "have length greater than or equal to 1"
    } else if bytes > limits::PARTITION_KEY_CHARACTERS
        && key().chars().count() > limits::PARTITION_KEY_CHARACTERS
    {
        "have length less than or equal to 256"
    } else {
        return Ok(());
    };
    Err(Error::constraint(Some(key()), &at("partitionKey"), rule))
}

fn check_size(size: usize, max_record: usize, at: impl Fn(&str) -> String) -> Result<(), Error> {
    if size <= max_record {
        return Ok(());
    }
    if size > limits::RECORD_BYTES {
        let rule = format!("have length less than or equal to {}", limits::RECORD_BYTES);
        return Err(Error::constraint(Some(&format!("[{size} bytes]")), &at("data"), &rule));
    }
    let message = format!(
        "Record size of {size} bytes at '{}' exceeds the stream's limit of {max_record} bytes",
        at("data")
    );
    Err(Error::invalid_argument(message))
}

/// Whether so little of a body is records that keeping it for them would keep mostly something else.
fn is_sparse(routed: &[Routed], body_len: usize) -> bool {
    let total: usize = routed.iter().filter_map(|entry| entry.record.as_ref()).map(Record::kept).sum();
    total * 2 < body_len
}

/// Stores the entries of one request.
struct Writer<'a> {
    endpoint: &'a Endpoint,
    stream: &'a Stream,
    state: &'a StreamState,
    now: Timestamp,
    operation: Operation,
    sparse: bool,
    plan: Option<&'a Plan>,
    struck: u64,
}

impl Writer<'_> {
    /// Draws an entry's fault, in the request's order.
    fn fault(&mut self, shard: usize) -> Option<ErrorCode> {
        let shard = &self.state.topology.open()[shard];
        let (stream, shard) = (Some(&*self.stream.name), Some(&*shard.name));
        let code = self.plan?.entry(Target { operation: self.operation, stream, shard });
        self.struck += u64::from(code.is_some());
        code
    }

    /// Stores one shard's entries under one lock.
    fn write_shard(&self, group: &[(usize, usize)], routed: &mut [Routed]) {
        let index = group[0].0;
        let shard = &self.state.topology.open()[index];
        let rates = self.endpoint.rates.of(&self.stream.name, shard.id);
        let limits = Append {
            now: self.now,
            rates,
            counter: &self.stream.counter,
            // Where entries can fail, the few that are stored must not keep the many that are not.
            detach: self.sparse || self.plan.is_some() || rates != ShardRates::UNLIMITED,
            max_bytes: self.endpoint.account.settings.max_bytes_per_shard,
        };
        let mut log = shard.log();
        log.trim(self.state.horizon(self.now));
        for (_, at) in group {
            let entry = &mut routed[*at];
            let stored = match (entry.fault, entry.record.take()) {
                (None, Some(record)) => {
                    log.append(record, limits).ok_or(ErrorCode::ProvisionedThroughputExceeded)
                }
                (fault, _) => Err(fault.unwrap_or(ErrorCode::InternalFailure)),
            };
            entry.outcome = Some(match stored {
                Ok(counter) => EntryOutcome::Stored { shard: index, counter },
                Err(code) => EntryOutcome::Failed { code, message: self.failure(code, shard) },
            });
        }
    }

    fn failure(&self, code: ErrorCode, shard: &Shard) -> String {
        match code {
            ErrorCode::ProvisionedThroughputExceeded => {
                rate_exceeded(shard, &self.stream.name, self.endpoint.account.id())
            }
            _ => "Internal service failure.".to_owned(),
        }
    }
}
