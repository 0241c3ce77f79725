//! One command that a task runs.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::workspace;

/// A command, run in the workspace's root, that knows what to tell someone for whom it fails.
pub(crate) struct Step {
    command: Command,
    way_out: String,
    time_limit: Option<Duration>,
}

/// Why a step failed: the command as one would type it, and the way out.
#[derive(Debug)]
pub(crate) struct Error(String);

impl Step {
    /// A step that runs `program`.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(workspace::root()).stdin(Stdio::null());
        Self { command, way_out: String::new(), time_limit: None }
    }

    /// A step that runs the cargo that started this process.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
    }

    /// Adds arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes an environment variable away.
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Takes every environment variable away.
    pub(crate) fn without_any_env(mut self) -> Self {
        self.command.env_clear();
        self
    }

    /// Runs it in another folder.
    pub(crate) fn dir(mut self, dir: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Says what to do when it fails.
    pub(crate) fn way_out(mut self, way_out: impl Into<String>) -> Self {
        self.way_out = way_out.into();
        self
    }

    /// Kills it once `limit` has passed. Without one it runs for as long as it likes.
    pub(crate) fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Runs it to its end; anything but success is an error.
    pub(crate) fn run(self) -> Result<(), Error> {
        self.read_lines(|_| ())
    }

    /// Runs it to its end, and hands out each line of its output, which is printed as well.
    ///
    /// The lines have all been handed out by the time that a failure is returned.
    pub(crate) fn read_lines(mut self, mut each: impl FnMut(&str)) -> Result<(), Error> {
        println!("\n$ {}", self.shown());
        let mut child = match self.command.stdout(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) => return Err(self.failed(&error)),
        };

        let lines = child.stdout.take().map(BufReader::new);
        let (done, ended) = mpsc::channel::<()>();
        let time_limit = self.time_limit;
        let outcome = thread::scope(|scope| {
            let watched = scope.spawn(move || wait(child, time_limit, &ended));
            let read = lines.map_or(Ok(()), |lines| echo(lines, &mut each));
            drop(done);
            let waited = watched.join().unwrap_or_else(|_| Err(io::Error::other("its watcher panicked")));
            read.and(waited)
        });
        match outcome {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failed(&status)),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn failed(&self, reason: &dyn fmt::Display) -> Error {
        let way_out = if self.way_out.is_empty() { String::new() } else { format!("\n  {}", self.way_out) };
        Error(format!("`{}` failed: {reason}{way_out}", self.shown()))
    }

    fn shown(&self) -> String {
        let program = std::path::Path::new(self.command.get_program());
        let program = program.file_stem().unwrap_or(program.as_os_str());
        std::iter::once(program)
            .chain(self.command.get_args())
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Waits for a child whose output has ended, or kills it when its time is up.
///
/// The end of its output stands for its own end, because the standard library has no wait with a time limit.
fn wait(
    mut child: std::process::Child,
    time_limit: Option<Duration>,
    ended: &mpsc::Receiver<()>,
) -> io::Result<ExitStatus> {
    if let Some(limit) = time_limit
        && ended.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout)
    {
        child.kill()?;
        child.wait()?;
        return Err(io::Error::new(io::ErrorKind::TimedOut, format!("killed after {limit:?}")));
    }
    child.wait()
}

fn echo(lines: impl BufRead, each: &mut impl FnMut(&str)) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in lines.split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        writeln!(out, "{line}")?;
        out.flush()?;
        each(&line);
    }
    Ok(())
}

impl Error {
    /// An error that no command caused.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Step;

    #[test]
    fn the_lines_of_a_step_are_handed_out_in_order() {
        let mut lines = Vec::new();
        let step = Step::new("node").args(["-e", "console.log('one'); console.log('two')"]);
        step.read_lines(|line| lines.push(line.to_owned())).expect("it succeeds");
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_failed_step_names_its_command_and_the_way_out() {
        let step = Step::new("node").args(["-e", "process.exit(3)"]).way_out("Try again.");
        let error = step.run().expect_err("it fails").to_string();
        assert!(error.starts_with("`node -e process.exit(3)` failed: "), "{error}");
        assert!(error.ends_with("\n  Try again."), "{error}");
    }

    #[test]
    fn a_step_that_outlives_its_limit_is_killed() {
        let step = Step::new("node").args(["-e", "setInterval(() => {}, 1000)"]);
        let error = step.time_limit(Duration::from_millis(100)).run().expect_err("it never ends").to_string();
        assert!(error.contains("killed after 100ms"), "{error}");
    }
}
