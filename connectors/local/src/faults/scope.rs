//! Which calls a fault concerns.

use crate::operation::Operation;

/// What a call or an entry is aimed at, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) operation: Operation,
    pub(crate) stream: Option<&'a str>,
    pub(crate) shard: Option<&'a str>,
}

/// The calls a fault concerns. What is not set matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) operations: Vec<Operation>,
    pub(super) stream: Option<String>,
    pub(super) shard: Option<String>,
}

impl Scope {
    pub(super) fn matches(&self, target: Target<'_>) -> bool {
        let same = |wanted: &Option<String>, actual: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| actual == Some(wanted))
        };
        (self.operations.is_empty() || self.operations.contains(&target.operation))
            && same(&self.stream, target.stream)
            && same(&self.shard, target.shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_matches_what_it_names_and_nothing_else() {
        let target = |operation, stream, shard| Target { operation, stream, shard };
        let scope = Scope {
            operations: vec![Operation::PutRecords],
            stream: Some("orders".to_owned()),
            shard: Some("shardId-000000000001".to_owned()),
        };
        let (orders, one) = (Some("orders"), Some("shardId-000000000001"));
        assert!(scope.matches(target(Operation::PutRecords, orders, one)));
        assert!(!scope.matches(target(Operation::PutRecord, orders, one)));
        assert!(!scope.matches(target(Operation::PutRecords, Some("invoices"), one)));
        assert!(!scope.matches(target(Operation::PutRecords, orders, None)));
        assert!(Scope::default().matches(target(Operation::ListStreams, None, None)));
    }
}
