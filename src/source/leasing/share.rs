//! How many shards are a worker's part.

/// Divides shards evenly among workers of which each takes so many at most, and returns the most that the first of them
/// holds. All of them together have room for every shard, and none for more than one beyond an even part.
pub(in crate::source) fn share(mine: usize, others: impl IntoIterator<Item = usize>, shards: usize) -> usize {
    let mut capacities: Vec<usize> = others.into_iter().chain([mine]).collect();
    capacities.sort_unstable();
    let (mut left, mut workers) = (shards, capacities.len());
    for capacity in capacities {
        if left / workers < capacity {
            return left.div_ceil(workers).min(mine);
        }
        // What one that has enough leaves is the others' to share.
        left -= capacity;
        workers -= 1;
    }
    mine
}

#[cfg(test)]
mod tests {
    use super::share;

    const ANY: usize = usize::MAX;

    #[test]
    fn a_worker_alone_has_them_all() {
        assert_eq!(share(ANY, [], 16), 16);
        assert_eq!(share(5, [], 16), 5);
    }

    #[test]
    fn workers_share_evenly_to_within_one() {
        assert_eq!(share(ANY, [ANY, ANY], 16), 6);
        assert_eq!(share(ANY, [ANY, ANY], 15), 5);
        assert_eq!(share(ANY, [ANY, ANY], 2), 1);
        assert_eq!(share(ANY, [ANY], 0), 0);
    }

    #[test]
    fn what_a_small_worker_leaves_is_shared_by_the_others() {
        assert_eq!(share(2, [ANY, ANY], 16), 2);
        assert_eq!(share(ANY, [2, ANY], 16), 7);
        assert_eq!(share(ANY, [2, 3], 16), 11);
        assert_eq!(share(3, [2], 16), 3);
    }

    #[test]
    fn the_shares_of_all_cover_every_shard() {
        for shards in 0..40 {
            for capacities in [vec![ANY; 3], vec![1, 5, ANY], vec![4, 4, 4, ANY], vec![1, ANY]] {
                let of = |index: usize| {
                    let mut others = capacities.clone();
                    let mine = others.remove(index);
                    share(mine, others, shards)
                };
                let room: usize = (0..capacities.len()).map(of).sum();
                assert!(
                    (shards..shards + capacities.len()).contains(&room),
                    "{shards} shards, {capacities:?}: {room}"
                );
            }
        }
    }
}
