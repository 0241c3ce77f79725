//! How keys are named.

use std::fmt::Write as _;

use headwater::ShardId;
use headwater::checkpoint::Application;

/// Names keys under one prefix.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) prefix: String,
}

impl Keys {
    /// The rows of an application: a hash from shard to row.
    pub(crate) fn leases(&self, application: &Application) -> String {
        self.of(application, "leases")
    }

    /// The recorded start of an application.
    pub(crate) fn start(&self, application: &Application) -> String {
        self.of(application, "start")
    }

    /// The workers of an application: a hash from worker to row.
    pub(crate) fn workers(&self, application: &Application) -> String {
        self.of(application, "workers")
    }

    /// What is left of the limit of a shard. Each may be on a node of its own.
    pub(crate) fn limit(&self, stream: &str, shard: &ShardId) -> String {
        format!("{}limit:{}:{}", self.prefix, plain(stream), plain(shard.as_str()))
    }

    /// What stands between the braces decides the slot, so all keys of an application are on one node of a cluster.
    fn of(&self, application: &Application, what: &str) -> String {
        format!("{}{{{}:{}}}:{what}", self.prefix, plain(&application.name), plain(&application.stream))
    }
}

/// Returns a name without braces, separators and whatever else might be taken for something.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            plain.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _infallible = write!(plain, "%{byte:02x}");
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_an_application_share_a_slot_and_no_two_applications_share_a_key() {
        let keys = Keys { prefix: "headwater:".to_owned() };
        let tag = |key: &str| key.split_once('{').unwrap().1.split_once('}').unwrap().0.to_owned();
        let names = ["a", "a:b", "b", "{a}", "a}", "", "%7ba%7d", "日本"];
        let mut leases = Vec::new();
        for name in names {
            for stream in names {
                let application = Application::new(name, stream);
                leases.push(keys.leases(&application));
                assert_eq!(tag(&keys.leases(&application)), tag(&keys.workers(&application)));
                assert_eq!(tag(&keys.leases(&application)), tag(&keys.start(&application)));
            }
        }
        leases.sort();
        leases.dedup();
        assert_eq!(leases.len(), names.len() * names.len());
        assert_eq!(keys.leases(&Application::new("billing", "orders")), "headwater:{billing:orders}:leases");
    }
}
