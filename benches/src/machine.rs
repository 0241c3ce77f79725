//! Where it was measured.

use std::env::consts::{ARCH, OS};
use std::fs::read_to_string;
use std::thread::available_parallelism;

use serde::Serialize;

/// What a figure depends on, apart from the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// How many cores this process may use.
    pub cores: usize,
    /// The processor's own name, where the system tells it.
    pub processor: String,
    /// The operating system, its kernel, and the architecture.
    pub system: String,
    /// The compiler that built this program.
    pub rustc: &'static str,
    /// Headwater's version.
    pub headwater: &'static str,
    /// The version of `aws-sdk-kinesis`, on both sides.
    pub sdk: &'static str,
    /// `release`, or `debug`, whose figures say nothing.
    pub build: &'static str,
}

impl Machine {
    /// Describes this one.
    pub fn here() -> Self {
        let cpuinfo = read_to_string("/proc/cpuinfo").unwrap_or_default();
        let release = read_to_string("/etc/os-release").unwrap_or_default();
        let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let system = value(&release, "PRETTY_NAME", '=').unwrap_or(OS);
        Self {
            cores: available_parallelism().map_or(1, Into::into),
            processor: value(&cpuinfo, "model name", ':').unwrap_or("unknown").to_owned(),
            system: [system, kernel.trim(), ARCH].join(" "),
            rustc: env!("HEADWATER_RUSTC"),
            headwater: env!("CARGO_PKG_VERSION"),
            sdk: aws_sdk_kinesis::meta::PKG_VERSION,
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
        }
    }
}

/// Finds what a line says of a name.
fn value<'a>(lines: &'a str, name: &str, sign: char) -> Option<&'a str> {
    let named = |line: &'a str| line.strip_prefix(name)?.trim_start().strip_prefix(sign);
    lines.lines().find_map(named).map(|value| value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_value_is_found_by_its_name() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Fast 3000\nmodel name\t: Fast 3000\n";
        assert_eq!(value(cpuinfo, "model name", ':'), Some("Fast 3000"));
        assert_eq!(value("ID=debian\nPRETTY_NAME=\"Debian 12\"\n", "PRETTY_NAME", '='), Some("Debian 12"));
        assert_eq!(value("ID=debian\n", "PRETTY_NAME", '='), None);
    }
}
