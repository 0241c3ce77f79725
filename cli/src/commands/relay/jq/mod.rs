//! Expressions in jq.

mod complaint;
mod expression;

pub(super) use expression::Jq;
