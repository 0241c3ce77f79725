//! The command as one file that needs nothing of the machine that it runs on.

use std::env;
use std::fs;
use std::path::Path;

use crate::setup;
use crate::step::{Error, Step};
use crate::workspace;

const TARGET: &str = "x86_64-unknown-linux-musl";

/// The segment of a program that names the loader which is to find its libraries.
const PT_INTERP: u32 = 3;

/// Builds it, and checks that it is static and starts.
pub(crate) fn standalone() -> Result<(), Error> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Error::new("what is built for Linux on x86-64 can be checked there alone: run it there"));
    }
    Step::new("rustup")
        .args(["target", "add", TARGET])
        .way_out("Install rustup, see that it reaches its server, and run it again.")
        .run()?;
    // Zstandard, SQLite and the cryptography are C, and Zig is a C compiler that brings musl along.
    let zig = setup::zig()?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(zig.clone()).chain(env::split_paths(&path)))
        .map_err(|error| Error::new(format!("PATH: {error}")))?;
    Step::new(zig.join("cargo-zigbuild"))
        .args(["zigbuild", "--release", "--package", "headwater-cli", "--target", TARGET])
        .env("PATH", path)
        .way_out("Mend what the compiler names above.")
        .run()?;

    let program = workspace::root().join("target").join(TARGET).join("release").join("headwater");
    let bytes = fs::read(&program).map_err(|error| at(&program, &error.to_string()))?;
    match names_a_loader(&bytes) {
        Some(false) => {}
        Some(true) => return Err(at(&program, "it is not static: it names a loader")),
        None => return Err(at(&program, "it is no program of 64 bits")),
    }
    // From an empty folder of the system, with nothing set: what it needs it has with it.
    Step::new(&program).args(["--version"]).dir("/").without_any_env().run()?;
    println!("{} ({} MiB) is static, and starts", program.display(), bytes.len() >> 20);
    Ok(())
}

/// Whether a program asks for a loader; `None` where it is no ELF file of 64 bits in little-endian order.
fn names_a_loader(program: &[u8]) -> Option<bool> {
    let bytes = |at: usize, len: usize| program.get(at..at.checked_add(len)?);
    let number = |at: usize, len: usize| {
        Some(bytes(at, len)?.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    if bytes(0, 6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let (table, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    let mut kinds = (0..count).map(|segment| number(table.checked_add(segment * size)?, 4));
    kinds.try_fold(false, |named, kind| Some(named | (kind? == PT_INTERP as usize)))
}

fn at(path: &Path, what: &str) -> Error {
    Error::new(format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::names_a_loader;

    /// A header, with a table of segments of these kinds.
    fn program(kinds: &[u8]) -> Vec<u8> {
        let mut program = vec![0; 0x40];
        program[..6].copy_from_slice(b"\x7fELF\x02\x01");
        program[0x20] = 0x40;
        program[0x36] = 0x38;
        program[0x38] = kinds.len() as u8;
        for kind in kinds {
            program.push(*kind);
            program.resize(program.len() + 0x37, 0);
        }
        program
    }

    #[test]
    fn a_program_that_names_a_loader_is_not_static() {
        assert_eq!(names_a_loader(&program(&[6, 3, 1])), Some(true));
        assert_eq!(names_a_loader(&program(&[6, 1, 1])), Some(false));
    }

    #[test]
    fn what_is_no_program_or_is_cut_short_is_neither() {
        let whole = program(&[6, 1, 1]);
        assert_eq!(names_a_loader(&whole[..whole.len() - 0x38]), None);
        assert_eq!(names_a_loader(b"#!/bin/sh"), None);
    }
}
