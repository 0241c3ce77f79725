//! A page's debts: opened, and paid in order and out of order.

use divan::Bencher;
use divan::counter::ItemsCount;
use headwater::checkpoint::Tracker;
use headwater::{Ack, Position};

/// How many messages a page has.
const PAGE: usize = 1_000;

fn open(tracker: &Tracker) -> Vec<Ack> {
    let positions = (0..PAGE).map(|n| {
        let sequence = format!("{n:056}").as_str().into();
        (Position::After { sequence, sub_sequence: None }, None)
    });
    tracker.open(positions.collect::<Vec<_>>()).collect()
}

fn pay(bencher: Bencher<'_, '_>, order: impl Fn(&mut [Ack])) {
    let tracker = Tracker::new();
    let page = || {
        let mut acks = open(&tracker);
        order(&mut acks);
        acks
    };
    bencher.counter(ItemsCount::new(PAGE)).with_inputs(page).bench_local_values(|acks| {
        acks.into_iter().for_each(Ack::ack);
    });
    assert_eq!(tracker.in_flight(), 0, "every debt is paid");
}

#[divan::bench]
fn in_order(bencher: Bencher<'_, '_>) {
    pay(bencher, |_| {});
}

#[divan::bench]
fn in_reverse(bencher: Bencher<'_, '_>) {
    pay(bencher, <[Ack]>::reverse);
}

#[divan::bench]
fn at_random(bencher: Bencher<'_, '_>) {
    let mut rng = fastrand::Rng::with_seed(7);
    let rng = std::cell::RefCell::new(&mut rng);
    pay(bencher, |acks| rng.borrow_mut().shuffle(acks));
}
