//! A headless Chromium, driven over its debugging pipe: messages of the DevTools protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>), each ended by a zero byte, over two descriptors.

use crate::oracle::skipped::skip;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longest wait for an answer; a machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// What each page keeps of what it must not do.
const WITNESS: &str = "window.witness = { alerts: 0, violations: [] };
    window.alert = () => { window.witness.alerts += 1; };
    document.addEventListener('securitypolicyviolation', (event) => window.witness.violations.push(event.violatedDirective));";

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    last: u64,
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts it; none where there is no Chromium, and a test is skipped, but where `ASSAY_CI` is set it fails.
    pub(crate) fn start() -> Option<Self> {
        let version = Command::new("chromium").arg("--version").output();
        if !version.is_ok_and(|output| output.status.success()) {
            skip("chromium", "chromium");
            return None;
        }
        let profile = tempfile::tempdir().unwrap();
        // It reads from descriptor 3 and writes to 4; the shell only puts them there.
        let script = "exec chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
            --disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe \
            --user-data-dir=\"$0\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>&1";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(out).split(0).map_while(Result::ok) {
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let (session, last, events) = (None, 0, Vec::new());
        let mut browser = Self { child, to, from, session, last, events, _profile: profile };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", &attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser.call("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": WITNESS }));
        browser.size(1280, 900);
        Some(browser)
    }

    /// Calls a method of the protocol and waits for its result; an error is a failed test.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let answer = self.from.recv_timeout(PATIENCE).unwrap();
            if answer["id"] == self.last {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// The value of an expression in the page, waited for where it is a promise, as if a person had acted.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let result = self.call("Runtime.evaluate", &params);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// The same, as text.
    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.evaluate(expression).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait(&mut self, expression: &str) {
        let begin = Instant::now();
        while self.evaluate(expression) != true {
            assert!(begin.elapsed() < PATIENCE, "never true: {expression}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Opens a file, forgetting what was seen before; `fragment` is "" or "#name".
    pub(crate) fn open(&mut self, path: &Path, fragment: &str) {
        self.call("Page.navigate", &json!({ "url": "about:blank" }));
        self.events.clear();
        let url = format!("file://{}{fragment}", path.display());
        self.call("Page.navigate", &json!({ "url": url }));
    }

    /// Opens a file, and waits until its script has done its work.
    pub(crate) fn open_ready(&mut self, path: &Path) {
        self.open(path, "");
        self.wait("document.documentElement?.dataset.ready === 'true'");
    }

    pub(crate) fn size(&mut self, width: u32, height: u32) {
        let params =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", &params);
    }

    pub(crate) fn dark(&mut self, on: bool) {
        let value = if on { "dark" } else { "light" };
        let params = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.call("Emulation.setEmulatedMedia", &params);
    }

    /// Presses a key and lets it go.
    pub(crate) fn key(&mut self, key: &str) {
        let text = if key == "Enter" { "\r" } else { "" };
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "ArrowRight" => 39,
            "Escape" => 27,
            _ => 0,
        };
        let down = json!({ "type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", &down);
        self.call(
            "Input.dispatchKeyEvent",
            &json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }),
        );
    }

    /// Types into what has the focus.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// What the console and the log of the browser say, errors and warnings alike, and what the policy refused.
    pub(crate) fn problems(&mut self) -> Vec<String> {
        let violations = self.evaluate("window.witness?.violations.join(' ') ?? ''");
        let told = ["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"];
        let events = self.events.iter().filter(|event| told.iter().any(|name| event["method"] == *name));
        let mut problems: Vec<String> = events.map(|event| event["params"].to_string()).collect();
        problems.extend(violations.as_str().filter(|text| !text.is_empty()).map(str::to_owned));
        problems
    }

    /// The addresses that were asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        let sent = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session = None;
        // Without an answer: the pipe ends with the process.
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let begin = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begin.elapsed() > Duration::from_secs(10) {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
