//! Two applies of an organization at once, and one that is killed in the middle.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use iamwatch::sandbox::{self, Outcome, Sandbox};
use serde_json::json;

use super::kit::{End, Kit, Said};
use super::sweep::{MEMBERS, RULES};
use super::{MANAGEMENT, id};

const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const FOREIGN: &str = "somebody-else";

/// Both at once, in threads of their own.
fn both(kit: &Kit) -> [Said; 2] {
    std::thread::scope(|scope| {
        let run = || scope.spawn(|| kit.run(&APPLY));
        [run(), run()].map(|thread| thread.join().unwrap())
    })
}

fn settles(kit: &Kit, wanted: &End) {
    // Whoever came second may have left something, and said so.
    kit.succeed(&APPLY);
    kit.succeed(&["plan", "--detailed-exitcode"]);
    assert_eq!(kit.end(), *wanted);
}

#[test]
fn two_applies_at_once_end_as_one_does_or_say_why_not() {
    let start = Kit::with(RULES, &MEMBERS);
    let undisturbed = start.fork();
    undisturbed.succeed(&APPLY);
    let wanted = undisturbed.end();
    for _ in 0..2 {
        let kit = start.fork();
        for said in both(&kit) {
            let all = format!("{}{}", said.out, said.err);
            assert!(
                said.code == 0 || all.contains("failed") || all.contains("error: "),
                "{all}"
            );
        }
        settles(&kit, &wanted);
    }
}

#[test]
fn two_repairs_at_once_lose_no_statement_of_the_home_bus() {
    let start = Kit::with(RULES, &MEMBERS);
    start.succeed(&APPLY);
    let ours = start.bus_policy(MANAGEMENT);
    let foreign = json!({
        "Sid": FOREIGN,
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::333344445555:root" },
        "Action": "events:PutEvents",
        "Resource": ours["Statement"][0]["Resource"],
    });
    start.act(MANAGEMENT, "eu-central-1", async |config| {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let policy = json!({ "Version": "2012-10-17", "Statement": [foreign] });
        let request = events.put_permission().event_bus_name("iamwatch-acme");
        request.policy(policy.to_string()).send().await.unwrap();
        let disable = events.disable_rule().event_bus_name("iamwatch-acme");
        let disable = disable.name("iamwatch-acme-key-disabled");
        disable.send().await.unwrap();
    });
    // Ours as before, beside what somebody else says.
    let repaired = start.fork();
    repaired.succeed(&APPLY);
    let wanted = repaired.end();
    for _ in 0..2 {
        let kit = start.fork();
        both(&kit);
        settles(&kit, &wanted);
        let policy = kit.bus_policy(MANAGEMENT);
        let sids: Vec<&str> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|statement| statement["Sid"].as_str().unwrap())
            .collect();
        assert!(sids.contains(&FOREIGN), "{policy:#}");
        let count = ours["Statement"].as_array().unwrap().len();
        assert_eq!(sids.len(), count + 1, "{policy:#}");
    }
}

/// The sandbox behind a socket of this machine, and the program as a process that calls it.
struct Served {
    kit: Kit,
    endpoint: String,
    _runtime: tokio::runtime::Runtime,
}

impl Served {
    fn of(kit: Kit) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let served = sandbox::serve(kit.sandbox.clone(), listener, Duration::from_millis(2));
        runtime.spawn(served);
        Self {
            kit,
            endpoint,
            _runtime: runtime,
        }
    }

    fn sandbox(&self) -> &Sandbox {
        &self.kit.sandbox
    }

    fn begin(&self) -> Child {
        let caller = self.sandbox().admin();
        Command::new(env!("CARGO_BIN_EXE_iamwatch"))
            .args(["-f", &self.kit.path("iamwatch.yaml")])
            .args(APPLY)
            .env_clear()
            .env("HOME", self.kit.path(""))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", caller.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", caller.secret_access_key())
            .env("AWS_REGION", "eu-central-1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn complete(&self) {
        let output = self.begin().wait_with_output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&all));
    }

    /// Runs until the server has answered so many writes, and kills the process then.
    fn kill_after(&self, writes: usize) {
        let mut child = self.begin();
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.writes().values().sum::<usize>() < writes {
            assert!(Instant::now() < deadline, "{writes} writes never came");
            assert!(child.try_wait().unwrap().is_none(), "it ended before");
            std::thread::sleep(Duration::from_millis(1));
        }
        // SIGKILL.
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), None, "it was killed");
        // What the server had taken is answered by now.
        std::thread::sleep(Duration::from_millis(50));
    }

    /// Every write that took effect, by account, Region and operation.
    fn writes(&self) -> BTreeMap<(String, String, String), usize> {
        let mut writes = BTreeMap::new();
        for call in self.sandbox().calls() {
            // Taking on a role changes nothing.
            if call.write && call.outcome == Outcome::Done && call.operation != "AssumeRole" {
                let what = (call.account.to_string(), call.region, call.operation);
                *writes.entry(what).or_default() += 1;
            }
        }
        writes
    }
}

#[test]
fn an_apply_that_is_killed_is_finished_by_the_next_which_writes_only_what_was_missing() {
    let start = Kit::with(RULES, &MEMBERS);
    let undisturbed = Served::of(start.fork());
    undisturbed.complete();
    let (all, end) = (undisturbed.writes(), undisturbed.kit.end());
    let count: usize = all.values().sum();
    assert!(count > 30, "{all:#?}");
    for part in [1, 4, 7] {
        let killed = Served::of(start.fork());
        killed.kill_after(count * part / 8);
        killed.complete();
        assert_eq!(killed.kit.end(), end, "killed after {part}/8 of the writes");
        let more: BTreeMap<_, _> = killed
            .writes()
            .into_iter()
            .filter(|(what, count)| all.get(what).is_none_or(|wanted| count > wanted))
            .collect();
        assert_eq!(more, BTreeMap::new(), "killed after {part}/8 of the writes");
        let before = killed.writes();
        killed.complete();
        assert_eq!(killed.writes(), before, "a third apply makes no write");
        assert_eq!(killed.sandbox().account(), id(MANAGEMENT));
    }
}
