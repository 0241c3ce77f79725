//! What a look at one thing found.

use serde::Serialize;

/// What a look at one thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// What was looked at.
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    /// What was seen there, or why nothing was.
    pub(crate) told: String,
    /// What to do about a finding.
    pub(crate) remedy: Option<String>,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Finding,
    /// Nobody knows.
    NotChecked,
}

impl Check {
    /// It is as it should be.
    pub(crate) fn ok(name: impl Into<String>, told: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Ok, told: told.into(), remedy: None }
    }

    /// It is not as it should be.
    pub(crate) fn finding(
        name: impl Into<String>,
        told: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = Some(remedy.into());
        Self { name: name.into(), verdict: Verdict::Finding, told: told.into(), remedy }
    }

    /// Nobody knows, and why.
    pub(crate) fn not_checked(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::NotChecked, told: why.into(), remedy: None }
    }
}
