//! `cargo bench --bench pieces`: what single steps cost, without a connection: framings and serializers, acks, and the
//! engine of a sink in front of a service that answers at once.
//!
//! ```text
//! cargo bench --bench pieces                    all of them
//! cargo bench --bench pieces -- engine          those whose path contains that
//! ```
//!
//! These are for comparing one step with itself after a change. What a record costs a program is `--bench speed`.

mod acks;
mod codecs;
mod engine;
mod items;

fn main() {
    divan::main();
}
