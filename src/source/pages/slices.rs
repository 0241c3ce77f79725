//! A page's share of the byte budget, spread over its payloads.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::source::pages::budget::Charge;
use crate::source::pages::chunk::Chunk;
use crate::source::{Page, Record};

/// About what a record takes beside its payload: its key and its numbers, its ack, and the charge itself.
const BESIDE: usize = 320;

/// Charges a page for what it takes in memory, until it is dropped: chunk by chunk where it has any, else payload by
/// payload.
pub(in crate::source) fn spread(charge: Charge, page: &mut Page) {
    // An empty slice holds on to no chunk.
    if page.chunks.is_empty() || page.records.iter().all(|record| record.payload.is_empty()) {
        spread_over_payloads(charge, page.bytes, &mut page.records);
    } else {
        spread_over_chunks(charge, mem::take(&mut page.chunks), &page.records);
    }
}

/// Charges each chunk for itself, and for its part of what its records take beside. One whose records were all left out
/// is gone with this.
fn spread_over_chunks(charge: Charge, chunks: Vec<Chunk>, records: &[Record]) {
    let headers: usize = records.iter().map(|record| record.headers.bytes()).sum();
    let beside = (records.len() * BESIDE + headers).div_ceil(chunks.len());
    let whole = chunks.iter().map(|chunk| chunk.size() + beside).sum();
    let mut charge = charge.correct(whole);
    for chunk in chunks {
        let part = charge.split(chunk.size() + beside);
        chunk.keep(part);
    }
}

/// Charges a page for what it takes in memory, until the last of its payloads is dropped. What is held of a page that is
/// mostly gone is charged for itself alone, so that a few messages held for long keep no room from the others.
fn spread_over_payloads(charge: Charge, bytes: usize, records: &mut [Record]) {
    let payloads: usize = records.iter().map(|record| record.payload.len()).sum();
    let headers: usize = records.iter().map(|record| record.headers.bytes()).sum();
    if records.is_empty() {
        return;
    }
    // Frames, and parts left out, live as long as the payloads that were cut from them.
    let mut beyond = bytes.saturating_sub(payloads);
    let whole = records.len() * BESIDE + payloads + headers + beyond;
    let page = Arc::new(PageCharge {
        alive: AtomicUsize::new(whole),
        mark: AtomicUsize::new(whole / 2),
        charge: Mutex::new(charge.correct(whole)),
    });
    for record in records {
        let payload = own(mem::take(&mut record.payload), record);
        let weight = payload.len() + record.headers.bytes() + BESIDE + mem::take(&mut beyond);
        record.payload = Bytes::from_owner(Slice { payload, weight, page: Arc::clone(&page) });
    }
}

/// Copies a part of an aggregate out of it: a single part that is held for long would keep the whole in memory.
fn own(payload: Bytes, record: &Record) -> Bytes {
    match record.sub_sequence {
        Some(place) if place > 0 || !record.completes => Bytes::copy_from_slice(&payload),
        _ => payload,
    }
}

#[derive(Debug)]
struct PageCharge {
    /// The weight of the payloads that are not dropped.
    alive: AtomicUsize,
    /// How little of it may be alive before the charge is corrected: the lock is taken a few times a page, not at every
    /// drop.
    mark: AtomicUsize,
    charge: Mutex<Charge>,
}

impl PageCharge {
    fn shrink(&self) {
        let mut charge = self.charge.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that of two who drop at a time the later sets the smaller.
        let alive = self.alive.load(Ordering::Acquire);
        charge.set(alive);
        self.mark.store(alive / 2, Ordering::Relaxed);
    }
}

/// A payload that is charged for.
#[derive(Debug)]
struct Slice {
    payload: Bytes,
    weight: usize,
    page: Arc<PageCharge>,
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        &self.payload
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        let alive = self.page.alive.fetch_sub(self.weight, Ordering::AcqRel) - self.weight;
        // The last one drops the charge itself.
        if alive > 0 && alive <= self.page.mark.load(Ordering::Relaxed) {
            self.page.shrink();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::Headers;
    use crate::source::pages::budget::ByteBudget;

    fn record(payload: Bytes) -> Record {
        let sequence = "7".into();
        let (key, headers) = (None, Headers::new());
        Record { payload, key, headers, sequence, sub_sequence: None, completes: true, arrival: None }
    }

    fn spread_over(budget: &ByteBudget, lengths: &[usize], bytes: usize) -> Vec<Record> {
        let records: Vec<_> = lengths.iter().map(|&length| record(vec![7; length].into())).collect();
        let charge = budget.reserve(0).now_or_never().expect("nothing takes no room");
        let mut page = Page { records, bytes, ..Page::default() };
        spread(charge, &mut page);
        page.records
    }

    #[test]
    fn a_page_is_charged_until_its_last_payload_is_dropped() {
        let budget = ByteBudget::new(1 << 20);
        let mut records = spread_over(&budget, &[1000; 100], 100_000);
        assert_eq!(budget.used(), 100 * (1000 + BESIDE));
        let survivor = records.swap_remove(40).payload.slice(10..20);
        assert_eq!(survivor, [7; 10][..]);
        drop(records);
        assert!(budget.used() <= 2 * (1000 + BESIDE), "one of a hundred is left: {}", budget.used());
        assert!(budget.used() >= 1000);
        drop(survivor);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn what_was_cut_off_a_page_is_charged_with_what_is_left() {
        let budget = ByteBudget::new(1 << 20);
        let records = spread_over(&budget, &[10], 50_000);
        assert_eq!(budget.used(), 50_000 + BESIDE);
        drop(records);
        assert_eq!(budget.used(), 0);
        drop(spread_over(&budget, &[], 50_000));
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_part_of_an_aggregate_keeps_no_more_than_itself_in_memory() {
        let budget = ByteBudget::new(1 << 20);
        let whole = Arc::new(());
        let aggregate = Bytes::from_owner(Owned([7; 1_000], Arc::clone(&whole)));
        let part = |place: u64| Record {
            sub_sequence: Some(place),
            completes: place == 9,
            ..record(aggregate.slice(place as usize * 100..(place as usize + 1) * 100))
        };
        let mut page = Page { records: (0..10).map(part).collect(), bytes: 1_000, ..Page::default() };
        drop(aggregate);
        let charge = budget.reserve(0).now_or_never().expect("nothing takes no room");
        spread(charge, &mut page);
        assert_eq!(Arc::strong_count(&whole), 1, "the aggregate is gone");
        assert!(page.records.iter().all(|record| record.payload == [7; 100][..]));
    }

    struct Owned([u8; 1_000], #[expect(dead_code, reason = "counts whoever holds the bytes")] Arc<()>);

    impl AsRef<[u8]> for Owned {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    /// A page of chunks, each of so many payloads of 100 bytes.
    fn in_chunks(budget: &ByteBudget, payloads: &[usize]) -> Vec<Vec<Record>> {
        let chunks: Vec<_> = payloads.iter().map(|&count| Chunk::new(vec![7; count * 100])).collect();
        let cut = |chunk: &Chunk, count| (0..count).map(|n| chunk.slice(n * 100..(n + 1) * 100)).collect();
        let cuts: Vec<Vec<Bytes>> =
            chunks.iter().zip(payloads).map(|(chunk, &count)| cut(chunk, count)).collect();
        let records = cuts.into_iter().flatten().map(record).collect();
        let mut page = Page { records, chunks, ..Page::default() };
        let charge = budget.reserve(0).now_or_never().expect("nothing takes no room");
        spread(charge, &mut page);
        let mut records = page.records.into_iter();
        payloads.iter().map(|&count| records.by_ref().take(count).collect()).collect()
    }

    #[test]
    fn a_chunk_is_charged_until_its_last_slice_is_dropped_and_no_longer() {
        let budget = ByteBudget::new(1 << 20);
        let mut chunks = in_chunks(&budget, &[100, 100]);
        assert_eq!(budget.used(), 2 * 100 * (100 + BESIDE));
        drop(chunks.remove(0));
        assert_eq!(budget.used(), 100 * (100 + BESIDE), "the other is held");
        let part = chunks[0][7].payload.slice(10..20);
        drop(chunks);
        assert_eq!(budget.used(), 100 * (100 + BESIDE), "a part of a payload holds its chunk");
        drop(part);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_chunk_is_charged_for_the_memory_that_it_takes_and_gives_back_what_was_not_written() {
        let budget = ByteBudget::new(1 << 20);
        let mut written = Vec::with_capacity(Chunk::SIZE);
        written.extend_from_slice(&[7; 1_000]);
        let chunk = Chunk::new(written);
        let mut page =
            Page { records: vec![record(chunk.slice(..10))], chunks: vec![chunk], ..Page::default() };
        let charge = budget.reserve(0).now_or_never().expect("nothing takes no room");
        spread(charge, &mut page);
        assert!((1_000 + BESIDE..2_000 + BESIDE).contains(&budget.used()), "{}", budget.used());
    }

    #[test]
    fn a_chunk_of_which_no_record_is_left_is_not_charged() {
        let budget = ByteBudget::new(1 << 20);
        let chunks = vec![Chunk::new(vec![7; 1_000]), Chunk::new(vec![7; 50_000])];
        let mut page = Page { records: vec![record(chunks[0].slice(..))], chunks, ..Page::default() };
        let charge = budget.reserve(0).now_or_never().expect("nothing takes no room");
        spread(charge, &mut page);
        assert!(budget.used() < 2_000, "{}", budget.used());
        drop(page);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn records_that_have_no_payload_are_charged_until_the_last_of_them_is_dropped() {
        let budget = ByteBudget::new(1 << 20);
        let chunk = Chunk::new(Vec::new());
        let records = vec![record(chunk.slice(..)); 100];
        let mut page = Page { records, chunks: vec![chunk], ..Page::default() };
        let charge = budget.reserve(0).now_or_never().expect("nothing takes no room");
        spread(charge, &mut page);
        assert_eq!(budget.used(), 100 * BESIDE);
        page.records.truncate(1);
        assert!((1..=2 * BESIDE).contains(&budget.used()), "{}", budget.used());
        drop(page);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn payloads_may_be_dropped_on_many_threads() {
        let budget = ByteBudget::new(1 << 30);
        for _ in 0..50 {
            let mut records = spread_over(&budget, &[100; 1_000], 100_000);
            let halves = records.split_off(500);
            std::thread::scope(|scope| {
                scope.spawn(|| drop(halves));
                scope.spawn(|| drop(records));
            });
            assert_eq!(budget.used(), 0);
            let chunks = in_chunks(&budget, &[100, 100]);
            let (left, right): (Vec<_>, Vec<_>) =
                chunks.into_iter().flatten().enumerate().partition(|(place, _)| place % 2 == 0);
            std::thread::scope(|scope| {
                scope.spawn(|| drop(left));
                scope.spawn(|| drop(right));
            });
            assert_eq!(budget.used(), 0);
        }
    }
}
