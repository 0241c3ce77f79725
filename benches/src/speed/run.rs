//! Measures rows, each with a server of its own.

use crate::bench::Bench;
use crate::null::Null;
use crate::outcome::Outcome;
use crate::process::Clients;
use crate::server::Server;
use crate::settings::{Settings, Side};
use crate::speed::line::Line;
use crate::speed::row::{Row, Served};

/// How rows are measured.
#[derive(Clone, Debug)]
pub struct Speed {
    /// How often each row runs on each side.
    pub rounds: usize,
    /// Who does them.
    pub sides: Vec<Side>,
    /// What makes this program call [`serve`](crate::serve()).
    pub serve_flag: String,
    /// What makes it call [`serve_null`](crate::serve_null) with the argument that follows, which is JSON.
    pub null_flag: String,
    /// What makes it call [`client`](crate::client) with the argument that follows.
    pub client_flag: String,
}

/// Measures a row.
///
/// # Errors
///
/// When a process did not start, a call failed, or a job did not do what it should have.
pub async fn measure(speed: &Speed, row: &Row) -> Outcome<Line> {
    let server = match row.served {
        Served::Stored => Server::start([&speed.serve_flag])?,
        Served::Null => {
            let delay_millis = row.delay.as_millis() as u64;
            let null = Null { shards: row.shards, records: row.records, size: row.size, delay_millis };
            Server::start([&speed.null_flag, &serde_json::to_string(&null)?])?
        }
    };
    let settings = Settings {
        records: row.records,
        size: row.size,
        shards: row.shards,
        rounds: speed.rounds,
        sides: speed.sides.clone(),
        rest: row.rest,
        lap: row.lap,
        ..Settings::of(vec![row.job])
    };
    let clients = Clients::new(&speed.client_flag, row.wire);
    let bench = Bench::connect(server.endpoint(), settings).await?.in_processes(clients);
    let mut bench = if row.served == Served::Null { bench.on_null() } else { bench };
    let comparison = bench.compare((row.job, row.bare), speed.rounds).await?;
    Ok(Line::new(row, comparison))
}
