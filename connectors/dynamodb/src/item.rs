//! Items of DynamoDB, and their attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// An item, or the key of one.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Makes a string.
pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Makes a number.
pub(crate) fn number(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

/// Reads a string. One that is absent or empty is none.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    let text = item.get(name)?.as_s().ok()?;
    (!text.is_empty()).then_some(text.as_str())
}

/// Reads a whole number.
pub(crate) fn number_of<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
