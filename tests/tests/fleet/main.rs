//! Fleets: worker processes that share a stream, and join, leave, die, freeze and wake while the store comes and goes.

mod histories;
mod relay;
mod sharing;
mod stored;
mod traffic;
mod verdict;
mod world;
mod zombies;
