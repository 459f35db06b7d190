//! Rules to event patterns: pure, the same input gives the same output.
//!
//! A rule becomes a list of [`Conjunction`]s over fields under `detail` (any of which fires), then one JSON
//! pattern, then, where that is longer than the quota, several disjoint ones.

mod by_services;
mod categories;
mod conditions;
mod cover;
mod dispatched;
mod events;
mod excepted;
mod glob;
mod message;
mod omitted;
mod own_calls;
pub(crate) mod quotas;
mod rendered;
mod sources;
mod spelt_out;
mod split;
mod state;
mod transformer;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use conditions::Conjunction;

use crate::diagnostic::{Diagnostic, Level, Span, codes, printable};
use crate::pattern::{Cause, EventPattern, PatternError, normal_form};
use crate::place::{AccountId, Region, StackName};
use crate::rules::decode::other_tongue;
use crate::rules::{Format, Rule, RuleId, RulesFile, Severity, Trigger};
use crate::threads;

pub use crate::pattern::{
    DEFAULT_PATTERN_QUOTA as PATTERN_QUOTA, MAX_PATTERN_LENGTH as PATTERN_LIMIT,
};
pub(crate) use categories::services;
pub use categories::{Beyond, Categories};
pub use cover::{Forwarder, Where, cover, is_wanted, stands_apart_in};
pub(crate) use dispatched::head as dispatched_head;
pub use dispatched::{dispatched, input, told_by_dispatcher, told_channels};
pub use excepted::{exceptions_met, exceptions_missed};
pub use message::{differ_in_words, is_chosen_name, is_own_path, message};
pub(crate) use own_calls::{CALLER as OWN_CALLER, CALLS as OWN_CALLS, DISPATCHER_CALLS, OwnRoles};
pub use state::RuleState;
pub(crate) use state::{is_write_name, needed as needed_state};
pub use transformer::InputTransformer;

/// What a synthetic event carries under `detail.iamwatch`: without it no detector listens to one, so that probes of the
/// way alone alert nobody. It says nothing to a reader, who goes by the envelope's source.
pub const TEST_MARK: &str = "TEST ";

/// One event pattern of one rule: what a detector is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compiled {
    /// The id of the pattern's rule.
    pub rule: RuleId,
    /// The title of the pattern's rule, one line for people.
    pub title: String,
    /// How bad it is when the pattern's rule fires.
    pub severity: Severity,
    /// 1-based part of the rule; `None` where the rule fits into one pattern.
    pub part: Option<usize>,
    /// The pattern as EventBridge takes it.
    pub pattern: Value,
    /// The state that lets every event through that the pattern wants.
    pub state: RuleState,
    /// Which names can stand in the events: decides what an alert can safely say.
    pub names: Names,
    /// Whether the rule stands apart: no forwarder has to pass its events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
}

/// Who chooses the names in the `userIdentity` of a rule's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// IAM and STS, and the events are console sign-ins.
    SignIn,
    /// IAM and STS, which limit the alphabet.
    Iam,
    /// Possibly an identity provider: any text.
    Free,
}

impl Compiled {
    /// The alert's form for one channel format, where alerts are raised in a Region.
    pub fn message(&self, format: Format, home: &Region) -> InputTransformer {
        message(self, format, home)
    }

    /// The pattern as it concerns events of AWS: without the door for synthetic ones.
    pub fn without_door(&self) -> Value {
        let mut pattern = self.pattern.clone();
        if let Some(fields) = pattern.as_object_mut()
            && let Some(Value::Array(branches)) = fields.get("$or")
            && branches.iter().any(is_door)
            && let Some(Value::Object(real)) =
                branches.iter().find(|branch| !is_door(branch)).cloned()
        {
            fields.shift_remove("$or");
            fields.extend(real);
        }
        pattern
    }

    /// The pattern as it concerns events of AWS that say what was asked for: [`Self::without_door`], and as
    /// [`Self::with_parameters`].
    pub fn as_meant(&self) -> Value {
        omitted::forgotten(&self.without_door())
    }

    /// The pattern as it concerns records that say what was asked for: without the alternatives for those whose
    /// parameters CloudTrail left out.
    pub fn with_parameters(&self) -> Value {
        omitted::forgotten(&self.pattern)
    }

    /// The pattern as a detector has it: synthetic events come in from the home account alone, whoever else may send
    /// events to a bus that forwarders listen to.
    pub fn at_home(&self, home: &AccountId) -> Value {
        let mut pattern = self.pattern.clone();
        own_calls::settle(&mut pattern, home);
        if let Some(Value::Array(branches)) = pattern.get_mut("$or") {
            let doors = branches.iter_mut().filter(|branch| is_door(branch));
            for door in doors.filter_map(Value::as_object_mut) {
                door.insert("account".to_owned(), json!([home]));
            }
            return normal_form(&pattern);
        }
        pattern
    }
}

/// Whether a branch of `$or` is the door for synthetic events.
fn is_door(branch: &Value) -> bool {
    branch.pointer("/detail/iamwatch") == Some(&json!([TEST_MARK]))
}

/// The source of iamwatch's own synthetic events: AWS refuses `aws.*` from users
/// (`NotAuthorizedForSourceException` of `PutEvents`).
pub fn test_source(name: &StackName) -> String {
    format!("iamwatch.test.{name}")
}

/// Compiles every enabled rule.
///
/// # Errors
/// One diagnostic for each rule that EventBridge's language cannot express, that does not fit into
/// `quota` characters, or whose raw pattern EventBridge would refuse.
pub fn compile(file: &RulesFile, quota: usize) -> Result<Vec<Compiled>, Vec<Diagnostic>> {
    let Each {
        compiled, problems, ..
    } = each(file, quota);
    if problems.is_empty() {
        Ok(compiled)
    } else {
        Err(problems)
    }
}

/// The rules of a file as far as they compile.
#[derive(Debug, Clone)]
pub struct Each {
    /// The patterns of the rules that compile, in the order of the rules.
    pub compiled: Vec<Compiled>,
    /// The patterns of `compiled`, ready to match.
    pub patterns: Vec<EventPattern>,
    /// What is wrong with the other rules.
    pub problems: Vec<Diagnostic>,
}

/// Fewer rules than this are not worth a thread.
const LEAST_AT_ONCE: usize = 64;

/// Compiles every enabled rule, going on after an error.
pub fn each(file: &RulesFile, quota: usize) -> Each {
    let rules: Vec<&Rule> = file.rules.iter().filter(|rule| rule.enabled).collect();
    let results = threads::shared_out(&rules, LEAST_AT_ONCE, |rules| {
        let compiled = rules.iter().map(|rule| parts(file, rule, quota));
        compiled.collect()
    });
    let mut each = Each {
        compiled: Vec::new(),
        patterns: Vec::new(),
        problems: Vec::new(),
    };
    for result in results {
        match result {
            Ok(parts) => {
                let (compiled, patterns): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
                each.compiled.extend(compiled);
                each.patterns.extend(patterns);
            }
            Err(problem) => each.problems.push(*problem),
        }
    }
    each
}

/// Compiles one rule, enabled or not.
///
/// # Errors
/// As for [`compile`].
pub fn compile_rule(
    file: &RulesFile,
    rule: &Rule,
    quota: usize,
) -> Result<Vec<Compiled>, Box<Diagnostic>> {
    let parts = parts(file, rule, quota)?;
    Ok(parts.into_iter().map(|(compiled, _)| compiled).collect())
}

/// The patterns of a rule, each also ready to match.
fn parts(
    file: &RulesFile,
    rule: &Rule,
    quota: usize,
) -> Result<Vec<(Compiled, EventPattern)>, Box<Diagnostic>> {
    let door = file.test_events.then(|| Door {
        source: test_source(&file.name),
        home: file.home.account.as_ref(),
    });
    if let Some(problem) = dispatched::too_long(file, rule) {
        return Err(Box::new(problem));
    }
    let roles = own_calls::OwnRoles::of(file);
    // The account that is not known yet takes its room in the pattern too.
    let room = match &door {
        Some(Door { home: None, .. }) => ACCOUNT_ROOM,
        _ => 0,
    };
    let (patterns, names) = match &rule.trigger {
        Trigger::Events(events) => {
            let helped = |problem| spelt_out::helped(problem, rule, events);
            let conditions = conditions::any_of(events).map_err(helped)?;
            let whole = events::Selection::new(events);
            let names = whole.names();
            let parts = split::fit(whole, quota.saturating_sub(room), |selection| {
                assemble(selection, &conditions, door.as_ref(), roles.as_ref())
            })
            .map_err(helped)?
            .map_err(|characters| Box::new(over_quota(rule, characters + room, quota)))?;
            if parts.is_empty() {
                return Err(conditions::impossible(rule.span));
            }
            (parts, names)
        }
        Trigger::Raw { pattern, span } => {
            let pattern = raw_with_door(pattern, door.as_ref(), *span)?;
            let text = text(&pattern);
            let characters = text.chars().count() + room;
            if characters > quota {
                return Err(Box::new(over_quota(rule, characters, quota)));
            }
            (vec![(pattern, text)], Names::Free)
        }
    };
    let many = patterns.len() > 1;
    patterns
        .into_iter()
        .enumerate()
        .map(|(index, (pattern, text))| {
            // The compiler's own output is checked like a user's: a mistake here must not reach AWS.
            let parsed =
                EventPattern::parse(&text).map_err(|error| refused(rule, &error.to_string()))?;
            let compiled = Compiled {
                rule: rule.id.clone(),
                title: rule.title.clone(),
                severity: rule.severity,
                part: many.then_some(index + 1),
                state: state::needed(&pattern),
                pattern,
                names,
                apart: rule.apart,
            };
            Ok((compiled, parsed))
        })
        .collect()
}

/// One pattern: envelope, then `detail` as any of `selection` × `conditions`. `None` where no event can
/// satisfy any of them: without tests on `detail` the pattern would match everything.
fn assemble(
    selection: &events::Selection,
    conditions: &[Conjunction],
    door: Option<&Door<'_>>,
    roles: Option<&own_calls::OwnRoles>,
) -> Result<Option<Value>, Box<Diagnostic>> {
    let mut pattern = envelope(json!(selection.sources()), door);
    pattern.insert("detail-type".to_owned(), json!(selection.detail_types()));
    let mut branches: Vec<Map<String, Value>> = Vec::new();
    for branch in selection.branches() {
        for condition in conditions {
            let mut both = branch.clone();
            let mut possible = true;
            for (path, tests) in condition {
                possible &= conditions::and(&mut both, path, tests)?;
            }
            possible = possible && own_calls::leave_out(&mut both)?;
            if let Some(roles) = roles.filter(|_| possible) {
                possible = own_calls::leave_out_dispatcher(&mut both, roles)?;
            }
            if possible {
                let mut detail = Map::new();
                for (path, tests) in &both {
                    insert(&mut detail, path, &conditions::render(&tests.any_of));
                }
                branches.push(detail);
            }
        }
    }
    if branches.is_empty() {
        return Ok(None);
    }
    let detail = product(branches);
    if !detail.is_empty() {
        pattern.insert("detail".to_owned(), Value::Object(detail));
    }
    Ok(Some(normal_form(&Value::Object(pattern))))
}

/// Where synthetic events come in.
#[derive(Debug, Clone)]
struct Door<'f> {
    /// Their source, which no event of AWS has.
    source: String,
    /// The only account that they are taken from; `None`: the file does not say it, and [`Compiled::at_home`] puts it in.
    home: Option<&'f AccountId>,
}

/// Characters of `"account":["111122223333"],` in a pattern.
const ACCOUNT_ROOM: usize = 27;

/// What pins the sender. Beside the sources of AWS, which AWS guards, stands the door for synthetic events.
fn envelope(sources: Value, door: Option<&Door<'_>>) -> Map<String, Value> {
    let mut pattern = Map::new();
    match door {
        None => {
            pattern.insert("source".to_owned(), sources);
        }
        Some(door) => {
            let mut open =
                json!({ "source": [door.source], "detail": { "iamwatch": [TEST_MARK] } });
            if let (Some(fields), Some(home)) = (open.as_object_mut(), door.home) {
                fields.insert("account".to_owned(), json!([home]));
            }
            pattern.insert("$or".to_owned(), json!([{ "source": sources }, open]));
        }
    }
    pattern
}

/// One object that holds where any of the branches holds. What all branches share stands outside `$or`,
/// once: shorter, and the literals a reader looks for stay visible.
fn any_of(mut branches: Vec<Map<String, Value>>) -> Map<String, Value> {
    branches.dedup();
    if branches.len() <= 1 {
        return branches.pop().unwrap_or_default();
    }
    // A branch without tests holds for every event.
    if branches.iter().any(Map::is_empty) {
        return Map::new();
    }
    let mut shared = Map::new();
    if let Some(first) = branches.first().cloned() {
        for (key, value) in first {
            if key != "$or" && branches.iter().all(|b| b.get(&key) == Some(&value)) {
                shared.insert(key, value);
            }
        }
    }
    for branch in &mut branches {
        branch.retain(|key, _| !shared.contains_key(key));
    }
    if !branches.iter().any(Map::is_empty) {
        shared.insert("$or".to_owned(), json!(branches));
    }
    shared
}

/// [`any_of`], and shorter where each alternative of the caller goes with each of the rest: both are said once then.
fn product(mut branches: Vec<Map<String, Value>>) -> Map<String, Value> {
    const CALLER: &str = "userIdentity";
    let mut seen: Vec<Map<String, Value>> = Vec::new();
    branches.retain(|branch| {
        let is_new = !seen.contains(branch);
        if is_new {
            seen.push(branch.clone());
        }
        is_new
    });
    let mut callers: Vec<Map<String, Value>> = Vec::new();
    let mut rests: Vec<(Map<String, Value>, usize)> = Vec::new();
    for branch in &branches {
        let mut rest = branch.clone();
        let Some(Value::Object(caller)) = rest.shift_remove(CALLER) else {
            return any_of(branches);
        };
        if !callers.contains(&caller) {
            callers.push(caller);
        }
        match rests.iter_mut().find(|(other, _)| *other == rest) {
            Some((_, count)) => *count += 1,
            None => rests.push((rest, 1)),
        }
    }
    // No branch comes twice: with as many callers as there are, it is all of them.
    let is_product = rests.iter().all(|(_, count)| *count == callers.len());
    if !is_product || callers.len() < 2 || rests.len() < 2 {
        return any_of(branches);
    }
    let mut detail = any_of(rests.into_iter().map(|(rest, _)| rest).collect());
    detail.insert(CALLER.to_owned(), Value::Object(any_of(callers)));
    detail
}

/// Puts the tests at a path, creating the objects on the way.
fn insert(object: &mut Map<String, Value>, path: &[String], tests: &[Value]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        object.insert(first.clone(), json!(tests));
        return;
    }
    let inner = object
        .entry(first.clone())
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        insert(inner, rest, tests);
    }
}

/// A user's own pattern with the door for synthetic events put in beside its `source`.
fn raw_with_door(
    pattern: &Value,
    door: Option<&Door<'_>>,
    span: Span,
) -> Result<Value, Box<Diagnostic>> {
    let raw_error = |message: String, label: &str, help: &str| {
        Box::new(Diagnostic {
            code: codes::RAW_REFUSED.id,
            level: Level::Error,
            message,
            label: label.to_owned(),
            help: Some(help.to_owned()),
            span,
        })
    };
    let parsed = EventPattern::parse(&pattern.to_string()).map_err(|error| {
        let help = foreign_operator(&error, pattern);
        raw_error(
            format!("EventBridge would refuse this pattern: {error}"),
            "not a valid event pattern",
            help.as_deref()
                .unwrap_or("try it with `iamwatch match PATTERN EVENT`"),
        )
    })?;
    if let Some(path) = parsed.overruled() {
        return Err(raw_error(
            format!("the pattern tests `{path}` inside `$or` and beside it"),
            "EventBridge lets the later test count and forgets the other",
            "test the field in one place: inside each branch of `$or`, or beside it",
        ));
    }
    let pattern = &sources::without_partners(pattern);
    let Value::Object(fields) = pattern else {
        return Ok(pattern.clone());
    };
    let (Some(door), Some(sources)) = (door, fields.get("source")) else {
        return Ok(normal_form(pattern));
    };
    let forgeable = EventPattern::parse(&json!({ "source": sources }).to_string())
        .ok()
        .zip(crate::pattern::Event::parse(&json!({ "source": door.source }).to_string()).ok())
        .is_some_and(|(pattern, event)| pattern.matches(&event));
    if forgeable {
        return Err(raw_error(
            format!(
                "the pattern's `source` lets `{}` in, which anybody may send",
                door.source
            ),
            "matches synthetic events without their mark",
            "pin the sources that you mean, such as `source: [aws.iam]`",
        ));
    }
    if fields.contains_key("$or") {
        return Err(raw_error(
            "a raw pattern with `$or` beside `source` leaves no room for synthetic events"
                .to_owned(),
            "`$or` at the top level",
            "move the `$or` into `detail`, or set `test_events: false` at the top of the file",
        ));
    }
    let mut open = envelope(sources.clone(), Some(door));
    for (key, value) in fields.iter().filter(|(key, _)| *key != "source") {
        // Of a field inside `$or` and beside it only one test would count: what is asked of the account goes to the
        // events of AWS, since the door has an account of its own.
        let Some(Value::Array(branches)) = open.get_mut("$or").filter(|_| key == "account") else {
            open.insert(key.clone(), value.clone());
            continue;
        };
        if let Some(Value::Object(real)) = branches.iter_mut().find(|branch| !is_door(branch)) {
            real.insert(key.clone(), value.clone());
        }
    }
    Ok(normal_form(&Value::Object(open)))
}

/// A pattern as it is sent: compact JSON. Cannot fail for a value in memory; not by `Display`, which takes
/// twice as long.
fn text(pattern: &Value) -> String {
    serde_json::to_string(pattern).unwrap_or_else(|_| pattern.to_string())
}

fn over_quota(rule: &Rule, characters: usize, quota: usize) -> Diagnostic {
    Diagnostic {
        code: codes::OVER_LENGTH.id,
        level: Level::Error,
        message: format!(
            "the pattern of `{}` has {characters} characters, more than EventBridge's quota of {quota}, and cannot be split",
            rule.id
        ),
        label: "too long for one event pattern".to_owned(),
        help: Some(
            "iamwatch splits by literal event names and services only, so that no event alerts twice: \
             shorten `when`/`unless`, or make two rules of it"
                .to_owned(),
        ),
        span: rule.span,
    }
}

/// What to write for an operator that other languages have and EventBridge has not.
fn foreign_operator(error: &PatternError, pattern: &Value) -> Option<String> {
    let Cause::UnknownOperator(name) = &error.cause else {
        return None;
    };
    let value = value_of(name, pattern)?;
    Some(match other_tongue::as_tests(name, value) {
        Some(tests) => format!("write the tests of the field as `{}`", printable(&tests)),
        None if other_tongue::is_operator(name) => {
            "write the rule with `events` and conditions, which say more".to_owned()
        }
        None => return error.help(),
    })
}

/// What stands behind a key of some name, wherever that is.
fn value_of<'v>(name: &str, value: &'v Value) -> Option<&'v Value> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| value_of(name, item)),
        Value::Object(fields) => fields
            .get(name)
            .or_else(|| fields.values().find_map(|inner| value_of(name, inner))),
        _ => None,
    }
}

fn refused(rule: &Rule, reason: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic {
        code: codes::COMPILED_REFUSED.id,
        level: Level::Error,
        message: format!(
            "EventBridge would refuse the pattern of `{}`: {reason}",
            rule.id
        ),
        label: "compiles to a pattern that is not valid".to_owned(),
        help: Some("simplify the conditions of this rule".to_owned()),
        span: rule.span,
    })
}
