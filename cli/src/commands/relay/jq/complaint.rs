//! What is wrong with an expression, and where.

use jaq_core::compile::Undefined;
use jaq_core::load::Error;
use jaq_core::{compile, load};

/// How much of the expression is repeated.
const LONGEST_QUOTE: usize = 40;

/// Says why an expression cannot be read.
pub(super) fn of_loading(code: &str, errors: load::Errors<&str, ()>) -> String {
    let told = errors.into_iter().flat_map(|(_, error)| match error {
        Error::Io(errors) => errors.into_iter().map(|(part, why)| at(code, part, &why)).collect::<Vec<_>>(),
        Error::Lex(errors) => {
            errors.into_iter().map(|(expected, part)| at(code, part, &expecting(expected.as_str()))).collect()
        }
        Error::Parse(errors) => {
            errors.into_iter().map(|(expected, part)| at(code, part, &expecting(expected.as_str()))).collect()
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Says which of its names mean nothing.
pub(super) fn of_compiling(code: &str, errors: compile::Errors<&str, ()>) -> String {
    let told = errors.into_iter().flat_map(|(_, errors)| errors).map(|(part, undefined)| {
        let name = match undefined {
            Undefined::Filter(arity) => format!("{part}/{arity}"),
            _ => part.to_owned(),
        };
        at(code, part, &format!("there is no {} {name}", undefined.as_str()))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn expecting(what: &str) -> String {
    format!("expected {what}")
}

/// Names the place of a part of the code, in characters from 1.
fn at(code: &str, part: &str, what: &str) -> String {
    let start = (part.as_ptr() as usize).checked_sub(code.as_ptr() as usize);
    let Some(before) = start.and_then(|start| code.get(..start)).filter(|_| !part.is_empty()) else {
        return format!("at the end: {what}");
    };
    let quote: String = part.chars().take(LONGEST_QUOTE).collect();
    format!("at character {}: {quote}: {what}", before.chars().count() + 1)
}
