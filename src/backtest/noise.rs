//! Who causes the most alerts of a rule: one principal, or one name that is noisy in many accounts.

use std::collections::BTreeMap;

use super::actor::Actor;
use super::tally::RuleTally;

/// The names of so many accounts fit into an exception that a person still reads.
const LISTED: usize = 5;

/// A principal, or those of one name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Noise<'t> {
    /// The principal; of several, what they have in common, with `*` for the account.
    pub actor: Actor,
    /// Each of them, the noisiest first.
    pub members: Vec<&'t Actor>,
    /// Alerts that they cause.
    pub alerts: u64,
}

/// The noisiest first, and so many of them at most.
pub(super) fn noisiest(tally: &RuleTally, most: usize) -> Vec<Noise<'_>> {
    let mut by_name: BTreeMap<Actor, Noise<'_>> = BTreeMap::new();
    for (member, alerts) in tally.actors.by_count() {
        let actor = everywhere(member).unwrap_or_else(|| member.clone());
        let noise = by_name.entry(actor).or_insert_with_key(|actor| Noise {
            actor: actor.clone(),
            members: Vec::new(),
            alerts: 0,
        });
        noise.members.push(member);
        noise.alerts += alerts;
    }
    let mut all: Vec<Noise<'_>> = by_name.into_values().collect();
    for noise in &mut all {
        if let [only] = noise.members.as_slice() {
            noise.actor = (*only).clone();
        }
    }
    all.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.actor.cmp(&b.actor)));
    all.truncate(most);
    all
}

impl Noise<'_> {
    /// What an exception has to name: each of them where they are few, else what they have in common, which others of
    /// that name meet as well.
    pub(super) fn names(&self) -> Vec<&str> {
        if self.members.len() <= LISTED {
            self.members
                .iter()
                .map(|member| member.value.as_str())
                .collect()
        } else {
            vec![self.actor.value.as_str()]
        }
    }

    /// Alerts of the rule on what an exception with some of [`Noise::names`] holds for.
    pub(super) fn silenced(&self, tally: &RuleTally, names: &[&str]) -> u64 {
        let holds = |other: &Actor| {
            other.path == self.actor.path
                && names.iter().any(|name| {
                    *name == other.value
                        || everywhere(other).is_some_and(|common| common.value == *name)
                })
        };
        // Others may have the same name in a field that says less of them.
        [&tally.actors, &tally.also]
            .into_iter()
            .flat_map(|actors| actors.by_count())
            .filter(|&(actor, _)| holds(actor))
            .map(|(_, count)| count)
            .sum()
    }
}

/// A principal as it would be named in any account: a role, a session of one, a user. Root is everywhere, and has no name.
fn everywhere(actor: &Actor) -> Option<Actor> {
    // A glob knows two characters of its own.
    if actor.value.contains(['*', '\\']) {
        return None;
    }
    let mut parts = actor.value.splitn(6, ':');
    let (arn, partition, service, region, account, resource) = (
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
    );
    let named = ["role/", "user/", "assumed-role/"]
        .iter()
        .any(|kind| resource.starts_with(kind));
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (arn == "arn" && region.is_empty() && named && is_account).then(|| Actor {
        path: actor.path,
        value: format!("arn:{partition}:{service}::*:{resource}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(value: &str) -> Actor {
        Actor {
            path: "userIdentity.arn",
            value: value.to_owned(),
        }
    }

    fn tally(actors: &[(&str, u64)]) -> RuleTally {
        let mut tally = RuleTally::default();
        for (value, count) in actors {
            tally.actors.add(actor(value), *count);
            tally.alerts += count;
        }
        tally
    }

    #[test]
    fn one_name_in_many_accounts_is_one_noise() {
        let tally = tally(&[
            ("arn:aws:iam::111122223333:role/Deployer", 4),
            ("arn:aws:iam::444455556666:role/Deployer", 5),
            ("arn:aws:iam::444455556666:role/Other", 8),
            ("arn:aws:iam::111122223333:root", 3),
            ("arn:aws:iam::444455556666:root", 3),
        ]);
        let found = noisiest(&tally, 3);
        let shown: Vec<(&str, u64)> = found
            .iter()
            .map(|noise| (noise.actor.value.as_str(), noise.alerts))
            .collect();
        assert_eq!(
            shown,
            [
                ("arn:aws:iam::*:role/Deployer", 9),
                ("arn:aws:iam::444455556666:role/Other", 8),
                ("arn:aws:iam::111122223333:root", 3),
            ]
        );
        // Few are named one by one, and nobody else is meant.
        let names = found[0].names();
        assert_eq!(names.len(), 2);
        assert_eq!(found[0].silenced(&tally, &names), 9);
    }

    #[test]
    fn many_are_named_by_what_they_have_in_common() {
        let values: Vec<String> = (0..9)
            .map(|n| format!("arn:aws:iam::10000000000{n}:user/ci/deploy"))
            .collect();
        let actors: Vec<(&str, u64)> = values.iter().map(|value| (value.as_str(), 2)).collect();
        let mut tally = tally(&actors);
        tally
            .also
            .add(actor("arn:aws:iam::200000000000:user/ci/deploy"), 1);
        tally
            .also
            .add(actor("arn:aws:iam::200000000000:user/deploy"), 1);
        let found = noisiest(&tally, 3);
        assert_eq!(found.len(), 1);
        let names = found[0].names();
        assert_eq!(names, ["arn:aws:iam::*:user/ci/deploy"]);
        assert_eq!(found[0].silenced(&tally, &names), 19);
    }

    #[test]
    fn what_has_no_account_or_a_star_stands_for_itself() {
        for value in [
            "ec2.amazonaws.com",
            "arn:aws:iam::*:role/x",
            "arn:aws:iam::111122223333:role/a*b",
            "",
            "arn:aws:s3:::bucket",
        ] {
            assert_eq!(everywhere(&actor(value)), None, "{value}");
        }
    }
}
