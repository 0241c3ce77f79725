//! The checkpoint store, and two looks at what an application has there.

use std::sync::Arc;
use std::time::Duration;

use headwater::checkpoint::{Application, CheckpointStore, FencingToken, Lease, WorkerId, WorkerRow};
use headwater::group::{Group, Listing};
use headwater::{ErrorKind, Position};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::commands::doctor::check::Check;
use crate::connection::Connection;
use crate::failure::{Failure, chain};
use crate::stores::Store;

/// How often it is looked whether all who should have given a sign of life have.
const INTERVAL: Duration = Duration::from_millis(250);

/// What is stored of an application, and who gave a sign of life while it was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Looks {
    pub(crate) first: Listing,
    pub(crate) last: Listing,
    pub(crate) waited: Duration,
}

/// Opens the store, where that makes nothing new.
pub(crate) async fn open(store: &Store, connection: &Connection) -> Result<Arc<dyn CheckpointStore>, Check> {
    const NAME: &str = "store";
    if let Store::Sqlite(path) = store
        && !path.exists()
    {
        let told = format!("there is no file {}", path.display());
        return Err(Check::finding(
            NAME,
            told,
            "look at the path of --checkpoints; a worker makes the file when it starts",
        ));
    }
    store.open(connection).await.map_err(|failure| {
        let (Failure::Usage(told) | Failure::Failed(told)) = failure else {
            return Check::not_checked(NAME, "nobody reads any more");
        };
        let remedy = match store {
            Store::Sqlite(_) => "name a file that headwater made, in its version or an older one, and that may be read and written",
            _ => "look at --checkpoints, at the network, and at who may log in there",
        };
        Check::finding(NAME, told, remedy)
    })
}

/// Tries what a worker writes, with a lease and a worker that nobody has: no store changes anything for those.
pub(crate) async fn writes(store: &dyn CheckpointStore, application: &Application) -> Check {
    const NAME: &str = "store writes";
    let nobody = WorkerId::new("headwater-doctor");
    let lease = Lease {
        application: application.clone(),
        shard: "headwater-doctor".into(),
        owner: nobody.clone(),
        token: FencingToken(0),
        version: 0,
        checkpoint: Position::Beginning.into(),
        handoff: None,
    };
    let row = WorkerRow { worker: nobody, version: 0, max_shards: 0 };
    let refused = match store.renew(&lease).await {
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::LeaseLost) => Some(error),
        _ => store.retire(application, &row).await.err(),
    };
    match refused {
        None => Check::ok(NAME, "allowed: what nobody has was neither renewed nor removed"),
        Some(error) if error.is_retryable() => Check::not_checked(NAME, chain(&error)),
        Some(error) => Check::finding(
            NAME,
            chain(&error),
            "let who logs in write there as well: a worker renews and stores by the same calls",
        ),
    }
}

/// Looks at an application until every worker gave a sign of life, or for so long.
pub(crate) async fn look(
    store: Arc<dyn CheckpointStore>,
    application: Application,
    patience: Duration,
) -> Result<Looks, Check> {
    let failed = |error: headwater::Error| {
        Check::finding("store", chain(&error), "look at the store: it was opened, and does not answer")
    };
    let group = Group::new(store, application);
    let first = group.list().await.map_err(failed)?;
    let mut looks = Looks { last: first.clone(), first, waited: Duration::ZERO };
    let (start, mut ticks) = (Instant::now(), interval(INTERVAL));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while looks.waited < patience && !looks.silent().is_empty() {
        ticks.tick().await;
        looks.last = group.list().await.map_err(failed)?;
        looks.waited = start.elapsed();
    }
    Ok(looks)
}
