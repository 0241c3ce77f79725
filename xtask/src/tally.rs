//! How many tests passed and failed, over everything that ran.

use std::fmt;
use std::ops::AddAssign;

/// A count of what passed and what failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// One thing that passed or failed as a whole.
    pub(crate) fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), ignored: 0 }
    }

    /// What a line of libtest's output counts, if it is the line that ends a test binary:
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s`.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let (_, counts) = line.split_once("test result: ")?;
        let words: Vec<_> = counts.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        let count =
            |name| words.windows(2).find(|pair| pair[1] == name).and_then(|pair| pair[0].parse().ok());
        Some(Self { passed: count("passed")?, failed: count("failed")?, ignored: count("ignored")? })
    }

    /// Whether nothing failed so far.
    pub(crate) fn is_clean(self) -> bool {
        self.failed == 0
    }

    /// Prints the closing line, and says whether all is well: something ran, and nothing failed.
    pub(crate) fn report(self) -> bool {
        if self.ignored > 0 {
            println!(
                "{} ignored: this workspace has no ignored tests, so they count as failed",
                self.ignored
            );
        }
        println!("{self}");
        self.failed + self.ignored == 0 && self.passed > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed + self.ignored)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_closing_line_of_a_test_binary_is_counted() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 4 filtered out; finished in 1s";
        assert_eq!(Tally::of_line(line), Some(Tally { passed: 12, failed: 3, ignored: 1 }));
    }

    #[test]
    fn colours_do_not_hide_the_counts() {
        let line =
            "test result: \u{1b}[32mok\u{1b}[m. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(Tally::of_line(line), Some(Tally { passed: 7, failed: 0, ignored: 0 }));
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(Tally::of_line("test conformance::kinesalite::split ... ok"), None);
        assert_eq!(Tally::of_line("running 12 tests"), None);
    }

    #[test]
    fn a_run_of_no_tests_is_no_success() {
        assert!(!Tally::default().report());
        assert!(Tally::one(true).report());
        assert!(!Tally::one(false).report());
    }
}
