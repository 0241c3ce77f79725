//! Which order a sink keeps.

use clap::ValueEnum;
use headwater::batch::Ordering;

/// Which order is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// That of the messages of each key
    #[default]
    Key,
    /// None, which lets one key have many records in flight
    None,
}

impl From<Order> for Ordering {
    fn from(order: Order) -> Self {
        match order {
            Order::Key => Self::PerKey,
            Order::None => Self::None,
        }
    }
}
