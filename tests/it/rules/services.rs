//! Channels of services: what each says, and which are one.

use iamwatch::check::{self, Loaded};
use iamwatch::diagnostic::Span;
use iamwatch::render::diagnostic::render;
use iamwatch::rules::{AlertService, Endpoint, Login, OAuthClient, Secret, Service};

/// The channel under test stands in line 7, behind six blanks.
pub(crate) fn load(channel: &str) -> Loaded {
    let text = format!(
        "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\ndelivery: dispatcher\nchannels:\n  mail: {{ email: a@example.com }}\n  c: {{ {channel} }}\nnotify: {{ default: [mail, c] }}\nrules: [{{ use: root/activity }}]\n"
    );
    check::load_text("test.yaml", &text)
}

fn secret(variable: &str) -> Secret {
    Secret {
        variable: variable.to_owned(),
        span: Span::default(),
    }
}

/// What it holds, without where its secrets stand.
fn without_places(service: &Service) -> String {
    let text = format!("{service:?}");
    let mut parts = text.split(", span: Span {");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        // The span ends, and then the secret.
        plain.push_str(part.split_once(" }").unwrap().1);
    }
    plain
}

fn client(token_url: &str, scope: Option<&str>) -> OAuthClient {
    OAuthClient {
        token_url: token_url.to_owned(),
        client_id: "iamwatch".to_owned(),
        client_secret: secret("S"),
        scope: scope.map(str::to_owned),
    }
}

fn teams(bare_card: bool) -> Service {
    Service::Teams {
        url: "https://x.logic.azure.com/workflows/1?api-version=1&sv=1.0".to_owned(),
        sig: secret("SIG"),
        bare_card,
    }
}

fn jsm(api: AlertService) -> Service {
    Service::JiraServiceManagement {
        key: secret("K"),
        api,
    }
}

fn basic() -> Login {
    Login::Basic {
        user: "u".to_owned(),
        password: secret("P"),
    }
}

fn service_now(login: Login, incidents: bool) -> Service {
    Service::ServiceNow {
        url: "https://acme.service-now.com".to_owned(),
        login,
        incidents,
    }
}

fn jira(issue_type: &str) -> Service {
    Service::Jira {
        url: "https://acme.atlassian.net".to_owned(),
        project: "SEC_2".to_owned(),
        issue_type: issue_type.to_owned(),
        user: "bot@example.com".to_owned(),
        token: secret("J"),
    }
}

fn webhook(login: Login) -> Service {
    Service::Webhook {
        url: "https://example.com/x/?a=b".to_owned(),
        login,
    }
}

#[test]
fn each_service_is_read() {
    let header = |name: &str| Login::Header {
        name: name.to_owned(),
        value: secret("V"),
    };
    let cases: Vec<(&str, Service)> = vec![
        (
            r#"slack: { channel: C0123456789, token: "${env:_slack_1}" }"#,
            Service::Slack {
                channel: "C0123456789".to_owned(),
                token: secret("_slack_1"),
            },
        ),
        (
            r#"teams: { url: "https://x.logic.azure.com/workflows/1?api-version=1&sv=1.0", sig: "${env:SIG}" }"#,
            teams(false),
        ),
        (
            r#"teams: { url: "https://x.logic.azure.com/workflows/1?api-version=1&sv=1.0", sig: "${env:SIG}", card: message }"#,
            teams(false),
        ),
        (
            r#"teams: { card: bare, url: "https://x.logic.azure.com/workflows/1?api-version=1&sv=1.0", sig: "${env:SIG}" }"#,
            teams(true),
        ),
        (
            r#"google_chat: { url: "https://chat.googleapis.com/v1/spaces/AAAA/messages", key: "${env:K}", token: "${env:T}" }"#,
            Service::GoogleChat {
                url: "https://chat.googleapis.com/v1/spaces/AAAA/messages".to_owned(),
                key: secret("K"),
                token: secret("T"),
            },
        ),
        (
            r#"pagerduty: { routing_key: "${env:R}" }"#,
            Service::PagerDuty {
                routing_key: secret("R"),
                eu: false,
            },
        ),
        (
            r#"pagerduty: { routing_key: "${env:R}", region: eu }"#,
            Service::PagerDuty {
                routing_key: secret("R"),
                eu: true,
            },
        ),
        (
            r#"jira_service_management: { key: "${env:K}" }"#,
            jsm(AlertService::JiraServiceManagement),
        ),
        (
            r#"jira_service_management: { key: "${env:K}", api: jira_service_management }"#,
            jsm(AlertService::JiraServiceManagement),
        ),
        (
            r#"jira_service_management: { key: "${env:K}", api: opsgenie }"#,
            jsm(AlertService::Opsgenie),
        ),
        (
            r#"jira_service_management: { key: "${env:K}", api: opsgenie-eu }"#,
            jsm(AlertService::OpsgenieEu),
        ),
        (
            r#"servicenow: { url: "https://acme.service-now.com/", basic: { user: u, password: "${env:P}" } }"#,
            service_now(basic(), false),
        ),
        (
            r#"servicenow: { url: "https://acme.service-now.com", basic: { user: u, password: "${env:P}" }, as: incidents }"#,
            service_now(basic(), true),
        ),
        (
            r#"servicenow: { url: "https://acme.service-now.com", oauth: { token_url: "https://acme.service-now.com/oauth_token.do", client_id: iamwatch, client_secret: "${env:S}" }, as: events }"#,
            service_now(
                Login::OAuth(client("https://acme.service-now.com/oauth_token.do", None)),
                false,
            ),
        ),
        (
            r#"zendesk: { url: "https://acme.zendesk.com/", client_id: iamwatch, client_secret: "${env:S}" }"#,
            Service::Zendesk {
                url: "https://acme.zendesk.com".to_owned(),
                client: client(
                    "https://acme.zendesk.com/oauth/tokens",
                    Some("tickets:write"),
                ),
            },
        ),
        (
            r#"jira: { url: "https://acme.atlassian.net", project: SEC_2, user: bot@example.com, token: "${env:J}" }"#,
            jira("Task"),
        ),
        (
            r#"jira: { url: "https://acme.atlassian.net//", project: SEC_2, issue_type: Security incident, user: bot@example.com, token: "${env:J}" }"#,
            jira("Security incident"),
        ),
        (
            r#"webhook: { url: "https://example.com/x/?a=b", basic: { user: u, password: "${env:P}" } }"#,
            webhook(basic()),
        ),
        (
            r#"webhook: { url: "https://example.com/x/?a=b", header: { name: X-Api-Key, value: "${env:V}" } }"#,
            webhook(header("X-Api-Key")),
        ),
        (
            r#"webhook: { url: "https://example.com/x/?a=b", header: { name: Authorization, value: "${env:V}" } }"#,
            webhook(header("Authorization")),
        ),
        (
            r#"webhook: { url: "https://example.com/x/?a=b", oauth: { token_url: "https://example.com/t", client_id: iamwatch, client_secret: "${env:S}", scope: "a b" } }"#,
            webhook(Login::OAuth(client("https://example.com/t", Some("a b")))),
        ),
    ];
    for (channel, wanted) in cases {
        let loaded = load(channel);
        let said = render(&loaded.sources, &loaded.diagnostics, false).to_string();
        let file = loaded.file.unwrap_or_else(|| panic!("{channel}\n{said}"));
        let (_, found) = file
            .channels
            .iter()
            .find(|(name, _)| name.0 == "c")
            .unwrap();
        let Endpoint::Service(service) = &found.endpoint else {
            panic!("{channel}: {:?}", found.endpoint);
        };
        assert_eq!(
            without_places(service),
            without_places(&wanted),
            "{channel}"
        );
        let kind = channel.split(':').next().unwrap();
        assert_eq!(service.kind(), kind);
        for secret in service.secrets() {
            let (_, line, column) = loaded.sources.position(secret.span);
            let text = format!("  c: {{ {channel} }}");
            let at: String = text.chars().skip(column - 1).collect();
            let begins = format!("\"${{env:{}}}", secret.variable);
            // A quoted text begins with its quote.
            assert!(line == 7 && at.starts_with(&begins), "{channel}: {at}");
        }
    }
}

#[test]
fn amazon_q_needs_nothing() {
    for channel in ["amazon_q: {}", "amazon_q:"] {
        let loaded = load(channel);
        let said = render(&loaded.sources, &loaded.diagnostics, false).to_string();
        let file = loaded.file.unwrap_or_else(|| panic!("{channel}\n{said}"));
        let mut channels = file.channels.values();
        assert!(channels.any(|c| c.endpoint == Endpoint::AmazonQ), "{said}");
    }
}

/// Two channels `a` and `b`, and whether they have one address.
#[test]
fn one_place_and_one_variable_are_one_address() {
    let slack = |channel: &str, token: &str| {
        format!("slack: {{ channel: {channel}, token: \"${{env:{token}}}\" }}")
    };
    let webhook = |url: &str, name: &str| {
        format!("webhook: {{ url: \"{url}\", header: {{ name: {name}, value: \"${{env:V}}\" }} }}")
    };
    let zendesk =
        r#"zendesk: { url: "https://h.example.com", client_id: a, client_secret: "${env:V}" }"#;
    for (a, b, same) in [
        (slack("C0123456789", "T"), slack("C0123456789", "T"), true),
        (slack("C0123456789", "T"), slack("C0123456780", "T"), false),
        (slack("C0123456789", "T"), slack("C0123456789", "U"), false),
        (
            webhook("https://h.example.com/x", "X-A"),
            webhook("https://H.example.com/x/", "X-A"),
            true,
        ),
        (
            webhook("https://h.example.com/x", "X-A"),
            webhook("https://h.example.com/y", "X-A"),
            false,
        ),
        (
            webhook("https://h.example.com", "X-A"),
            zendesk.to_owned(),
            false,
        ),
        ("amazon_q: {}".to_owned(), "amazon_q: {}".to_owned(), false),
    ] {
        let text = format!(
            "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\ndelivery: dispatcher\nchannels:\n  mail: {{ email: a@example.com }}\n  a: {{ {a} }}\n  b: {{ {b} }}\nnotify: {{ default: [mail, a, b] }}\nrules: [{{ use: root/activity }}]\n"
        );
        let loaded = check::load_text("test.yaml", &text);
        let said = render(&loaded.sources, &loaded.diagnostics, false).to_string();
        assert!(loaded.file.is_some(), "{said}");
        let warned = loaded.diagnostics.iter().any(|d| d.code == "W0728");
        assert_eq!(warned, same, "{a}\n{b}\n{said}");
    }
}
