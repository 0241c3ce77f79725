//! What is to be put, message by message.

use bytes::Bytes;
use headwater_kinesis::limits::PUT_BYTES;
use tokio::io::{AsyncBufRead, BufReader};

use crate::failure::Failure;

use super::args::PutArgs;
use super::chunk::Chunk;

/// The longest message that is kept, 10 MiB: no stream takes a longer record. Of a longer one only its length is known.
const MAX_MESSAGE: usize = PUT_BYTES;
/// How much of standard input is read at once.
const READ_BYTES: usize = 256 << 10;

/// What is to be put.
pub(super) struct Input {
    from: From,
    /// How many lines were taken.
    line: u64,
}

enum From {
    /// One message, until it is taken
    Argument(Option<Bytes>),
    /// A message per line
    Lines { reader: Reader, skip_blank: bool },
    /// One message, until it is read
    Whole(Option<Reader>),
}

type Reader = Box<dyn AsyncBufRead + Unpin>;

/// A message in the making.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Which line it is, from 1, where it is one.
    pub(super) line: Option<u64>,
    /// Its bytes, without the line end; or how many they are, where no stream takes so many.
    pub(super) payload: Result<Bytes, TooLong>,
}

/// How many bytes a message has that no stream takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong(u64);

impl TooLong {
    /// Says so.
    pub(super) fn told(self) -> String {
        format!("a message of {} bytes: at most {MAX_MESSAGE} are allowed", self.0)
    }
}

impl Input {
    /// Finds what the flags say is to be put.
    pub(super) fn of(args: &PutArgs) -> Result<Self, Failure> {
        let stdin = || -> Reader { Box::new(BufReader::with_capacity(READ_BYTES, tokio::io::stdin())) };
        let from = match args.data.as_deref() {
            Some(data) if data != "-" => {
                if args.whole {
                    return Err(Failure::usage("--whole is about standard input: leave it out, or DATA"));
                }
                From::Argument(Some(Bytes::copy_from_slice(data.as_bytes())))
            }
            _ if args.whole => From::Whole(Some(stdin())),
            _ => From::Lines { reader: stdin(), skip_blank: args.codec.is_json() },
        };
        Ok(Self { from, line: 0 })
    }

    /// Takes the next message; none at the end.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped may have read a part of a message, which is gone: no further one is to be made.
    pub(super) async fn next(&mut self) -> Result<Option<Piece>, Failure> {
        match &mut self.from {
            From::Argument(data) => Ok(data.take().map(|data| Piece { line: None, payload: Ok(data) })),
            From::Whole(reader) => {
                let Some(mut reader) = reader.take() else { return Ok(None) };
                let all = read(&mut reader, None).await?;
                Ok(all.map(|all| Piece { line: None, payload: payload(all.whole()) }))
            }
            From::Lines { reader, skip_blank } => loop {
                let Some(line) = read(reader, Some(b'\n')).await? else { return Ok(None) };
                self.line += 1;
                let payload = payload(line.line());
                let is_blank = || payload.as_ref().is_ok_and(|line| line.trim_ascii().is_empty());
                if !(*skip_blank && is_blank()) {
                    return Ok(Some(Piece { line: Some(self.line), payload }));
                }
            },
        }
    }
}

async fn read(reader: &mut Reader, end: Option<u8>) -> Result<Option<Chunk>, Failure> {
    Chunk::read(reader, end, MAX_MESSAGE).await.map_err(Failure::io("read standard input"))
}

fn payload(read: Result<Vec<u8>, u64>) -> Result<Bytes, TooLong> {
    read.map(Bytes::from).map_err(TooLong)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{From, Input, MAX_MESSAGE, Piece, TooLong};

    async fn pieces(input: &'static [u8], skip_blank: bool) -> Vec<(u64, Result<&'static str, TooLong>)> {
        let mut input = Input { from: From::Lines { reader: Box::new(input), skip_blank }, line: 0 };
        let mut pieces = Vec::new();
        while let Some(Piece { line, payload }) = input.next().await.unwrap() {
            let text = |payload: Bytes| String::from_utf8(payload.to_vec()).unwrap().leak() as &str;
            pieces.push((line.expect("it is a line"), payload.map(text)));
        }
        pieces
    }

    #[tokio::test]
    async fn a_line_is_a_message_without_its_end() {
        let lines = [(1, Ok("a")), (2, Ok("b\r\r")), (3, Ok("")), (4, Ok(" c"))];
        assert_eq!(pieces(b"a\r\nb\r\r\r\n\n c", false).await, lines);
        assert_eq!(pieces(b"a\n", false).await, [(1, Ok("a"))]);
        assert_eq!(pieces(b"", false).await, []);
    }

    #[tokio::test]
    async fn a_blank_line_of_json_is_counted_and_skipped() {
        assert_eq!(pieces(b"\n1\n \t\r\n2\n\n", true).await, [(2, Ok("1")), (4, Ok("2"))]);
    }

    #[tokio::test]
    async fn a_line_that_no_stream_takes_is_not_kept_and_the_next_one_is() {
        let mut input = vec![b'x'; MAX_MESSAGE + 1];
        input.extend_from_slice(b"\nafter\n");
        let read = pieces(input.leak(), false).await;
        assert_eq!(read, [(1, Err(TooLong(MAX_MESSAGE as u64 + 1))), (2, Ok("after"))]);

        let mut input = vec![b'x'; MAX_MESSAGE];
        input.extend_from_slice(b"\r\n");
        let read = pieces(input.leak(), false).await;
        assert!(matches!(read[..], [(1, Ok(line))] if line.len() == MAX_MESSAGE));
    }
}
