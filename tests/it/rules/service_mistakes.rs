//! What is answered to mistakes in channels of services.

use iamwatch::diagnostic::Level;
use iamwatch::render::diagnostic::render;

use super::services::load;

/// A channel, of which what stands behind `^` is underlined; the code; and parts of message and help.
#[rustfmt::skip]
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    // Secrets, which are answered at their keys.
    (
        r#"slack: { channel: C0123456789, ^token: "hunter2-xoxb" }"#,
        "E0504",
        "`token` is a secret",
        "is better renewed",
    ),
    (
        r#"slack: { channel: C0123456789, ^token: hunter2 }"#,
        "E0504",
        "`token` is a secret",
        "${env:NAME}",
    ),
    (
        r#"slack: { channel: C0123456789, ^token: 4711 }"#,
        "E0504",
        "`token` is a secret",
        "${env:NAME}",
    ),
    (
        r#"slack: { channel: C0123456789, ^token: [hunter2] }"#,
        "E0504",
        "`token` is a secret",
        "${env:NAME}",
    ),
    (
        r#"slack: { channel: C0123456789, ^token: "Bearer hunter2 ${env:T}" }"#,
        "E0504",
        "`token` is a secret",
        "nothing stands before or behind",
    ),
    (
        r#"slack: { channel: C0123456789, ^token: "${env:T}hunter2" }"#,
        "E0504",
        "`token` is a secret",
        "nothing stands before or behind",
    ),
    (
        r#"slack: { channel: C0123456789, ^token: "${env:1T}" }"#,
        "E0504",
        "`token` is a secret",
        "begins with no digit",
    ),
    (
        r#"slack: { channel: C0123456789, ^token: "${env:}" }"#,
        "E0504",
        "`token` is a secret",
        "letters, digits and `_`",
    ),
    (
        r#"slack: { channel: C0123456789, ^token: "$hunter2" }"#,
        "E0504",
        "`token` is a secret",
        "${env:NAME}",
    ),
    (
        r#"slack: { channel: C0123456789, ^token: }"#,
        "E0504",
        "`token` is a secret",
        "${env:NAME}",
    ),
    (
        r#"pagerduty: { ^routing_key: "hunter2" }"#,
        "E0504",
        "`routing_key` is a secret",
        "${env:NAME}",
    ),
    (
        r#"jira_service_management: { ^key: hunter2 }"#,
        "E0504",
        "`key` is a secret",
        "${env:NAME}",
    ),
    (
        r#"teams: { url: "https://h.example.com", ^sig: hunter2 }"#,
        "E0504",
        "`sig` is a secret",
        "${env:NAME}",
    ),
    (
        r#"google_chat: { url: "https://h.example.com", key: "${env:K}", ^token: hunter2 }"#,
        "E0504",
        "`token` is a secret",
        "${env:NAME}",
    ),
    (
        r#"webhook: { url: "https://h.example.com", basic: { user: u, ^password: "hunter2" } }"#,
        "E0504",
        "`password` is a secret",
        "${env:NAME}",
    ),
    (
        r#"webhook: { url: "https://h.example.com", header: { name: X-Key, ^value: "hunter2" } }"#,
        "E0504",
        "`value` is a secret",
        "${env:NAME}",
    ),
    (
        r#"zendesk: { url: "https://h.example.com", client_id: a, ^client_secret: "hunter2" }"#,
        "E0504",
        "`client_secret` is a secret",
        "${env:NAME}",
    ),
    // No secrets.
    (
        r#"slack: { channel: ^"${env:C}", token: "${env:T}" }"#,
        "E0505",
        "`channel` is no secret",
        "write the value",
    ),
    (
        r#"webhook: { url: ^"https://h/${env:C}", header: { name: X-Key, value: "${env:T}" } }"#,
        "E0505",
        "`url` is no secret",
        "write the value",
    ),
    (
        r#"pagerduty: { routing_key: "${env:K}", region: ^"${env:R}" }"#,
        "E0505",
        "`region` is no secret",
        "write the value",
    ),
    (
        r#"jira: { url: "https://h.example.com", project: SEC, user: ^"${env:U}", token: "${env:T}" }"#,
        "E0505",
        "`user` is no secret",
        "write the value",
    ),
    // Maps.
    (
        r#"slack: ^"hunter2""#,
        "E0204",
        "expected a map for a `slack` channel, found text",
        "slack: { channel: C0123456789",
    ),
    (
        r#"pagerduty: ^hunter2"#,
        "E0204",
        "found text",
        "pagerduty: { routing_key",
    ),
    (
        r#"webhook: ^"https://h.example.com/hunter2""#,
        "E0204",
        "found text",
        "webhook: { url",
    ),
    (
        r#"webhook: { url: "https://h.example.com", header: ^"X-Key: v" }"#,
        "E0204",
        "expected a map for `header`",
        "header: { name",
    ),
    (
        r#"slack: { ^chanel: C0123456789, token: "${env:T}" }"#,
        "E0201",
        "a `slack` channel has no key `chanel`",
        "did you mean `channel`?",
    ),
    (
        r#"slack: { ^channel: C0123456789 }"#,
        "E0203",
        "a `slack` channel needs `token`",
        "${env:SLACK_TOKEN}",
    ),
    (
        r#"amazon_q: { ^topic: a }"#,
        "E0201",
        "an `amazon_q` channel has no key `topic`",
        "",
    ),
    (
        r#"jira: { ^url: "https://h.example.com", project: SEC, token: "${env:T}" }"#,
        "E0203",
        "needs `user`",
        "e-mail",
    ),
    // Words.
    (
        r#"pagerduty: { routing_key: "${env:K}", region: ^EU }"#,
        "E0207",
        "is not a service region",
        "",
    ),
    (
        r#"teams: { url: "https://h.example.com", sig: "${env:S}", card: ^mesage }"#,
        "E0207",
        "is not a form of card",
        "message",
    ),
    (
        r#"jira_service_management: { key: "${env:K}", api: ^opsgeni }"#,
        "E0207",
        "is not a service that takes alerts",
        "opsgenie",
    ),
    (
        r#"servicenow: { url: "https://h.example.com", basic: { user: u, password: "${env:P}" }, as: ^event }"#,
        "E0207",
        "is not a kind of record",
        "events",
    ),
    // Places.
    (
        r##"slack: { channel: ^"#alerts", token: "${env:T}" }"##,
        "E0506",
        "is the name of a channel",
        "copy the id",
    ),
    (
        r#"slack: { channel: ^alerts, token: "${env:T}" }"#,
        "E0506",
        "is not the id of a channel",
        "copy the id",
    ),
    (
        r#"slack: { channel: ^C0123456, token: "${env:T}" }"#,
        "E0506",
        "is not the id of a channel",
        "copy the id",
    ),
    (
        r#"slack: { channel: ^U0123456789, token: "${env:T}" }"#,
        "E0506",
        "is not the id of a channel",
        "copy the id",
    ),
    (
        r#"slack: { channel: ^C01234567a9, token: "${env:T}" }"#,
        "E0506",
        "is not the id of a channel",
        "copy the id",
    ),
    (
        r#"jira: { url: "https://h.example.com", project: ^sec, user: bot@example.com, token: "${env:T}" }"#,
        "E0506",
        "is not the key of a project",
        "SEC-123",
    ),
    (
        r#"jira: { url: "https://h.example.com", project: ^S, user: bot@example.com, token: "${env:T}" }"#,
        "E0506",
        "is not the key of a project",
        "SEC-123",
    ),
    (
        r#"jira: { url: "https://h.example.com", project: SEC, user: ^bot, token: "${env:T}" }"#,
        "E0506",
        "is not an e-mail address",
        "Atlassian",
    ),
    // URLs.
    (
        r#"jira: { url: ^"http://h.example.com", project: SEC, user: bot@example.com, token: "${env:T}" }"#,
        "E0506",
        "`url` does not begin with `https://`",
        "unencrypted",
    ),
    (
        r#"jira: { url: ^"https://h.example.com/?a", project: SEC, user: bot@example.com, token: "${env:T}" }"#,
        "E0506",
        "`url` has a query",
        "remove `?`",
    ),
    (
        r#"zendesk: { url: ^"https://h.example.com?a", client_id: a, client_secret: "${env:T}" }"#,
        "E0506",
        "`url` has a query",
        "remove `?`",
    ),
    (
        r#"servicenow: { url: ^"https://u:hunter2@h.example.com", basic: { user: u, password: "${env:P}" } }"#,
        "E0506",
        "`url` names a user",
        "before `@`",
    ),
    (
        r#"servicenow: { url: ^"https://", basic: { user: u, password: "${env:P}" } }"#,
        "E0506",
        "`url` has no host",
        "write the host",
    ),
    (
        r#"servicenow: { url: ^"https://h:99999", basic: { user: u, password: "${env:P}" } }"#,
        "E0506",
        "`url` has no host",
        "write the host",
    ),
    (
        r##"webhook: { url: ^"https://h.example.com/#hunter2", header: { name: X-Key, value: "${env:T}" } }"##,
        "E0506",
        "`url` holds `#`",
        "never sent",
    ),
    (
        r#"webhook: { url: ^"https://h.example.com/é", header: { name: X-Key, value: "${env:T}" } }"#,
        "E0506",
        "`url` is not the text of a URL",
        "ASCII",
    ),
    (
        r#"webhook: { url: ^"https://h.example.com/{% 1 %}", header: { name: X-Key, value: "${env:T}" } }"#,
        "E0506",
        "`url` is not the text of a URL",
        "braces",
    ),
    (
        r#"webhook: { url: ^"https://hé.example.com/", header: { name: X-Key, value: "${env:T}" } }"#,
        "E0506",
        "`url` is not the text of a URL",
        "ASCII",
    ),
    (
        r#"webhook: { url: ^"h.example.com/hunter2", header: { name: X-Key, value: "${env:T}" } }"#,
        "E0506",
        "`url` does not begin with `https://`",
        "whole URL",
    ),
    (
        r#"webhook: { url: "https://h.example.com", oauth: { token_url: ^"http://h.example.com", client_id: a, client_secret: "${env:T}" } }"#,
        "E0506",
        "`token_url` does not begin",
        "unencrypted",
    ),
    (
        r#"teams: { url: ^"https://h.example.com/x?sp=1&sig=hunter2", sig: "${env:S}" }"#,
        "E0506",
        "`url` holds `sig=…`",
        "write `sig: \"${env:NAME}\"`",
    ),
    (
        r#"teams: { url: ^"https://h.example.com/x?SIG=hunter2", sig: "${env:S}" }"#,
        "E0506",
        "`url` holds `sig=…`",
        "remove `sig=…`",
    ),
    (
        r#"google_chat: { url: ^"https://h.example.com/x?key=hunter2", key: "${env:K}", token: "${env:T}" }"#,
        "E0506",
        "`url` holds `key=…`",
        "write `key: \"${env:NAME}\"`",
    ),
    (
        r#"google_chat: { url: ^"https://h.example.com/x?a=b&token=hunter2", key: "${env:K}", token: "${env:T}" }"#,
        "E0506",
        "`url` holds `token=…`",
        "write `token: \"${env:NAME}\"`",
    ),
    // Logins.
    (
        r#"webhook: { url: "https://h.example.com", basic: { user: ^"u:v", password: "${env:P}" } }"#,
        "E0506",
        "the user name holds a colon",
        "under `password`",
    ),
    (
        r#"webhook: { url: "https://h.example.com", header: { name: ^"X Key", value: "${env:T}" } }"#,
        "E0506",
        "is not the name of a header",
        "X-Api-Key",
    ),
    (
        r#"webhook: { url: "https://h.example.com", header: { name: ^"X-Key:", value: "${env:T}" } }"#,
        "E0506",
        "is not the name of a header",
        "without colon",
    ),
    (
        r#"webhook: { url: "https://h.example.com", header: { name: ^Host, value: "${env:T}" } }"#,
        "E0506",
        "Step Functions sends no header `Host`",
        "Authorization",
    ),
    (
        r#"webhook: { url: "https://h.example.com", header: { name: ^X-Amz-Date, value: "${env:T}" } }"#,
        "E0506",
        "Step Functions sends no header",
        "X-Api-Key",
    ),
    (
        r#"webhook: { ^url: "https://h.example.com" }"#,
        "E0507",
        "does not say who calls",
        "`basic` or `header` or `oauth`",
    ),
    (
        r#"servicenow: { ^url: "https://h.example.com" }"#,
        "E0507",
        "does not say who calls",
        "`basic` or `oauth`",
    ),
    (
        r#"webhook: { url: "https://h.example.com", basic: { user: u, password: "${env:P}" }, ^header: { name: X-Key, value: "${env:T}" } }"#,
        "E0507",
        "a second login, `header`",
        "keep one",
    ),
    (
        r#"servicenow: { url: "https://h.example.com", ^header: { name: X-Key, value: "${env:T}" }, basic: { user: u, password: "${env:P}" } }"#,
        "E0201",
        "has no key `header`",
        "",
    ),
    // Forms and kinds.
    (
        r#"slack: { channel: C0123456789, token: "${env:T}" }, ^format: json"#,
        "E0508",
        "the kind `slack` have no `format`",
        "`https`, `sqs`, `lambda` and `sns`",
    ),
    (
        r#"^format: text, amazon_q: {}"#,
        "E0508",
        "the kind `amazon_q` have no `format`",
        "remove it",
    ),
    (
        r#"amazon_q: {}, ^email: a@example.com"#,
        "E0304",
        "a second kind, `email`",
        "two channels",
    ),
    (
        r#"^slak: { channel: C0123456789, token: "${env:T}" }"#,
        "E0201",
        "a channel has no key `slak`",
        "did you mean `slack`?",
    ),
    (
        r#"email: ^"${env:MAIL}""#,
        "E0303",
        "is not a mail address",
        "secrets of channels alone",
    ),
];

#[test]
fn each_mistake_is_answered_where_it_stands_and_no_secret_is_shown() {
    let mut wrong = String::new();
    for (marked, code, message, help) in MISTAKES {
        let at = marked.find('^').unwrap();
        let channel = marked.replacen('^', "", 1);
        let loaded = load(&channel);
        let said = render(&loaded.sources, &loaded.diagnostics, false).to_string();
        let column = "  c: { ".len() + marked[..at].chars().count() + 1;
        let found = loaded.diagnostics.iter().any(|d| {
            let (_, line, begins) = loaded.sources.position(d.span);
            d.code == *code
                && d.level == Level::Error
                && (line, begins) == (7, column)
                && d.message.contains(message)
                && (help.is_empty() || d.help.as_deref().is_some_and(|h| h.contains(help)))
        });
        let secret =
            said.contains("hunter2") || format!("{:?}", loaded.diagnostics).contains("hunter2");
        if !found || secret || loaded.file.is_some() {
            wrong.push_str(&format!("{marked}: wanted {code} at 7:{column}\n{said}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let loaded = load(
        r##"jira: { url: "http://h.example.com", project: sec, user: bot, token: hunter2, isue_type: a }"##,
    );
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|d| d.code).collect();
    for (code, count) in [("E0504", 1), ("E0506", 3), ("E0201", 1)] {
        assert_eq!(
            codes.iter().filter(|c| **c == code).count(),
            count,
            "{codes:?}"
        );
    }
}

#[test]
fn a_variable_in_braces_without_quotes_is_explained() {
    let loaded = load("slack: { channel: C0123456789, token: ${env:TOKEN} }");
    let helps = loaded.diagnostics.iter().filter_map(|d| d.help.as_deref());
    assert!(loaded.file.is_none());
    assert!(
        helps.clone().any(|help| help.contains("in quotes")),
        "{:#?}",
        loaded.diagnostics
    );
}
