//! The task that keeps a source going: which shards are read, by whom, and how far.

pub(super) mod claiming;
pub(super) mod coordinator;
pub(super) mod ending;
pub(super) mod exchange;
pub(super) mod fleet;
pub(super) mod handing;
pub(super) mod held;
pub(super) mod leases;
pub(super) mod restarts;
pub(super) mod share;
pub(super) mod topology;
pub(super) mod watch;
