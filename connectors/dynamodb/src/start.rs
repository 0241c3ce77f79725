//! When an application read its stream for the first time.

use aws_sdk_dynamodb::types::AttributeValue;
use headwater::checkpoint::{ApplicationStart, from_millis, to_millis};
use headwater::{Error, ErrorKind, Result, ShardId};

use crate::change::Change;
use crate::group::{Group, existing};
use crate::item::{Item, number, number_of, text};
use crate::note::key_of;

const AT: &str = "atMillis";
const SHARDS: &str = "shards";

impl Group {
    /// Records a start, unless one is recorded, and returns what is. Where a KCL was there before, it gave a lease to every
    /// shard of the first set, so that those without one came later.
    pub(crate) async fn start(&self, proposed: &ApplicationStart) -> Result<ApplicationStart> {
        if let Some(recorded) = self.started().await? {
            return Ok(recorded);
        }
        let is_first = self.rows().await?.iter().all(|row| row.note.token.is_some());
        let first_set = proposed.shards.iter().filter(|_| is_first);
        let shards = first_set.map(|shard| text(shard.as_str())).collect();
        let record = Change::of(&self.companion, key())
            .set_if_absent(AT, number(to_millis(proposed.at)))
            .set_if_absent(SHARDS, AttributeValue::L(shards));
        let recorded = self.api.update_item(&record).await?.unwrap_or_default();
        self.start_of(&recorded)
    }

    /// Returns the recorded start.
    pub(crate) async fn started(&self) -> Result<Option<ApplicationStart>> {
        let recorded = existing(self.api.get_item(&self.companion, &key()).await)?.flatten();
        recorded.as_ref().map(|item| self.start_of(item)).transpose()
    }

    fn start_of(&self, item: &Item) -> Result<ApplicationStart> {
        let at = number_of(item, AT).and_then(from_millis);
        let shards = item.get(SHARDS).and_then(|shards| shards.as_l().ok());
        let shards = shards.map(|shards| {
            shards
                .iter()
                .filter_map(|shard| shard.as_s().ok())
                .map(|shard| ShardId::new(shard.as_str()))
                .collect()
        });
        let start = at.zip(shards).map(|(at, shards)| ApplicationStart { at, shards });
        start.ok_or_else(|| {
            let context = format!("read the start of {} in table \"{}\"", self.application, self.companion);
            Error::new(ErrorKind::Store, context).caused_by("the item is damaged: delete it")
        })
    }
}

fn key() -> Item {
    key_of("application", "start")
}
