//! The two tables of one application.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headwater::checkpoint::{Application, LeaseRow};
use headwater::{Error, ErrorKind, Result};

use crate::api::Api;
use crate::change::Change;
use crate::item::{Item, text, text_of};
use crate::lease::LeaseItem;
use crate::note::{self, Note};
use crate::row::Row;
use crate::{lease, naming::Naming};

/// What is kept of the application as a whole.
const APPLICATION: &str = "application";
const READER: &str = "reader";
const STREAM: &str = "stream";

/// How often a verb reads a row again that others wrote meanwhile.
pub(crate) const TRIES: usize = 8;

/// Where the rows of an application are.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) api: Api,
    pub(crate) application: Application,
    pub(crate) leases: String,
    pub(crate) companion: String,
    /// Whether the last listing showed a leader of KCL 3.
    has_leader: Arc<AtomicBool>,
}

impl Group {
    pub(crate) fn new(api: Api, naming: &Naming, application: &Application) -> Result<Self> {
        let (leases, companion) = naming.of(application)?;
        Ok(Self { api, application: application.clone(), leases, companion, has_leader: Arc::default() })
    }

    /// Makes the tables where they are missing, and makes sure that they are this application's.
    pub(crate) async fn prepare(&self) -> Result<()> {
        self.api.ready_table(&self.leases, lease::SCHEMA).await?;
        self.api.ready_table(&self.companion, note::SCHEMA).await?;
        let record = Change::of(&self.companion, Self::key());
        let record = record
            .set_if_absent(READER, text(&*self.application.name))
            .set_if_absent(STREAM, text(&*self.application.stream));
        let recorded = self.api.update_item(&record).await?;
        self.check(recorded.as_ref())
    }

    /// Makes sure that the tables are this application's, as far as they exist.
    pub(crate) async fn look(&self) -> Result<()> {
        let recorded = existing(self.api.get_item(&self.companion, &Self::key()).await)?.flatten();
        self.check(recorded.as_ref())
    }

    fn key() -> Item {
        note::key_of(APPLICATION, "tables")
    }

    /// Refuses tables that keep the leases of something else: shards of two streams have the same names, and two
    /// applications that share leases would each see a part of the records.
    fn check(&self, recorded: Option<&Item>) -> Result<()> {
        let recorded = recorded.and_then(|item| Some((text_of(item, READER)?, text_of(item, STREAM)?)));
        match recorded {
            Some((name, stream)) if (name, stream) != (&self.application.name, &self.application.stream) => {
                let other = Application::new(name, stream);
                let context = format!(
                    "keep the leases of {} in table \"{}\": it keeps those of {other}; choose another with table(..), \
                     or let table_per_stream(..) make one for each",
                    self.application, self.leases
                );
                Err(Error::new(ErrorKind::Invalid, context))
            }
            _ => Ok(()),
        }
    }

    /// Tells whether a leader of KCL 3 assigns leases, so that its workers hand them over when they are asked to.
    pub(crate) fn has_leader(&self) -> bool {
        self.has_leader.load(Ordering::Relaxed)
    }

    /// Reads what is known of a shard. The order matters: see [`Row`].
    pub(crate) async fn read(&self, shard: &str) -> Result<(Option<LeaseItem>, Note)> {
        let lease = self.api.get_item(&self.leases, &lease::key(shard)).await?;
        Ok((lease.as_ref().and_then(LeaseItem::read), self.note(shard).await?))
    }

    pub(crate) async fn row(&self, shard: &str) -> Result<Option<Row>> {
        let (lease, note) = self.read(shard).await?;
        Ok(lease.map(|lease| Row { lease, note }))
    }

    pub(crate) async fn note(&self, shard: &str) -> Result<Note> {
        let note = self.api.get_item(&self.companion, &note::key(shard)).await?;
        Ok(note.as_ref().map(Note::read).unwrap_or_default())
    }

    /// Reads all rows, ordered by shard.
    pub(crate) async fn list(&self) -> Result<Vec<LeaseRow>> {
        let mut rows: Vec<_> = self.rows().await?.into_iter().map(Row::into_listed).collect();
        rows.sort_unstable_by(|a, b| a.shard.cmp(&b.shard));
        Ok(rows)
    }

    /// Reads all rows. Where there is no table there are none.
    pub(crate) async fn rows(&self) -> Result<Vec<Row>> {
        let leases = existing(self.api.scan(&self.leases).await)?.unwrap_or_default();
        let notes = existing(self.api.scan(&self.companion).await)?.unwrap_or_default();
        let mut notes: HashMap<_, _> =
            notes.iter().filter_map(|item| Some((note::shard_of(item)?, Note::read(item)))).collect();
        self.has_leader.store(leases.iter().any(lease::is_leader), Ordering::Relaxed);
        let mut rows = Vec::with_capacity(leases.len());
        for lease in leases.iter().filter_map(LeaseItem::read) {
            let note = notes.remove(lease.shard.as_str()).unwrap_or_default();
            rows.extend(self.settled(Row { lease, note }).await?);
        }
        Ok(rows)
    }

    /// Reads a row again that was written between the reading of its lease and that of its note.
    async fn settled(&self, row: Row) -> Result<Option<Row>> {
        let mut row = Some(row);
        for _ in 0..TRIES {
            let Some(torn) = row.as_ref().filter(|row| row.note.written > row.lease.counter) else { break };
            row = self.row(&torn.lease.shard).await?;
        }
        Ok(row)
    }
}

/// Turns a missing table into nothing.
pub(crate) fn existing<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}
