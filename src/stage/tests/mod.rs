//! What the stages promise, by theme.

mod keyed;
mod keyed_properties;
mod place;
