//! Which alerts were told, and what did each channel answer?
//!
//! The dispatcher keeps what it told in a table at home: an item for each run, in one partition for each day of UTC. It goes
//! after 90 days. Whoever may write to the table may have written anything: an item is kept as far as it can be read, and
//! none keeps the others from being read.

mod again;
mod read;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub use again::{Repeats, Run, RunState, first_name, late, repeats, run, start, start_once};
pub use read::told;

/// The version of the JSON form of what was told.
pub const FORMAT_VERSION: u32 = 1;

/// An alert that the dispatcher told, or could not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// When its run began, ISO 8601 in UTC.
    pub when: String,
    /// The id of the rule.
    pub rule: String,
    /// How bad it is.
    pub severity: String,
    /// Who did what to what, in which account.
    pub headline: String,
    /// The account that the event happened in.
    pub account: String,
    /// The Region that the event happened in.
    pub region: String,
    /// The id of the event.
    pub id: String,
    /// When the event happened, ISO 8601 in UTC; empty where it does not say.
    pub time: String,
    /// `real`, `test`, or `probe`.
    pub mode: String,
    /// Whether it was told again, or late.
    pub late: bool,
    /// What each channel answered.
    pub answers: Vec<Answer>,
    /// Which definition of the dispatcher spoke.
    pub digest: String,
    /// The name of its run.
    pub execution: String,
    /// The attributes of the item that are missing or cannot be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub illegible: Vec<&'static str>,
}

/// What a channel answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The channel's name.
    pub channel: String,
    /// What whoever took the alert said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The error of Step Functions with which the channel failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The words behind the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Whether the fallback channel told the alert instead.
    pub fallback: bool,
    /// Whether the fallback channel failed as well.
    pub lost: bool,
    /// Why the fallback channel failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_error: Option<String>,
}

impl Answer {
    /// The answer as the dispatcher writes it; `None` if it names no channel.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        answer(value)
    }

    /// Whether the channel took the alert.
    pub fn took(&self) -> bool {
        self.answer.is_some() && self.error.is_none()
    }
}

impl Told {
    /// Whether some channel did not take it, or nobody knows.
    pub fn is_failed(&self) -> bool {
        self.answers.is_empty()
            || self.illegible.contains(&ANSWERS)
            || !self.answers.iter().all(Answer::took)
    }

    /// When its run began; `None` where the item says no time.
    pub fn at(&self) -> Option<Timestamp> {
        self.when.parse().ok()
    }

    /// The alert of an item, as far as it can be read. `day` is its partition's, `sort` its sort key, `<time>#<run>`.
    fn of(day: &str, sort: Option<&str>, item: &BTreeMap<String, String>) -> Self {
        let mut illegible = Vec::new();
        let (time, execution) = match sort.and_then(|sort| sort.split_once('#')) {
            Some((time, execution)) => (format!("T{time}"), execution.to_owned()),
            None => {
                illegible.push("s");
                (String::new(), String::new())
            }
        };
        let mut text = |name: &'static str| match item.get(name) {
            Some(text) => text.clone(),
            None => {
                illegible.push(name);
                String::new()
            }
        };
        let mut told = Self {
            when: format!("{day}{time}"),
            rule: text("rule"),
            severity: text("severity"),
            headline: text("headline"),
            account: text("account"),
            region: text("region"),
            id: text("id"),
            time: text("time"),
            mode: text("mode"),
            late: first_name(&execution) != execution,
            answers: Vec::new(),
            digest: text("digest"),
            execution,
            illegible,
        };
        match item.get(ANSWERS).and_then(|text| answers(text)) {
            Some((answers, whole)) => {
                told.answers = answers;
                if !whole {
                    told.illegible.push(ANSWERS);
                }
            }
            None => told.illegible.push(ANSWERS),
        }
        told
    }
}

/// The attribute that holds the answers, as JSON.
const ANSWERS: &str = "answers";

/// The answers that a text holds, and whether all of them could be read; `None` if it is no list.
fn answers(text: &str) -> Option<(Vec<Answer>, bool)> {
    let listed: Value = serde_json::from_str(text).ok()?;
    let listed = listed.as_array()?;
    let read: Vec<Answer> = listed.iter().filter_map(answer).collect();
    let whole = read.len() == listed.len();
    Some((read, whole))
}

fn answer(value: &Value) -> Option<Answer> {
    let text = |name: &str| match value.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let is = |name: &str| value.get(name) == Some(&Value::Bool(true));
    Some(Answer {
        channel: value.get("channel")?.as_str()?.to_owned(),
        answer: text("answer"),
        error: text("error"),
        cause: text("cause"),
        fallback: is("fallback"),
        lost: is("lost"),
        fallback_error: text("fallback_error"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(answers: &str) -> BTreeMap<String, String> {
        let texts = [
            ("rule", "root/sign-in"),
            ("severity", "critical"),
            ("headline", "the root user signed in"),
            ("account", "111122223333"),
            ("region", "us-east-1"),
            ("id", "e-1"),
            ("time", "2026-03-02T09:00:00Z"),
            ("mode", "real"),
            ("answers", answers),
            ("digest", "0123456789ab"),
        ];
        texts
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into()
    }

    #[test]
    fn an_item_says_what_each_channel_answered() {
        let answers = r#"[{"channel":"slack","answer":"ts 1700000000.1"},
            {"channel":"oncall","error":"States.Http.StatusCode.403","cause":"no","fallback":true}]"#;
        let told = Told::of("2026-03-02", Some("09:00:04.123Z#a_b"), &item(answers));
        assert_eq!(told.when, "2026-03-02T09:00:04.123Z");
        assert_eq!(told.at().map(|at| at.as_millisecond() % 1000), Some(123));
        assert_eq!(told.execution, "a_b");
        assert!(told.illegible.is_empty() && !told.late && told.is_failed());
        let [slack, oncall] = &told.answers[..] else {
            panic!("{told:?}");
        };
        assert!(slack.took() && !oncall.took());
        assert!(oncall.fallback && !oncall.lost);
        let told = Told::of(
            "2026-03-02",
            Some("09:00:04.123Z#a_b-late-2"),
            &item(r#"[{"channel":"slack","answer":"ok"}]"#),
        );
        assert!(told.late && !told.is_failed());
    }

    #[test]
    fn what_others_wrote_is_kept_as_far_as_it_can_be_read() {
        for (answers, read) in [
            ("", 0),
            ("{}", 0),
            ("[1, {\"channel\": 2}, {\"channel\":\"a\",\"answer\":7}]", 1),
            ("[[[", 0),
        ] {
            let told = Told::of("2026-03-02", Some("#"), &item(answers));
            assert_eq!(told.answers.len(), read, "{answers}");
            assert_eq!(told.illegible, ["answers"], "{answers}");
            assert!(told.is_failed(), "nobody knows whether it arrived");
        }
        let told = Told::of("2026-03-02", None, &BTreeMap::new());
        assert_eq!(told.when, "2026-03-02");
        assert_eq!((told.at(), told.rule.as_str()), (None, ""));
        assert!(told.illegible.contains(&"s") && told.illegible.contains(&"rule"));
        // Nothing at all was answered: nobody was told.
        assert!(Told::of("2026-03-02", Some("09:00:04Z#a"), &item("[]")).is_failed());
    }
}
