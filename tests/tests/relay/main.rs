//! Relays from end to end: nothing lost through kills, faults and reshards, on every server.

mod containers;
mod example;
mod faults;
mod kill;
mod ledger;
mod reshard;
