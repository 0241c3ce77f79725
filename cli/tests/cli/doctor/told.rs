//! What the doctor told.

use serde_json::Value;

use crate::support::Headwater;

/// What the doctor told, check by check.
#[derive(Debug)]
pub(crate) struct Told {
    checks: Vec<Value>,
    code: Option<i32>,
}

impl Told {
    /// Runs it, and reads what it tells.
    pub(crate) async fn by(headwater: Headwater) -> Self {
        let done = headwater.args(["--output", "json"]).run().await;
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let checks: Vec<Value> = done.stdout.lines().map(read).collect();
        assert!(!checks.is_empty(), "{}", done.stderr);
        Self { checks, code: done.status.code() }
    }

    fn check(&self, name: &str) -> &Value {
        let found = self.checks.iter().find(|check| check["check"] == name);
        found.unwrap_or_else(|| panic!("no check of {name}: {self:?}"))
    }

    /// What became of a check.
    #[track_caller]
    pub(crate) fn verdict(&self, name: &str) -> &str {
        self.check(name)["verdict"].as_str().expect("it is a word")
    }

    /// What a check saw.
    #[track_caller]
    pub(crate) fn seen(&self, name: &str) -> &str {
        self.check(name)["told"].as_str().expect("it is a text")
    }

    /// Whether nothing was found.
    pub(crate) fn is_healthy(&self) -> bool {
        self.code == Some(0)
    }

    /// That nothing was found.
    #[track_caller]
    pub(crate) fn nothing_found(&self) {
        let findings: Vec<_> = self.checks.iter().filter(|check| check["verdict"] == "finding").collect();
        assert!(findings.is_empty() && self.code == Some(0), "{:?}: {findings:#?}", self.code);
    }

    /// That this was found and nothing else, with this in what was seen and this in the remedy.
    #[track_caller]
    pub(crate) fn found_only(&self, name: &str, seen: &str, remedy: &str) {
        self.found(name, seen, remedy);
        let others = |check: &&Value| check["verdict"] == "finding" && check["check"] != name;
        let others: Vec<_> = self.checks.iter().filter(others).collect();
        assert!(others.is_empty(), "{others:#?}");
    }

    /// That this was found, with this in what was seen and this in the remedy.
    #[track_caller]
    pub(crate) fn found(&self, name: &str, seen: &str, remedy: &str) {
        let check = self.check(name);
        assert_eq!(check["verdict"], "finding", "{check}");
        let contains = |key: &str, part: &str| check[key].as_str().is_some_and(|text| text.contains(part));
        assert!(contains("told", seen) && contains("remedy", remedy), "{seen}, {remedy}: {check}");
        assert_eq!(self.code, Some(1));
    }
}
