//! The whole catalogue over real records: the numbers are those of `explain`, which reads and asks each event for
//! itself.

use std::collections::BTreeMap;

use iamwatch::backtest::{Engine, Missed, Options, Window};
use iamwatch::check::whole_catalogue;
use iamwatch::cloudtrail::Setting;
use iamwatch::compile::{PATTERN_QUOTA, compile};
use iamwatch::explain::{Bench, Verdict, events};
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
    let (mut total, mut unknown) = (0, 0);
    for (path, text) in records {
        for event in events(&text, &setting) {
            total += 1;
            let Ok(event) = event else {
                unknown += 1;
                continue;
            };
            for answer in bench.answers(&event) {
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
            (tally.records, tally.unread),
            (total - unknown, unknown),
            "{:#?}",
            tally.losses
        );
        for (rule, counted) in engine.rules().zip(&tally.rules) {
            let missed: u64 = counted.missed.values().sum();
            assert_eq!(
                Some(&(counted.alerts, missed)),
                expected.get(&rule.0),
                "{rule}"
            );
            assert!(!counted.missed.contains_key(&Missed::TooLarge));
        }
        assert!(tally.alerting > 100, "{}", tally.alerting);
    }
}
