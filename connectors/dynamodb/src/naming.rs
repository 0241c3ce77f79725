//! Which tables an application has.

use std::fmt::Write as _;

use headwater::checkpoint::Application;
use headwater::{Error, ErrorKind, Result};

/// What follows the name of a lease table in that of its companion.
const COMPANION: &str = "-headwater";
/// The longest name of a table that DynamoDB allows.
const LONGEST: usize = 255;
/// The shortest name of a table that DynamoDB allows.
const SHORTEST: usize = 3;

/// How the lease table of an application is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// After the application, as the KCL does.
    Application,
    /// As the user says.
    Fixed(String),
    /// After application and stream, behind a prefix.
    PerStream(String),
}

impl Naming {
    /// Returns the names of the lease table and of its companion.
    pub(crate) fn of(&self, application: &Application) -> Result<(String, String)> {
        let leases = match self {
            Self::Application => application.name.to_string(),
            Self::Fixed(table) => table.clone(),
            Self::PerStream(prefix) => {
                format!("{prefix}{}.{}", escaped(&application.name), escaped(&application.stream))
            }
        };
        let companion = format!("{leases}{COMPANION}");
        let invalid = |why: &str| {
            let context = format!(
                "keep the leases of {application} in table \"{leases}\": {why}; choose another with table(..), or let \
                 table_per_stream(..) make it"
            );
            Err(Error::new(ErrorKind::Invalid, context))
        };
        if !leases.chars().all(|char| char.is_ascii_alphanumeric() || "_.-".contains(char)) {
            return invalid("the name of a table has letters, digits, '_', '.' and '-'");
        }
        if leases.len() < SHORTEST || companion.len() > LONGEST {
            return invalid("the name of a table has 3 to 245 characters");
        }
        if leases.ends_with(COMPANION) {
            return invalid("a name with this end belongs to another lease table");
        }
        Ok((leases, companion))
    }
}

/// Writes a name in letters, digits and '-', with every other byte as '_' and two hexadecimal digits, so that no two
/// names become one and none can be taken for a companion.
fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "_{byte:02X}");
        }
    }
    escaped.replace(COMPANION, "_2Dheadwater")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_applications_share_a_table_whatever_their_names() {
        let names = ["a", "b", "a.b", "a-b", "a_b", "a_2Db", "a/b", "é", "b-headwater", "", "b.c", "c"];
        let naming = Naming::PerStream("fleet.".into());
        let mut seen = HashSet::new();
        for name in names {
            for stream in names {
                let (leases, companion) = naming.of(&Application::new(name, stream)).unwrap();
                assert!(seen.insert(leases), "{name} on {stream}");
                assert!(seen.insert(companion), "{name} on {stream}");
            }
        }
    }

    #[test]
    fn a_name_that_dynamodb_does_not_allow_is_refused_with_the_way_out() {
        let long = "x".repeat(246);
        for name in ["my app", "ab", &long, "billing-headwater"] {
            let error = Naming::Application.of(&Application::new(name, "orders")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains("choose another with table(..)"), "{error}");
        }
        let (leases, companion) = Naming::Application.of(&Application::new("billing", "orders")).unwrap();
        assert_eq!((&*leases, &*companion), ("billing", "billing-headwater"));
    }
}
