//! The two processes: the server, and the real binary against it.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::figures::{Count, Figures};
use crate::server;

/// Why nothing could be measured.
#[derive(Debug)]
pub(crate) struct Failed(pub String);

impl Failed {
    fn because(error: impl Display) -> Self {
        Self(error.to_string())
    }
}

const RULES: &str = "\
version: 1
name: acme
home: { region: us-east-1, account: \"HOME\" }
watch: { regions: [us-east-1], organization: {} }
trail: none
channels: { security-mail: { email: security@example.com } }
notify: { default: [security-mail] }
rules:
  - use: pack/identity
";

/// A server with an organization, and what its clients need.
pub(crate) struct Bench {
    binary: PathBuf,
    server: Child,
    answers: BufReader<ChildStdout>,
    endpoint: String,
    key: String,
    secret: String,
    folder: TempDir,
}

impl Bench {
    /// An organization of so many accounts besides home, nothing deployed in any.
    pub(crate) fn start(binary: &Path, accounts: usize) -> Result<Self, Failed> {
        let folder = TempDir::new().map_err(Failed::because)?;
        let rules = RULES.replace("HOME", &server::account(1));
        std::fs::write(folder.path().join("iamwatch.yaml"), rules).map_err(Failed::because)?;
        let listed: String = (0..=accounts)
            .map(|number| format!("{} account-{number}\n", server::account(number)))
            .collect();
        std::fs::write(folder.path().join("accounts"), listed).map_err(Failed::because)?;
        let mut server = std::env::current_exe()
            .and_then(|this| {
                Command::new(this)
                    .args(["--serve", &accounts.to_string()])
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
            })
            .map_err(Failed::because)?;
        let stdout = server.stdout.take();
        let stdout = stdout.ok_or_else(|| Failed("the server says nothing".to_owned()))?;
        let mut bench = Self {
            binary: binary.to_owned(),
            server,
            answers: BufReader::new(stdout),
            endpoint: String::new(),
            key: String::new(),
            secret: String::new(),
            folder,
        };
        let ready = bench.hear()?;
        let text = |field: &str| {
            let text = ready.get(field).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        (bench.endpoint, bench.key, bench.secret) = (text("endpoint"), text("key"), text("secret"));
        Ok(bench)
    }

    fn hear(&mut self) -> Result<Value, Failed> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(Failed::because)?;
        serde_json::from_str(&line).map_err(|_| Failed("the server is gone".to_owned()))
    }

    /// The requests since the last time.
    fn counts(&mut self) -> Result<Vec<Count>, Failed> {
        let stdin = self.server.stdin.as_mut();
        let stdin = stdin.ok_or_else(|| Failed("the server is gone".to_owned()))?;
        stdin.write_all(b"\n").map_err(Failed::because)?;
        serde_json::from_value(self.hear()?).map_err(Failed::because)
    }

    /// Runs a command of the binary to its end.
    pub(crate) fn run(&mut self, command: &[&str], given: bool) -> Result<Figures, Failed> {
        self.counts()?;
        let said = self.folder.path().join("said");
        let errors = std::fs::File::create(&said).map_err(Failed::because)?;
        let mut iamwatch = Command::new(&self.binary);
        iamwatch
            .args(command)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", &self.key)
            .env("AWS_SECRET_ACCESS_KEY", &self.secret)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors);
        if given {
            iamwatch.args(["--accounts-file", "accounts"]);
        }
        let server_before = cpu(self.server.id());
        let begun = Instant::now();
        let client = iamwatch.spawn().map_err(Failed::because)?;
        let (mut wall, mut peak) = (Duration::ZERO, 0);
        // What it has used can be read until it is waited for.
        while wall == Duration::ZERO {
            match status(client.id()) {
                Some((true, _)) => wall = begun.elapsed(),
                Some((false, memory)) => {
                    peak = peak.max(memory);
                    sleep(Duration::from_millis(5));
                }
                None => return self.portably(client, begun, &said),
            }
        }
        let used = cpu(client.id());
        let server_after = cpu(self.server.id());
        self.end(client, &said)?;
        Ok(Figures {
            wall,
            cpu: used,
            server_cpu: server_after.saturating_sub(server_before),
            peak,
            counts: self.counts()?,
        })
    }

    /// Where there is no `/proc`: without memory and CPU.
    fn portably(
        &mut self,
        client: Child,
        begun: Instant,
        said: &PathBuf,
    ) -> Result<Figures, Failed> {
        self.end(client, said)?;
        Ok(Figures {
            wall: begun.elapsed(),
            counts: self.counts()?,
            ..Figures::default()
        })
    }

    fn end(&self, mut client: Child, said: &PathBuf) -> Result<(), Failed> {
        let status = client.wait().map_err(Failed::because)?;
        if status.success() {
            return Ok(());
        }
        let said = std::fs::read_to_string(said).unwrap_or_default();
        Err(Failed(format!("iamwatch ended with {status}: {said}")))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

/// Whether a process has ended, and its peak memory so far, in kilobytes.
fn status(process: u32) -> Option<(bool, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)
    };
    let ended = field("State:")? == "Z";
    let peak = field("VmHWM:").and_then(|kilobytes| kilobytes.parse().ok());
    Some((ended, peak.unwrap_or_default()))
}

/// What a process has used of the cores; zero where that is not known.
fn cpu(process: u32) -> Duration {
    // Source: proc_pid_stat(5). Ticks are hundredths of a second on every Linux there is.
    let ticks = || {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name may hold anything, and ends with the last parenthesis.
        let (_, fields) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let field = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(field(11)? + field(12)?)
    };
    Duration::from_millis(10 * ticks().unwrap_or_default())
}
