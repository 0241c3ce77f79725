//! Several processes on one file: this test binary starts itself again as worker processes.

mod contending;
mod killed;
#[cfg(unix)]
mod permissions;
mod tasks;
mod worker;

use headwater::checkpoint::{Application, Checkpoint, Claim, WorkerId};
use headwater::{Position, ShardId};

fn application() -> Application {
    Application::new("billing", "orders")
}

fn claim(worker: &WorkerId, shard: usize) -> Claim {
    Claim {
        application: application(),
        shard: ShardId::new(format!("shardId-{shard:012}")),
        worker: worker.clone(),
        expired: None,
        initial: Position::Beginning.into(),
    }
}

fn after(sequence: u64) -> Checkpoint {
    Position::After { sequence: sequence.to_string().into(), sub_sequence: None }.into()
}
