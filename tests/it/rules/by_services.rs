//! What AWS's services do by themselves is left out where a rule names them; nobody can pass for one.

use iamwatch::check;
use iamwatch::compile::{self, PATTERN_QUOTA};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::laws::matches;

const HEAD: &str = "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n";

/// The pattern of a rule, which is one.
fn pattern(rule: &str) -> Value {
    let loaded = check::load_text("rules.yaml", &format!("{HEAD}{rule}"));
    let file = loaded
        .file
        .unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let mut compiled = compile::compile(&file, PATTERN_QUOTA).unwrap();
    assert_eq!(compiled.len(), 1);
    compiled.remove(0).pattern
}

/// A call that comes through a role, of which the ARN goes on so.
fn through(role: &str, invoked_by: Option<&str>) -> Value {
    let mut identity = json!({
        "type": "AssumedRole",
        "arn": "arn:aws:sts::444455556666:assumed-role/role/session",
        "sessionContext": { "sessionIssuer": { "type": "Role", "arn": format!("arn:aws:iam::444455556666:role/{role}") } },
    });
    if let Some(service) = invoked_by {
        identity["invokedBy"] = json!(service);
    }
    json!({
        "source": "aws.iam", "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "iam.amazonaws.com", "eventName": "AttachRolePolicy", "userIdentity": identity,
            "requestParameters": { "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess" },
        },
    })
}

const SSO: &str = "sso.amazonaws.com";
const LINKED: &str = "aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO";
const OWN: &str = "  - id: own\n    events: ['iam:Attach*']\n    unless_services: [sso.amazonaws.com, '*autoscaling.amazonaws.com']\n";

#[test]
fn only_a_service_linked_role_that_its_service_uses_is_left_out() {
    let own = pattern(OWN);
    for (role, service) in [
        (LINKED, SSO),
        (
            "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
            "autoscaling.amazonaws.com",
        ),
        (
            "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
            "ecs.application-autoscaling.amazonaws.com",
        ),
    ] {
        assert!(!matches(&own, &through(role, Some(service))), "{role}");
        // In every partition.
        let mut there = through(role, Some(service));
        let arn = there["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"].take();
        let arn = arn.as_str().unwrap().replace("arn:aws:", "arn:aws-us-gov:");
        there["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] = json!(arn);
        assert!(!matches(&own, &there), "{there}");
    }
    for (role, service) in [
        // A service that works for somebody.
        ("dev", Some(SSO)),
        ("service-role/AWSControlTowerAdmin", Some(SSO)),
        // A path of one's own that looks like it.
        (
            "x:role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO",
            Some(SSO),
        ),
        (
            "x/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO",
            Some(SSO),
        ),
        (
            "a/b/c:role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO",
            Some(SSO),
        ),
        (
            "arn:aws:iam::111122223333:role/aws-service-role/sso.amazonaws.com/x",
            Some(SSO),
        ),
        ("AWSServiceRoleForSSO", Some(SSO)),
        // Another service, or none.
        (LINKED, Some("cloudformation.amazonaws.com")),
        (LINKED, Some("sso.amazonaws.com.example.com")),
        (LINKED, Some("xsso.amazonaws.com")),
        (LINKED, None),
    ] {
        assert!(matches(&own, &through(role, service)), "{role} {service:?}");
    }
    let mut no_role = through(LINKED, Some(SSO));
    no_role["detail"]["userIdentity"] = json!({ "type": "Root", "invokedBy": SSO });
    assert!(matches(&own, &no_role));
}

#[test]
fn no_path_of_ones_own_passes_for_that_of_a_service() {
    let own = pattern(OWN);
    let parts = select(
        &[
            "x",
            ":",
            "/",
            "role",
            ":role/",
            "aws-service-role",
            "aws-service-role/",
            "sso.amazonaws.com/",
            "arn:aws:iam::111122223333:role/",
        ][..],
    );
    let path = prop::collection::vec(parts, 0..8).prop_map(|parts| parts.concat());
    let config = ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&path, |path| {
            let role = format!("{path}/AWSServiceRoleForSSO");
            // IAM gives that path to services alone.
            prop_assume!(!role.starts_with("aws-service-role/"));
            prop_assert!(matches(&own, &through(&role, Some(SSO))), "{}", role);
            Ok(())
        })
        .unwrap();
}

#[test]
fn exceptions_of_ones_own_stand_beside_it() {
    let deployer = "arn:aws:iam::444455556666:role/Deployer";
    let by = "userIdentity.sessionContext.sessionIssuer.arn";
    for (exceptions, silent) in [
        (format!("{{ {by}: '{deployer}' }}"), true),
        (format!("{{ {by}: 'arn:aws:iam::*:role/Deployer' }}"), true),
        (
            format!("[{{ {by}: '{deployer}' }}, {{ {by}: '*:role/Other*' }}]"),
            true,
        ),
        (
            format!("{{ {by}: '{deployer}', userIdentity.invokedBy: {{ exists: false }} }}"),
            true,
        ),
        (
            "{ userIdentity.invokedBy: lambda.amazonaws.com }".to_owned(),
            false,
        ),
    ] {
        for rule in [
            format!("{OWN}    unless: {exceptions}\n"),
            format!("  - use: iam/auth-changes\n    unless: {exceptions}\n"),
        ] {
            let pattern = pattern(&rule);
            assert_eq!(
                !matches(&pattern, &through("Deployer", None)),
                silent,
                "{rule}"
            );
            assert!(!matches(&pattern, &through(LINKED, Some(SSO))), "{rule}");
            assert!(matches(&pattern, &through("dev", Some(SSO))), "{rule}");
            let forged = format!("x:role/{LINKED}");
            assert!(matches(&pattern, &through(&forged, Some(SSO))), "{rule}");
        }
    }
    let lambda = "{ userIdentity.invokedBy: lambda.amazonaws.com }";
    let pattern = pattern(&format!("{OWN}    unless: {lambda}\n"));
    assert!(!matches(
        &pattern,
        &through("dev", Some("lambda.amazonaws.com"))
    ));
}

#[test]
fn where_a_pattern_has_no_room_for_it_services_alert_too() {
    let by = "userIdentity.sessionContext.sessionIssuer.arn";
    for conditions in [
        // A role that looks like a forged one and is excepted all the same.
        format!("    unless: {{ {by}: 'arn:aws:iam::444455556666:role/x:role/y' }}\n"),
        format!("    when: {{ {by}: '*:role/*' }}\n"),
        "    when: { userIdentity.invokedBy: '*.amazonaws.com' }\n".to_owned(),
    ] {
        let pattern = pattern(&format!("{OWN}{conditions}"));
        assert!(
            matches(&pattern, &through(LINKED, Some(SSO))),
            "{conditions}"
        );
        assert!(
            matches(&pattern, &through("dev", Some(SSO))),
            "{conditions}"
        );
    }
}

#[test]
fn a_name_that_no_service_has_is_refused() {
    for (written, help) in [
        ("[config]", Some("write `config.amazonaws.com`")),
        ("[aws.config]", Some("write `config.amazonaws.com`")),
        ("['config.amazonaws.*']", None),
        ("['*']", Some("write `*.amazonaws.com`")),
        ("[.amazonaws.com]", None),
        ("[AWS Internal]", None),
    ] {
        let rule =
            format!("{HEAD}  - id: own\n    events: ['iam:*']\n    unless_services: {written}\n");
        let loaded = check::load_text("rules.yaml", &rule);
        let errors: Vec<_> = loaded
            .diagnostics
            .iter()
            .filter(|d| d.code == "E0412")
            .collect();
        assert_eq!(errors.len(), 1, "{written}: {:#?}", loaded.diagnostics);
        assert!(errors[0].label.contains("`config.amazonaws.com`"));
        assert_eq!(errors[0].help.as_deref(), help, "{written}");
        assert!(loaded.file.is_none());
    }
    let raw =
        format!("{HEAD}  - {{ use: pipeline/tamper, unless_services: [sso.amazonaws.com] }}\n");
    let loaded = check::load_text("rules.yaml", &raw);
    assert!(
        loaded.diagnostics.iter().any(|d| d.code == "E0416"),
        "{:#?}",
        loaded.diagnostics
    );
}
