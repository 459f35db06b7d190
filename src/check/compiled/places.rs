//! Rules that do not listen where their events appear.

use serde_json::json;

use crate::check::checked_rule::{CheckedRule, services, warning};
use crate::check::lint::Lint;
use crate::diagnostic::Diagnostic;
use crate::pattern::Branch;
use crate::place::{Partition, Region};
use crate::rules::{GLOBAL_SERVICES, Regions, RulesFile};

pub(in crate::check) const SIGN_IN_REGIONS: Lint = Lint {
    id: "W0805",
    explanation: "IAM users sign in at an endpoint of some Region, which need not be one that is watched: sign-in rules belong in every Region.",
    wrong: r#"watch: { regions: [eu-central-1] }
rules: [{ use: signin/failed }]"#,
    right: r#"watch: { regions: all }
rules: [{ use: signin/failed }]"#,
    is_fatal: false,
};

pub(in crate::check) const NOT_IN_GLOBAL_REGION: Lint = Lint {
    id: "W0804",
    explanation: "The events of IAM, Organizations, Route 53, CloudFront and Account Management, and the sign-ins of root, appear in us-east-1 only. A rule that is limited to other Regions never hears of them.",
    wrong: r#"- id: a
  events: ["iam:CreateUser"]
  when: { awsRegion: eu-central-1 }"#,
    right: r#"- id: a
  events: ["iam:CreateUser"]"#,
    is_fatal: false,
};

/// Where IAM users sign in who come by the global endpoint with the alias of their account in a cookie; the
/// others do it in us-east-1. Source: CloudTrail user guide, "AWS Management Console sign-in events".
const SIGN_IN_ENDPOINTS: [&str; 3] = ["ap-southeast-2", "eu-north-1", "us-east-2"];
/// Any other Region has an endpoint of its own: one of these stands for all that are not watched.
const OTHER_REGIONS: [&str; 4] = ["eu-central-1", "us-west-2", "ap-northeast-1", "sa-east-1"];

/// Whether tests let events of a Region through, by the envelope and by the record.
fn takes(branch: &Branch<'_>, region: &str) -> bool {
    let region = json!(region);
    branch.accepts("region", &region) && branch.accepts("detail.awsRegion", &region)
}

fn only(branch: &Branch<'_>, path: &str, text: &str) -> bool {
    branch.texts(path).is_some_and(|texts| texts == [text])
}

/// A rule about global services, or about root, that is limited to Regions without their events.
pub(in crate::check) fn limited(checked: &CheckedRule<'_>, file: &RulesFile) -> Option<Diagnostic> {
    let global = file.home.region.global();
    let away = |branch: &Branch<'_>| !takes(branch, global.as_str());
    let named = checked.branches().filter(away).find_map(|branch| {
        let root = only(&branch, "detail.userIdentity.type", "Root");
        match services(&branch) {
            Some(services) => services.into_iter().find_map(|service| {
                let sign_in = service == "signin" && root;
                (GLOBAL_SERVICES.contains(&service) || sign_in).then(|| service.to_owned())
            }),
            None => root.then(|| "signin".to_owned()),
        }
    })?;
    // Another alternative of the rule may listen there.
    let source = json!(format!("{named}.amazonaws.com"));
    let elsewhere = checked.branches().any(|branch| {
        !away(&branch)
            && branch.accepts("detail.eventSource", &source)
            && branch.accepts("source", &json!(format!("aws.{named}")))
    });
    if elsewhere {
        return None;
    }
    let what = match named.as_str() {
        "signin" => "root's sign-ins".to_owned(),
        service => format!("the events of `{service}`"),
    };
    Some(checked.warning(
        NOT_IN_GLOBAL_REGION.code(),
        format!("`{}` does not hear of {what}", checked.rule.id),
        "limited to other Regions",
        format!("{what} appear in {global} only, whoever acts from wherever: remove the condition on the Region, or add {global}"),
    ))
}

/// Rules about sign-ins of IAM users in a file that does not watch every Region.
pub(in crate::check) fn sign_ins(
    rules: &[CheckedRule<'_>],
    file: &RulesFile,
) -> Option<Diagnostic> {
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

/// The first few of some rules.
pub(in crate::check) fn listed(rules: &[&str]) -> Option<String> {
    let shown: Vec<String> = rules
        .iter()
        .take(3)
        .map(|rule| format!("`{rule}`"))
        .collect();
    let (last, first) = shown.split_last()?;
    Some(match (first, rules.len().saturating_sub(3)) {
        (_, more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        ([], 0) => last.clone(),
        (first, 0) => format!("{} and {last}", first.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Region;

    #[test]
    fn a_few_rules_are_named_and_the_others_counted() {
        assert_eq!(listed(&[]), None);
        assert_eq!(listed(&["a"]).as_deref(), Some("`a`"));
        assert_eq!(listed(&["a", "b"]).as_deref(), Some("`a` and `b`"));
        let many = ["a", "b", "c", "d", "e"];
        assert_eq!(listed(&many).as_deref(), Some("`a`, `b`, `c` and 2 more"));
    }

    #[test]
    fn the_regions_are_those_of_the_place_types() {
        for region in SIGN_IN_ENDPOINTS.iter().chain(&OTHER_REGIONS) {
            let region: Region = region.parse().unwrap();
            assert_eq!(region.misspelt(), None);
        }
    }
}
