//! The whole catalogue over real records: the numbers are those of `explain`, which reads and asks each event for
//! itself.

use std::collections::{BTreeMap, HashSet};

use iamwatch::backtest::{Engine, Missed, Options, Window};
use iamwatch::check::whole_catalogue;
use iamwatch::cloudtrail::{Setting, copy_key};
use iamwatch::compile::{PATTERN_QUOTA, compile};
use iamwatch::explain::{Bench, NotAnEvent, Verdict, events};
use iamwatch::place::AccountId;

use super::count;
use crate::shared;

#[test]
fn the_catalogue_counts_what_explain_says() {
    let Some(records) = shared::records() else {
        return;
    };
    // Listening at home alone, so that some events are missed.
    let file = whole_catalogue().file.unwrap();
    let rules = compile(&file, PATTERN_QUOTA).unwrap();
    let account: AccountId = "111122223333".parse().unwrap();
    let setting = Setting {
        account: &account,
        region: &file.home.region,
        time: "1970-01-01T00:00:00Z",
        id: "none",
    };
    let bench = Bench::new(&file, &rules, &[]).unwrap();
    let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut blobs = Vec::new();
    let (mut records_read, mut unknown, mut left_out, mut copies) = (0, 0, 0, 0);
    // Collections have many records with made-up ids.
    let mut counted = HashSet::new();
    for (path, text) in records {
        for event in events(&text, &setting) {
            let event = match event {
                Ok(event) => event,
                Err(NotAnEvent::LeftOut(_)) => {
                    left_out += 1;
                    continue;
                }
                Err(_) => {
                    unknown += 1;
                    continue;
                }
            };
            records_read += 1;
            let answers = bench.answers(&event);
            let matches = answers.iter().any(|answer| answer.verdict.matches());
            let again = copy_key(&event.event).is_some_and(|key| matches && !counted.insert(key));
            copies += u64::from(again);
            for answer in answers {
                if again {
                    expected.entry(answer.rule.0).or_default();
                    continue;
                }
                let counts = expected.entry(answer.rule.0).or_default();
                match answer.verdict {
                    Verdict::Fires => counts.0 += 1,
                    Verdict::Unheard(_) => counts.1 += 1,
                    Verdict::Misses(_) => {}
                }
            }
        }
        blobs.push((path.display().to_string(), text.into_bytes()));
    }
    for plain in [false, true] {
        let options = Options {
            setting,
            window: Window::default(),
            samples: 0,
            plain,
        };
        let engine = Engine::new(Some(&file), &rules, &[], options).unwrap();
        let tally = count(&engine, blobs.clone(), 2);
        assert_eq!(
            (tally.records, tally.unread, tally.copies),
            (records_read, unknown, copies),
            "{:#?}",
            tally.losses
        );
        let aside = tally.left_out.by_count().into_iter();
        assert_eq!(aside.map(|(_, count)| count).sum::<u64>(), left_out);
        for (rule, counted) in engine.rules().zip(&tally.rules) {
            let missed: u64 = counted.missed.values().sum();
            assert_eq!(
                Some(&(counted.alerts, missed)),
                expected.get(&rule.0),
                "{rule}"
            );
            assert!(!counted.missed.contains_key(&Missed::TooLarge));
        }
        assert!(tally.alerting > 80, "{}", tally.alerting);
    }
}
