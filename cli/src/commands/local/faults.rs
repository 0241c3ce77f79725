//! Faults, as a flag says them.

use headwater_local::{ErrorCode, Fault, Faults, Operation};

use crate::duration::duration;

/// The keys that are right.
const KEYS: &str = "seed, fail-entries, throttle, fail-calls, lose-answers, hang-answers, hang, reset, delay, \
                    disconnect, stall";

/// The codes that calls fail with.
const CODES: [ErrorCode; 11] = [
    ErrorCode::AccessDenied,
    ErrorCode::ExpiredIterator,
    ErrorCode::ExpiredToken,
    ErrorCode::InternalFailure,
    ErrorCode::InvalidSignature,
    ErrorCode::LimitExceeded,
    ErrorCode::ProvisionedThroughputExceeded,
    ErrorCode::ResourceInUse,
    ErrorCode::ResourceNotFound,
    ErrorCode::ServiceUnavailable,
    ErrorCode::Throttling,
];

/// Reads `seed=42,fail-entries=0.2,delay=0.1:200ms@PutRecords`.
pub(crate) fn parse(spec: &str) -> Result<Faults, String> {
    let parts = || spec.split(',').map(str::trim);
    let mut faults = Faults::seeded(seed(parts())?);
    for part in parts() {
        let (key, value) = pair(part)?;
        if key == "seed" {
            continue;
        }
        let (value, operation) = match value.split_once('@') {
            Some((value, operation)) => (value, Some(named_operation(operation)?)),
            None => (value, None),
        };
        let wrong = |why: String| format!("{part}: {why}");
        for fault in read(key, value).map_err(wrong)? {
            faults = faults.add(match operation {
                Some(operation) => fault.on(operation),
                None => fault,
            });
        }
    }
    Ok(faults)
}

fn pair(part: &str) -> Result<(&str, &str), String> {
    part.split_once('=').ok_or_else(|| format!("\"{part}\" is no KEY=VALUE; the keys are {KEYS}"))
}

/// The seed, wherever it stands; 0 without one.
fn seed<'a>(parts: impl Iterator<Item = &'a str>) -> Result<u64, String> {
    let mut seed = 0;
    for part in parts {
        if let ("seed", value) = pair(part)? {
            seed = value.parse().map_err(|_| format!("{part}: a whole number is right"))?;
        }
    }
    Ok(seed)
}

/// What one key stands for.
fn read(key: &str, value: &str) -> Result<Vec<Fault>, String> {
    let all = |fault: Fault| Ok(vec![fault.chance(fraction(value)?)]);
    match key {
        "fail-entries" => {
            let half = fraction(value)? / 2.0;
            // The second is drawn among what the first left.
            let rest = half / (1.0 - half);
            Ok(vec![
                Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded).chance(half),
                Fault::fail_entries(ErrorCode::InternalFailure).chance(rest),
            ])
        }
        "throttle" => {
            let (shard, chance) = value.split_once(':').unwrap_or((value, "1"));
            let (stream, shard) = shard
                .split_once('/')
                .ok_or("a stream and a shard is right, such as orders/shardId-000000000000")?;
            let throttled = Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded);
            Ok(vec![throttled.in_shard(stream, shard).chance(fraction(chance)?)])
        }
        "fail-calls" => {
            let (chance, code) = value.split_once(':').unwrap_or((value, "InternalFailure"));
            Ok(vec![Fault::fail_calls(named_code(code)?).chance(fraction(chance)?)])
        }
        "delay" => {
            let (chance, delay) = value.split_once(':').ok_or("FRACTION:TIME is right, such as 0.1:200ms")?;
            let delay = duration(delay)?;
            Ok(vec![Fault::delay(delay).chance(fraction(chance)?)])
        }
        "lose-answers" => all(Fault::lose_answer()),
        "hang-answers" => all(Fault::hang_answer()),
        "hang" => all(Fault::hang()),
        "reset" => all(Fault::reset()),
        "disconnect" => all(Fault::disconnect()),
        "stall" => all(Fault::stall()),
        _ => Err(format!("there is no such key; the keys are {KEYS}")),
    }
}

fn fraction(written: &str) -> Result<f64, String> {
    let fraction = written.parse().ok().filter(|fraction| (0.0..=1.0).contains(fraction));
    fraction.ok_or_else(|| format!("\"{written}\" is no fraction from 0 to 1"))
}

/// A code by its name, with or without the `Exception` at its end.
fn named_code(name: &str) -> Result<ErrorCode, String> {
    let is_it = |code: &ErrorCode| [code.name(), code.name().trim_end_matches("Exception")].contains(&name);
    CODES.into_iter().find(is_it).ok_or_else(|| {
        let names = CODES.map(ErrorCode::name).join(", ");
        format!("there is no code \"{name}\"; the codes are {names}")
    })
}

fn named_operation(name: &str) -> Result<Operation, String> {
    Operation::ALL.into_iter().find(|operation| operation.name() == name).ok_or_else(|| {
        let names = Operation::ALL.map(Operation::name).join(", ");
        format!("there is no operation \"{name}\"; the operations are {names}")
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use headwater_local::{ErrorCode, Fault, Faults, Operation};

    use super::parse;

    #[test]
    fn a_plan_is_read_as_the_library_would_write_it() {
        let written = "fail-entries=0.2,seed=42,lose-answers=0.02,delay=0.1:200ms";
        let plan =
            Faults::seeded(42).fail_entries(0.2).lose_answers(0.02).delay(0.1, Duration::from_millis(200));
        assert_eq!(parse(written), Ok(plan));
        assert_eq!(
            parse("throttle=orders/shardId-000000000001"),
            Ok(Faults::seeded(0).throttle_shard("orders", "shardId-000000000001"))
        );
        let refused = Fault::fail_calls(ErrorCode::AccessDenied).on(Operation::GetRecords);
        assert_eq!(parse("fail-calls=1:AccessDenied@GetRecords"), Ok(Faults::seeded(0).add(refused)));
    }

    #[test]
    fn what_is_wrong_in_a_plan_is_named_with_what_would_be_right() {
        for (wrong, named, right) in [
            ("", "\"\"", "fail-entries"),
            ("fail-entry=0.2", "fail-entry=0.2", "fail-entries"),
            ("hang", "\"hang\"", "KEY=VALUE"),
            ("hang=2", "hang=2", "from 0 to 1"),
            ("hang=NaN", "hang=NaN", "from 0 to 1"),
            ("seed=x", "seed=x", "whole number"),
            ("delay=0.1", "delay=0.1", "0.1:200ms"),
            ("delay=0.1:soon", "delay=0.1:soon", "soon"),
            ("throttle=orders", "throttle=orders", "orders/shardId-000000000000"),
            ("fail-calls=1:Nothing", "Nothing", "AccessDeniedException"),
            ("hang=1@GetRecord", "GetRecord", "GetRecords"),
        ] {
            let told = parse(wrong).unwrap_err();
            assert!(told.contains(named) && told.contains(right), "{wrong}: {told}");
        }
    }
}
