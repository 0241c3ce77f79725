//! A rate, or none.

use std::num::NonZeroU64;

use crate::{Error, ErrorKind, Result};

/// How much may pass per second.
///
/// # Example
///
/// ```
/// use headwater::service::Limit;
///
/// assert_eq!(Limit::default(), Limit::Unlimited);
/// assert!(Limit::per_second(1_000).is_ok());
/// assert!(Limit::per_second(0).is_err(), "nothing would ever pass");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Limit {
    /// As much as comes; costs nothing.
    #[default]
    Unlimited,
    /// So many units a second.
    PerSecond(NonZeroU64),
}

impl Limit {
    /// Creates a limit of so many units a second.
    ///
    /// # Errors
    ///
    /// `Invalid` if `units` is 0.
    pub fn per_second(units: u64) -> Result<Self> {
        NonZeroU64::new(units)
            .map(Self::PerSecond)
            .ok_or_else(|| Error::new(ErrorKind::Invalid, "a limit is 0 per second and must be 1 or more"))
    }
}

impl From<NonZeroU64> for Limit {
    fn from(units: NonZeroU64) -> Self {
        Self::PerSecond(units)
    }
}
