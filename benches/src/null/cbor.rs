//! CBOR ([RFC 8949](https://www.rfc-editor.org/rfc/rfc8949)), as far as answers need it.

/// Writes items.
pub(super) trait Writer {
    /// Writes the head of a map of so many pairs.
    fn map(&mut self, pairs: u64);
    /// Writes the head of an array of so many items.
    fn array(&mut self, items: u64);
    /// Writes text.
    fn text(&mut self, text: &str);
    /// Writes bytes.
    fn bytes(&mut self, bytes: &[u8]);
    /// Writes a number that is not negative.
    fn unsigned(&mut self, number: u64);
    /// Writes a point in time, in milliseconds since 1970.
    fn millis(&mut self, millis: u64);
}

impl Writer for Vec<u8> {
    fn map(&mut self, pairs: u64) {
        head(self, 5, pairs);
    }

    fn array(&mut self, items: u64) {
        head(self, 4, items);
    }

    fn text(&mut self, text: &str) {
        head(self, 3, text.len() as u64);
        self.extend_from_slice(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        head(self, 2, bytes.len() as u64);
        self.extend_from_slice(bytes);
    }

    fn unsigned(&mut self, number: u64) {
        head(self, 0, number);
    }

    fn millis(&mut self, millis: u64) {
        head(self, 6, 1);
        head(self, 0, millis);
    }
}

/// Writes the major type and the argument of an item, as short as they go.
fn head(to: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    let bytes = argument.to_be_bytes();
    match argument {
        0..24 => to.push(major | argument as u8),
        24..0x100 => to.extend([major | 0x18, bytes[7]]),
        0x100..0x1_0000 => {
            to.push(major | 0x19);
            to.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..0x1_0000_0000 => {
            to.push(major | 0x1a);
            to.extend_from_slice(&bytes[4..]);
        }
        _ => {
            to.push(major | 0x1b);
            to.extend_from_slice(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use ciborium::Value;

    use super::Writer;

    #[test]
    fn what_is_written_is_what_another_reader_reads() {
        let long = "x".repeat(70_000);
        let mut body = Vec::new();
        body.map(1);
        body.text("all");
        body.array(5);
        body.bytes(&[7; 300]);
        body.unsigned(23);
        body.unsigned(1 << 40);
        body.text(&long);
        body.millis(1_700_000_000_123);
        let read: Value = ciborium::from_reader(&*body).unwrap();
        let all = Value::Array(vec![
            Value::Bytes(vec![7; 300]),
            Value::Integer(23.into()),
            Value::Integer((1_u64 << 40).into()),
            Value::Text(long),
            Value::Tag(1, Box::new(Value::Integer(1_700_000_000_123_u64.into()))),
        ]);
        assert_eq!(read, Value::Map(vec![(Value::Text("all".to_owned()), all)]));
    }
}
