//! The handle that sets and clears faults while the endpoint runs.

use std::sync::{Arc, PoisonError, RwLock};

use super::{Faults, Plan};

/// Switches faults while the endpoint runs. Clones switch the same endpoint.
///
/// Made by [`LocalKinesis::faults`](crate::LocalKinesis::faults). A call keeps the plan that it began with,
/// and a subscription asks the current one before each event: clearing the faults wakes neither a call that hangs nor
/// a subscription that is silent.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitch(Arc<RwLock<Option<Arc<Plan>>>>);

impl FaultSwitch {
    /// Replaces all faults. The new ones begin from their seed.
    pub fn set(&self, faults: Faults) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(Plan::new(faults)));
    }

    /// Removes all faults.
    pub fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn plan(&self) -> Option<Arc<Plan>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
