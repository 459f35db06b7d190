//! What went wrong in the accounts of an organization: what failed alike is told once, so that the end of
//! a thousand accounts fits on a screen.

use std::collections::BTreeMap;

use super::fleet::{named_first, place};
use super::style::Painter;
use super::text::Text;
use crate::aws::CallError;
use crate::diagnostic::{counted, shell_word};
use crate::fleet::{AccountError, Outcome, Run};
use crate::organization::Member;
use crate::plan::adopt;

/// So many accounts that failed alike are all told in AWS's words; of more, the first.
const WORDED: usize = 2;
/// Of the others so many are named.
const NAMED: usize = 3;
/// So many kinds of failure are told of.
const KINDS: usize = 6;

/// One thing that went wrong.
struct Trouble {
    /// What it is about, such as `to read`.
    kind: &'static str,
    /// The call and AWS's code: failures that share them are alike, although the words name the account and
    /// the request, and the advice the resource.
    cause: String,
    words: String,
    remedy: String,
}

/// Accounts with the first trouble of the kind that each has.
type Alike<'a> = Vec<(&'a Member, Trouble)>;

/// All of it; nothing if nothing went wrong.
pub(super) fn troubles(text: &mut Text, run: &Run, paint: Painter) {
    let mut groups: BTreeMap<(&'static str, String), Alike<'_>> = BTreeMap::new();
    for outcome in &run.outcomes {
        for trouble in of(outcome) {
            let alike = groups.entry((trouble.kind, trouble.cause.clone()));
            let alike = alike.or_default();
            // Outcomes are in order: the same account would be the last.
            if alike
                .last()
                .is_none_or(|(last, _)| **last != outcome.member)
            {
                alike.push((&outcome.member, trouble));
            }
        }
    }
    let mut groups: Vec<Alike<'_>> = groups.into_values().collect();
    groups.sort_by_key(|alike| std::cmp::Reverse(alike.len()));
    let mut untold = false;
    for alike in groups.iter().take(KINDS) {
        untold |= tell(text, alike, paint);
    }
    if let Some(more) = groups.get(KINDS..).filter(|more| !more.is_empty()) {
        let accounts: usize = more.iter().map(Vec::len).sum();
        let _ = writeln!(
            text,
            "{} in {} in {}",
            paint.red("failed"),
            counted(more.len(), "more way"),
            counted(accounts, "account")
        );
        untold = true;
    }
    if untold {
        let advice = "the same command with `--json` tells of each account";
        let _ = writeln!(text, "{}", paint.dim(advice));
    }
    if let Some(error) = &run.unlisted {
        let _ = writeln!(
            text,
            "{} not all accounts are known: {error}",
            paint.red("failed")
        );
    }
    regions_unknown(text, run, paint);
    for unmatched in &run.unmatched {
        let _ = writeln!(
            text,
            "{} account {} is named, and the organization has none of that id",
            paint.yellow("!"),
            unmatched.account
        );
    }
}

/// Accounts that do not say which Regions they have.
fn regions_unknown(text: &mut Text, run: &Run, paint: Painter) {
    let unknown = run.outcomes.iter().filter_map(|outcome| {
        let standing = outcome.result.as_ref().ok()?;
        Some((&outcome.member, standing.regions_unknown.as_ref()?))
    });
    let unknown: Vec<_> = unknown.collect();
    if let Some((_, error)) = unknown.first() {
        let members: Vec<&Member> = unknown.iter().map(|(member, _)| *member).collect();
        let _ = writeln!(
            text,
            "{} which Regions are enabled is not known, and those that AWS enables by itself are taken: {}",
            paint.yellow("!"),
            named_first(&members, NAMED)
        );
        let _ = writeln!(text, "    {error}");
        let _ = writeln!(
            text,
            "    let the role call ListRegions, or list the Regions under `watch.regions`"
        );
    }
}

/// Whether something was left untold.
fn tell(text: &mut Text, alike: &Alike<'_>, paint: Painter) -> bool {
    let Some((_, first)) = alike.first() else {
        return false;
    };
    let count = match alike.len() {
        1 => String::new(),
        many => format!(" ({many})"),
    };
    let _ = writeln!(text, "{} {}{count}:", paint.red("failed"), first.kind);
    let all = alike.len() <= WORDED;
    let worded = if all { WORDED } else { 1 };
    for (member, trouble) in alike.iter().take(worded) {
        let _ = writeln!(text, "    {member}: {}", trouble.words);
    }
    if !all {
        let rest: Vec<&Member> = alike
            .iter()
            .skip(worded)
            .map(|(member, _)| *member)
            .collect();
        let _ = writeln!(text, "    alike: {}", named_first(&rest, NAMED));
    }
    if !first.remedy.is_empty() {
        let _ = writeln!(text, "    {}", first.remedy);
    }
    alike.len() > worded + NAMED
}

impl Trouble {
    fn of_call(kind: &'static str, error: &CallError) -> Self {
        Self {
            kind,
            cause: format!("{} {}", error.call, error.code.as_deref().unwrap_or("")),
            words: error.to_string(),
            remedy: error.remedy().unwrap_or_default(),
        }
    }

    /// Nothing went wrong in the account itself: those that waited for the same are alike.
    fn not_tried(words: &str, remedy: &str) -> Self {
        Self {
            cause: words.to_owned(),
            ..Self::plain("not tried", words, remedy)
        }
    }

    fn plain(kind: &'static str, words: &str, remedy: &str) -> Self {
        Self {
            kind,
            cause: String::new(),
            words: words.to_owned(),
            remedy: remedy.to_owned(),
        }
    }
}

/// Everything that went wrong in an account.
fn of(outcome: &Outcome) -> Vec<Trouble> {
    const AGAIN: &str = "run the same command again";
    let standing = match &outcome.result {
        Err(AccountError::NoRole(error)) => return vec![Trouble::of_call("to enter", error)],
        Err(AccountError::Unread(error)) => return vec![Trouble::of_call("to read", error)],
        Err(AccountError::Conflicts(conflicts)) => {
            let keys = conflicts
                .iter()
                .map(|conflict| format!("{}{}", conflict.key, place(&conflict.key.place)));
            let keys: Vec<String> = keys.collect();
            let adopt = conflicts.first().map(|c| adopt::written(&c.key));
            let unless =
                adopt.map(|key| format!(" unless `--adopt {}` hands it over", shell_word(&key)));
            return vec![Trouble {
                kind: "under a name of ours stands what is not ours",
                cause: String::new(),
                words: keys.join(", "),
                remedy: format!(
                    "delete or rename it there; it is never touched{}",
                    unless.unwrap_or_default()
                ),
            }];
        }
        Err(AccountError::Moved) => {
            return vec![Trouble::plain(
                "not as it was when the plan was shown, and left alone",
                "something moved",
                AGAIN,
            )];
        }
        Err(AccountError::NotTried) => {
            return vec![Trouble::not_tried("the run was stopped before", AGAIN)];
        }
        Err(AccountError::HomeBroken) => {
            return vec![Trouble::not_tried(
                "what accounts send to does not stand in the home account",
                "mend what failed in the home account, then run the same command again",
            )];
        }
        Err(AccountError::NotAllListed) => {
            return vec![Trouble::not_tried(
                "not all accounts could be listed, so that nobody knows how much would be deleted",
                "see to it that all accounts can be listed, then run the same command again",
            )];
        }
        Err(AccountError::Refused) => {
            return vec![Trouble::not_tried(
                "much would be deleted in all accounts together, and nobody agreed to it",
                "if all of that is to go, give --prune-most; else name fewer accounts, or correct the rules file",
            )];
        }
        Ok(standing) => standing,
    };
    let blind = standing.blind.iter().map(|blind| {
        let trouble = Trouble::of_call("to read", &blind.error);
        let words = format!("{}: {}", blind.region, trouble.words);
        match blind.disabled {
            false => Trouble { words, ..trouble },
            // Each service says so in a code of its own.
            true => Trouble::plain(
                "in Regions that are not enabled",
                &words,
                "enable the Region there, or leave it out of `watch.regions`",
            ),
        }
    });
    let failed = standing.failed.iter().map(|failed| Trouble {
        remedy: failed.remedy.clone().unwrap_or_default(),
        ..Trouble::of_call("to change", &failed.error)
    });
    blind.chain(failed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::Failed;
    use crate::aws::{Cause, calls};
    use crate::fleet::AccountState;
    use crate::place::{AccountId, Place};
    use crate::resources::{Kind, ResourceKey};

    fn account(number: usize) -> AccountId {
        (100_000_000_000 + number as u64)
            .to_string()
            .parse()
            .unwrap()
    }

    fn denied(call: &'static crate::aws::Call, number: usize, code: &str, why: &str) -> CallError {
        let on = format!(
            "arn:aws:iam::{}:role/OrganizationAccountAccessRole",
            account(number)
        );
        let caller = "arn:aws:sts::100000000000:assumed-role/deployer/iamwatch";
        CallError {
            call,
            message: format!(
                "User: {caller} is not authorized to perform: {call} on resource: {on}{why}"
            ),
            resource: on,
            cause: Cause::Denied,
            code: Some(code.to_owned()),
            status: Some(403),
            request_id: Some(format!("00000000-0000-4000-a000-{number:012}")),
        }
    }

    /// A thousand accounts, of which thirty failed in three ways.
    fn thousand() -> Run {
        let outcomes = (0..1_000).map(|number| {
            let result = match number {
                100..112 => Err(AccountError::NoRole(denied(
                    &calls::ASSUME_ROLE,
                    number,
                    "AccessDenied",
                    "",
                ))),
                300..310 => Err(AccountError::Unread(denied(
                    &calls::LIST_ROLES,
                    number,
                    "AccessDenied",
                    "",
                ))),
                700..708 => {
                    let why = " with an explicit deny in a service control policy";
                    let call = &calls::PUT_RULE;
                    let error = denied(call, number, "AccessDeniedException", why);
                    let key = ResourceKey {
                        place: Place::Global {
                            account: account(number),
                        },
                        kind: Kind::Rule,
                        name: "iamwatch-acme-forwarder_1".to_owned(),
                    };
                    Ok(AccountState {
                        done: 3,
                        failed: vec![Failed {
                            key,
                            remedy: error.remedy(),
                            error,
                        }],
                        ..AccountState::default()
                    })
                }
                _ => Ok(AccountState {
                    done: 5,
                    ..AccountState::default()
                }),
            };
            let name = format!("account-{number}");
            Outcome {
                member: Member {
                    name,
                    ..Member::known_by_id(account(number))
                },
                left: None,
                result,
            }
        });
        Run {
            outcomes: outcomes.collect(),
            ..Run::default()
        }
    }

    #[test]
    fn the_end_of_a_thousand_accounts_fits_on_a_screen() {
        let text = super::super::fleet::report(&thousand(), "o-acme", Painter { color: false });
        let rows = text
            .lines()
            .map(|line| line.chars().count().div_ceil(80).max(1));
        assert!(rows.sum::<usize>() <= 36, "{text}");
        for wanted in [
            "failed to enter (12):\n",
            "failed to read (10):\n",
            "failed to change (8):\n",
            // The first in AWS's words, some by name, the others counted.
            "    100000000300 (account-300): iam:ListRoles on ",
            "    alike: 100000000301 (account-301), 100000000302 (account-302), 100000000303 (account-303) and 6 more accounts\n",
            // What to do.
            "`iamwatch permissions --for member`",
            "a service control policy forbids this: ask whoever keeps the organization's policies",
            "the same command with `--json` tells of each account\n",
            "Applied to 970 of 1000 accounts of o-acme: ",
        ] {
            assert!(text.contains(wanted), "{wanted}\n---\n{text}");
        }
        assert_eq!(text.matches("request id").count(), 3, "{text}");
    }

    #[test]
    fn two_that_failed_alike_are_both_told_in_words() {
        let mut run = thousand();
        run.outcomes = run.outcomes.drain(300..302).collect();
        let mut text = Text::default();
        troubles(&mut text, &run, Painter { color: false });
        assert_eq!(text.matches("request id").count(), 2, "{text}");
        assert!(!text.contains("alike"), "{text}");
        assert!(!text.contains("--json"), "{text}");
    }
}
