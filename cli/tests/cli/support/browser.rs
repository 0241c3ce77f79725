//! Chromium without a window, as somebody who looks at the live page.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_tests::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long an answer may take on a busy machine.
const TIME_LIMIT: Duration = Duration::from_mins(3);

/// It speaks the DevTools protocol by its third and fourth file: no port that others could reach, and it ends when
/// they are closed. A shell gives it the pipes of its standard input and output there.
const START: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

/// A browser with one page. It is killed on drop.
#[derive(Debug)]
pub(crate) struct Browser {
    _child: Child,
    _profile: TempDir,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    asked: u64,
    session: String,
    complaints: Vec<String>,
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// When it is not installed, with the way out.
    pub(crate) async fn start() -> Self {
        let profile = tempfile::tempdir().expect("a directory for its profile");
        let mut child = Command::new("sh")
            .args(["-c", START])
            .arg(installed())
            .args(["--headless", "--remote-debugging-pipe", "--no-sandbox", "--no-zygote", "--no-first-run"])
            .args(["--disable-gpu", "--disable-software-rasterizer", "--disable-background-networking"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a shell starts");
        let to = child.stdin.take().expect("its standard input is a pipe");
        let from = BufReader::new(child.stdout.take().expect("its standard output is a pipe"));
        let mut browser = Self {
            _child: child,
            _profile: profile,
            to,
            from,
            asked: 0,
            session: String::new(),
            complaints: Vec::new(),
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.session = attached["sessionId"].as_str().expect("it attaches").to_owned();
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Looks at a page on a screen of this size, by day or by night.
    pub(crate) async fn open(&mut self, url: &str, (width, height): (u32, u32), scheme: &str) {
        self.resize((width, height), scheme).await;
        self.call("Page.navigate", json!({ "url": url })).await;
    }

    /// Gives the screen another size, and turns the light on or off.
    pub(crate) async fn resize(&mut self, (width, height): (u32, u32), scheme: &str) {
        let screen =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", screen).await;
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await;
    }

    /// What a JavaScript expression comes to.
    pub(crate) async fn value(&mut self, expression: &str) -> Value {
        let evaluate = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", evaluate).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// Waits until a JavaScript expression is true.
    pub(crate) async fn sees(&mut self, what: &str, expression: &str) {
        eventually(what, async || (self.value(expression).await == json!(true)).then_some(())).await;
    }

    /// Writes what is to be seen into a file under `target/screenshots`.
    pub(crate) async fn screenshot(&mut self, name: &str) {
        let image = self.call("Page.captureScreenshot", json!({})).await;
        let image = STANDARD.decode(image["data"].as_str().expect("an image")).expect("Base64");
        let folder = target().join("screenshots");
        std::fs::create_dir_all(&folder).expect("a folder for screenshots");
        std::fs::write(folder.join(format!("{name}.png")), image).expect("a file for a screenshot");
    }

    /// What the page complained of: errors and warnings of its own, and what it could not load.
    pub(crate) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let mut request = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            request["sessionId"] = json!(self.session);
        }
        let mut request = request.to_string().into_bytes();
        request.push(0);
        self.to.write_all(&request).await.unwrap_or_else(|error| panic!("{method}: {error}"));
        loop {
            let mut message = self.hear(method).await;
            if message["id"] == json!(id) {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
            if let Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded") =
                message["method"].as_str()
            {
                self.complaints.push(message["params"].to_string());
            }
        }
    }

    /// Takes in one message: an answer, or what became known meanwhile.
    async fn hear(&mut self, method: &str) -> Value {
        let mut message = Vec::new();
        let heard = tokio::time::timeout(TIME_LIMIT, self.from.read_until(0, &mut message)).await;
        let heard = heard.unwrap_or_else(|_| panic!("{method}: no answer"));
        assert!(heard.is_ok_and(|bytes| bytes > 1), "{method}: the browser has ended");
        serde_json::from_slice(&message[..message.len() - 1]).expect("JSON")
    }
}

/// The browser that `cargo xtask setup` installs, or the one that `HEADWATER_CHROMIUM` names.
fn installed() -> PathBuf {
    let named = std::env::var_os("HEADWATER_CHROMIUM").map(PathBuf::from);
    let path = named.unwrap_or_else(|| target().join("servers/browser/chromium"));
    assert!(
        path.exists(),
        "{} is not there: run `cargo xtask setup`, or name a Chromium by HEADWATER_CHROMIUM",
        path.display()
    );
    path
}

fn target() -> PathBuf {
    // Cargo says at run time which package it tests.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().expect("the package lies in the workspace").join("target")
}
