//! Which accounts are watched: what the rules file includes and excludes, and what the command line
//! narrows that to. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Member, Units};
use crate::diagnostic::Span;
use crate::place::AccountId;
use crate::rules::{self, Filter};

/// What decides about an account.
#[derive(Debug, Clone)]
pub struct Selection {
    include: Filter,
    exclude: Filter,
    units: Units,
    /// `--account`: only these; empty: all.
    only: BTreeSet<AccountId>,
    /// `--exclude-account`: all but these; empty: all.
    without: BTreeSet<AccountId>,
}

/// What is decided about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The account is watched.
    Watched,
    /// It is left out.
    Left(Left),
}

/// Why an account is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// It is suspended, closed, or about to be.
    State,
    /// The rules file does not include it.
    NotIncluded,
    /// The rules file excludes it.
    Excluded,
    /// The command line narrows the work to others.
    Narrowed,
}

impl Left {
    /// For a person, behind "left out: ".
    pub fn words(self) -> &'static str {
        match self {
            Self::State => "suspended or closed",
            Self::NotIncluded => "not under `include`",
            Self::Excluded => "under `exclude`",
            Self::Narrowed => "not meant by the command line",
        }
    }
}

/// An account that is named and that the organization does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The account that is named.
    pub account: AccountId,
    /// Where it is named in the rules file; `None`: on the command line.
    pub span: Option<Span>,
}

impl Selection {
    /// What a rules file and a command line say, with the accounts below the units that it names.
    pub fn new(
        organization: &rules::Organization,
        units: Units,
        only: &[AccountId],
        without: &[AccountId],
    ) -> Self {
        Self {
            include: organization.include.clone(),
            exclude: organization.exclude.clone(),
            units,
            only: only.iter().cloned().collect(),
            without: without.iter().cloned().collect(),
        }
    }

    /// Whether the command line names accounts: then the rest is somebody else's concern.
    pub fn is_narrowed(&self) -> bool {
        !self.only.is_empty() || !self.without.is_empty()
    }

    /// Whether the tags of an account can decide about it: each account's are a request of their own.
    pub fn depends_on_tags(&self, member: &Member) -> bool {
        let none = BTreeMap::new();
        match self.decide(member, &none) {
            Choice::Left(Left::Narrowed | Left::Excluded | Left::State) => false,
            Choice::Left(Left::NotIncluded) => !self.include.tags.is_empty(),
            Choice::Watched => !self.exclude.tags.is_empty(),
        }
    }

    /// Whether an account is watched, whatever its tags.
    pub fn is_sure(&self, member: &Member) -> bool {
        !self.depends_on_tags(member) && self.decide(member, &BTreeMap::new()) == Choice::Watched
    }

    /// Decides about an account. `tags` are its own.
    pub fn decide(&self, member: &Member, tags: &BTreeMap<String, String>) -> Choice {
        let fits = |filter: &Filter| {
            let tagged =
                !filter.tags.is_empty() && filter.tags.iter().all(|(k, v)| tags.get(k) == Some(v));
            tagged
                || filter.accounts.iter().any(|(id, _)| *id == member.account)
                || filter.units.iter().any(|(unit, _)| {
                    let below = self.units.get(unit);
                    below.is_some_and(|accounts| accounts.contains(&member.account))
                })
        };
        let left = if !self.only.is_empty() && !self.only.contains(&member.account)
            || self.without.contains(&member.account)
        {
            Some(Left::Narrowed)
        } else if !member.state.is_workable() {
            Some(Left::State)
        } else if fits(&self.exclude) {
            Some(Left::Excluded)
        } else if !self.include.is_empty() && !fits(&self.include) {
            Some(Left::NotIncluded)
        } else {
            None
        };
        left.map_or(Choice::Watched, Choice::Left)
    }

    /// Accounts that are named one by one and not among `seen`, all accounts of the organization.
    pub fn unmatched(&self, seen: &BTreeSet<AccountId>) -> Vec<Unmatched> {
        let named = [&self.include, &self.exclude]
            .into_iter()
            .flat_map(|filter| &filter.accounts)
            .map(|(account, span)| (account, Some(*span)));
        let given = self.only.iter().chain(&self.without);
        named
            .chain(given.map(|account| (account, None)))
            .filter(|(account, _)| !seen.contains(*account))
            .map(|(account, span)| Unmatched {
                account: account.clone(),
                span,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organization::State;

    fn member(account: &str) -> Member {
        Member::known_by_id(account.parse().unwrap())
    }

    fn filter(accounts: &[&str], units: &[&str], tags: &[(&str, &str)]) -> Filter {
        let span = Span::default();
        Filter {
            accounts: accounts
                .iter()
                .map(|a| (a.parse().unwrap(), span))
                .collect(),
            units: units.iter().map(|u| ((*u).to_owned(), span)).collect(),
            tags: tags
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        }
    }

    fn decided(include: Filter, exclude: Filter, account: &str, tags: &[(&str, &str)]) -> Choice {
        let organization = rules::Organization {
            include,
            exclude,
            ..rules::Organization::whole(Span::default())
        };
        let below = [
            "222222222222".parse().unwrap(),
            "333333333333".parse().unwrap(),
        ];
        let units = Units::from([("ou-abcd-11111111".to_owned(), BTreeSet::from(below))]);
        let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Selection::new(&organization, units, &[], &[]).decide(&member(account), &tags.collect())
    }

    #[test]
    fn exclude_wins_over_include_and_a_filter_takes_any_of_what_it_names() {
        let none = Filter::default;
        let unit = || filter(&[], &["ou-abcd-11111111"], &[]);
        let left = |why| Choice::Left(why);
        for (include, exclude, account, tags, choice) in [
            (none(), none(), "111111111111", vec![], Choice::Watched),
            (unit(), none(), "222222222222", vec![], Choice::Watched),
            (
                unit(),
                none(),
                "111111111111",
                vec![],
                left(Left::NotIncluded),
            ),
            (none(), unit(), "222222222222", vec![], left(Left::Excluded)),
            (
                unit(),
                filter(&["333333333333"], &[], &[]),
                "333333333333",
                vec![],
                left(Left::Excluded),
            ),
            (
                filter(&[], &[], &[("env", "prod")]),
                none(),
                "111111111111",
                vec![("env", "prod")],
                Choice::Watched,
            ),
            (
                filter(&[], &[], &[("env", "prod")]),
                none(),
                "111111111111",
                vec![("env", "dev")],
                left(Left::NotIncluded),
            ),
            (
                filter(&["111111111111"], &["ou-abcd-11111111"], &[]),
                none(),
                "111111111111",
                vec![],
                Choice::Watched,
            ),
        ] {
            assert_eq!(
                decided(include, exclude, account, &tags),
                choice,
                "{account}"
            );
        }
    }

    #[test]
    fn what_cannot_be_worked_in_is_left_out_and_what_is_not_there_is_named() {
        let organization = rules::Organization {
            exclude: filter(&["444444444444"], &[], &[]),
            ..rules::Organization::whole(Span::default())
        };
        let only = [
            "111111111111".parse().unwrap(),
            "555555555555".parse().unwrap(),
        ];
        let selection = Selection::new(&organization, Units::new(), &only, &[]);
        let mut suspended = member("111111111111");
        suspended.state = State::Suspended;
        let none = BTreeMap::new();
        assert_eq!(
            selection.decide(&suspended, &none),
            Choice::Left(Left::State)
        );
        assert_eq!(
            selection.decide(&member("222222222222"), &none),
            Choice::Left(Left::Narrowed)
        );
        let seen = BTreeSet::from(["111111111111".parse().unwrap()]);
        let missing: Vec<String> = selection
            .unmatched(&seen)
            .into_iter()
            .map(|unmatched| unmatched.account.to_string())
            .collect();
        assert_eq!(missing, ["444444444444", "555555555555"]);
    }
}
