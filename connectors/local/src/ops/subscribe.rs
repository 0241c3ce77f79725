//! SubscribeToShard, up to the answer that has no end of its own.

use std::sync::Arc;

use super::consumers::locate;
use super::describe::parse_shard_id;
use super::start::Start;
use super::{Output, SubscribeToShard};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorCode};
use crate::operation::Operation;
use crate::store::{Refusal, Shard, Signal, Stream, Timestamp};

/// A subscription that has begun.
#[derive(Debug)]
pub(crate) struct Subscribed {
    pub(crate) stream: Arc<Stream>,
    pub(crate) shard: Arc<Shard>,
    pub(crate) signal: Arc<Signal>,
    /// The least counter of what it gives.
    pub(crate) next: u64,
    pub(crate) began: Timestamp,
}

pub(super) fn subscribe_to_shard(
    endpoint: &Endpoint,
    input: &SubscribeToShard,
    now: Timestamp,
) -> Result<Output, Error> {
    let account = &endpoint.account;
    let arn = input.consumer_arn.as_deref().ok_or_else(|| Error::missing("consumerARN"))?;
    let text = input.shard_id.as_deref().ok_or_else(|| Error::missing("shardId"))?;
    let position = input.starting_position.as_ref().ok_or_else(|| Error::missing("startingPosition"))?;
    let start = Start {
        operation: Operation::SubscribeToShard,
        kind: position.kind.as_deref().ok_or_else(|| Error::missing("startingPosition.type"))?,
        sequence_number: position.sequence_number.as_deref(),
        timestamp: position.timestamp,
    };
    let found = locate(account, None, None, Some(arn), now)?;
    let stream = &found.stream;
    let mut state = stream.state_mut(now);
    if !state.phase.serves() {
        return Err(stream.not_found(account.id()));
    }
    let id = parse_shard_id(Some(text), "shardId")?;
    let shard = id.and_then(|id| state.topology.shard(id).cloned());
    let shard = shard.ok_or_else(|| account.no_such_shard(stream, text))?;
    let next = start.resolve(&shard, stream, account.id(), now)?;
    let consumer = found.consumer_mut(&mut state)?;
    if !consumer.is_active(now) {
        let message = format!("Consumer {arn} is not ACTIVE, instead in state {}", consumer.status(now));
        return Err(Error::new(ErrorCode::ResourceInUse, message));
    }
    if input.dry_run == Some(true) {
        let code = ErrorCode::Other { name: "DryRunOperationException", status: 400 };
        return Err(Error::new(code, "Request would have succeeded, but DryRun was specified."));
    }
    let rates = endpoint.rates.of(&stream.name, shard.id);
    let signal = consumer.subscribe(shard.id, rates, account.settings.resubscribe_after, now);
    let signal = signal.map_err(|refusal| refused(refusal, arn, text))?;
    shard.log().subscribe(Arc::downgrade(&signal));
    drop(state);
    Ok(Output::Subscribed(Subscribed { stream: found.stream, shard, signal, next, began: now }))
}

fn refused(refusal: Refusal, consumer: &str, shard: &str) -> Error {
    match refusal {
        Refusal::Rate => {
            let message = format!("Rate exceeded for consumer {consumer} and shard {shard}");
            Error::new(ErrorCode::LimitExceeded, message)
        }
        Refusal::TooSoon => {
            let message =
                format!("Another active subscription exists for consumer {consumer} and shard {shard}");
            Error::new(ErrorCode::ResourceInUse, message)
        }
    }
}
