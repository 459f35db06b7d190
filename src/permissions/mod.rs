//! What a caller must be allowed to do: from the calls that iamwatch makes and what each declares, a
//! policy of least privilege for one rules file; and the policy that guards against everybody else.

mod boundary;
mod guard;
mod member;
mod powers;
mod resources;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::aws::{Call, Need, On, Step, calls};
use crate::backtest::source::{lookup, s3};

pub use boundary::boundary;
pub use guard::{GUARD_LIMIT, guard, printed_length};
pub use member::{MemberRole, member_role};
pub use powers::{Power, powers};
pub use scope::Scope;

/// Characters of a managed policy; white space does not count. Source: IAM quotas.
pub const POLICY_LIMIT: usize = 6_144;

/// A kind of run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// `plan`, and all that only looks.
    Plan,
    /// A run of `apply` or `destroy`.
    Apply,
    /// A run of `test-event`.
    TestEvent,
    /// A run of `dlq`.
    Dlq,
    /// `backtest` with `s3://…` or `--lookup`.
    Backtest,
    /// All work in a member account of an organization.
    Member,
}

/// What `test-event` does with the calls of the deployer. Its temporary queue and rule have names of their
/// own, and the rule passes no role.
static PROOF: &[(&Call, On)] = &[
    (&calls::CREATE_QUEUE, On::Probe),
    (&calls::DELETE_QUEUE, On::Probe),
    (&calls::LIST_QUEUE_TAGS, On::Probe),
    (&calls::SUBSCRIBE, On::ProbeSubscription),
    (&calls::UNSUBSCRIBE, On::Topic),
    (&calls::PUT_RULE, On::ProbeRule),
    (&calls::PUT_TARGETS, On::ProbeRule),
    (&calls::REMOVE_TARGETS, On::ProbeRule),
    (&calls::DELETE_RULE, On::ProbeRule),
    (&calls::LIST_TARGETS, On::ProbeRule),
    (&calls::LIST_RULE_TAGS, On::ProbeRule),
];

/// What `dlq` does with calls of `test-event`: its queues are those that are deployed.
static DEAD_LETTERS: &[(&Call, On)] = &[
    (&calls::RECEIVE, On::Queue),
    (&calls::DELETE_MESSAGE, On::Queue),
];

/// What `backtest` does where logs are not on this machine.
static LOGS: &[&Call] = &[&s3::LIST, &s3::GET, &lookup::LOOKUP];

/// The policy that a caller needs for a kind of run. The same scope gives the same text.
pub fn policy(scope: &Scope, phase: Phase) -> Value {
    let mut statements: BTreeMap<(usize, &'static str), Statement> = BTreeMap::new();
    let mut needs = needs(phase);
    if phase == Phase::Backtest && scope.regions.is_none() {
        // Whose history is to be read, only AWS knows.
        needs.extend(calls::LIST_REGIONS.needs.iter().map(|need| (*need, false)));
    }
    for (need, write) in needs {
        let Some(granted) = resources::of(need.on, write, scope) else {
            continue;
        };
        let statement = statements
            .entry((granted.order, granted.sid))
            .or_insert_with(|| Statement {
                actions: BTreeSet::new(),
                resources: BTreeSet::new(),
                condition: granted.condition,
            });
        statement.actions.insert(need.action);
        statement.resources.extend(granted.resources);
    }
    let statements: Vec<Value> = statements
        .into_iter()
        .map(|((_, sid), statement)| statement.json(sid))
        .collect();
    document(statements)
}

/// The policy of a caller as managed policies, as many as it takes to keep each below [`POLICY_LIMIT`]: together they
/// allow what [`policy`] allows.
pub fn policies(scope: &Scope, phase: Phase) -> Vec<Value> {
    let whole = policy(scope, phase);
    if fits(&whole) {
        return vec![whole];
    }
    let statements = whole.get("Statement").and_then(Value::as_array);
    let statements = statements.into_iter().flatten();
    packed(statements.flat_map(parts), fits)
}

fn fits(policy: &Value) -> bool {
    length(policy) <= POLICY_LIMIT
}

/// Statements in policies that each fit, in their order.
fn packed(statements: impl IntoIterator<Item = Value>, fits: fn(&Value) -> bool) -> Vec<Value> {
    let mut policies: Vec<Vec<Value>> = Vec::new();
    let together = |all: &[Value], more: &Value| {
        let all = all.iter().chain([more]).cloned();
        document(all.collect())
    };
    for statement in statements {
        match policies.last_mut() {
            Some(last) if fits(&together(last, &statement)) => last.push(statement),
            _ => policies.push(vec![statement]),
        }
    }
    policies.into_iter().map(document).collect()
}

/// A statement in as many as it takes for each to fit into a policy, each with some of its resources. No two neighbours
/// fit into one, where their names would be the same.
fn parts(statement: &Value) -> Vec<Value> {
    let with = |resources: &[Value]| {
        let mut part = statement.clone();
        if let Some(fields) = part.as_object_mut() {
            fields.insert("Resource".to_owned(), json!(resources));
        }
        part
    };
    let is_too_long = !fits(&document(vec![statement.clone()]));
    let resources = statement.get("Resource").and_then(Value::as_array);
    let Some(resources) = resources.filter(|_| is_too_long) else {
        return vec![statement.clone()];
    };
    let mut parts: Vec<Vec<Value>> = Vec::new();
    for resource in resources {
        let more = |part: &[Value]| [part, std::slice::from_ref(resource)].concat();
        match parts.last_mut() {
            Some(last) if fits(&document(vec![with(&more(last))])) => last.push(resource.clone()),
            _ => parts.push(vec![resource.clone()]),
        }
    }
    parts.iter().map(|part| with(part)).collect()
}

fn document(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Characters of a policy as IAM counts them.
pub fn length(policy: &Value) -> usize {
    policy.to_string().chars().count()
}

/// What a kind of run needs, and whether for a write.
fn needs(phase: Phase) -> Vec<(Need, bool)> {
    let made = |call: &Call| match phase {
        Phase::Plan => call.step == Step::Look,
        Phase::Apply => call.step <= Step::Change,
        Phase::TestEvent => call.step == Step::Look || call.step == Step::Prove,
        Phase::Dlq => call.step == Step::Look || call.step == Step::Redrive,
        Phase::Backtest => false,
        Phase::Member => member::CALLS.iter().any(|used| std::ptr::eq(*used, call)),
    };
    let logs = LOGS.iter().filter(|_| phase == Phase::Backtest);
    let mut needs: Vec<(Need, bool)> = calls::ALL
        .iter()
        .filter(|call| made(call))
        .chain(logs)
        .flat_map(|call| call.needs.iter().map(|need| (*need, call.write)))
        .collect();
    let besides = match phase {
        Phase::Plan | Phase::Apply | Phase::Backtest | Phase::Member => [].as_slice(),
        Phase::TestEvent => PROOF,
        Phase::Dlq => DEAD_LETTERS,
    };
    needs.extend(besides.iter().flat_map(|(call, on)| {
        let needs = call.needs.iter();
        let needs = needs.filter(|need| {
            !matches!(
                need.on,
                On::PassedRole | On::LeftProbeRule | On::LeftProbe | On::DispatcherProbes
            )
        });
        needs.map(|need| (Need { on: *on, ..*need }, call.write))
    }));
    needs
}

struct Statement {
    actions: BTreeSet<&'static str>,
    resources: BTreeSet<String>,
    condition: Option<Value>,
}

impl Statement {
    fn json(self, sid: &str) -> Value {
        let mut statement = json!({
            "Sid": sid,
            "Effect": "Allow",
            "Action": self.actions,
            "Resource": one_or_many(self.resources),
        });
        if let (Some(fields), Some(condition)) = (statement.as_object_mut(), self.condition) {
            fields.insert("Condition".to_owned(), condition);
        }
        statement
    }
}

fn one_or_many(texts: impl IntoIterator<Item = String>) -> Value {
    let mut texts: Vec<String> = texts.into_iter().collect();
    match texts.len() {
        1 => json!(texts.pop()),
        _ => json!(texts),
    }
}
