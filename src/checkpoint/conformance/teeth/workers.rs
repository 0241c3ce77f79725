//! What the broken store keeps of workers.

use tokio::time::sleep;

use super::broken::Broken;
use super::verbs::MIDWAY;
use crate::checkpoint::{Application, WorkerId, WorkerRow};
use crate::{Result, ShardId};

impl Broken {
    /// Returns the application that the workers of another are kept under.
    fn group(&self, application: &Application) -> Application {
        if self.breaks("applications_and_streams_have_workers_of_their_own") {
            return Application::new(application.name.clone(), "");
        }
        self.key(application, &ShardId::new("")).0
    }

    pub(super) async fn note(
        &self,
        application: &Application,
        worker: &WorkerId,
        max_shards: u32,
    ) -> Result<()> {
        let group = self.group(application);
        let forgetful = self.breaks("announcements_at_the_same_time_are_all_counted");
        let read = self.workers.lock().unwrap().clone();
        if forgetful {
            sleep(MIDWAY).await;
        }
        let mut workers = self.workers.lock().unwrap();
        if forgetful {
            *workers = read;
        }
        let shown = if self.breaks("names_of_workers_come_back_as_they_were_given") {
            WorkerId::new(worker.as_str().replace('\'', "''"))
        } else {
            worker.clone()
        };
        let new = WorkerRow { worker: shown, version: 0, max_shards };
        let row = workers.entry((group, worker.clone())).or_insert(new);
        let unchanged =
            row.version > 0 && self.breaks("an_announcement_changes_the_version_of_its_worker_alone");
        row.version += u64::from(!unchanged);
        row.max_shards = max_shards;
        Ok(())
    }

    pub(super) fn noted(&self, application: &Application) -> Vec<WorkerRow> {
        let (group, workers) = (self.group(application), self.workers.lock().unwrap());
        let mine = workers.iter().filter(|((of, _), _)| *of == group);
        let mut listed: Vec<_> = mine.map(|(_, row)| row.clone()).collect();
        if self.breaks("workers_are_listed_in_the_order_of_their_names") {
            listed.reverse();
        }
        listed
    }

    pub(super) fn forget(&self, application: &Application, listed: &WorkerRow) {
        let key = (self.group(application), listed.worker.clone());
        let mut workers = self.workers.lock().unwrap();
        let at_once = self.breaks("a_worker_that_announced_itself_since_it_was_listed_is_not_retired");
        if workers.get(&key).is_some_and(|row| at_once || row.version == listed.version) {
            workers.remove(&key);
        }
    }
}
