//! The scripts, each a verb that the server does whole or not at all.

use std::sync::LazyLock;

use redis::{Cmd, Script};

/// A script and the hash that servers know it by.
pub(crate) struct Verb {
    code: &'static str,
    hash: LazyLock<String>,
}

macro_rules! verb {
    ($($file:literal),+) => {{
        const CODE: &str = concat!($(include_str!(concat!("scripts/", $file, ".lua"))),+);
        Verb { code: CODE, hash: LazyLock::new(|| Script::new(CODE).get_hash().to_owned()) }
    }};
}

pub(crate) static CLAIM: Verb = verb!("row", "claim");
pub(crate) static WRITE: Verb = verb!("row", "write");
pub(crate) static RELEASE: Verb = verb!("row", "release");
pub(crate) static REQUEST_HANDOFF: Verb = verb!("row", "request_handoff");
pub(crate) static RESET: Verb = verb!("row", "reset");
pub(crate) static START: Verb = verb!("start");
pub(crate) static ANNOUNCE: Verb = verb!("announce");
pub(crate) static RETIRE: Verb = verb!("retire");
pub(crate) static TAKE: Verb = verb!("take");

/// A script with its key and its arguments.
pub(crate) struct Call {
    verb: &'static Verb,
    key: String,
    arguments: Vec<String>,
}

impl Verb {
    /// Prepares a call. Arguments that are `None` must be the last ones: the script does not get them.
    pub(crate) fn on<const N: usize>(&'static self, key: String, arguments: [Option<String>; N]) -> Call {
        Call { verb: self, key, arguments: arguments.into_iter().flatten().collect() }
    }
}

impl Call {
    /// The command for a server that has the script already.
    pub(crate) fn by_hash(&self) -> Cmd {
        self.command("EVALSHA", &self.verb.hash)
    }

    /// The command that brings the script along, after which the server has it.
    pub(crate) fn whole(&self) -> Cmd {
        self.command("EVAL", self.verb.code)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(1).arg(&self.key).arg(&self.arguments);
        command
    }
}
