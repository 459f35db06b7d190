//! Thirty recorded events as mails, looked at by people: each kind of identity, each outcome, one call after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;

use super::fired::{Fired, fired};
use super::{is_whole, reader};
use crate::snapshot::is_as_kept;

const SHOWN: usize = 30;

/// How it ended, in a word.
fn outcome(alert: &Value) -> &str {
    let outcome = alert["outcome"].as_str().unwrap();
    outcome.split([' ', ':']).next().unwrap()
}

#[test]
fn thirty_mails_read_as_they_were_looked_at() {
    let Some(fired) = fired() else { return };
    let reader = reader();
    let mut seen = BTreeSet::new();
    let mut groups: BTreeMap<String, Vec<(&Fired, Value)>> = BTreeMap::new();
    for fired in fired.iter().filter(|fired| seen.insert(fired.sort())) {
        let alert = reader.alert(&fired.constants(), &fired.event).unwrap();
        is_whole(&alert).unwrap_or_else(|problem| panic!("{problem}: {}", fired.event));
        let group = format!("{}, {}", fired.kind(), outcome(&alert));
        groups.entry(group).or_default().push((fired, alert));
    }
    // The first of each group, then the second of each, until there are enough.
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..SHOWN {
        for (group, members) in &groups {
            if taken.values().sum::<usize>() < SHOWN && round < members.len() {
                *taken.entry(group).or_default() += 1;
            }
        }
    }
    assert_eq!(taken.values().sum::<usize>(), SHOWN);
    let mut text = String::new();
    for (group, count) in taken {
        for (fired, alert) in groups[group].iter().take(count) {
            let head = format!("== {group}: {} ", fired.sort()[1]);
            writeln!(text, "{head:=<80}\n").unwrap();
            writeln!(text, "Subject: {}", alert["subject"].as_str().unwrap()).unwrap();
            writeln!(text, "SMS: {}\n", alert["sms"].as_str().unwrap()).unwrap();
            writeln!(text, "{}\n", alert["text"].as_str().unwrap()).unwrap();
        }
    }
    is_as_kept("tests/it/alert/thirty.snap.txt", &text);
}
