//! Instructions, counted by valgrind's [callgrind](https://valgrind.org/docs/manual/cl-manual.html).

use std::collections::HashSet;
use std::fs::read_to_string;
use std::path::PathBuf;

use crate::outcome::{Outcome, during};
use crate::process::{Clients, Task};

/// Functions that do nothing but SHA-256: the floor under every signed body, which depends on the processor.
const SHA256: [&str; 2] = ["sha256", "sha2::"];

/// The program that counts.
pub(super) struct Callgrind {
    valgrind: PathBuf,
    out: PathBuf,
}

/// How many instructions a process executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Instructions {
    pub(super) all: u64,
    /// Those of SHA-256 among them.
    pub(super) sha256: u64,
}

impl Callgrind {
    /// Describes the program, and a file of its own for what it finds.
    pub(super) fn new(valgrind: PathBuf) -> Self {
        let name = format!("headwater-callgrind-{}", std::process::id());
        Self { valgrind, out: std::env::temp_dir().join(name) }
    }

    /// Counts what a process executes that does a task.
    pub(super) async fn count(&self, clients: &Clients, task: &Task) -> Outcome<Instructions> {
        let out = format!("--callgrind-out-file={}", self.out.display());
        let valgrind = [self.valgrind.as_os_str(), "--tool=callgrind".as_ref(), out.as_ref()];
        clients.clone().under(valgrind).run(task).await?;
        let found = read_to_string(&self.out).map_err(during(format!("read {}", self.out.display())))?;
        read(&found).ok_or_else(|| format!("{} has no summary", self.out.display()).into())
    }
}

impl Drop for Callgrind {
    fn drop(&mut self) {
        // A file of the system's temporary folder that is left is the system's to remove.
        let _ = std::fs::remove_file(&self.out);
    }
}

/// Reads what callgrind wrote: the sum, and what the functions of SHA-256 cost by themselves.
///
/// A function begins with `fn=(7) name`, or `fn=(7)` where it was named before. Lines of figures that follow are its
/// own, but for the one after `calls=`, which is what it called.
fn read(found: &str) -> Option<Instructions> {
    let mut instructions = Instructions::default();
    let mut named = HashSet::new();
    let (mut is_sha256, mut is_call) = (false, false);
    for line in found.lines() {
        if let Some(sum) = line.strip_prefix("summary: ") {
            instructions.all = sum.trim().parse().ok()?;
        } else if let Some(function) = line.strip_prefix("fn=") {
            let id = note(function, &mut named);
            is_sha256 = named.contains(id);
        } else if let Some(function) = line.strip_prefix("cfn=") {
            note(function, &mut named);
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            if is_sha256 && !is_call {
                instructions.sha256 += line.split(' ').nth(1)?.parse::<u64>().ok()?;
            }
            is_call = false;
        }
    }
    (instructions.all > 0).then_some(instructions)
}

/// Remembers a function that is one of SHA-256, and returns its number.
fn note<'a>(function: &'a str, named: &mut HashSet<&'a str>) -> &'a str {
    let (id, name) = function.split_once(' ').unwrap_or((function, ""));
    if SHA256.iter().any(|sha256| name.contains(sha256)) {
        named.insert(id);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::{Instructions, read};

    #[test]
    fn what_sha256_needs_by_itself_is_counted_apart() {
        let found = "\
            # callgrind format\nevents: Ir\nsummary: 1000\n\n\
            fn=(1) main\n16 400\n+3 1\ncfn=(2) sha2::sha256::compress256\ncalls=2 0\n* 500\n\n\
            fn=(2)\n20 450\n+1 50\ncfn=(3) memcpy\ncalls=1 0\n+1 90\n\nfn=(3)\n7 9\n";
        assert_eq!(read(found), Some(Instructions { all: 1000, sha256: 500 }));
        assert_eq!(read("fn=(1) main\n16 400\n"), None);
    }
}
