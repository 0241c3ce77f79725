//! Why a source or a sink was refused, in the words of the flags.

use headwater::{Error, ErrorKind};

use crate::failure::{Failure, chain};

/// What the library calls a setting, and what its flag is called.
const FLAGS: [(&str, &str); 10] = [
    ("commit_interval", "--commit-interval"),
    ("fan_out", "--fan-out"),
    ("lease_time", "--lease-time"),
    ("linger", "--linger"),
    ("max_in_flight", "--max-in-flight"),
    ("only_shards", "--shard"),
    ("outage_limit", "--outage-limit"),
    ("retry_limit", "--retry-limit"),
    ("start_shard", "--from"),
    ("time_to_live", "--time-to-live"),
];

/// A setting that cannot be is the fault of who gave it. Of a stream that is not there it says where the others are.
pub(crate) fn refused(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::Invalid => Failure::usage(in_flags(&chain(&error))),
        ErrorKind::NotFound => {
            Failure::failed(format!("{}; `headwater list` shows the streams that there are", chain(&error)))
        }
        _ => error.into(),
    }
}

/// The same of a stream that is written, which may be created.
pub(crate) fn refused_target(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => Failure::failed(format!("{}; --create 1 creates it", chain(&error))),
        _ => refused(error),
    }
}

fn in_flags(told: &str) -> String {
    let named = FLAGS.into_iter().find_map(|(setting, flag)| {
        let rest = told.strip_prefix(setting)?;
        Some(format!("{flag}{rest}"))
    });
    named.unwrap_or_else(|| told.to_owned())
}
