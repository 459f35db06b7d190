//! Rules that do not listen where their events appear.

use serde_json::json;

use super::subject::{Subject, services, warning};
use crate::pattern::Branch;
use crate::place::Partition;
use crate::rules::{Diagnostic, GLOBAL_SERVICES, Regions, RulesFile, codes};

/// Where IAM users sign in who come by the global endpoint with the alias of their account in a cookie; the
/// others do it in us-east-1. Source: CloudTrail user guide, "AWS Management Console sign-in events".
const SIGN_IN_REGIONS: [&str; 3] = ["ap-southeast-2", "eu-north-1", "us-east-2"];
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
pub(super) fn limited(subject: &Subject<'_>, file: &RulesFile) -> Option<Diagnostic> {
    let global = file.home.region.global();
    let away = |branch: &Branch<'_>| !takes(branch, global.as_str());
    let named = subject.branches().filter(away).find_map(|branch| {
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
    let elsewhere = subject.branches().any(|branch| {
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
    Some(subject.warning(
        codes::NOT_IN_GLOBAL_REGION,
        format!("`{}` does not hear of {what}", subject.rule.id),
        "limited to other Regions",
        format!("{what} appear in {global} only, whoever acts from wherever: remove the condition on the Region, or add {global}"),
    ))
}

/// Rules about sign-ins of IAM users in a file that does not watch every Region.
pub(super) fn sign_ins(subjects: &[Subject<'_>], file: &RulesFile) -> Option<Diagnostic> {
    let home = &file.home.region;
    let mut watched: Vec<&str> = vec![home.as_str()];
    match &file.watch.regions {
        Regions::All => return None,
        Regions::Home => {}
        Regions::Listed(listed) => watched.extend(listed.iter().map(|(region, _)| region.as_str())),
    }
    let global = home.global();
    // The other partitions have few Regions, and we know nothing of their endpoints.
    if home.partition() != Partition::Commercial {
        return None;
    }
    watched.push(global.as_str());
    watched.sort_unstable();
    watched.dedup();
    let missing: Vec<&str> = SIGN_IN_REGIONS
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
    let wanted = |subject: &&Subject<'_>| {
        subject.branches().any(|branch| {
            is_sign_in(&branch) && examples.iter().any(|region| takes(&branch, region))
        })
    };
    let rules: Vec<&str> = subjects
        .iter()
        .filter(wanted)
        .map(|subject| subject.rule.id.0.as_str())
        .collect();
    let names = listed(&rules)?;
    Some(warning(
        codes::SIGN_IN_REGIONS,
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
pub(super) fn listed(rules: &[&str]) -> Option<String> {
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
        for region in SIGN_IN_REGIONS.iter().chain(&OTHER_REGIONS) {
            let region: Region = region.parse().unwrap();
            assert_eq!(region.misspelt(), None);
        }
    }
}
