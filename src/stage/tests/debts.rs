//! Debts that are looked at and followed without a share in them.

use crate::checkpoint::Tracker;
use crate::{Ack, Position};

/// Opens debts of one ledger.
fn open<const N: usize>(tracker: &Tracker) -> [Ack; N] {
    let acks: Vec<_> = tracker.open(std::iter::repeat_n((Position::Beginning, None), N)).collect();
    acks.try_into().expect("as many as were opened")
}

#[test]
fn an_ack_follows_one_debt_of_a_page_and_no_other() {
    let (leaders, followers) = (Tracker::new(), Tracker::new());
    let acks: [Ack; 3] = open(&leaders);
    for (leader, follower) in acks.iter().zip(open::<3>(&followers)) {
        leader.debt().lead(follower);
    }
    let [first, second, third] = acks;
    second.ack();
    assert_eq!((leaders.in_flight(), followers.in_flight()), (2, 2));
    drop(third);
    assert_eq!((leaders.in_flight(), followers.in_flight()), (1, 1));
    assert!(followers.watermark().is_none(), "the first is still out");
    assert!(followers.abandoned().is_some(), "the third was dropped");
    first.ack();
    assert!(followers.watermark().is_some());
}

#[test]
fn an_ack_that_follows_a_settled_debt_is_settled_at_once() {
    let (leaders, followers) = (Tracker::new(), Tracker::new());
    let [paid, abandoned] = open(&leaders);
    let [debt_paid, debt_abandoned] = [paid.debt(), abandoned.debt()];
    paid.ack();
    drop(abandoned);
    let [first, second] = open(&followers);
    debt_paid.lead(first);
    assert_eq!((followers.in_flight(), followers.abandoned()), (1, None));
    debt_abandoned.lead(second);
    assert_eq!((followers.in_flight(), followers.abandoned()), (0, Some(Position::Beginning)));
}

#[test]
fn looking_at_a_debt_settles_nothing() {
    let tracker = Tracker::new();
    let [ack] = open(&tracker);
    drop(ack.debt());
    assert_eq!((tracker.in_flight(), tracker.abandoned()), (1, None));
    ack.ack();
    assert_eq!((tracker.in_flight(), tracker.abandoned()), (0, None));
}
