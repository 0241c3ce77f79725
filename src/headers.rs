//! What travels beside a payload: names and values.

use std::fmt;
use std::sync::Arc;

use crate::{Error, ErrorKind, Result};

/// Texts by name that travel beside a payload, such as a trace context.
///
/// They stay with their message on its way through a pipeline. Whether they reach the other side is up to the framing
/// of the records ([`Framing::carries_headers`](crate::codec::Framing::carries_headers)): KPL aggregates have room,
/// lines, lists, netstrings and plain records have none, and leave them out.
///
/// Names differ by case. Headers are bounded: at most 32, names of 1 to 128 bytes, values of at most 4,096 bytes. None
/// at all take no memory but a null pointer, and clones share what there is.
///
/// # Example
///
/// ```
/// use headwater::{Headers, Message};
///
/// let mut headers = Headers::new();
/// headers.insert("tenant", "north")?;
/// let message = Message::new("an order").rehead(headers).map(str::len);
/// assert_eq!(message.header("tenant"), Some("north"));
/// # message.ack();
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(
    // Never an empty list, and one word in each message.
    Option<Arc<Vec<Header>>>,
);

#[derive(Clone, PartialEq, Eq)]
struct Header {
    name: Box<str>,
    value: Box<str>,
}

impl Headers {
    /// How many a message may have: 32.
    pub const MAX_COUNT: usize = 32;
    /// How long a name may be: 128 bytes.
    pub const MAX_NAME_LEN: usize = 128;
    /// How long a value may be: 4,096 bytes.
    pub const MAX_VALUE_LEN: usize = 4096;

    /// Creates none.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Sets a header, in place of one of the same name. Clones keep what they had.
    ///
    /// # Errors
    ///
    /// `Invalid`, where the name is empty or too long, the value too long, or the headers too many. The headers stay
    /// as they are then.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Headers;
    ///
    /// let mut headers = Headers::new();
    /// headers.insert("tenant", "north")?;
    /// headers.insert("tenant", "south")?;
    /// assert_eq!(headers.iter().collect::<Vec<_>>(), [("tenant", "south")]);
    ///
    /// let error = headers.insert("", "west").unwrap_err();
    /// assert_eq!(error.to_string(), "header \"\": a name of 1 to 128 bytes is needed");
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn insert(&mut self, name: &str, value: &str) -> Result<()> {
        let is_new = self.get(name).is_none();
        check(name, value, self.len() + usize::from(is_new))?;
        let headers = Arc::make_mut(self.0.get_or_insert_default());
        match headers.iter_mut().find(|header| *header.name == *name) {
            Some(header) => header.value = value.into(),
            None => headers.push(Header { name: name.into(), value: value.into() }),
        }
        Ok(())
    }

    /// Removes the header of a name, if there is one. Clones keep theirs.
    ///
    /// # Example
    ///
    /// ```
    /// use headwater::Headers;
    ///
    /// let mut headers = Headers::new();
    /// headers.insert("tenant", "north")?;
    /// headers.remove("tenant");
    /// assert!(headers.is_empty());
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn remove(&mut self, name: &str) {
        if self.get(name).is_none() {
            return;
        }
        let Some(headers) = &mut self.0 else { return };
        if headers.len() == 1 {
            self.0 = None;
        } else {
            Arc::make_mut(headers).retain(|header| *header.name != *name);
        }
    }

    /// Returns the value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// Returns names and values, in the order in which the names were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|headers| headers.iter()).map(|header| (&*header.name, &*header.value))
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |headers| headers.len())
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the length of all names and values, in bytes.
    pub fn bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

fn check(name: &str, value: &str, count: usize) -> Result<()> {
    let (most, longest_name, longest_value) =
        (Headers::MAX_COUNT, Headers::MAX_NAME_LEN, Headers::MAX_VALUE_LEN);
    // A name that is too long is not worth telling whole.
    let shown = name.get(..longest_name).unwrap_or(name);
    let context = if !(1..=longest_name).contains(&name.len()) {
        format!("header \"{shown}\": a name of 1 to {longest_name} bytes is needed")
    } else if value.len() > longest_value {
        format!("header \"{name}\": a value of {} bytes: at most {longest_value} are allowed", value.len())
    } else if count > most {
        format!("header \"{name}\": a message has at most {most}")
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Invalid, context))
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Ack, Key, Message, Origin};

    fn headers(names: &[&str]) -> Headers {
        let mut headers = Headers::new();
        for name in names {
            headers.insert(name, "value").unwrap();
        }
        headers
    }

    #[test]
    fn headers_make_a_message_larger_by_one_pointer() {
        let before = size_of::<(Bytes, Option<Key>, Option<Origin>, Ack)>();
        assert_eq!(size_of::<Message<Bytes>>(), before + size_of::<usize>());
    }

    #[test]
    fn what_one_clone_is_given_or_loses_the_others_do_not() {
        let first = headers(&["a", "b"]);
        let mut second = first.clone();
        second.insert("a", "other").unwrap();
        second.remove("b");
        second.remove("never there");
        assert_eq!(first.iter().collect::<Vec<_>>(), [("a", "value"), ("b", "value")]);
        assert_eq!(second.iter().collect::<Vec<_>>(), [("a", "other")]);
    }

    #[test]
    fn headers_without_any_left_are_those_that_never_had_one() {
        let mut emptied = headers(&["a"]);
        emptied.remove("a");
        assert_eq!(emptied, Headers::new());
        assert_eq!((emptied.len(), emptied.bytes()), (0, 0));
    }

    #[test]
    fn headers_stay_with_what_becomes_of_a_message() {
        let message = || Message::keyed("to be", "hamlet").rehead(headers(&["act"]));
        let all = [message().map(str::to_owned), message().try_map(str::parse).unwrap()];
        let exploded = message().explode(|line| line.split(' ').map(str::to_owned));
        let filtered = message().filter(|_| true).unwrap().map(str::to_owned);
        for message in all.into_iter().chain(exploded).chain([filtered]) {
            let (payload, key, headers, origin, ack) = message.into_parts();
            let message = Message::from_parts(payload, key, headers, origin, ack).rekey("other");
            assert_eq!(message.header("act"), Some("value"), "{message:?}");
            assert_eq!(message.header("scene"), None);
            message.ack();
        }
    }

    #[test]
    fn what_is_beyond_the_limits_is_refused_and_changes_nothing() {
        let names: Vec<_> = (0..Headers::MAX_COUNT).map(|number| format!("name-{number}")).collect();
        let full = headers(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let (long_name, long_value) = ("n".repeat(129), "v".repeat(4097));
        for (name, value, cause) in [
            ("one-more", "", "a message has at most 32"),
            ("", "", "a name of 1 to 128 bytes is needed"),
            (&long_name, "", "a name of 1 to 128 bytes is needed"),
            ("name-0", &long_value, "a value of 4097 bytes: at most 4096 are allowed"),
        ] {
            let mut headers = full.clone();
            let error = headers.insert(name, value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(cause), "{error}");
            assert_eq!(headers, full);
        }
        let mut headers = full.clone();
        headers.insert("name-0", &"v".repeat(4096)).unwrap();
        assert_eq!(headers.len(), Headers::MAX_COUNT);
    }
}
