//! From a value of the file to what it would be on the command line.

use std::ffi::OsString;

use clap::{Arg, ArgAction};
use toml::de::DeValue;

/// The flags that stand for a value; an error says what kind of value is right, and never repeats the wrong one.
pub(crate) fn flags(arg: &Arg, key: &str, value: &DeValue<'_>) -> Result<Vec<OsString>, String> {
    let bare = || OsString::from(format!("--{key}"));
    let with = |text: String| OsString::from(format!("--{key}={text}"));
    match (arg.get_action(), value) {
        (ArgAction::SetTrue | ArgAction::SetFalse, DeValue::Boolean(set)) => {
            Ok(if *set { vec![bare()] } else { Vec::new() })
        }
        (ArgAction::SetTrue | ArgAction::SetFalse, _) => Err("true or false is right".to_owned()),
        (ArgAction::Count, DeValue::Integer(count)) => {
            let count = count.as_str().parse::<u8>().map_err(|_| "a number from 0 to 255 is right")?;
            Ok((0..count).map(|_| bare()).collect())
        }
        (ArgAction::Count, _) => Err("a number is right".to_owned()),
        (ArgAction::Append, DeValue::Array(values)) => {
            values.iter().map(|value| scalar(value.get_ref()).map(with)).collect()
        }
        (ArgAction::Append, value) => {
            Ok(vec![with(scalar(value).map_err(|_| "a value or an array of values is right")?)])
        }
        (_, value) => Ok(vec![with(scalar(value)?)]),
    }
}

fn scalar(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|error| error.to_string()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(set) => Ok(set.to_string()),
        DeValue::Datetime(time) => Ok(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => Err("one value is right".to_owned()),
    }
}
