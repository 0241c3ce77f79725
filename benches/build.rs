//! Tells the program which compiler built it: its figures depend on that.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    println!("cargo::rustc-env=HEADWATER_RUSTC={}", told.lines().next().unwrap_or("rustc unknown"));
}
