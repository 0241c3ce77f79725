//! What the integration tests share: real servers for streams and for checkpoints, streams on them, Python, and seeds.
//!
//! ```text
//!   a test ──► Server::Kinesalite.shared() ──► Endpoint ──► client(), sdk_config(), url()
//!                     │ once per test process      └──────► create_stream("name", shards) ──► TestStream
//!                     ▼
//!              child process on a loopback port; it dies with the test process
//!                     ▲
//!                     │ or one of its own, to be stopped and started again
//!   a test ──► StoreServer::Redis.start() ──► StoreEndpoint ──► url(), stop(), start_again()
//! ```
//!
//! `cargo xtask setup` installs the servers, and a test that finds none fails and says so. Where the servers are
//! known to differ from AWS is written in one place, [`Server::deviations`].

mod aggregator;
mod aiokpl;
mod certificate;
mod checkpointer;
mod deviation;
mod dummy;
mod endpoint;
mod eventually;
mod explain;
mod fleet;
mod hosted;
mod installation;
mod kcl;
mod kcl_worker;
mod open_store;
mod process;
mod proxy;
mod python;
mod reader;
mod seeds;
mod server;
mod store_endpoint;
mod store_server;
mod stream;
mod test_store;
mod worker;

pub use aggregator::{Aggregator, Found};
pub use aiokpl::{Landed, put_with_aiokpl};
pub use checkpointer::checkpoint_with_async_kinesis;
pub use deviation::{Deviation, Effect};
pub use dummy::dummy_config;
pub use endpoint::Endpoint;
pub use eventually::eventually;
pub use explain::explain;
pub use fleet::{Event, Fleet, Ledger};
pub use kcl::{Kcl, Reading};
pub use kcl_worker::{KclEvent, KclWorker};
pub use open_store::open_store;
pub use proxy::Proxy;
pub use python::{Processor, async_kinesis, consume, produce};
pub use reader::{ReaderJob, ReaderReport};
pub use seeds::{seeds, sized};
pub use server::Server;
pub use store_endpoint::StoreEndpoint;
pub use store_server::StoreServer;
pub use stream::TestStream;
pub use test_store::{StoreKind, TestStore};
pub use worker::{Line, Out, Said, WorkerJob};
