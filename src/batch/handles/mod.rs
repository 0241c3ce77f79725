//! How messages come in, and what those who sent them are told: the sink, its producers, their receipts, and the gate
//! between them and the engine.

pub(super) mod entrance;
pub(super) mod epochs;
pub(super) mod gate;
pub(super) mod handle;
pub(super) mod inbox;
pub(super) mod producer;
pub(super) mod receipt;
pub(super) mod sink;
pub(super) mod state;
pub(super) mod status;
