//! What the rules fire on among events that CloudTrail really recorded. The counts stand in
//! `records.snap.txt`, each looked at once; what deviates from what others counted is explained here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use iamwatch::cloudtrail::{Setting, needs_wider_state, wrap};
use iamwatch::compile::RuleState;
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::place::{AccountId, Region};
use serde_json::Value;

use super::alerts::{ALERTS, Answer, alerts};
use super::compiled;
use crate::shared;
use crate::snapshot::BLESS;

/// Counts that differ from `samples` of the alerts: the alerts, the file, theirs, ours, and why.
#[rustfmt::skip]
const DIFFERING: &[(&str, &str, usize, usize, &str)] = &[
    ("alerting-tamper", "aws-docs-samples-2023", 0, 2, TRAILS_AND_KEYS),
    // And a bucket's policy: the record does not say of which.
    ("alerting-tamper", "panther-analysis-tests", 0, 16, TRAILS_AND_KEYS),
    ("alerting-tamper", "stratus-red-team", 0, 3, TRAILS_AND_KEYS),
    ("alerting-tamper", "streamalert-rule-tests", 2, 3,
        "their two are policies of topics that are none of ours; ours are two trails and a key"),
    ("cloudtrail-changed", "panther-analysis-tests", 4, 3,
        "one is network activity: the endpoint's record of a call, which has a record of its own"),
    ("console-login-federated", "panther-analysis-tests", 6, 5,
        "one record does not say how the sign-in ended; real ones do"),
    ("console-login-no-mfa", "aws-docs-samples-2023", 2, 3, ROOT_TOO),
    ("console-login-no-mfa", "panther-analysis-tests", 5, 9, ROOT_TOO),
    ("iam-federation-provider", "panther-analysis-tests", 4, 3, "one is made by Identity Center itself"),
    ("iam-key-quarantine", "panther-analysis-tests", 2, 3, "one does not say what was written into the user"),
    ("idc-signin-failure", "panther-analysis-tests", 0, 1,
        "the answer of an external identity provider that was refused"),
    ("lambda-public", "panther-analysis-tests", 2, 0,
        "two records without a principal: nothing in them says that anything became public"),
    ("org-membership", "panther-analysis-tests", 0, 1,
        "`CreateAccountResult`, by which accounts joined before there was an event of that name"),
    ("root-api-activity", "panther-analysis-tests", 12, 14, "two in the console of earlier years, which says that it invoked them"),
    ("root-api-activity", "streamalert-rule-tests", 1, 0, "a placeholder stands for the service, and the envelope would have none of AWS's"),
    ("s3-public-block", "streamalert-rule-tests", 4, 3, "one switches all of the block on"),
    ("sg-open-world", "stratus-red-team", 0, 1,
        "a block that ends with `/0`: the collection changed the address, and any address with `/0` means all"),
    ("snapshot-image-shared", "panther-analysis-tests", 12, 10,
        "one adds nobody, one changes an attribute that images do not have"),
    ("snapshot-image-shared", "streamalert-rule-tests", 6, 5, "one takes the permission back"),
];

const TRAILS_AND_KEYS: &str =
    "every trail and every KMS key counts: nobody knows which of them the alerting depends on";
const ROOT_TOO: &str = "root counts as well: a password alone is worse there";

/// Matches that look wrong at first, and why they stay: the rule, the file, the line.
#[rustfmt::skip]
const LOOKED_AT: &[(&str, &str, usize, &str)] = &[
    ("cloudtrail/changed", "aws-docs-samples-2023", 18, "it failed, and attempts count"),
    ("guardduty/tampered", "streamalert-rule-tests", 17,
        "`enable: true`, which can come with features that are switched off"),
    ("iam/auth-changes", "panther-analysis-tests", 180, "a name that IAM does not have, made up by the test's author"),
    ("iam/key-quarantined", "panther-analysis-tests", 203, "the inline policy of earlier years"),
    ("macie/tampered", "panther-analysis-tests", 214, "findings are told of every six hours only"),
    ("organizations/account-joined", "panther-analysis-tests", 452,
        "its details are text in that collection, so that only FAILED could be told apart; real ones are a map"),
    ("root/activity", "panther-analysis-tests", 320, "`Root` without an ARN: a sign-in that the collection redacted"),
    ("signin/no-mfa", "panther-analysis-tests", 72,
        "an IAM user with a SAML provider, which does not exist: federated users are roles"),
    ("signin/token", "panther-analysis-tests", 67,
        "Identity Center's portal, but the record lacks the session context that proves it; real ones have it"),
];

/// Records that say of a change that it only reads, which CloudTrail does not: their authors took the
/// record of another call and changed its name.
const NOT_READS: &[(&str, usize)] = &[
    // `StartLogging` with the parameters of `Decrypt`.
    ("panther-analysis-tests", 49),
    // IAM has no `DetachUserGroup`.
    ("panther-analysis-tests", 180),
];

/// A recorded event and where it stands: file and line.
struct Recorded {
    file: String,
    line: usize,
    json: Value,
    event: Event,
}

fn recorded() -> Option<Vec<Recorded>> {
    let account: AccountId = "111122223333".parse().unwrap();
    let region: Region = "us-east-1".parse().unwrap();
    let setting = Setting {
        account: &account,
        region: &region,
        time: "2026-03-01T09:00:00Z",
        id: "11111111-2222-4333-8444-555555555555",
    };
    let mut all = Vec::new();
    for (path, text) in shared::records()? {
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for (index, line) in text.lines().enumerate() {
            let json = wrap(serde_json::from_str(line).unwrap(), &setting);
            all.push(Recorded {
                file: file.clone(),
                line: index + 1,
                event: Event::from_value(&json).unwrap(),
                json,
            });
        }
    }
    all.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Some(all)
}

/// The lines of each file on which each rule fires.
type Fired = BTreeMap<String, BTreeMap<String, BTreeSet<usize>>>;

fn fired() -> Option<Fired> {
    let recorded = recorded()?;
    let mut fired = Fired::new();
    for (rule, parts) in compiled() {
        let lines = fired.entry(rule.clone()).or_default();
        for part in &parts {
            let pattern = EventPattern::from_value(&part.pattern).unwrap();
            for given in recorded
                .iter()
                .filter(|given| pattern.matches(&given.event))
            {
                let file = lines.entry(given.file.clone()).or_default();
                assert!(
                    file.insert(given.line),
                    "{rule} fires twice on {}",
                    given.json
                );
                let reads = needs_wider_state(&given.json)
                    && !NOT_READS.contains(&(given.file.as_str(), given.line));
                assert!(
                    !reads || part.state == RuleState::EnabledWithAll,
                    "{rule} never hears of {}:{}",
                    given.file,
                    given.line
                );
            }
        }
    }
    Some(fired)
}

#[test]
fn each_rule_fires_on_as_many_recorded_events_as_were_looked_at() {
    let Some(fired) = fired() else { return };
    let mut text = String::new();
    for (rule, files) in &fired {
        let counts = files
            .iter()
            .map(|(file, lines)| format!("{file} {}", lines.len()));
        let counts: Vec<String> = counts.collect();
        if std::env::var_os("IAMWATCH_SHOW_LINES").is_some() {
            eprintln!("{rule}: {files:?}");
        }
        let counts = if counts.is_empty() {
            "none".to_owned()
        } else {
            counts.join(", ")
        };
        let _ = writeln!(text, "{rule}: {counts}");
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/catalogue/records.snap.txt");
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&kept, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&kept).unwrap_or_default();
    for (now, then) in text.lines().zip(kept.lines()) {
        assert_eq!(
            now, then,
            "look at the events that are new or gone, then set {BLESS}=1"
        );
    }
    assert_eq!(text.lines().count(), kept.lines().count());
}

/// Alerts, and how many events of each file others counted for them.
type Counted<'a> = (Vec<&'a str>, BTreeMap<String, usize>);

/// Alerts that share their rules are counted together.
#[test]
fn counts_are_those_that_others_found_or_the_difference_is_explained() {
    let (Some(fired), Some(alerts)) = (fired(), alerts()) else {
        return;
    };
    let mut groups: BTreeMap<&[&str], Counted> = BTreeMap::new();
    for (id, answer) in ALERTS {
        let Answer::Rules(rules) = answer else {
            continue;
        };
        let alert = alerts.iter().find(|alert| alert["id"] == *id).unwrap();
        let (ids, samples) = groups.entry(rules).or_default();
        ids.push(id);
        for (file, count) in alert["samples"].as_object().unwrap() {
            let count = usize::try_from(count.as_u64().unwrap()).unwrap();
            *samples.entry(file.clone()).or_default() += count;
        }
    }
    let files: BTreeSet<&String> = fired.values().flat_map(BTreeMap::keys).collect();
    let mut differing = Vec::new();
    for (rules, (ids, samples)) in &groups {
        for file in &files {
            let lines = rules.iter().filter_map(|rule| fired[*rule].get(*file));
            let ours = lines.flatten().collect::<BTreeSet<_>>().len();
            let theirs = samples.get(*file).copied().unwrap_or_default();
            if ours != theirs {
                differing.push((ids.join(" "), (*file).clone(), theirs, ours));
            }
        }
        // The rest of what they counted is in a collection that is not here.
        let here: usize = samples
            .iter()
            .filter(|(file, _)| files.contains(file))
            .map(|(_, n)| n)
            .sum();
        let ours: usize = rules
            .iter()
            .flat_map(|rule| fired[*rule].values())
            .map(BTreeSet::len)
            .sum();
        assert!(here == 0 || ours > 0, "{ids:?} fire on nothing");
    }
    differing.sort();
    let explained = DIFFERING.iter().map(|(ids, file, theirs, ours, _)| {
        ((*ids).to_owned(), (*file).to_owned(), *theirs, *ours)
    });
    let mut explained: Vec<_> = explained.collect();
    explained.sort();
    assert_eq!(differing, explained);
}

#[test]
fn matches_that_were_explained_still_are_there() {
    let Some(fired) = fired() else { return };
    for (rule, file, line, why) in LOOKED_AT {
        let lines = fired[*rule].get(*file);
        assert!(
            lines.is_some_and(|lines| lines.contains(line)),
            "{rule} {file}:{line}: {why}"
        );
    }
}
