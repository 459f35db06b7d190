//! One account of an organization is disturbed at every call that concerns it, one after the other: the
//! others end as they should, the account is named, and a plain run mends it.
//!
//! As in the sweep of one account, by default some calls are struck, and all of them where
//! `IAMWATCH_SWEEP` is `all`; of home and of the whole process then every fifth, to keep it short.

use iamwatch::place::AccountId;
use iamwatch::sandbox::{CallRecord, Fault, FaultKind};

use super::kit::{End, Kit, Said};
use super::{MANAGEMENT, id};

/// Two Regions, one of them the one of global services.
pub(crate) const RULES: &str = r#"version: 1
name: acme
home: { region: eu-central-1 }
watch: { organization: {} }
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

pub(crate) const MEMBERS: [(&str, &str); 2] =
    [("333344445555", "payments"), ("444455556666", "shop")];
/// The one that is disturbed.
const STRUCK: &str = "333344445555";
const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const DESTROY: [&str; 4] = ["destroy", "--auto-approve", "--delete", "log-bucket,trail"];

/// What a run begins with, what it does, and how it ends where nothing disturbs it.
struct Scene {
    kit: Kit,
    run: &'static [&'static str],
    end: End,
    /// Its calls.
    calls: Vec<CallRecord>,
}

impl Scene {
    fn of(kit: Kit, run: &'static [&'static str]) -> Self {
        let undisturbed = kit.fork();
        undisturbed.succeed(run);
        Self {
            calls: undisturbed.sandbox.calls(),
            end: undisturbed.end(),
            kit,
            run,
        }
    }

    fn creation() -> Self {
        Self::of(Kit::with(RULES, &MEMBERS), &APPLY)
    }

    /// How many calls concern an account, those that take on its role included.
    fn calls_of(&self, account: &AccountId) -> usize {
        let own = self.calls.iter().filter(|call| call.account == *account);
        // A destruction takes on the role twice: to look and to change.
        own.count() + if self.run == DESTROY { 2 } else { 1 }
    }

    /// Disturbs the run, and judges what it says and how accounts stand; then repeats it undisturbed.
    fn disturb(&self, fault: Fault, what: &str, judge: impl FnOnce(&Said, &End)) {
        let kit = self.kit.fork();
        kit.sandbox.fault(fault);
        let said = kit.run(self.run);
        kit.sandbox.clear_faults();
        judge(&said, &kit.end());
        let again = kit.run(self.run);
        assert_eq!(again.code, 0, "{what}\n{}{}", again.out, again.err);
        assert_eq!(kit.end(), self.end, "{what}");
    }

    /// Strikes calls of one member.
    fn sweep(&self, kind: FaultKind, from: bool, every: usize) {
        let account = id(STRUCK);
        let mut named = 0;
        for k in chosen(self.calls_of(&account), every, 1) {
            let fault = match from {
                true => Fault::from_call(k, kind.clone()),
                false => Fault::of_call(k, kind.clone()),
            };
            let what = format!("{kind:?} at call {k} of {account}");
            self.disturb(fault.in_account(&account), &what, |said, end| {
                let (mut others, mut wanted) = (end.clone(), self.end.clone());
                let (found, asked) = (others.remove(&account), wanted.remove(&account));
                assert_eq!(others, wanted, "{what}: the others\n{}", said.out);
                if said.code == 0 {
                    assert_eq!(found, asked, "{what}: it says that all is well");
                    return;
                }
                named += usize::from(is_named(said, &what));
            });
        }
        let lost = kind == FaultKind::LoseResponseAfterEffect;
        assert!(named > 0 || lost, "{kind:?} was never noticed");
    }
}

/// Whether the end names the account with cause and remedy, and no other.
fn is_named(said: &Said, what: &str) -> bool {
    let line = said.out.lines().find(|line| line.contains("(payments): "));
    let line = line.unwrap_or_else(|| panic!("{what}: not named\n{}{}", said.out, said.err));
    assert!(line.contains("failed: "), "{what}: no cause: {line}");
    let after: Vec<&str> = said
        .out
        .lines()
        .skip_while(|other| *other != line)
        .collect();
    assert!(
        after
            .get(1)
            .is_some_and(|remedy| remedy.starts_with("    ")),
        "{what}: no remedy\n{}",
        said.out
    );
    assert!(!said.out.contains("(shop): "), "{what}\n{}", said.out);
    true
}

/// Every `n`th of so many calls; where the whole sweep is asked for, every `whole`th.
fn chosen(calls: usize, n: usize, whole: usize) -> Vec<usize> {
    let n = match std::env::var("IAMWATCH_SWEEP").as_deref() {
        Ok("all") => whole,
        _ => n,
    };
    (n / 2..calls).step_by(n).collect()
}

fn refused() -> FaultKind {
    FaultKind::Refuse {
        code: "AccessDenied".to_owned(),
        status: 403,
    }
}

#[test]
fn an_account_that_is_refused_anywhere_is_named_and_the_others_end_covered() {
    let scene = Scene::creation();
    let calls = scene.calls_of(&id(STRUCK));
    assert!(calls > 15, "only {calls} calls to disturb");
    scene.sweep(refused(), false, 6);
}

#[test]
fn an_account_whose_answers_get_lost_ends_covered_or_is_named() {
    Scene::creation().sweep(FaultKind::LoseResponseAfterEffect, false, 14);
}

/// All of its calls are refused from some moment on.
#[test]
fn an_account_that_closes_in_the_middle_is_named_and_the_others_end_covered() {
    Scene::creation().sweep(refused(), true, 15);
}

/// Home is where the others send to: without its bus they wait, and say so.
#[test]
fn a_home_that_is_disturbed_is_finished_by_the_next_run() {
    let scene = Scene::creation();
    let home = id(MANAGEMENT);
    for (kind, from) in [
        (refused(), false),
        (FaultKind::LoseResponseAfterEffect, false),
        (FaultKind::Stop, true),
    ] {
        for k in chosen(scene.calls_of(&home), 61, 5) {
            let fault = match from {
                true => Fault::from_call(k, kind.clone()),
                false => Fault::of_call(k, kind.clone()),
            };
            let what = format!("{kind:?} at call {k} of home");
            scene.disturb(fault.in_account(&home), &what, |said, end| {
                if said.code == 0 {
                    assert_eq!(*end, scene.end, "{what}: it says that all is well");
                } else {
                    let all = format!("{}{}", said.out, said.err);
                    assert!(all.contains("failed: "), "{what}: no cause\n{all}");
                }
            });
        }
    }
}

/// The whole process is gone: whatever was under way, the next run finishes it.
#[test]
fn an_organization_run_that_is_stopped_anywhere_is_finished_by_the_next() {
    let scene = Scene::creation();
    for k in chosen(scene.calls.len(), 97, 5) {
        let what = format!("stopped at call {k}, {:?}", scene.calls[k]);
        let stop = Fault::from_call(k, FaultKind::Stop);
        scene.disturb(stop, &what, |said, _| {
            assert_eq!(said.code, 1, "{what}\n{}{}", said.out, said.err);
        });
    }
}

#[test]
fn a_destruction_of_an_account_that_is_disturbed_is_finished_by_the_next_run() {
    let kit = Kit::with(RULES, &MEMBERS);
    kit.succeed(&APPLY);
    kit.act(MANAGEMENT, "eu-central-1", async |config| {
        let trail = aws_sdk_cloudtrail::Client::new(&config).stop_logging();
        trail.name("iamwatch-acme").send().await.unwrap();
    });
    kit.sandbox
        .empty_bucket("iamwatch-acme-logs-111122223333-eu-central-1");
    kit.sandbox.clear_calls();
    let scene = Scene::of(kit, &DESTROY);
    assert!(scene.end.values().all(Vec::is_empty), "{:#?}", scene.end);
    let account = id(STRUCK);
    for (kind, every) in [(refused(), 12), (FaultKind::LoseResponseAfterEffect, 20)] {
        for k in chosen(scene.calls_of(&account), every, 1) {
            let what = format!("{kind:?} at call {k} of a destruction");
            let fault = Fault::of_call(k, kind.clone()).in_account(&account);
            scene.disturb(fault, &what, |said, end| {
                if said.code != 0 {
                    is_named(said, &what);
                    // While it may still send, there is somewhere to send to.
                    assert!(!end[&id(MANAGEMENT)].is_empty(), "{what}");
                }
                assert_eq!(end[&id("444455556666")], Vec::new(), "{what}");
            });
        }
    }
}
