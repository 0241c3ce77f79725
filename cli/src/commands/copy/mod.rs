//! `headwater copy`: a stream into a file, or a file into a stream, a JSON line for each message.
//!
//! ```text
//!   STREAM ──► source ──► Archive: lines, fsync, then FILE.progress           what is not behind it is cut off and read again
//!   FILE ──► Input: lines ──► sink ──► STREAM, then FILE.STREAM.progress      the offset up to which all is confirmed
//! ```

mod archive;
mod args;
mod from_file;
mod identity;
mod input;
mod kept;
mod line;
mod to_file;

pub(crate) use args::CopyArgs;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::Place;

/// Does it.
pub(crate) async fn run(args: CopyArgs, context: Context) -> Result<Exit, Failure> {
    match (&args.from, &args.to) {
        (Place::Stream(stream), Place::File(file)) => {
            args.check_for_file()?;
            Box::pin(to_file::run(&args, stream, file, &context)).await
        }
        (Place::File(file), Place::Stream(stream)) => {
            args.check_for_stream()?;
            Box::pin(from_file::run(&args, file, stream, &context)).await
        }
        (Place::Stream(from), Place::Stream(to)) => Err(Failure::usage(format!(
            "{from} and {to} are streams, which relay copies; a file has a / or an ending such as .ndjson, or file: before it"
        ))),
        (Place::File(_), Place::File(_)) => Err(Failure::usage(
            "FROM and TO are files: one of them must be a stream, which stream: before it says",
        )),
    }
}
