//! What is the DynamoDB table that keeps what was told?

pub(super) mod aws;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep, arn, as_real_ones,
};
use super::model::{AttributeChange, ResourceKey};
use crate::aws::{Call, calls};
use crate::place::Place;

/// The table of a dispatcher: what was told, to whom, and what each channel answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The name of the table.
    pub name: String,
    /// The attribute by which items are spread, a text.
    pub partition_key: String,
    /// The attribute by which items of one partition are ordered, a text; `None`: there is none.
    pub sort_key: Option<String>,
    /// Whether each request is paid for itself. Else there is a limit of requests, and what is beyond it is refused.
    pub on_demand: bool,
    /// The attribute that says when an item goes; `None`: none does.
    pub expires: Option<String>,
    /// The ARN of the KMS key that encrypts the table; `None`: a key of AWS's own, which costs nothing.
    pub kms_key: Option<String>,
    /// Whether AWS refuses to delete it.
    pub deletion_protected: bool,
}

pub(super) static FACTS: Facts = Facts {
    service: "dynamodb",
    fixed: &["partition_key", "sort_key"],
    awaited: &[],
    write_only: &[],
    documents: &[],
    ownership: Ownership::Tag(&calls::TAG_TABLE),
    deletion: None,
    farewell: Some("with all that it kept of alerts: what was told in the last 90 days"),
    stretch: Stretch::Alerting,
    // Alerts are told before they are kept.
    missing: Impact::Safeguard,
    impact,
    passes_tests: as_real_ones,
    words,
    purpose: "the rules file asks for",
    loss: |_| "nobody can look up what was told".to_owned(),
    drift: "alerts are told; what is kept of them is not as the rules file says",
    leftover: None,
    listed: Some((Sweep::Home, &calls::GET_TABLE)),
    looks: &[&calls::GET_TABLE_TTL, &calls::LIST_TABLE_TAGS],
    // Statements of a policy of its own could deny the dispatcher what its role allows.
    breaks: &[
        "DeleteTable",
        "PutResourcePolicy",
        "UntagResource",
        "UpdateTable",
        "UpdateTimeToLive",
    ],
    // One that is imported has its name where no pattern reaches well; it gets our tag by `TagResource`.
    restores: &[
        "CreateTable",
        "DeleteResourcePolicy",
        "RestoreTableFromBackup",
        "RestoreTableToPointInTime",
        "TagResource",
        "UpdateTable",
        "UpdateTimeToLive",
    ],
    recorded: &[],
    subject,
};

/// No difference keeps an alert back.
fn impact(change: &AttributeChange) -> Impact {
    match change.path.as_str() {
        // What it keeps is safe, or safer.
        "deletion_protected" => Impact::Cosmetic,
        "kms_key" if change.before.is_null() => Impact::Cosmetic,
        _ => Impact::Safeguard,
    }
}

fn words(change: &AttributeChange) -> Option<String> {
    let AttributeChange {
        path,
        before,
        after,
    } = change;
    let words = match (path.as_str(), before.as_str()) {
        ("on_demand", _) if after == true => {
            "it takes so many requests a second and no more".to_owned()
        }
        ("expires", None) => "it keeps all that it ever got".to_owned(),
        ("expires", Some(attribute)) => {
            format!("it removes items by their attribute `{attribute}`")
        }
        ("kms_key", None) => "it is encrypted with a key of AWS's own".to_owned(),
        // Whoever disables the key, takes the table away.
        ("kms_key", Some(key)) => format!("it is encrypted with the key {key}"),
        ("partition_key" | "sort_key", _) => "its key is another one".to_owned(),
        ("deletion_protected", _) if before == true => "AWS refuses to delete it".to_owned(),
        ("deletion_protected", _) => "AWS does not refuse to delete it".to_owned(),
        _ => return None,
    };
    Some(words)
}

fn subject(subject: &Subject<'_>) -> Value {
    let name = &subject.key.name;
    let arn = arn(subject, "dynamodb", &format!("table/{name}"));
    json!({ "tableName": name, "targetTableName": name, "resourceArn": arn })
}

/// One write that turns a table into another. AWS makes one change of a table at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step<'a> {
    Billing,
    Encryption,
    Protection,
    /// Items no longer go by this attribute.
    Keep(&'a str),
    /// Items go by this attribute.
    Expire(&'a str),
}

impl Step<'_> {
    fn call(self) -> &'static Call {
        match self {
            Self::Billing | Self::Encryption | Self::Protection => &calls::UPDATE_TABLE,
            Self::Keep(_) | Self::Expire(_) => &calls::UPDATE_TABLE_TTL,
        }
    }
}

/// What AWS may refuse for an hour comes last: another attribute by which items go.
fn steps<'a>(before: &'a Table, after: &'a Table) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    if before.on_demand != after.on_demand {
        steps.push(Step::Billing);
    }
    if before.kms_key != after.kms_key {
        steps.push(Step::Encryption);
    }
    if before.deletion_protected != after.deletion_protected {
        steps.push(Step::Protection);
    }
    if before.expires != after.expires {
        steps.extend(before.expires.as_deref().map(Step::Keep));
        steps.extend(after.expires.as_deref().map(Step::Expire));
    }
    steps
}

/// A table that was created a moment ago.
fn fresh(wanted: &Table) -> Table {
    Table {
        expires: None,
        ..wanted.clone()
    }
}

/// A table that AWS deletes.
fn deletable(table: &Table) -> Table {
    Table {
        deletion_protected: false,
        ..table.clone()
    }
}

impl Managed for Table {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self, _: &Place) -> Vec<ResourceKey> {
        Vec::new()
    }

    fn description(&self) -> Vec<String> {
        let mut lines = vec!["keeps what was told, to whom, and each channel's answer".to_owned()];
        let key = self.kms_key.iter();
        lines.extend(key.map(|key| format!("encrypted with {key}")));
        lines
    }

    fn sizes(&self) -> Vec<Size> {
        Vec::new()
    }

    fn created(&self) -> Vec<&'static Call> {
        let mut made = vec![&calls::CREATE_TABLE];
        made.extend(fresh(self).updated(self));
        made
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        steps(self, after).iter().map(|step| step.call()).collect()
    }

    fn deleted(&self) -> Vec<&'static Call> {
        let mut made = self.updated(&deletable(self));
        made.push(&calls::DELETE_TABLE);
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            name: "iamwatch-acme".to_owned(),
            partition_key: "k".to_owned(),
            sort_key: Some("s".to_owned()),
            on_demand: true,
            expires: Some("expires".to_owned()),
            kms_key: None,
            deletion_protected: false,
        }
    }

    fn change(path: &str, before: Value, after: Value) -> AttributeChange {
        AttributeChange {
            path: path.to_owned(),
            before,
            after,
        }
    }

    #[test]
    fn a_new_table_gets_what_cannot_be_given_at_its_creation() {
        let table = table();
        assert_eq!(
            table.created(),
            [&calls::CREATE_TABLE, &calls::UPDATE_TABLE_TTL]
        );
        assert_eq!(table.deleted(), [&calls::DELETE_TABLE]);
        let protected = Table {
            deletion_protected: true,
            ..table
        };
        assert_eq!(
            protected.deleted(),
            [&calls::UPDATE_TABLE, &calls::DELETE_TABLE]
        );
    }

    #[test]
    fn each_difference_is_one_step() {
        let wanted = table();
        assert_eq!(steps(&wanted, &wanted), []);
        let live = Table {
            on_demand: false,
            kms_key: Some("arn:aws:kms:eu-central-1:111122223333:key/k".to_owned()),
            deletion_protected: true,
            expires: Some("other".to_owned()),
            ..table()
        };
        assert_eq!(
            steps(&live, &wanted),
            [
                Step::Billing,
                Step::Encryption,
                Step::Protection,
                Step::Keep("other"),
                Step::Expire("expires"),
            ]
        );
        let kept = Table {
            expires: None,
            ..table()
        };
        assert_eq!(steps(&kept, &wanted), [Step::Expire("expires")]);
    }

    #[test]
    fn a_difference_is_told_in_words_and_keeps_no_alert_back() {
        for (change, impact, words) in [
            (
                change("on_demand", json!(false), json!(true)),
                Impact::Safeguard,
                "it takes so many requests a second and no more",
            ),
            (
                change("expires", Value::Null, json!("expires")),
                Impact::Safeguard,
                "it keeps all that it ever got",
            ),
            (
                change("expires", json!("k"), json!("expires")),
                Impact::Safeguard,
                "it removes items by their attribute `k`",
            ),
            (
                change("kms_key", json!("arn"), Value::Null),
                Impact::Safeguard,
                "it is encrypted with the key arn",
            ),
            (
                change("deletion_protected", json!(true), json!(false)),
                Impact::Cosmetic,
                "AWS refuses to delete it",
            ),
        ] {
            assert_eq!(FACTS.impact_of(&change), impact, "{}", change.path);
            assert_eq!(FACTS.describe(&change), words);
        }
    }
}
