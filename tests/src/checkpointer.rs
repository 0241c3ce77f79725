//! The checkpointer of async-kinesis 3.0.1, whose checkpoints in Redis can be taken over.

use crate::python::run;
use crate::store_endpoint::StoreEndpoint;
use crate::store_server::StoreServer;

/// Lets the checkpointer of this name, with the id 7, do some steps, such as `allocate shardId-000000000000` and
/// `checkpoint shardId-000000000000 42`, and then die.
///
/// # Panics
///
/// When it fails or takes too long, with what it printed.
pub async fn checkpoint_with_async_kinesis(server: &StoreEndpoint, name: &str, steps: &[&str]) {
    let url = server.url();
    let port = url.rsplit(':').next().expect("a URL with a port");
    let mut args = vec!["--port", port, "--name", name];
    if server.server() == StoreServer::RedisCluster {
        args.push("--cluster");
    }
    run("checkpoint.py", &args, steps.join("\n")).await;
}
