//! Renewals and commits, one or many.

use std::collections::BTreeMap;

use futures::stream::{self, Stream, StreamExt as _};
use headwater::checkpoint::{Application, Checkpoint, Lease, LeaseWrite};
use headwater::{Error, Result};
use redis::{RedisResult, Value};

use crate::RedisCheckpoints;
use crate::answer::{self, Raw};
use crate::error::Failure;
use crate::order::order;
use crate::row::write_checkpoint;
use crate::script::{Call, WRITE};

/// How many writes one exchange carries at most: some 300 KiB.
const EXCHANGE: usize = 1_000;

/// Renews, or commits.
pub(crate) async fn one(
    store: &RedisCheckpoints,
    lease: &Lease,
    checkpoint: Option<&Checkpoint>,
) -> Result<Lease> {
    let call = prepare(store, lease, checkpoint)?;
    let raw = store.call::<Raw>(verb(checkpoint), &lease.application, &call).await?;
    answer::read(verb(checkpoint), &lease.application, &lease.shard, raw)?.written(lease, checkpoint)
}

/// Does all writes of one application in as few exchanges as their number allows, and answers as each comes back.
pub(crate) fn many<'a>(
    store: &'a RedisCheckpoints,
    writes: &'a [LeaseWrite],
) -> impl Stream<Item = (usize, Result<Lease>)> + Send + 'a {
    let mut by_application: BTreeMap<&Application, Vec<usize>> = BTreeMap::new();
    for (index, write) in writes.iter().enumerate() {
        by_application.entry(&write.lease.application).or_default().push(index);
    }
    let exchanges: Vec<Vec<usize>> = by_application
        .into_values()
        .flat_map(|all| all.chunks(EXCHANGE).map(<[_]>::to_vec).collect::<Vec<_>>())
        .collect();
    stream::iter(exchanges).then(move |indices| exchange(store, writes, indices)).flat_map(stream::iter)
}

/// Does some writes of one application in one exchange.
async fn exchange(
    store: &RedisCheckpoints,
    writes: &[LeaseWrite],
    indices: Vec<usize>,
) -> Vec<(usize, Result<Lease>)> {
    let mut outcomes = Vec::with_capacity(indices.len());
    let (mut sent, mut calls) = (Vec::new(), Vec::new());
    for index in indices {
        let LeaseWrite { lease, checkpoint } = &writes[index];
        match prepare(store, lease, checkpoint.as_ref()) {
            Ok(call) => {
                sent.push(index);
                calls.push(call);
            }
            Err(error) => outcomes.push((index, Err(error))),
        }
    }
    match store.link.call_all(&calls).await {
        Ok(answers) => {
            let answers = sent.into_iter().zip(answers);
            outcomes.extend(answers.map(|(index, answer)| (index, outcome(store, &writes[index], answer))));
        }
        Err(failure) => {
            outcomes
                .extend(sent.into_iter().map(|index| (index, Err(failed(store, &writes[index], &failure)))));
        }
    }
    outcomes
}

fn outcome(store: &RedisCheckpoints, write: &LeaseWrite, answer: RedisResult<Value>) -> Result<Lease> {
    let LeaseWrite { lease, checkpoint } = write;
    let raw = answer.and_then(|value| Ok(redis::from_redis_value::<Raw>(value)?));
    let raw = raw.map_err(|error| failed(store, write, &Failure::Redis(error)))?;
    let checkpoint = checkpoint.as_ref();
    answer::read(verb(checkpoint), &lease.application, &lease.shard, raw)?.written(lease, checkpoint)
}

fn failed(store: &RedisCheckpoints, write: &LeaseWrite, failure: &Failure) -> Error {
    let what = format!("{} of {}", verb(write.checkpoint.as_ref()), write.lease.application);
    failure.during(&what, store.link.address())
}

fn prepare(store: &RedisCheckpoints, lease: &Lease, checkpoint: Option<&Checkpoint>) -> Result<Call> {
    let (order, text) = match checkpoint {
        Some(checkpoint) => (Some(order(&checkpoint.position)?), Some(write_checkpoint(checkpoint))),
        None => (None, None),
    };
    let lease_of = |text: &str| Some(text.to_owned());
    Ok(WRITE.on(
        store.keys.leases(&lease.application),
        [
            lease_of(lease.shard.as_str()),
            lease_of(lease.owner.as_str()),
            Some(lease.token.to_string()),
            order,
            text,
        ],
    ))
}

fn verb(checkpoint: Option<&Checkpoint>) -> &'static str {
    if checkpoint.is_some() { "commit a checkpoint" } else { "renew the lease" }
}
