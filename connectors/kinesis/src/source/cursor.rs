//! Where the reading of a shard stands.

use headwater::Position;
use headwater::source::{ReadFrom, Record};

use crate::kpl::{Contents, deaggregate};

/// Where the reading of one shard stands, whichever way its records come, and whether what comes next follows on it.
///
/// After a record that was read, more is asked for from that record on, it included: Kinesis answers with the oldest
/// record that it still has where the one that is asked for is gone, so that only the record itself proves that nothing
/// between is missing.
#[derive(Debug)]
pub(super) struct Cursor {
    /// The start, and from the first record on the last record that was read.
    from: ReadFrom,
    /// Whether the next record has yet to prove that there is no gap before it.
    reopened: bool,
}

impl Cursor {
    pub(super) fn new(from: ReadFrom) -> Self {
        Self { from, reopened: false }
    }

    /// Returns where more is to be asked for, by an iterator or a subscription that knows nothing of those before.
    pub(super) fn start(&self) -> ReadFrom {
        match &self.from {
            ReadFrom::Position(Position::After { sequence, .. }) => ReadFrom::Sequence(sequence.clone()),
            from => from.clone(),
        }
    }

    /// An iterator or a subscription was opened at the [start](Self::start): what comes next has to prove itself.
    pub(super) fn reopened(&mut self) {
        self.reopened = true;
    }

    /// One was opened where the last page ended: nothing needs to be proven.
    pub(super) fn continued(&mut self) {
        self.reopened = false;
    }

    /// Tells whether it is known that nothing is missing up to here.
    pub(super) fn is_proven(&self) -> bool {
        !(self.reopened && matches!(self.from, ReadFrom::Position(Position::After { .. })))
    }

    /// Moves past records that came, drops those that were read before, and tells whether some between are gone. An
    /// aggregate that was read in part stays whole.
    ///
    /// A record that is no aggregate has no parts: whichever of them was read, it was. A KCL, which counts the only part of
    /// such a record as its number 0, stores that it read this.
    pub(super) fn pass(&mut self, records: &mut Vec<Record>) -> bool {
        let Some(last) = records.last().map(|last| last.sequence.clone()) else { return false };
        let mut gap = false;
        if self.reopened
            && let ReadFrom::Position(Position::After { sequence: read, sub_sequence }) = &self.from
        {
            gap = records[0].sequence > *read;
            let whole = sub_sequence.is_none();
            let is_read = |record: &&Record| {
                record.sequence < *read || (record.sequence == *read && (whole || is_plain(record)))
            };
            let done = records.iter().take_while(is_read).count();
            records.drain(..done);
        }
        self.reopened = false;
        self.from = ReadFrom::Position(Position::After { sequence: last, sub_sequence: None });
        gap
    }
}

fn is_plain(record: &Record) -> bool {
    matches!(deaggregate(&record.payload), Ok(Contents::Plain | Contents::BadDigest))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use headwater::Headers;
    use headwater::codec::Framing as _;

    use super::*;
    use crate::kpl::Kpl;

    fn records(numbers: &[u32]) -> Vec<Record> {
        numbers.iter().map(|number| record(*number, Bytes::new())).collect()
    }

    fn record(number: u32, payload: Bytes) -> Record {
        Record {
            payload,
            key: Some("key".into()),
            headers: Headers::new(),
            sequence: number.to_string().into(),
            sub_sequence: None,
            completes: true,
            arrival: None,
        }
    }

    fn numbers(records: &[Record]) -> Vec<u32> {
        records.iter().map(|record| record.sequence.as_str().parse().unwrap()).collect()
    }

    fn after(sequence: &str, sub_sequence: Option<u64>) -> Cursor {
        Cursor::new(ReadFrom::Position(Position::After { sequence: sequence.into(), sub_sequence }))
    }

    /// Returns what is left of records that come, and whether there is a gap before them.
    fn passed(cursor: &mut Cursor, come: &[u32]) -> (Vec<u32>, bool) {
        let mut records = records(come);
        let gap = cursor.pass(&mut records);
        (numbers(&records), gap)
    }

    #[test]
    fn a_record_that_is_still_there_proves_that_there_is_no_gap() {
        let mut cursor = after("99", None);
        assert_eq!(cursor.start(), ReadFrom::Sequence("99".into()));
        cursor.reopened();
        assert_eq!(passed(&mut cursor, &[99, 100, 101]), (vec![100, 101], false));
        assert_eq!(cursor.start(), ReadFrom::Sequence("101".into()));
        cursor.reopened();
        assert_eq!(passed(&mut cursor, &[101]), (Vec::new(), false));
    }

    #[test]
    fn a_record_that_is_gone_is_a_gap_that_is_told_once() {
        let mut cursor = after("99", None);
        cursor.reopened();
        assert_eq!(passed(&mut cursor, &[]), (Vec::new(), false));
        assert_eq!(passed(&mut cursor, &[102, 103]), (vec![102, 103], true));
        assert_eq!(passed(&mut cursor, &[107]), (vec![107], false));
    }

    #[test]
    fn an_aggregate_that_was_read_in_part_comes_whole() {
        let mut frame = Kpl.open();
        frame.push(&"key".into(), b"first", &Headers::new());
        frame.push(&"key".into(), b"second", &Headers::new());
        let aggregate = record(99, frame.finish());
        let mut cursor = after("99", Some(0));
        assert_eq!(cursor.start(), ReadFrom::Sequence("99".into()));
        cursor.reopened();
        let mut page = [vec![aggregate], records(&[100])].concat();
        assert!(!cursor.pass(&mut page));
        assert_eq!(page.len(), 2);
        cursor.reopened();
        assert_eq!(passed(&mut cursor, &[100, 101]), (vec![101], false));
    }

    #[test]
    fn a_plain_record_of_which_a_kcl_read_the_only_part_was_read() {
        let mut cursor = after("99", Some(0));
        cursor.reopened();
        assert_eq!(passed(&mut cursor, &[99, 100]), (vec![100], false));
    }

    #[test]
    fn what_follows_on_an_iterator_or_a_subscription_needs_no_proof() {
        let mut cursor = after("99", None);
        cursor.reopened();
        passed(&mut cursor, &[99]);
        assert_eq!(passed(&mut cursor, &[200]), (vec![200], false));
    }

    #[test]
    fn a_start_without_a_record_has_no_gap() {
        for from in [ReadFrom::Position(Position::Beginning), ReadFrom::Sequence("7".into())] {
            let mut cursor = Cursor::new(from.clone());
            for _ in 0..2 {
                assert_eq!(cursor.start(), from);
                cursor.reopened();
            }
            assert_eq!(passed(&mut cursor, &[9]), (vec![9], false));
        }
    }
}
