//! Step by step from what the detectors ask to something shorter that passes more.

use serde_json::{Value, json};

use crate::compile::own_calls::{CALLER, CALLS};

use super::branch::{
    ABSENT, Branch, DETAIL_TYPE, EVENT_NAME, EVENT_SOURCE, SOURCE, Tests, USER_TYPE,
    is_test_source, least, literal, tests,
};

/// Where the calls that alerting causes can be told apart: a forwarder that passed these would cause the
/// next one. Source: CloudTrail, `userIdentity` and `sourceIPAddress` of calls by AWS services.
const OWN_CALLS: &[(&str, &[&str])] = &[
    ("detail.userIdentity.invokedBy", &[CALLER]),
    ("detail.sourceIPAddress", &[CALLER]),
    (EVENT_NAME, &["AssumeRole", "Decrypt", "GenerateDataKey"]),
    (EVENT_SOURCE, &["kms.amazonaws.com", "sts.amazonaws.com"]),
    (USER_TYPE, &["AWSService"]),
];

/// Fields that say much in few characters; they go last.
const CHEAP: &[&str] = &[
    SOURCE,
    DETAIL_TYPE,
    EVENT_SOURCE,
    EVENT_NAME,
    USER_TYPE,
    "detail.errorCode",
    "detail.eventType",
];
const CHEAP_LENGTH: usize = 60;

/// What a step gives up, in characters that it must save to be worth it.
const CONDITION: usize = 1;
const NAMES: usize = 4;
const ALL_NAMES: usize = 100;

/// The next wider form, always shorter than the branch, and how much it is worth: characters saved, less
/// the more it gives up. `None` where nothing is left to give up.
pub(super) fn wider(branch: &Branch) -> Option<(Branch, usize)> {
    let length = branch.length();
    steps(branch).into_iter().find_map(|(price, next)| {
        let next = guarded(branch, next);
        let saved = length
            .checked_sub(next.length())
            .filter(|saved| *saved > 0)?;
        Some((next, saved * ALL_NAMES / price))
    })
}

/// The names of a branch without wildcards: the first word is nearly as tight, and a bus takes 30 rules
/// with wildcards only.
pub(super) fn without_wildcards(branch: &Branch) -> Branch {
    let plain = |test: &String| {
        let wildcard = serde_json::from_str::<Value>(test).ok();
        let head = wildcard
            .as_ref()
            .and_then(|w| w.get("wildcard")?.as_str()?.split('*').next());
        match head.filter(|head| !head.contains('\\')).map(first_word) {
            Some(word) if word.len() > 1 => json!({ "prefix": word }).to_string(),
            _ => test.clone(),
        }
    };
    let mut next = branch.clone();
    if let Some(names) = next.fields.get_mut(EVENT_NAME) {
        let prefixes: Vec<String> = names.iter().map(plain).collect();
        *names = least(EVENT_NAME, prefixes.iter());
    }
    if loops(&next) && !loops(branch) {
        return branch.clone();
    }
    next
}

/// Candidates, the one that gives up least first.
fn steps(branch: &Branch) -> Vec<(usize, Branch)> {
    let cheap = |path: &str, tests: &Tests| {
        CHEAP.contains(&path) && tests.iter().map(String::len).sum::<usize>() <= CHEAP_LENGTH
            || path == EVENT_NAME
            || path == EVENT_SOURCE
            || path == SOURCE
    };
    let mut exceptions = Vec::new();
    let mut deep = Vec::new();
    for (path, tests) in &branch.fields {
        let excludes = |test: &String| test == ABSENT || test.contains("anything-but");
        if tests.iter().all(excludes) && path != EVENT_NAME && path != EVENT_SOURCE {
            exceptions.push(path);
        } else if !cheap(path, tests) {
            deep.push(path);
        }
    }
    let size = |path: &&String| {
        branch
            .fields
            .get(*path)
            .map_or(0, |t| t.iter().map(String::len).sum())
    };
    let by_size = |mut paths: Vec<&'_ String>| {
        paths.sort_by_key(|path| std::cmp::Reverse(size(path)));
        paths.into_iter().cloned().collect::<Vec<String>>()
    };
    let (exceptions, deep) = (by_size(exceptions), by_size(deep));
    let named = [EVENT_SOURCE, EVENT_NAME, USER_TYPE]
        .iter()
        .any(|path| branch.fields.contains_key(*path));
    // The last condition that tells its events from all others goes late.
    let (early, late) = deep.split_at(if named {
        deep.len()
    } else {
        deep.len().saturating_sub(1)
    });
    let forgotten = |path: String| {
        let mut next = branch.clone();
        next.forget(&path);
        if next.fields.is_empty() {
            next = Branch::everything(branch.reads);
        }
        next
    };
    let mut last = vec![EVENT_NAME.to_owned()];
    last.extend(late.iter().cloned());
    last.extend([EVENT_SOURCE.to_owned()]);
    last.extend(branch.fields.keys().filter(|path| *path != SOURCE).cloned());
    let conditions = exceptions.into_iter().chain(early.to_vec()).map(forgotten);
    let priced = |price: usize| move |next: Branch| (price, next);
    conditions
        .map(priced(CONDITION))
        .chain([(NAMES, first_words(branch))])
        .chain(last.into_iter().map(forgotten).map(priced(ALL_NAMES)))
        .chain([all_of_aws(branch), Branch::everything(branch.reads)].map(priced(ALL_NAMES)))
        .collect()
}

/// Event names by their first word: `CreateUser` becomes `Create*`.
fn first_words(branch: &Branch) -> Branch {
    let mut next = branch.clone();
    if let Some(names) = next.fields.get_mut(EVENT_NAME) {
        let words: Vec<String> = names
            .iter()
            .map(|test| {
                let text = literal(test).or_else(|| {
                    let operator: Value = serde_json::from_str(test).ok()?;
                    Some(operator.get("prefix")?.as_str()?.to_owned())
                });
                match text.as_deref().map(first_word) {
                    Some(word) if word.len() > 1 => json!({ "prefix": word }).to_string(),
                    _ => test.clone(),
                }
            })
            .collect();
        *names = least(EVENT_NAME, words.iter());
    }
    // A prefix that lets the alerting's own calls in is no gain.
    if loops(&next) && !loops(branch) {
        return branch.clone();
    }
    next
}

fn first_word(name: &str) -> &str {
    let end = name
        .char_indices()
        .skip(1)
        .find(|(_, c)| !c.is_ascii_lowercase())
        .map_or(name.len(), |(at, _)| at);
    name.get(..end).unwrap_or(name)
}

fn all_of_aws(branch: &Branch) -> Branch {
    let mut next = branch.clone();
    if let Some(sources) = next.fields.get_mut(SOURCE) {
        let ours = |test: &String| is_test_source(test);
        let aws = |test: &String| {
            literal(test).is_some_and(|text| text.starts_with("aws."))
                || test == r#"{"prefix":"aws."}"#
        };
        if sources.iter().all(|test| ours(test) || aws(test)) {
            let kept = sources.iter().filter(|test| ours(test)).cloned();
            *sources = tests([json!({ "prefix": "aws." })])
                .into_iter()
                .chain(kept)
                .collect();
        }
    }
    next
}

/// Whether it passes calls that the alerting itself causes.
pub(super) fn loops(branch: &Branch) -> bool {
    let anywhere = OWN_CALLS
        .iter()
        .all(|(path, texts)| texts.iter().any(|text| branch.allows(path, text)));
    anywhere
        && CALLS.iter().any(|(service, name)| {
            branch.allows(EVENT_SOURCE, service) && branch.allows(EVENT_NAME, name)
        })
}

/// The step, less the alerting's own calls if the branch did not pass them: by the field by which the
/// branch told them apart, so that all it passed still passes. No step where no one field does.
fn guarded(branch: &Branch, mut next: Branch) -> Branch {
    if !loops(&next) || loops(branch) {
        return next;
    }
    let apart = OWN_CALLS
        .iter()
        .find(|(path, texts)| texts.iter().all(|text| !branch.allows(path, text)));
    let Some((path, texts)) = apart else {
        return branch.clone();
    };
    let but = json!({ "anything-but": texts });
    let others = tests([but, json!({ "exists": false })]);
    next.fields.insert((*path).to_owned(), others);
    next
}
