//! Writing CBOR into a buffer.

use crate::store::{Record, SequenceNumber, Timestamp};

/// A writer of items, each with the shortest head. <https://www.rfc-editor.org/rfc/rfc8949#section-3>
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(super) fn into_body(self) -> Vec<u8> {
        self.0
    }

    /// Opens a map of so many members.
    pub(super) fn map(&mut self, members: usize) {
        self.head(5, members as u64);
    }

    /// Opens an array of so many items.
    pub(super) fn array(&mut self, items: usize) {
        self.head(4, items as u64);
    }

    pub(super) fn number(&mut self, number: u64) {
        self.head(0, number);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.head(3, text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn time(&mut self, millis: Timestamp) {
        self.head(6, 1);
        self.number(millis);
    }

    pub(super) fn data(&mut self, record: &Record) {
        self.head(2, record.payload.decoded_len() as u64);
        record.payload.write_data(&mut self.0);
    }

    pub(super) fn sequence_number(&mut self, number: SequenceNumber) {
        // Its length is known once it is written: between 24 and 255 digits, so that the head has two bytes.
        self.0.extend_from_slice(&[0x78, 0]);
        let start = self.0.len();
        number.write(&mut self.0);
        self.0[start - 1] = (self.0.len() - start) as u8;
    }

    /// Writes whatever serde can.
    pub(super) fn value<T: serde::Serialize + ?Sized>(&mut self, value: &T) {
        ciborium::into_writer(value, &mut self.0).expect("outputs are plain structs");
    }

    fn head(&mut self, major: u8, argument: u64) {
        let major = major << 5;
        let bytes = argument.to_be_bytes();
        match argument {
            0..24 => self.0.push(major | bytes[7]),
            24..0x100 => self.0.extend_from_slice(&[major | 0x18, bytes[7]]),
            0x100..0x1_0000 => self.0.extend_from_slice(&[major | 0x19, bytes[6], bytes[7]]),
            0x1_0000..0x1_0000_0000 => {
                self.0.push(major | 0x1a);
                self.0.extend_from_slice(&bytes[4..]);
            }
            _ => {
                self.0.push(major | 0x1b);
                self.0.extend_from_slice(&bytes);
            }
        }
    }
}
