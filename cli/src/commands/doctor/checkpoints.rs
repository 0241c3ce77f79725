//! The checkpoints of an application: who reads on from them, and whether the stream still holds what comes next.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::types::{Shard, ShardIteratorType};
use headwater::Position;
use headwater::checkpoint::{Application, LeaseRow};

use crate::commands::doctor::check::Check;
use crate::commands::doctor::patient::Patient;
use crate::commands::doctor::refusal::Why;
use crate::commands::doctor::store::{self, Looks};
use crate::commands::doctor::{DoctorArgs, leases};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::stores::Store;

/// How many shards are asked whether they hold anything newer than an old checkpoint.
const ASKED: usize = 10;

/// Looks at all of it.
pub(crate) async fn check(
    args: &DoctorArgs,
    connection: &Connection,
    patient: &Patient,
    shards: &[Shard],
    retention: Duration,
) -> Result<Vec<Check>, Failure> {
    const NAME: &str = "store";
    if args.store.checkpoints.as_ref().is_none_or(|store| *store == Store::Memory) {
        return Ok(vec![Check::not_checked(NAME, "none was named: --checkpoints URL --app NAME")]);
    }
    let (name, store) = (args.store.application()?, args.store.store());
    let opened = match store::open(store, connection).await {
        Ok(opened) => opened,
        Err(check) => return Ok(vec![check]),
    };
    let application = Application::new(name, patient.stream.name());
    let looks = match store::look(Arc::clone(&opened), application.clone(), args.wait).await {
        Ok(looks) => looks,
        Err(check) => return Ok(vec![check]),
    };
    let mut checks = vec![Check::ok(NAME, format!("{store} answers, in a version that is known"))];
    // Whether a file may be written shows when it is opened; elsewhere a first write could make tables.
    if looks.last.start.is_some() && !matches!(store, Store::Sqlite(_)) {
        checks.push(store::writes(&*opened, &application).await);
    }
    checks.extend(leases::workers(&looks, name));
    if !looks.last.leases.is_empty() {
        checks.push(leases::owners(&looks, shards));
        checks.push(leases::gone(&looks, shards));
        checks.push(gap(patient, &looks, shards, retention).await);
    }
    Ok(checks)
}

/// Tells of checkpoints that the horizon of the stream has overtaken.
async fn gap(patient: &Patient, looks: &Looks, shards: &[Shard], retention: Duration) -> Check {
    const NAME: &str = "checkpoints";
    let hours = retention.as_secs() / 3600;
    let mut gaps = Vec::new();
    for row in leases::overtaken(looks, shards, retention).into_iter().take(ASKED) {
        if holds_more(patient, row).await {
            gaps.push(row.shard.as_str());
        }
    }
    match gaps.as_slice() {
        [] => Check::ok(NAME, format!("none is older than the {hours} h that the stream keeps")),
        gaps => Check::finding(
            NAME,
            format!(
                "older than the {hours} h that the stream keeps, with newer records behind them: {}",
                leases::some(gaps)
            ),
            "what came in between may be gone: start the application at once, and have the stream keep more \
             (aws kinesis increase-stream-retention-period)",
        ),
    }
}

/// Whether a shard holds anything behind a checkpoint. One that stands still because nothing comes is not overtaken.
async fn holds_more(patient: &Patient, row: &LeaseRow) -> bool {
    let after = match &row.checkpoint.position {
        Position::After { sequence, .. } => {
            (ShardIteratorType::AfterSequenceNumber, Some(sequence.to_string()))
        }
        _ => (ShardIteratorType::TrimHorizon, None),
    };
    let iterator = patient.iterator(row.shard.as_str(), after.0, (after.1, None)).await;
    match iterator {
        Ok(iterator) => match patient.records(iterator, 1).await {
            Ok(page) => !page.records.is_empty() || !page.behind.is_zero(),
            Err(_) => false,
        },
        // Who is told that the sequence number is unknown has lost its place.
        Err(refusal) => refusal.why == Why::Other,
    }
}
