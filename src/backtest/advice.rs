//! What would silence whoever is noisy: an exception in the rule language, compiled before it is suggested.

use crate::compile::{PATTERN_QUOTA, compile_rule};
use crate::rules::{AllOf, FieldCondition, Matcher, RuleId, RulesFile, Trigger};

/// The line to write beside a rule, or beside its `use`, so that it does not alert on what is done by those whom a
/// field names so. `None` where the field names nobody, the rule takes no exception (a raw pattern), or EventBridge
/// would not take it with this one.
pub(crate) fn unless(
    file: &RulesFile,
    rule: &RuleId,
    path: &str,
    names: &[&str],
) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    let mut changed = file.rules.iter().find(|known| known.id == *rule)?.clone();
    let Trigger::Events(events) = &mut changed.trigger else {
        return None;
    };
    // A glob knows two characters of its own. One in the place of an ARN's account is meant so.
    let anywhere =
        |name: &str| name.split(':').nth(4) == Some("*") && name.matches('*').count() == 1;
    let exact = |name: &str| name.contains(['*', '\\']) && !anywhere(name);
    events.unless.push(AllOf {
        fields: vec![FieldCondition {
            path: path.split('.').map(str::to_owned).collect(),
            any_of: names
                .iter()
                .map(|name| match exact(name) {
                    true => Matcher::Exact((*name).into()),
                    false => Matcher::Glob((*name).to_owned()),
                })
                .collect(),
            span: changed.span,
        }],
    });
    compile_rule(file, &changed, PATTERN_QUOTA).ok()?;
    let value = match names {
        [name] => serde_json::Value::from(*name),
        names => serde_json::Value::from(names.to_vec()),
    };
    Some(if names.iter().any(|name| exact(name)) {
        format!("unless: {{ {path}: {{ exact: {value} }} }}")
    } else {
        format!("unless: {{ {path}: {value} }}")
    })
}
