//! Rules about sign-ins that do not listen in every Region in which IAM users sign in.

use serde_json::json;

use crate::check::checked_rule::{CheckedRule, listed, services, takes, warning};
use crate::check::lint::Lint;
use crate::diagnostic::Diagnostic;
use crate::pattern::Branch;
use crate::place::{Partition, Region};
use crate::rules::{Regions, RulesFile};

pub(in crate::check) const SIGN_IN_REGIONS: Lint = Lint {
    id: "W0805",
    explanation: "IAM users sign in at an endpoint of some Region, which need not be one that is watched: sign-in rules belong in every Region.",
    wrong: r#"watch: { regions: [eu-central-1] }
rules: [{ use: signin/failed }]"#,
    right: r#"watch: { regions: all }
rules: [{ use: signin/failed }]"#,
    is_fatal: false,
};

/// Where IAM users sign in who come by the global endpoint with the alias of their account in a cookie; the
/// others do it in us-east-1. Source: CloudTrail user guide, "AWS Management Console sign-in events".
const SIGN_IN_ENDPOINTS: [&str; 3] = ["ap-southeast-2", "eu-north-1", "us-east-2"];
/// Any other Region has an endpoint of its own: one of these stands for all that are not watched.
const OTHER_REGIONS: [&str; 4] = ["eu-central-1", "us-west-2", "ap-northeast-1", "sa-east-1"];

/// Rules about sign-ins of IAM users in a file that does not watch every Region.
pub(in crate::check) fn look(rules: &[CheckedRule<'_>], file: &RulesFile) -> Option<Diagnostic> {
    let home = &file.home.region;
    if file.watch.regions == Regions::All {
        return None;
    }
    // The other partitions have few Regions, and we know nothing of their endpoints.
    if home.partition() != Partition::Commercial {
        return None;
    }
    let listening = file.listening([]);
    let watched: Vec<&str> = listening.iter().map(Region::as_str).collect();
    let missing: Vec<&str> = SIGN_IN_ENDPOINTS
        .into_iter()
        .filter(|region| !watched.contains(region))
        .collect();
    let other = OTHER_REGIONS
        .into_iter()
        .find(|region| !watched.contains(region));
    let examples: Vec<&str> = if missing.is_empty() {
        other.into_iter().collect()
    } else {
        missing
    };
    let wanted = |checked: &&CheckedRule<'_>| {
        checked.branches().any(|branch| {
            is_sign_in(&branch) && examples.iter().any(|region| takes(&branch, region))
        })
    };
    let rules: Vec<&str> = rules
        .iter()
        .filter(wanted)
        .map(|checked| checked.rule.id.0.as_str())
        .collect();
    let names = listed(&rules)?;
    Some(warning(
        SIGN_IN_REGIONS.code(),
        file.watch.span,
        format!("sign-ins in other Regions are not heard by {names}"),
        &format!("listens in {} only", watched.join(", ")),
        format!(
            "write `watch: {{ regions: all }}`: AWS also signs IAM users in at {}",
            examples.join(", ")
        ),
    ))
}

/// Whether tests are about console sign-ins and let those of IAM users through.
fn is_sign_in(branch: &Branch<'_>) -> bool {
    services(branch).is_some_and(|services| services.contains(&"signin"))
        && branch.accepts("detail.eventName", &json!("ConsoleLogin"))
        && branch.accepts("detail.userIdentity.type", &json!("IAMUser"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_regions_are_those_of_the_place_types() {
        for region in SIGN_IN_ENDPOINTS.iter().chain(&OTHER_REGIONS) {
            let region: Region = region.parse().unwrap();
            assert_eq!(region.misspelt(), None);
        }
    }
}
