//! A whole organization, through the program as a user runs it.

mod at_once;
mod denials;
mod emulator;
mod guarded;
pub(crate) mod kit;
mod leftovers;
mod printed;
mod stop;
mod sweep;
mod together;
mod trail;
mod troubles;

use iamwatch::place::AccountId;
use iamwatch::sandbox::{Clock, Options, Organization, Sandbox};

use crate::cli::TestEnv;

/// Listens in three Regions of every account; home is neither first nor global.
pub(crate) const RULES: &str = r#"version: 1
name: acme
home: { region: eu-central-1 }
watch:
  regions: [us-east-1, eu-central-1, eu-west-1]
  organization: {}
trail: existing-or-create
channels:
  security-mail: { email: security@example.com }
notify: { default: [security-mail] }
rules:
  - id: root-sign-in
    events: ["signin:ConsoleLogin"]
    when: { userIdentity.type: Root }
  - id: key-disabled
    events: ["kms:DisableKey"]
"#;

pub(crate) const MANAGEMENT: &str = "111122223333";
/// The other accounts.
pub(crate) const MEMBERS: [(&str, &str); 4] = [
    ("222233334444", "security"),
    ("333344445555", "payments"),
    ("444455556666", "shop"),
    ("555566667777", "lab"),
];

pub(crate) fn id(account: &str) -> AccountId {
    account.parse().unwrap()
}

/// An AWS whose management account trusts CloudTrail, without any other account.
fn organized() -> (Sandbox, Organization) {
    let sandbox = Sandbox::new(Options {
        account: id(MANAGEMENT),
        region: "eu-central-1".parse().unwrap(),
        clock: Clock::Virtual {
            now: 1_790_000_000_000,
            step: 20,
        },
    });
    let organization = sandbox.organize().unwrap();
    organization.trust("cloudtrail.amazonaws.com").unwrap();
    (sandbox, organization)
}

/// A folder with a rules file and a sandbox in which there is an organization.
pub(crate) struct Folder {
    env: TestEnv,
}

impl Folder {
    pub(crate) fn with(rules: &str) -> Self {
        let folder = Self {
            env: TestEnv::new(),
        };
        folder.rules(rules);
        let (sandbox, organization) = organized();
        let units = ["core", "prod"].map(|unit| {
            let root = organization.root();
            organization.create_unit(&root, unit).unwrap()
        });
        for (index, (account, name)) in MEMBERS.iter().enumerate() {
            let unit = &units[index.min(1)];
            let made = organization.create_account_as(&id(account), unit, name);
            made.unwrap();
        }
        sandbox.save(&folder.file()).unwrap();
        folder
    }

    pub(crate) fn rules(&self, text: &str) {
        std::fs::write(self.env.path().join("iamwatch.yaml"), text).unwrap();
    }

    fn file(&self) -> std::path::PathBuf {
        self.env.path().join(".iamwatch-sandbox.json")
    }

    /// Runs a command on the sandbox: exit code, output, errors.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        let args: Vec<&str> = args.iter().copied().chain(["--sandbox"]).collect();
        self.env.run(&args)
    }

    pub(crate) fn succeed(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        assert_eq!(code, 0, "{args:?}\n{out}{err}");
        out
    }

    /// Lets somebody act on the AWS of this folder.
    pub(crate) fn meanwhile<T>(&self, act: impl FnOnce(&Sandbox, &Organization) -> T) -> T {
        let sandbox = Sandbox::load(&self.file()).unwrap();
        let done = act(&sandbox, &sandbox.organization().unwrap());
        sandbox.save(&self.file()).unwrap();
        done
    }

    pub(crate) fn json(&self, args: &[&str]) -> serde_json::Value {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let (code, out, err) = self.run(&args);
        assert!(code == 0 || code == 2, "{args:?}\n{out}{err}");
        serde_json::from_str(&out).unwrap()
    }
}

#[test]
fn five_accounts_go_from_empty_to_covered_and_a_new_one_is_missed_until_the_next_apply() {
    let folder = Folder::with(RULES);
    let (code, out, err) = folder.run(&["coverage"]);
    assert_eq!(code, 2, "{out}{err}");
    assert!(out.contains("0 of 5 accounts"), "{out}");

    let out = folder.succeed(&["apply", "--auto-approve"]);
    assert!(out.contains("Applied to 4 of 4 accounts"), "{out}");
    // Whoever has not confirmed hears of nothing.
    let (code, out, err) = folder.run(&["coverage"]);
    assert_eq!(code, 2, "{out}{err}");
    assert!(
        out.contains("0 of 5 accounts")
            && out.contains("security@example.com: it is not confirmed"),
        "{out}"
    );
    folder.succeed(&["sandbox", "confirm"]);
    let out = folder.succeed(&["coverage"]);
    assert!(out.contains("5 of 5 accounts"), "{out}");
    let out = folder.succeed(&["plan", "--detailed-exitcode"]);
    assert!(out.contains("No changes: 4 other accounts"), "{out}");

    let out = folder.succeed(&["test-event", "--all-accounts", "--wait"]);
    assert!(out.contains("15 of 15 ways home good"), "{out}");

    let joined = folder.meanwhile(|_, organization| {
        let root = organization.root();
        organization.create_account(&root, "young").unwrap()
    });
    let (code, out, err) = folder.run(&["coverage"]);
    assert_eq!(code, 2, "{out}{err}");
    assert!(out.contains("5 of 6 accounts"), "{out}");
    assert!(out.contains("nothing is deployed"), "{out}");
    assert!(out.contains(joined.as_str()), "{out}");
    let out = folder.succeed(&["apply", "--auto-approve"]);
    assert!(out.contains("Applied to 1 of 1 account "), "{out}");
    folder.succeed(&["coverage"]);
    let out = folder.succeed(&["test-event", "--account", joined.as_str()]);
    assert!(out.contains("3 of 3 ways home good"), "{out}");

    folder.succeed(&["destroy", "--auto-approve"]);
    let (_, out, _) = folder.run(&["coverage"]);
    assert!(out.contains("0 of 6 accounts"), "{out}");
    let after = folder.json(&["destroy", "--auto-approve"]);
    assert_eq!(
        after["accounts"]["outcomes"][0]["result"]["standing"]["ours"], 0,
        "{after:#}"
    );
}

#[test]
fn a_second_apply_makes_no_write() {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    let out = folder.succeed(&["apply", "--auto-approve"]);
    assert!(out.contains("No changes: 4 other accounts"), "{out}");
    assert!(!out.contains("Applied"), "{out}");
}

#[test]
fn a_real_event_of_a_member_alerts_at_home() {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed_sandbox(&["sandbox", "confirm"]);
    folder.meanwhile(|sandbox, _| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let region = "eu-west-1".parse().unwrap();
            let admin = sandbox.admin_in(&id("333344445555"));
            let kms = aws_sdk_kms::Client::new(&sandbox.sdk_config(&region, admin));
            let key = kms.create_key().send().await.unwrap();
            let key = key.key_metadata.unwrap().key_id;
            kms.disable_key().key_id(key).send().await.unwrap();
        });
    });
    let out = folder.succeed_sandbox(&["sandbox", "outbox"]);
    assert!(out.contains("key-disabled"), "{out}");
    assert!(
        out.contains("Account: 333344445555  Region: eu-west-1"),
        "{out}"
    );
}

impl Folder {
    /// Runs `iamwatch sandbox …`, which knows its file.
    fn succeed_sandbox(&self, args: &[&str]) -> String {
        let (code, out, err) = self.env.run(args);
        assert_eq!(code, 0, "{args:?}\n{out}{err}");
        out
    }
}

#[test]
fn home_may_be_a_member_and_the_trail_then_stands_in_the_management_account() {
    let rules = RULES.replace(
        "home: { region: eu-central-1 }",
        "home: { region: eu-central-1, account: \"222233334444\" }",
    );
    let folder = Folder::with(&rules);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.succeed(&["sandbox", "confirm"]);
    let out = folder.succeed(&["coverage"]);
    assert!(out.contains("5 of 5 accounts"), "{out}");
    let out = folder.succeed(&["test-event", "--all-accounts"]);
    assert!(out.contains("15 of 15 ways home good"), "{out}");
    let plan = folder.json(&["plan"]);
    let trail = &plan["home"]["feed"]["ours"];
    assert_eq!(
        trail,
        "arn:aws:cloudtrail:eu-central-1:111122223333:trail/iamwatch-acme"
    );
}
