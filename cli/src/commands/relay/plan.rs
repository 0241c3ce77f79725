//! What was asked for, checked before anything is connected.

use std::sync::Arc;

use headwater::source::{self, Start};
use headwater_kinesis::codec::Codec;

use crate::begin::Begin;
use crate::codec::{CodecName, Format};
use crate::commands::relay::RelayArgs;
use crate::commands::relay::on_error::OnError;
use crate::commands::relay::transform::Transform;
use crate::failure::Failure;
use crate::place::Place;

/// What was asked for, where the flags agree with each other.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) codec_in: CodecName,
    pub(super) codec_out: Codec<Format>,
    /// Whether records pass as they are, unread.
    pub(super) is_raw: bool,
    pub(super) transform: Transform,
    pub(super) on_error: OnError,
    pub(super) start: Start,
    pub(super) until: source::Until,
    pub(super) application: String,
}

impl Plan {
    /// Checks the flags.
    pub(super) fn of(args: &RelayArgs) -> Result<Self, Failure> {
        check_streams(args)?;
        let codec_in = args.codec_in.or(args.codec).unwrap_or(CodecName::Bytes);
        let out = args.codec_out.or(args.codec).unwrap_or(CodecName::Bytes);
        let codec_out = out.writing(args.compress)?;
        for (flag, expression) in [("--jq", &args.jq), ("--key-jq", &args.key_jq)] {
            if expression.is_some() && codec_in == CodecName::Bytes {
                return Err(Failure::usage(format!(
                    "{flag} needs to know what a message is: give --codec json, or another codec but bytes"
                )));
            }
        }
        let start = match args.begin {
            Begin::Horizon => Start::TrimHorizon,
            Begin::Latest => Start::Latest,
            Begin::Time(time) => Start::AtTimestamp(time),
            Begin::Sequence(_) => {
                return Err(Failure::usage(
                    "--from: a sequence number is of one shard, and a relay reads all; \
                     horizon, latest or a time is right",
                ));
            }
        };
        Ok(Self {
            codec_in,
            is_raw: codec_in == CodecName::Bytes && out == CodecName::Bytes,
            transform: Transform {
                jq: args.jq.clone(),
                key: args.key_jq.clone(),
                from: *codec_in.codec().serializer(),
                to: *codec_out.serializer(),
                framing: Arc::clone(codec_out.framing()),
            },
            codec_out,
            on_error: OnError::of(args)?,
            start,
            until: args.until.map_or(source::Until::Forever, |until| until.0),
            application: args.store.application()?.to_owned(),
        })
    }
}

fn check_streams(args: &RelayArgs) -> Result<(), Failure> {
    if args.from.name() == args.to.name() {
        return Err(Failure::usage(format!(
            "FROM and TO are both {}: what is written would be read again, for ever",
            args.from
        )));
    }
    let Some(Place::Stream(letters)) = &args.dead_letter else { return Ok(()) };
    if letters.name() == args.from.name() {
        return Err(Failure::usage(format!(
            "--dead-letter {letters} is FROM: what is written would be read again; name another stream or a file"
        )));
    }
    Ok(())
}
