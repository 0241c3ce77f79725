//! GetRecords.

use super::paging::in_range;
use super::{GetRecords, Output, Reading};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorCode};
use crate::limits;
use crate::store::{IteratorToken, Record, Shard, StreamRef, Timestamp};

/// The answer of GetRecords.
#[derive(Debug)]
pub(crate) struct ReadPage {
    pub(crate) reading: Reading,
    /// `None` at the end of a shard that has ended.
    pub(crate) next_iterator: Option<String>,
}

pub(super) fn get_records(endpoint: &Endpoint, input: &GetRecords, now: Timestamp) -> Result<Output, Error> {
    let account = &endpoint.account;
    let limit = in_range(input.limit, "limit", 1, limits::GET_RECORDS_LIMIT)?;
    let limit = limit.map_or(limits::GET_RECORDS_LIMIT as usize, |limit| limit as usize);
    let text = input.shard_iterator.as_deref().ok_or_else(|| Error::missing("shardIterator"))?;
    let token = IteratorToken::parse(text)?;
    if input.stream_arn.is_some() {
        account.resolve(StreamRef { name: Some(&token.stream), arn: input.stream_arn.as_deref() })?;
    }
    let (stream, shard) = token.place(account, now)?;
    let state = stream.state(now);
    let rates = endpoint.rates.of(&stream.name, shard.id);
    let page = {
        let mut log = shard.log();
        log.trim(state.horizon(now));
        if !log.admit_read(rates, now) {
            let message = rate_exceeded(&shard, &stream.name, account.id());
            return Err(Error::new(ErrorCode::ProvisionedThroughputExceeded, message));
        }
        let page = log.read(token.next, limit, limits::GET_RECORDS_BYTES);
        log.charge_read(page.records.iter().map(Record::size).sum(), rates);
        page
    };
    endpoint.tally.read(page.records.len() as u64);
    Ok(Output::Page(ReadPage {
        next_iterator: (!page.at_end).then(|| IteratorToken::issue(account, &stream, &shard, page.next, now)),
        reading: Reading::new(page, shard, &state, now),
    }))
}

/// What AWS says of a shard whose rate is used up, reading or writing.
pub(super) fn rate_exceeded(shard: &Shard, stream: &str, account: &str) -> String {
    format!("Rate exceeded for shard {} in stream {stream} under account {account}.", shard.name)
}
