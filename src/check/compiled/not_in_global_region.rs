//! Rules about global services that are limited to Regions without their events.

use serde_json::json;

use crate::check::checked_rule::{CheckedRule, services, takes};
use crate::check::lint::Lint;
use crate::diagnostic::Diagnostic;
use crate::pattern::Branch;
use crate::rules::{GLOBAL_SERVICES, RulesFile};

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

fn only(branch: &Branch<'_>, path: &str, text: &str) -> bool {
    branch.texts(path).is_some_and(|texts| texts == [text])
}

/// A rule about global services, or about root, that is limited to Regions without their events.
pub(in crate::check) fn look(checked: &CheckedRule<'_>, file: &RulesFile) -> Option<Diagnostic> {
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
