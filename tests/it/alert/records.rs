//! Recorded events, each kind of identity: nothing is left unwritten, and some are looked at by people.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::{event, is_whole, reader, rule};
use crate::shared;
use crate::snapshot::is_as_kept;

/// Of each kind of identity and outcome so many are shown.
const SHOWN: usize = 2;

#[test]
fn every_recorded_event_becomes_an_alert() {
    let Some(files) = shared::records() else {
        return;
    };
    let reader = reader();
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    for line in files.iter().flat_map(|(_, text)| text.lines()) {
        let record: Value = serde_json::from_str(line).unwrap();
        let alert = reader.alert(&rule(), &event(&record)).unwrap();
        is_whole(&alert).unwrap_or_else(|problem| panic!("{problem}: {record}"));
        let kind = record["userIdentity"]["type"].as_str().unwrap_or("none");
        let outcome = alert["outcome"].as_str().unwrap();
        let outcome = outcome.split([' ', ':']).next().unwrap();
        let headlines = shown.entry(format!("{kind}, {outcome}")).or_default();
        let headline = alert["headline"].as_str().unwrap().to_owned();
        if headlines.len() < SHOWN && !headlines.contains(&headline) {
            headlines.push(headline);
        }
        count += 1;
    }
    assert!(count > 900, "{count}");
    let mut text = String::new();
    for (kind, headlines) in shown {
        writeln!(text, "{kind}").unwrap();
        for headline in headlines {
            writeln!(text, "    {headline}").unwrap();
        }
    }
    is_as_kept("tests/it/alert/headlines.snap.txt", &text);
}
