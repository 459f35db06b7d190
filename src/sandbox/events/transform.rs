//! Input transformers: what EventBridge makes of an event before it reaches a target.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::state::InputTransformer;
use crate::sandbox::common::Strings;

const PATHS: usize = 100;

const TEMPLATE: usize = 8192;

/// Variables that need no path.
const RESERVED: [&str; 5] = [
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
];

/// What an event's surroundings say to reserved variables.
pub(crate) struct Surroundings<'a> {
    pub(crate) rule_arn: &'a str,
    pub(crate) rule_name: &'a str,
    pub(crate) ingestion_time: &'a str,
}

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// A `<name>`, and whether it stands inside a quoted string.
    Variable(&'t str, bool),
}

/// Checks the transformer of a target as PutTargets does; the error is what AWS says.
pub(crate) fn check(target: &str, transformer: &InputTransformer) -> Result<(), String> {
    let none = Strings::new();
    let paths = transformer.input_paths_map.as_ref().unwrap_or(&none);
    if paths.len() > PATHS {
        return Err(format!(
            "InputPathsMap for target {target} has over {PATHS} entries."
        ));
    }
    for (name, path) in paths {
        let fits = (1..=256).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !fits {
            return Err(format!(
                "InputPathsMap for target {target} contains invalid key {name}."
            ));
        }
        check_path(path)
            .map_err(|reason| format!("InputPathsMap for target {target}: {reason}"))?;
    }
    let template = &transformer.input_template;
    if template.is_empty() || template.chars().count() > TEMPLATE {
        return Err(format!(
            "InputTemplate for target {target} has not 1 to {TEMPLATE} characters."
        ));
    }
    let pieces = split(template);
    for piece in &pieces {
        if let Piece::Variable(name, _) = piece
            && !paths.contains_key(*name)
            && !RESERVED.contains(name)
        {
            return Err(format!(
                "InputTemplate for target {target} contains invalid placeholder {name}."
            ));
        }
    }
    // Any value will do: what counts is whether the text around the variables holds together.
    let sample: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Variable(_, true) => "x",
            Piece::Variable(_, false) => "null",
        })
        .collect();
    well_formed(&sample).then_some(()).ok_or_else(|| {
        format!("JSON syntax error in input for target {target}: InputTemplate is neither JSON nor quoted lines.")
    })
}

/// `$`, `$.a.b`, `$.a[0]`: dot notation only.
pub(crate) fn check_path(path: &str) -> Result<(), String> {
    steps(path).map(|_| ())
}

fn steps(path: &str) -> Result<Vec<String>, String> {
    let bad = || format!("JSON path `{path}` is not valid");
    if path.contains('*') {
        return Err(format!(
            "the sandbox does not implement wildcards in JSON paths: `{path}`"
        ));
    }
    let rest = path.strip_prefix('$').ok_or_else(bad)?;
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    for part in rest.strip_prefix('.').ok_or_else(bad)?.split('.') {
        let mut pieces = part.split('[');
        let name = pieces.next().unwrap_or_default();
        if name.is_empty() || name.contains(['\'', '"', ']', '?', '(', ' ']) {
            return Err(bad());
        }
        steps.push(name.to_owned());
        for index in pieces {
            let index = index.strip_suffix(']').ok_or_else(bad)?;
            if index.is_empty() || !index.bytes().all(|b| b.is_ascii_digit()) {
                return Err(bad());
            }
            steps.push(format!("[{index}"));
        }
    }
    Ok(steps)
}

/// What a path finds in an event.
pub(crate) fn find<'e>(event: &'e Value, path: &str) -> Option<&'e Value> {
    let mut here = event;
    for step in steps(path).ok()? {
        here = match step.strip_prefix('[') {
            Some(index) => here.get(index.parse::<usize>().ok()?)?,
            None => here.get(step)?,
        };
    }
    Some(here)
}

fn split(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut quoted, mut escaped) = (false, false);
    let mut text_start = 0;
    let mut skip_to = 0;
    for (at, c) in template.char_indices() {
        if at < skip_to {
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' => {
                let Some(rest) = template.get(at + 1..) else {
                    continue;
                };
                // Whatever stands between the two signs is a variable: they cannot be escaped.
                let name = rest.split(['>', '\n']).next().unwrap_or_default();
                let is_name = rest.get(name.len()..).is_some_and(|r| r.starts_with('>'));
                if is_name {
                    pieces.push(Piece::Text(
                        template.get(text_start..at).unwrap_or_default(),
                    ));
                    pieces.push(Piece::Variable(name, quoted));
                    text_start = at + name.len() + 2;
                    skip_to = text_start;
                }
            }
            _ => {}
        }
    }
    pieces.push(Piece::Text(template.get(text_start..).unwrap_or_default()));
    pieces
}

/// One JSON value, or lines that are each a quoted string.
fn well_formed(text: &str) -> bool {
    let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    is_json(text)
        || text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .all(|line| line.starts_with('"') && is_json(line))
}

/// The text that the target receives, or an error where it is not JSON: `INVALID_JSON`.
pub(crate) fn apply(
    transformer: &InputTransformer,
    event: &Value,
    around: &Surroundings<'_>,
) -> Result<String, String> {
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, path) in transformer.input_paths_map.iter().flatten() {
        if let Some(value) = find(event, path) {
            values.insert(name, value.clone());
        }
    }
    let text = |text: &str| Value::String(text.to_owned());
    values.insert("aws.events.rule-arn", text(around.rule_arn));
    values.insert("aws.events.rule-name", text(around.rule_name));
    values.insert(
        "aws.events.event.ingestion-time",
        text(around.ingestion_time),
    );
    values.insert("aws.events.event.json", event.clone());
    // The event without its `detail`; AWS spells one key of it differently.
    let fields = event.as_object().into_iter().flatten();
    let bare = fields.filter(|(key, _)| *key != "detail");
    let bare = bare.map(|(key, value)| match key.as_str() {
        "detail-type" => ("detailType".to_owned(), value.clone()),
        _ => (key.clone(), value.clone()),
    });
    let bare = Value::Object(bare.collect());
    values.insert("aws.events.event", bare);

    let mut out = String::new();
    for piece in split(&transformer.input_template) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable(name, quoted) => match values.get(name) {
                // A variable whose path is absent vanishes.
                None => {}
                // Inside quotes the raw text is inserted and not escaped.
                Some(Value::String(text)) if quoted => out.push_str(text),
                // EventBridge takes the quotes out of objects and lists there.
                Some(value) if quoted => out.push_str(&value.to_string().replace('"', "")),
                Some(value) => out.push_str(&value.to_string()),
            },
        }
    }
    if well_formed(&out) {
        Ok(out)
    } else {
        Err("the transformed input is not valid JSON".to_owned())
    }
}
