//! A plan for people.

use std::fmt::Write;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::style::Painter;
use crate::compile::RuleState;
use crate::plan::{Action, AttributeChange, Change, Plan};
use crate::resources::{Owner, Resource};

/// The whole plan, a line end at its end.
pub fn plan(plan: &Plan, paint: Painter) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        text.push_str(&one(change, paint));
    }
    for key in &plan.orphans {
        let _ = writeln!(
            text,
            "{} {key} {}",
            paint.dim("-"),
            paint.dim("is no longer wanted and stays: give --prune to delete it")
        );
    }
    for key in &plan.waiting {
        let _ = writeln!(
            text,
            "{} {key} waits to be confirmed by its receiver",
            paint.yellow("…")
        );
    }
    for note in &plan.notes {
        let _ = writeln!(text, "{} {}", paint.yellow("!"), note.message);
        let _ = writeln!(text, "    {}", note.help);
        if let Some(document) = &note.document {
            indented(&mut text, &pretty(document), "    ");
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{}", paint.bold(&summary(plan)));
    text
}

/// One line: how much would be done.
pub fn summary(plan: &Plan) -> String {
    let (create, update, delete) = plan.counts();
    let place = &plan.home;
    if plan.changes.is_empty() && plan.is_off() {
        format!("No changes to make at {place}, but see above.")
    } else if plan.changes.is_empty() {
        format!("No changes: {place} is as the rules file asks.")
    } else {
        format!("Plan for {place}: {create} to create, {update} to change, {delete} to delete.")
    }
}

/// Why nothing can be planned.
pub fn conflict(conflict: &crate::plan::Conflict) -> (String, String) {
    let owner = match &conflict.owner {
        Owner::Stack(name) => format!("belongs to the rules file named `{name}`"),
        Owner::Nobody | Owner::Ours => "does not carry iamwatch's tag".to_owned(),
    };
    (
        format!("{} at {} exists already and {owner}", conflict.key, conflict.key.place),
        "rename or delete it, or give this rules file another `name`; iamwatch never touches what is not its own"
            .to_owned(),
    )
}

fn one(change: &Change, paint: Painter) -> String {
    let mut text = String::new();
    let symbol = match change.action {
        Action::Create => paint.green("+"),
        Action::Update => paint.yellow("~"),
        Action::Replace => paint.yellow("±"),
        Action::Delete => paint.red("-"),
    };
    let _ = writeln!(text, "{symbol} {}", paint.bold(&change.key.to_string()));
    match (change.action, &change.after) {
        (Action::Create, Some(after)) => {
            for line in description(after) {
                let _ = writeln!(text, "    {line}");
            }
        }
        _ => {
            for attribute in &change.attributes {
                differing(&mut text, attribute, paint);
            }
        }
    }
    text
}

/// What a new resource is about, in a line or three.
fn description(resource: &Resource) -> Vec<String> {
    match resource {
        Resource::Queue(queue) => vec![format!(
            "keeps undeliverable events for {} days",
            queue.retention_seconds / 86_400
        )],
        Resource::Topic(topic) => vec![format!("shown as \"{}\"", topic.display_name)],
        Resource::Subscription(s) => vec![match s.protocol.as_str() {
            "email" | "https" => "its receiver must confirm".to_owned(),
            "sms" => "if the account may send there: SMS has a sandbox and a spend limit in SNS"
                .to_owned(),
            "lambda" => "if the function's policy lets our topic invoke it".to_owned(),
            _ => "active at once".to_owned(),
        }],
        // The pattern is long; `iamwatch compile` and `--json` show it.
        Resource::Rule(rule) => {
            let mut lines = vec![rule.description.clone()];
            if rule.state == RuleState::EnabledWithAll {
                lines.push("also for read-only events".to_owned());
            }
            lines.extend(
                rule.targets
                    .values()
                    .map(|target| format!("alerts {}", target.arn.resource())),
            );
            lines
        }
    }
}

/// `path: before → after`, or a structural difference for documents.
fn differing(text: &mut String, change: &AttributeChange, paint: Painter) {
    let long =
        |value: &Value| value.is_object() || value.is_array() || value.to_string().len() > 60;
    if !long(&change.before) && !long(&change.after) {
        let _ = writeln!(
            text,
            "    {}: {} → {}",
            change.path, change.before, change.after
        );
        return;
    }
    let _ = writeln!(text, "    {}:", change.path);
    let (before, after) = (pretty(&change.before), pretty(&change.after));
    for line in TextDiff::from_lines(&before, &after).iter_all_changes() {
        let words = line.value().trim_end_matches('\n');
        let _ = match line.tag() {
            ChangeTag::Delete => writeln!(text, "      {}", paint.red(&format!("- {words}"))),
            ChangeTag::Insert => writeln!(text, "      {}", paint.green(&format!("+ {words}"))),
            ChangeTag::Equal => writeln!(text, "        {words}"),
        };
    }
}

/// JSON over several lines; text with line ends as it is.
fn pretty(value: &Value) -> String {
    match value {
        Value::String(words) if words.contains('\n') => format!("{words}\n"),
        value => format!("{value:#}\n"),
    }
}

fn indented(text: &mut String, block: &str, indent: &str) {
    for line in block.lines() {
        let _ = writeln!(text, "{indent}{line}");
    }
}
