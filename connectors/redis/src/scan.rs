//! Keys by their beginning, on every node.

use std::collections::BTreeSet;

use redis::aio::ConnectionLike as _;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, RedisResult, Value};

use crate::client::Connection;

/// How many keys a node looks at in one step, during which it serves nobody else.
const STEP: usize = 500;

/// Finds the keys that begin so, in any order, each once.
pub(crate) async fn keys(connection: Connection, prefix: &str) -> RedisResult<BTreeSet<String>> {
    let pattern = format!("{}*", literal(prefix));
    let mut keys = BTreeSet::new();
    match connection {
        Connection::Single(mut single) => {
            let mut cursor = 0_u64;
            loop {
                let found = single.req_packed_command(&step(cursor, &pattern)).await?;
                cursor = collect(found, &mut keys)?;
                if cursor == 0 {
                    return Ok(keys);
                }
            }
        }
        Connection::Cluster(mut cluster) => {
            for slot in one_slot_of_each_primary(&mut cluster).await? {
                let node = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
                let mut cursor = 0_u64;
                loop {
                    let node = RoutingInfo::SingleNode(node.clone());
                    let found = cluster.route_command(step(cursor, &pattern), node).await?;
                    cursor = collect(found, &mut keys)?;
                    if cursor == 0 {
                        break;
                    }
                }
            }
            Ok(keys)
        }
    }
}

fn step(cursor: u64, pattern: &str) -> Cmd {
    let mut command = redis::cmd("SCAN");
    command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(STEP);
    command
}

fn collect(found: Value, keys: &mut BTreeSet<String>) -> RedisResult<u64> {
    let (cursor, found): (u64, Vec<Vec<u8>>) = redis::from_redis_value(found.extract_error()?)?;
    // A key that is no text is nobody's that is looked for.
    keys.extend(found.into_iter().filter_map(|key| String::from_utf8(key).ok()));
    Ok(cursor)
}

/// A node is asked by a slot of its own, because its address may read differently from here.
async fn one_slot_of_each_primary(cluster: &mut ClusterConnection) -> RedisResult<Vec<u16>> {
    let ranges: Vec<Vec<Value>> = redis::cmd("CLUSTER").arg("SLOTS").query_async(cluster).await?;
    let (mut seen, mut slots) = (BTreeSet::new(), Vec::new());
    for mut range in ranges {
        if range.len() < 3 {
            continue;
        }
        let primary = format!("{:?}", range.swap_remove(2));
        if seen.insert(primary) {
            slots.push(redis::from_redis_value(range.swap_remove(0))?);
        }
    }
    Ok(slots)
}

/// Escapes what a pattern takes for more than itself.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for letter in text.chars() {
        if "*?[]^\\-".contains(letter) {
            literal.push('\\');
        }
        literal.push(letter);
    }
    literal
}
