//! What the rows of an application tell about its workers and its shards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::types::Shard;
use headwater::Position;
use headwater::checkpoint::{LeaseRow, WorkerId};

use crate::commands::doctor::check::Check;
use crate::commands::doctor::store::Looks;
use crate::counted::counted;

/// How many shards a check names.
const NAMED: usize = 5;

impl Looks {
    /// Who gave no sign of life between the looks, each with the shards that it holds.
    pub(crate) fn silent(&self) -> BTreeMap<&WorkerId, Vec<&str>> {
        let lease_before: HashMap<_, _> =
            self.first.leases.iter().map(|row| (&row.shard, row.version)).collect();
        let worker_before: HashMap<_, _> =
            self.first.workers.iter().map(|row| (&row.worker, row.version)).collect();
        let mut silent: BTreeMap<&WorkerId, Vec<&str>> = BTreeMap::new();
        for row in &self.last.workers {
            if worker_before.get(&row.worker) == Some(&row.version) {
                silent.entry(&row.worker).or_default();
            }
        }
        for row in self.last.leases.iter().filter(|row| row.checkpoint.position != Position::End) {
            if let Some(owner) = &row.owner
                && lease_before.get(&row.shard) == Some(&row.version)
            {
                silent.entry(owner).or_default().push(row.shard.as_str());
            }
        }
        silent
    }

    /// Who holds a lease or has announced itself.
    fn workers(&self) -> BTreeSet<&WorkerId> {
        let owners = self.last.leases.iter().filter_map(|row| row.owner.as_ref());
        self.last.workers.iter().map(|row| &row.worker).chain(owners).collect()
    }
}

/// Whether there is an application at all, and who runs it.
pub(crate) fn workers(looks: &Looks, application: &str) -> Vec<Check> {
    if looks.last.start.is_none() && looks.last.leases.is_empty() {
        return vec![Check::finding(
            "application",
            format!("\"{application}\" has nothing stored for this stream"),
            "look at --app, STREAM and --checkpoints; or start it for the first time",
        )];
    }
    let (all, silent) = (looks.workers(), looks.silent());
    let mut checks: Vec<Check> =
        silent.iter().map(|(worker, shards)| dead(worker, shards, looks.waited)).collect();
    if all.is_empty() {
        let told = format!("nobody runs \"{application}\"");
        checks.push(Check::finding(
            "workers",
            told,
            format!("start one, such as headwater relay with --app {application}"),
        ));
    } else if silent.is_empty() {
        checks.push(Check::ok(
            "workers",
            format!("{} of \"{application}\", all alive", counted(all.len() as u64, "worker")),
        ));
    }
    checks
}

fn dead(worker: &WorkerId, shards: &[&str], waited: Duration) -> Check {
    let holds = match shards.len() {
        0 => "it holds no shard".to_owned(),
        _ => format!("it holds {}", some(shards)),
    };
    Check::finding(
        format!("worker {worker}"),
        format!("no sign of life within {:.1} s; {holds}", waited.as_secs_f64()),
        "see whether it runs: a worker renews every third of its lease time, which is 10 s by default; what a dead one holds \
         goes to any other that runs, once the lease time is over",
    )
}

/// The shards that somebody should read and nobody does.
pub(crate) fn owners(looks: &Looks, shards: &[Shard]) -> Check {
    let rows: HashMap<&str, &LeaseRow> =
        looks.last.leases.iter().map(|row| (row.shard.as_str(), row)).collect();
    let is_done = |shard: &Shard| is_done(shard, shards, &rows);
    let listed: HashMap<&str, &Shard> = shards.iter().map(|shard| (shard.shard_id.as_str(), shard)).collect();
    let is_due = |shard: &&Shard| {
        let mut parents = [shard.parent_shard_id(), shard.adjacent_parent_shard_id()].into_iter().flatten();
        !is_done(shard) && parents.all(|parent| listed.get(parent).is_none_or(|parent| is_done(parent)))
    };
    let due: Vec<&Shard> = shards.iter().filter(is_due).collect();
    let is_free = |id: &&str| rows.get(id).is_none_or(|row| row.owner.is_none());
    let free: Vec<&str> = due.iter().map(|shard| shard.shard_id.as_str()).filter(is_free).collect();
    match free.as_slice() {
        [] => Check::ok(
            "owners",
            format!("{} to be read, and each has an owner", counted(due.len() as u64, "shard")),
        ),
        free => Check::finding(
            "owners",
            format!("nobody reads {}", some(free)),
            "start a worker, or let those that run take more: --workers, and no limit on their shards",
        ),
    }
}

/// Whether a shard is read to its end, or was closed before the application began.
fn is_done(shard: &Shard, shards: &[Shard], rows: &HashMap<&str, &LeaseRow>) -> bool {
    let id = Some(shard.shard_id.as_str());
    match rows.get(shard.shard_id.as_str()) {
        Some(row) => row.checkpoint.position == Position::End,
        None => shards.iter().any(|child| {
            let is_child = child.parent_shard_id() == id || child.adjacent_parent_shard_id() == id;
            is_child && rows.contains_key(child.shard_id.as_str())
        }),
    }
}

/// Rows of shards that the stream has no longer, and that were not read to their ends.
pub(crate) fn gone(looks: &Looks, shards: &[Shard]) -> Check {
    let is_listed = |row: &&LeaseRow| shards.iter().any(|shard| shard.shard_id == row.shard.as_str());
    let unfinished = looks.last.leases.iter().filter(|row| row.checkpoint.position != Position::End);
    let gone: Vec<&str> = unfinished.filter(|row| !is_listed(row)).map(|row| row.shard.as_str()).collect();
    match gone.as_slice() {
        [] => Check::ok(
            "rows",
            format!(
                "{}, each of a shard that there is, or that was read to its end",
                counted(looks.last.leases.len() as u64, "row")
            ),
        ),
        gone => Check::finding(
            "rows",
            format!("the stream has no longer {}, and they were not read to their ends", some(gone)),
            "what they held is gone; if the stream was made anew, begin anew: headwater group APP reset",
        ),
    }
}

/// The rows whose checkpoints are older than what the stream keeps: what came in between may be gone.
pub(crate) fn overtaken<'a>(looks: &'a Looks, shards: &[Shard], retention: Duration) -> Vec<&'a LeaseRow> {
    let Some(horizon) = SystemTime::now().checked_sub(retention) else { return Vec::new() };
    let is_listed = |row: &LeaseRow| shards.iter().any(|shard| shard.shard_id == row.shard.as_str());
    let is_old = |row: &&LeaseRow| {
        let at = match &row.checkpoint.position {
            Position::At(time) => Some(*time),
            Position::End => None,
            _ => row.checkpoint.arrival,
        };
        at.is_some_and(|at| at < horizon) && is_listed(row)
    };
    looks.last.leases.iter().filter(is_old).collect()
}

/// The first few of many names.
pub(crate) fn some(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let named = names[..names.len() - more].join(", ");
    match more {
        0 => named,
        _ => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use aws_sdk_kinesis::types::Shard;
    use headwater::Position;
    use headwater::checkpoint::{ApplicationStart, Checkpoint, FencingToken, LeaseRow, WorkerId, WorkerRow};
    use headwater::group::Listing;

    use super::{gone, overtaken, owners, some, workers};
    use crate::commands::doctor::check::Verdict;
    use crate::commands::doctor::store::Looks;

    fn shard(id: &str, parent: Option<&str>) -> Shard {
        Shard::builder().shard_id(id).set_parent_shard_id(parent.map(str::to_owned)).build().unwrap()
    }

    fn row(shard: &str, owner: Option<&str>, version: u64, position: Position) -> LeaseRow {
        let checkpoint = Checkpoint::from(position);
        let owner = owner.map(WorkerId::new);
        LeaseRow { shard: shard.into(), owner, token: FencingToken(1), version, checkpoint, handoff: None }
    }

    fn listing(leases: Vec<LeaseRow>) -> Listing {
        let start = Some(ApplicationStart { at: SystemTime::now(), shards: Vec::new() });
        Listing { start, leases, workers: Vec::new() }
    }

    fn looks(first: Vec<LeaseRow>, last: Vec<LeaseRow>) -> Looks {
        Looks { first: listing(first), last: listing(last), waited: Duration::from_secs(5) }
    }

    fn once(rows: Vec<LeaseRow>) -> Looks {
        looks(rows.clone(), rows)
    }

    #[test]
    fn a_shard_without_an_owner_is_found_and_one_that_waits_for_its_parent_is_not() {
        let shards = [shard("parent", None), shard("child", Some("parent")), shard("other", None)];
        let read = |rows| owners(&once(rows), &shards);
        let waiting = vec![
            row("parent", Some("w"), 1, Position::Beginning),
            row("other", Some("w"), 1, Position::Beginning),
        ];
        assert_eq!(read(waiting).verdict, Verdict::Ok);

        let freed =
            vec![row("parent", None, 1, Position::End), row("other", Some("w"), 1, Position::Beginning)];
        let found = read(freed);
        assert_eq!((found.verdict, found.told.as_str()), (Verdict::Finding, "nobody reads child"));

        let started_late = vec![row("child", Some("w"), 1, Position::Beginning)];
        assert_eq!(read(started_late).told, "nobody reads other");
    }

    #[test]
    fn a_worker_whose_rows_stand_still_is_found_with_its_shards() {
        let rows = |version| {
            vec![
                row("a", Some("dead"), 1, Position::Beginning),
                row("b", Some("alive"), version, Position::Beginning),
            ]
        };
        let checks = workers(&looks(rows(1), rows(2)), "billing");
        assert_eq!(checks.len(), 1, "{checks:?}");
        assert!(checks[0].name.contains("dead") && checks[0].told.contains("it holds a"), "{checks:?}");

        let mut idle = once(Vec::new());
        let announced = |version| vec![WorkerRow { worker: WorkerId::new("idle"), version, max_shards: 1 }];
        (idle.first.workers, idle.last.workers) = (announced(1), announced(1));
        assert!(workers(&idle, "billing")[0].told.contains("no shard"));
        idle.last.workers = announced(2);
        assert_eq!(workers(&idle, "billing")[0].verdict, Verdict::Ok);
    }

    #[test]
    fn an_application_that_nobody_runs_and_one_that_there_is_not_are_found() {
        let resting = once(vec![row("a", None, 1, Position::Beginning)]);
        assert!(workers(&resting, "billing")[0].told.contains("nobody runs"));
        let mut unknown = once(Vec::new());
        unknown.last.start = None;
        assert!(workers(&unknown, "billing")[0].told.contains("nothing stored"));
    }

    #[test]
    fn a_row_of_a_shard_that_is_gone_is_found_unless_it_was_read_to_its_end() {
        let shards = [shard("a", None)];
        let rows = vec![row("a", None, 1, Position::Beginning), row("old", None, 1, Position::End)];
        assert_eq!(gone(&once(rows), &shards).verdict, Verdict::Ok);
        let lost = gone(&once(vec![row("lost", None, 1, Position::Beginning)]), &shards);
        assert!(lost.verdict == Verdict::Finding && lost.told.contains("lost"), "{lost:?}");
    }

    #[test]
    fn a_checkpoint_older_than_what_is_kept_is_overtaken() {
        let day = Duration::from_hours(24);
        let at = |ago| Position::At(SystemTime::now() - ago);
        let rows = vec![
            row("a", None, 1, at(2 * day)),
            row("b", None, 1, at(day / 2)),
            row("c", None, 1, at(2 * day)),
        ];
        let looks = once(rows);
        let old = overtaken(&looks, &[shard("a", None), shard("b", None)], day);
        assert_eq!(old.iter().map(|row| row.shard.as_str()).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn of_many_names_the_first_few_are_told() {
        assert_eq!(some(&["a", "b"]), "a, b");
        assert_eq!(some(&["1", "2", "3", "4", "5", "6", "7"]), "1, 2, 3, 4, 5 and 2 more");
    }
}
