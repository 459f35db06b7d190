//! Rules that no record of CloudTrail can fire, although their patterns are valid (E0807, W0801).
//!
//! Said only where it follows from what CloudTrail writes, for every combination of tests.

use serde_json::json;

use crate::check::certainty::CANNOT_FIRE;
use crate::check::checked_rule::{CheckedRule, is_about_cloudtrail, services};
use crate::check::lint::Lint;
use crate::cloudtrail::is_read_only;
use crate::cloudtrail::record_fields::{self, ALWAYS};
use crate::cloudtrail::values::SIGN_INS;
use crate::compile::is_write_name;
use crate::diagnostic::{Diagnostic, Level};
use crate::pattern::Branch;

pub(in crate::check) const NEVER_FIRES: Lint = Lint {
    id: "W0801",
    explanation: "By what CloudTrail is known to write into its records no event satisfies this rule, although the pattern is valid.",
    wrong: r#"- id: a
  events: ["iam:CreateUser"]
  when: { readOnly: true }"#,
    right: r#"- id: a
  events: ["iam:CreateUser"]"#,
    is_fatal: false,
};

/// The rule, if nothing can fire it.
pub(in crate::check) fn warning(checked: &CheckedRule<'_>) -> Option<Diagnostic> {
    let reasons: Option<Vec<Reason>> = checked.branches().map(|branch| reason(&branch)).collect();
    let reasons = reasons?;
    // One combination that is doubtful leaves all of it doubtful.
    let certain = reasons.iter().all(|reason| reason.certain);
    let Reason { why, help, .. } = reasons.into_iter().next()?;
    let id = &checked.rule.id;
    Some(if certain {
        Diagnostic {
            level: Level::Error,
            ..checked.warning(
                CANNOT_FIRE.code(),
                format!("no event can fire `{id}`: {why}"),
                "can never alert",
                help.to_owned(),
            )
        }
    } else {
        checked.warning(
            NEVER_FIRES.code(),
            format!("no event fires `{id}`: {why}"),
            "will probably never alert",
            help.to_owned(),
        )
    })
}

/// Why no event meets some tests.
struct Reason {
    why: String,
    /// What to write instead, or to leave out.
    help: &'static str,
    /// Whether every record shows it; else CloudTrail may have exceptions that its pages do not name.
    certain: bool,
}

impl Reason {
    fn certain(why: String, help: &'static str) -> Self {
        Self {
            why,
            help,
            certain: true,
        }
    }

    fn doubtful((why, help): (String, &'static str)) -> Self {
        Self {
            why,
            help,
            certain: false,
        }
    }
}

/// Why no event meets these tests, if that is certain, and what to do.
fn reason(branch: &Branch<'_>) -> Option<Reason> {
    if !is_about_cloudtrail(branch) {
        return None;
    }
    let compare = "compare the conditions of the rule: one takes away what another asks for";
    for field in ALWAYS {
        if branch.wants_absence(&format!("detail.{field}")) {
            return Some(Reason::certain(
                format!("every event has `{field}`"),
                compare,
            ));
        }
    }
    read_only(branch)
        .map(Reason::doubtful)
        .or_else(|| sign_in(branch))
        .or_else(|| no_sign_in(branch))
        .or_else(|| caller(branch).map(Reason::doubtful))
}

fn read_only(branch: &Branch<'_>) -> Option<(String, &'static str)> {
    let names = branch.beginnings("detail.eventName")?;
    let help = "remove the condition on `readOnly`, or name other events";
    let takes = |value: bool| branch.accepts("detail.readOnly", &json!(value));
    if names.iter().all(|name| is_write_name(name)) && !takes(false) {
        return Some((
            "its events change something, so that `readOnly` is false".to_owned(),
            help,
        ));
    }
    let services = services(branch)?;
    // Of what begins with `Get` some calls of STS write.
    let reads = |name: &str| {
        let verbs = ["Describe", "Get", "Head", "List"];
        verbs.iter().any(|verb| name.starts_with(verb))
            && services.iter().all(|service| {
                *service != "sts" && *service != "signin" && is_read_only(service, name)
            })
    };
    (names.iter().all(|name| reads(name)) && !takes(true)).then(|| {
        (
            "its events only read, so that `readOnly` is true".to_owned(),
            help,
        )
    })
}

/// Source: CloudTrail user guide, "AWS Management Console sign-in events".
fn sign_in(branch: &Branch<'_>) -> Option<Reason> {
    if branch.texts("detail.eventName")? != ["ConsoleLogin"] {
        return None;
    }
    let takes = |path: &str, values: [&str; 2]| {
        values
            .iter()
            .any(|value| branch.accepts(path, &json!(value)))
    };
    if !takes("detail-type", SIGN_INS) {
        return Some(Reason::certain(
            "sign-ins come as `AWS Console Sign In via CloudTrail`".to_owned(),
            "leave `detail-type` out, or write both spellings that AWS uses: `AWS Console Sign In via CloudTrail` and `AWS Console Signin via CloudTrail`",
        ));
    }
    if !takes("detail.eventType", ["AwsConsoleSignIn", "AwsConsoleSignin"]) {
        return Some(Reason::certain(
            "the `eventType` of sign-ins is `AwsConsoleSignIn`".to_owned(),
            "remove the condition on `eventType`",
        ));
    }
    if !branch.accepts_absence("detail.errorCode") {
        return Some(Reason::doubtful((
            "sign-ins have no `errorCode`".to_owned(),
            "ask for `responseElements.ConsoleLogin: Failure`, or for an `errorMessage`",
        )));
    }
    None
}

/// The detail type of sign-ins, of events that are none. Source: as for sign-ins, whose `eventSource` is
/// `signin.amazonaws.com`; Identity Center may come to sign people in at sources of its own.
fn no_sign_in(branch: &Branch<'_>) -> Option<Reason> {
    let kinds = branch.texts("detail-type")?;
    let services = services(branch)?;
    let signs_in = |service: &&str| service.contains("sign") || service.starts_with("sso");
    let elsewhere = kinds.iter().all(|kind| SIGN_INS.contains(kind))
        && !services.is_empty()
        && !services.iter().any(signs_in);
    let (kind, service) = (kinds.first()?, services.first()?);
    elsewhere.then(|| {
        Reason::certain(
            format!("events of `{service}` do not come as `{kind}`, which sign-ins do"),
            "leave `detail-type` out, or write `AWS API Call via CloudTrail`",
        )
    })
}

fn caller(branch: &Branch<'_>) -> Option<(String, &'static str)> {
    let kinds = branch.texts("detail.userIdentity.type")?;
    let needs = |path: &str| !branch.accepts_absence(&format!("detail.userIdentity.{path}"));
    let listed = || kinds.join(" or ");
    if kinds.iter().all(|kind| record_fields::is_nameless(kind)) && needs("userName") {
        return Some((
            format!("callers of type {} have no `userName`", listed()),
            "a role's name stands in `userIdentity.sessionContext.sessionIssuer.userName`, that of its session at the end of `userIdentity.arn`",
        ));
    }
    let issuer = record_fields::OF_ISSUERS
        .into_iter()
        .find(|field| needs(&format!("sessionContext.sessionIssuer.{field}")))?;
    kinds.iter().all(|kind| record_fields::is_roleless(kind)).then(|| {
        (
            format!("callers of type {} come through no role", listed()),
            if issuer == "userName" {
                "an IAM user's name stands in `userIdentity.userName`"
            } else {
                "what is known of an IAM user stands in `userIdentity` itself; for sessions of a role write `userIdentity.type: AssumedRole`"
            },
        )
    })
}
