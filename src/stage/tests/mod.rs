//! What the stages promise, by theme.

mod debts;
mod dedupe;
mod dedupe_properties;
mod keyed;
mod keyed_properties;
mod place;
