//! `service:EventName` globs.

use super::codes;
use super::model::EventGlob;
use super::read::{list, text};
use super::report::{Report, nearest, shown};
use super::source::Span;
use super::yaml::{Node, Value};

/// Names by which people know a service, and the one that CloudTrail records.
/// Source: the services' own pages "Logging API calls with CloudTrail".
const OTHER_NAMES: &[(&str, &str)] = &[
    ("accessanalyzer", "access-analyzer"),
    ("cloudwatch", "monitoring"),
    ("console", "signin"),
    ("efs", "elasticfilesystem"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("identitycenter", "sso"),
    ("sign-in", "signin"),
    ("stepfunctions", "states"),
];

/// Event sources, to recognise misspelt ones; others are accepted as they are.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "access-analyzer", "account", "acm", "acm-pca", "airflow", "amplify", "apigateway",
    "appconfig", "appmesh", "apprunner", "appstream", "appsync", "aps", "athena", "autoscaling",
    "backup", "batch", "bedrock", "billing", "billingconsole", "budgets", "ce", "cloud9",
    "cloudformation", "cloudfront", "cloudhsm", "cloudshell", "cloudtrail", "codeartifact",
    "codebuild", "codecommit", "codedeploy", "codepipeline", "cognito-identity", "cognito-idp",
    "cognito-sync", "compute-optimizer", "config", "controltower", "cur", "datasync",
    "detective", "directconnect", "dms", "ds", "dynamodb", "dynamodbstreams", "ec2",
    "ec2-instance-connect", "ec2messages", "ecr", "ecr-public", "ecs", "eks", "eks-auth",
    "elasticache", "elasticbeanstalk", "elasticfilesystem", "elasticloadbalancing",
    "elasticmapreduce", "es", "events", "firehose", "fsx", "glacier", "glue", "grafana",
    "guardduty", "health", "iam", "identitystore", "inspector", "inspector2", "kafka",
    "kafkaconnect", "kinesis", "kms", "lakeformation", "lambda", "lightsail", "logs", "macie",
    "macie2", "monitoring", "mq", "network-firewall", "networkmanager", "notifications",
    "organizations", "payment-cryptography", "pipes", "quicksight", "ram", "rds", "rds-data",
    "redshift", "redshift-data", "resource-explorer-2", "resource-groups", "rolesanywhere",
    "route53", "route53domains", "route53resolver", "s3", "s3-outposts", "s3express",
    "sagemaker", "scheduler", "schemas", "secretsmanager", "securityhub", "servicecatalog",
    "servicediscovery", "servicequotas", "ses", "shield", "signin", "sns", "sqs", "ssm",
    "ssm-guiconnect", "ssmmessages", "sso", "sso-directory", "states", "storagegateway", "sts",
    "support", "swf", "tagging", "transfer", "trustedadvisor", "verifiedpermissions",
    "vpc-lattice", "waf", "waf-regional", "wafv2", "workspaces", "xray",
];

/// More events than this are no list that a person wrote, and take many event patterns.
const MAX_EVENTS: usize = 1_000;

/// A list of globs.
pub(super) fn events(node: &Node, report: &mut Report) -> Vec<EventGlob> {
    let Some(items) = list(node, "events", report) else {
        return Vec::new();
    };
    if items.len() > MAX_EVENTS {
        report
            .error(codes::EVENT, node.span)
            .message(format!("a rule lists {} events", items.len()))
            .label(format!("expected at most {MAX_EVENTS}"))
            .help("use globs such as `iam:Create*`, or several rules");
        return Vec::new();
    }
    items
        .iter()
        .filter_map(|item| event(item, report))
        .collect()
}

/// One glob.
pub(super) fn event(node: &Node, report: &mut Report) -> Option<EventGlob> {
    if let Value::Map(entries) = &node.value
        && let [(key, value)] = entries.as_slice()
        && let (Some((service, _)), Some((name, _))) = (key.scalar(), value.scalar())
    {
        report
            .error(codes::EVENT, node.span)
            .message("this is a map, not an event: there is a blank behind the colon")
            .label("expected `service:EventName`")
            .help(format!(
                "write {}",
                super::read::quoted(&format!("{service}:{name}"))
            ));
        return None;
    }
    let text = text(node, "an event", report)?;
    let Some((service, name)) = text.split_once(':') else {
        let help = if KNOWN.contains(&text) {
            format!("write `{text}:*` for every event of the service")
        } else if let Some(service) = text.strip_suffix(".amazonaws.com") {
            format!(
                "write {} for every event of the service",
                shown(&format!("{service}:*"))
            )
        } else {
            format!(
                "write the service before it, such as {}",
                shown(&format!("iam:{text}"))
            )
        };
        report
            .error(codes::EVENT, node.span)
            .message(format!(
                "the event {} does not name its service",
                shown(text)
            ))
            .label("expected `service:EventName`")
            .help(help);
        return None;
    };
    if !service_is_good(service, name, node.span, report) {
        return None;
    }
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '_' | '-' | '.' | '/');
    if name.is_empty() || name.len() > 128 || !name.chars().all(good) {
        let (message, help) = if name.is_empty() {
            (
                format!("the event {} has no name", shown(text)),
                format!(
                    "write {} for every event of the service",
                    shown(&format!("{service}:*"))
                ),
            )
        } else {
            let help = if name.trim() != name && name.trim().chars().all(good) {
                format!("write {}", shown(&format!("{service}:{}", name.trim())))
            } else {
                "event names are those of API operations, as CloudTrail records them".to_owned()
            };
            (format!("{} is not an event name", shown(name)), help)
        };
        report
            .error(codes::EVENT, node.span)
            .message(message)
            .label("expected a name such as `CreateUser`; `*` stands for any text")
            .help(help);
        return None;
    }
    Some(EventGlob {
        service: service.to_owned(),
        name: name.to_owned(),
        span: node.span,
    })
}

fn service_is_good(service: &str, name: &str, span: Span, report: &mut Report) -> bool {
    let mut refuse = |code, message: String, label: &str, help: String| {
        report
            .error(code, span)
            .message(message)
            .label(label)
            .help(help);
        false
    };
    let event = |service: &str| shown(&format!("{service}:{name}"));
    if service == "*" {
        return true;
    }
    if let Some(short) = service.strip_suffix(".amazonaws.com") {
        return refuse(
            codes::EVENT_SOURCE,
            format!("the service {} is written with its domain", shown(service)),
            "services stand here without `.amazonaws.com`",
            format!("write {}", event(short)),
        );
    }
    if let Some(short) = service.strip_prefix("aws.") {
        return refuse(
            codes::EVENT_SOURCE,
            format!("{} is the `source` of the envelope", shown(service)),
            "expected the service as CloudTrail records it",
            format!("write {}", event(short)),
        );
    }
    if let Some((_, recorded)) = OTHER_NAMES
        .iter()
        .find(|(other, _)| *other == service.to_ascii_lowercase())
    {
        return refuse(
            codes::EVENT_SOURCE,
            format!("CloudTrail records {} under another name", shown(service)),
            "no event has this service",
            format!("did you mean {}?", event(recorded)),
        );
    }
    if service.contains('*') {
        return refuse(
            codes::EVENT,
            format!("the service {} holds a `*`", shown(service)),
            "a service is written out, or is `*` alone",
            "list the services one by one".to_owned(),
        );
    }
    let lower = service.to_lowercase();
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if !lower.chars().all(good) || !(1..=64).contains(&lower.len()) {
        return refuse(
            codes::EVENT,
            format!("{} is not the name of a service", shown(service)),
            "expected a name such as `iam`, `sts` or `signin`",
            "write `service:EventName`".to_owned(),
        );
    }
    if lower != service {
        return refuse(
            codes::EVENT,
            format!("the service {} has capital letters", shown(service)),
            "CloudTrail records services in lower case",
            format!("write {}", event(&lower)),
        );
    }
    // Three letters have too many neighbours for a guess to be worth a warning.
    if !KNOWN.contains(&service)
        && service.len() > 3
        && let Some(near) = nearest(service, KNOWN.iter().copied().filter(|k| k.len() > 3))
    {
        report
            .warning(codes::SERVICE_NAME, span)
            .message(format!("no service {} is known", shown(service)))
            .label("the event may never come")
            .help(format!("did you mean {}?", event(near)));
    }
    true
}
