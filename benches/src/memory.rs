//! How much memory this process holds, where the system tells.

use std::fs::{read_to_string, write};

/// Returns how much it holds now, in bytes.
pub(crate) fn resident() -> Option<u64> {
    status("VmRSS")
}

/// Returns the most that it held since it started or since [`forget_peak`], in bytes.
pub(crate) fn peak() -> Option<u64> {
    status("VmHWM")
}

/// Has [`peak`] begin anew.
pub(crate) fn forget_peak() {
    // Where it is not allowed the peak is that of the whole process, which is more: no figure gets better by it.
    let _ = write("/proc/self/clear_refs", "5");
}

/// Finds a figure that the system gives in kibibytes.
fn status(name: &str) -> Option<u64> {
    figure(&read_to_string("/proc/self/status").ok()?, name)
}

fn figure(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn a_figure_is_found_by_its_whole_name() {
        let status = "Name:\tbench\nVmHWMx:\t     1 kB\nVmHWM:\t    9312 kB\nThreads:\t3\n";
        assert_eq!(figure(status, "VmHWM"), Some(9312 * 1024));
        assert_eq!(figure(status, "VmRSS"), None);
        assert_eq!(figure(status, "Threads"), None);
    }
}
