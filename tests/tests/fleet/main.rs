//! Fleets: worker processes that share a stream, and join, leave, die, freeze and wake while the store comes and goes.

mod histories;
mod sharing;
mod stored;
mod verdict;
mod world;
mod zombies;
