//! A number of things, in words.

/// A number of things, one of which is a `thing`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_thing_is_no_plural() {
        let told = [0, 1, 2].map(|count| counted(count, "record"));
        assert_eq!(told, ["0 records", "1 record", "2 records"]);
    }
}
