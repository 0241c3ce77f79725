//! One fault.

use std::time::Duration;

use super::scope::Scope;
use crate::error::ErrorCode;
use crate::operation::Operation;

/// The kinds of fault, for [counting](crate::Counters::faults) them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub enum FaultKind {
    /// An entry of PutRecords, or the record of PutRecord, was not stored.
    FailEntry,
    /// A call was answered with an error and had no effect.
    FailCall,
    /// A call took effect, and the connection was reset instead of an answer.
    LoseAnswer,
    /// A call took effect, and no answer ever came.
    HangAnswer,
    /// A call was held back before it took effect.
    Delay,
    /// A call had no effect and no answer ever came.
    Hang,
    /// The connection was reset before the call took effect.
    Reset,
    /// A subscription broke: the connection was reset instead of an event.
    Disconnect,
    /// A subscription went silent: no event came any more, and no end.
    Stall,
}

impl FaultKind {
    /// How many kinds there are.
    pub(crate) const COUNT: usize = 9;
}

/// What a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    FailEntry(ErrorCode),
    FailCall(ErrorCode),
    LoseAnswer,
    HangAnswer,
    Delay(Duration),
    Hang,
    Reset,
    Disconnect,
    Stall,
}

impl Action {
    pub(super) fn kind(self) -> FaultKind {
        match self {
            Self::FailEntry(_) => FaultKind::FailEntry,
            Self::FailCall(_) => FaultKind::FailCall,
            Self::LoseAnswer => FaultKind::LoseAnswer,
            Self::HangAnswer => FaultKind::HangAnswer,
            Self::Delay(_) => FaultKind::Delay,
            Self::Hang => FaultKind::Hang,
            Self::Reset => FaultKind::Reset,
            Self::Disconnect => FaultKind::Disconnect,
            Self::Stall => FaultKind::Stall,
        }
    }
}

/// One fault: what happens, to which calls, and how often. By default always, to every call.
///
/// A call whose faults combine is delayed first, then hung, reset or failed by the first such fault in the
/// plan, and where none of these struck it takes effect and may lose its answer.
///
/// ```
/// use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
///
/// let local = LocalKinesis::builder().stream("orders", 2).build();
/// local.faults().set(
///     Faults::seeded(42)
///         // The answer to the third PutRecords call is lost, and no other.
///         .add(Fault::lose_answer().on(Operation::PutRecords).skip(2).times(1))
///         // One shard refuses every tenth entry.
///         .add(Fault::fail_entries(ErrorCode::InternalFailure).in_shard("orders", "shardId-000000000001").chance(0.1)),
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Fault {
    pub(super) action: Action,
    pub(super) scope: Scope,
    pub(super) chance: f64,
    pub(super) skip: u64,
    pub(super) times: Option<u64>,
}

impl Fault {
    /// Fails entries of PutRecords, each for itself, and PutRecord calls.
    pub fn fail_entries(code: ErrorCode) -> Self {
        Self::new(Action::FailEntry(code))
    }

    /// Answers calls with an error; they have no effect.
    pub fn fail_calls(code: ErrorCode) -> Self {
        Self::new(Action::FailCall(code))
    }

    /// Lets calls take effect and resets the connection instead of answering: the client cannot know that
    /// they did.
    pub fn lose_answer() -> Self {
        Self::new(Action::LoseAnswer)
    }

    /// Lets calls take effect and never answers, until the client gives up.
    pub fn hang_answer() -> Self {
        Self::new(Action::HangAnswer)
    }

    /// Holds calls back before they take effect.
    pub fn delay(delay: Duration) -> Self {
        Self::new(Action::Delay(delay))
    }

    /// Never answers calls, which have no effect, until the client gives up.
    pub fn hang() -> Self {
        Self::new(Action::Hang)
    }

    /// Resets the connection before calls take effect.
    pub fn reset() -> Self {
        Self::new(Action::Reset)
    }

    /// Resets the connection of subscriptions instead of sending an event, each event for itself.
    ///
    /// ```
    /// use headwater_local::{Fault, Faults, LocalKinesis};
    ///
    /// let local = LocalKinesis::builder().stream("orders", 1).build();
    /// // The first event comes, and then one in ten is a broken connection.
    /// local.faults().set(Faults::seeded(42).add(Fault::disconnect().skip(1).chance(0.1)));
    /// ```
    pub fn disconnect() -> Self {
        Self::new(Action::Disconnect)
    }

    /// Silences subscriptions instead of sending an event, each event for itself: they give nothing more and do not
    /// end, until the client gives up or [`disconnect_subscriptions`](crate::LocalKinesis::disconnect_subscriptions)
    /// breaks them.
    pub fn stall() -> Self {
        Self::new(Action::Stall)
    }

    /// Limits the fault to an operation. Called again it adds another one.
    pub fn on(mut self, operation: Operation) -> Self {
        self.scope.operations.push(operation);
        self
    }

    /// Limits the fault to a stream.
    pub fn in_stream(mut self, stream: impl Into<String>) -> Self {
        self.scope.stream = Some(stream.into());
        self
    }

    /// Limits the fault to a shard: to entries that go there, and to calls that name it or hold an iterator
    /// of it, and to events of it.
    pub fn in_shard(mut self, stream: impl Into<String>, shard_id: impl Into<String>) -> Self {
        self.scope.stream = Some(stream.into());
        self.scope.shard = Some(shard_id.into());
        self
    }

    /// Strikes this fraction of what it concerns, from 0.0 to 1.0. The default is 1.0.
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance.clamp(0.0, 1.0);
        self
    }

    /// Leaves the first `count` calls, entries or events that it concerns alone. The default is 0.
    pub fn skip(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Strikes at most `count` times. The default is no limit.
    pub fn times(mut self, count: u64) -> Self {
        self.times = Some(count);
        self
    }

    fn new(action: Action) -> Self {
        Self { action, scope: Scope::default(), chance: 1.0, skip: 0, times: None }
    }
}
