//! What users hold of a source that has moved into a pipeline: they watch it, direct it and end it.

pub(super) mod control;
pub(super) mod gap;
pub(super) mod gate;
pub(super) mod gates;
pub(super) mod requests;
pub(super) mod seek;
pub(super) mod status;
