//! Partition keys, as a flag or an argument says them.

use headwater_kinesis::limits::PARTITION_KEY_CHARS;

/// Reads a partition key.
pub(crate) fn partition_key(key: &str) -> Result<String, String> {
    let chars = key.chars().count();
    if PARTITION_KEY_CHARS.contains(&chars) {
        return Ok(key.to_owned());
    }
    let (least, most) = (PARTITION_KEY_CHARS.start(), PARTITION_KEY_CHARS.end());
    Err(format!("it has {chars} characters: {least} to {most} are right"))
}

#[cfg(test)]
mod tests {
    use super::partition_key;

    #[test]
    fn a_key_has_1_to_256_characters_of_any_width() {
        assert_eq!(partition_key(&"é".repeat(256)).unwrap().chars().count(), 256);
        for (wrong, chars) in [(String::new(), "0"), ("é".repeat(257), "257")] {
            let told = partition_key(&wrong).unwrap_err();
            assert_eq!(told, format!("it has {chars} characters: 1 to 256 are right"));
        }
    }
}
