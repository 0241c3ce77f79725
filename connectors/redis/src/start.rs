//! When applications began.

use headwater::checkpoint::{Application, ApplicationStart, from_millis, to_millis};
use headwater::{Error, ErrorKind, Result, ShardId};
use serde::{Deserialize, Serialize};

use crate::RedisCheckpoints;
use crate::script::START;

#[derive(Serialize, Deserialize)]
struct StoredStart {
    at_millis: i64,
    shards: Vec<String>,
}

/// Returns the recorded start, after recording the proposed one if there is none.
pub(crate) async fn record(
    store: &RedisCheckpoints,
    application: &Application,
    proposed: ApplicationStart,
) -> Result<ApplicationStart> {
    let shards = proposed.shards.iter().map(|shard| shard.as_str().to_owned()).collect();
    let stored = StoredStart { at_millis: to_millis(proposed.at), shards };
    let text = serde_json::to_string(&stored).expect("text and numbers always make JSON");
    let call = START.on(store.keys.start(application), [Some(text)]);
    let text: Vec<u8> = store.call("record the start", application, &call).await?;
    read(application, &text)
}

/// Returns the recorded start, if there is one.
pub(crate) async fn get(
    store: &RedisCheckpoints,
    application: &Application,
) -> Result<Option<ApplicationStart>> {
    let text = store.link.read::<Option<String>>(redis::cmd("GET").arg(store.keys.start(application))).await;
    let text = text.map_err(|failure| {
        failure.during(&format!("look for the start of {application}"), store.link.address())
    })?;
    text.map(|text| read(application, text.as_bytes())).transpose()
}

fn read(application: &Application, text: &[u8]) -> Result<ApplicationStart> {
    let unreadable = |cause: String| {
        Error::new(ErrorKind::Store, format!("read the start of {application}")).caused_by(cause)
    };
    let stored: StoredStart = serde_json::from_slice(text).map_err(|error| unreadable(error.to_string()))?;
    let at = from_millis(stored.at_millis).ok_or_else(|| unreadable("no such time".to_owned()))?;
    Ok(ApplicationStart { at, shards: stored.shards.into_iter().map(ShardId::new).collect() })
}
