//! What would silence whoever is noisy: an exception in the rule language, compiled before it is suggested.

use super::actor::Actor;
use crate::compile::{PATTERN_QUOTA, compile_rule};
use crate::rules::{AllOf, FieldCondition, Matcher, RuleId, RulesFile, Trigger};

/// The line to write beside a rule, or beside its `use`, so that it does not alert on what the principal does.
/// `None` where the principal has no name, the rule takes no exception (a raw pattern), or EventBridge would not
/// take it with this one.
pub(crate) fn unless(file: &RulesFile, rule: &RuleId, actor: &Actor) -> Option<String> {
    if actor.path.is_empty() {
        return None;
    }
    let mut changed = file.rules.iter().find(|known| known.id == *rule)?.clone();
    let Trigger::Events(events) = &mut changed.trigger else {
        return None;
    };
    // A glob knows two characters of its own.
    let glob = !actor.value.contains(['*', '\\']);
    let matcher = if glob {
        Matcher::Glob(actor.value.clone())
    } else {
        Matcher::Exact(actor.value.clone().into())
    };
    events.unless.push(AllOf {
        fields: vec![FieldCondition {
            path: actor.path.split('.').map(str::to_owned).collect(),
            any_of: vec![matcher],
            span: changed.span,
        }],
    });
    compile_rule(file, &changed, PATTERN_QUOTA).ok()?;
    let value = serde_json::Value::from(actor.value.as_str());
    Some(if glob {
        format!("unless: {{ {}: {value} }}", actor.path)
    } else {
        format!("unless: {{ {}: {{ exact: {value} }} }}", actor.path)
    })
}
