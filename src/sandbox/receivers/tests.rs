//! What each service answers to what is right, and to what is wrong.

use serde_json::{Value, json};

use super::state::{Host, Room};
use super::{Reached, Request, Response, State, reach};
use crate::sandbox::secret::Secret;

const NOW: i64 = 1_772_442_000_000;

fn request(url: &str, headers: &[(&str, &str)], body: &Value) -> Request {
    let mut request = Request::to("POST", url).unwrap();
    let headers = headers.iter();
    request.headers = headers
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    request.body = body.to_string();
    request
}

fn ask(state: &mut State, url: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    match reach(state, &request(url, headers, body), NOW) {
        Reached::Answer(answer) => answer,
        Reached::Nobody(why) => panic!("{why}"),
    }
}

fn json_of(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap()
}

fn knowing(host: &str, secret: &str) -> State {
    let mut state = State::default();
    let known = Host {
        secrets: [Secret::new(secret)].into(),
        ..Host::default()
    };
    state.hosts.insert(host.to_owned(), known);
    state
}

#[test]
fn slack_looks_at_blocks() {
    let url = "https://slack.com/api/chat.postMessage";
    let bearer = [("Authorization", "Bearer xoxb-1")];
    let mut state = State::default();
    let mut post = |blocks: Value| {
        let body = json!({"channel": "C1", "text": "fallback", "blocks": blocks});
        json_of(&ask(&mut state, url, &bearer, &body))
    };
    let header = |length: usize| {
        let text = "x".repeat(length);
        json!([{"type": "header", "text": {"type": "plain_text", "text": text}}])
    };
    assert_eq!(post(header(150))["ok"], true);
    assert_eq!(post(header(151))["error"], "invalid_blocks");
    let fields = json!([{"type": "section", "fields": []}]);
    assert_eq!(post(fields)["error"], "invalid_blocks");
    let many: Vec<Value> = (0..51).map(|_| json!({"type": "divider"})).collect();
    assert_eq!(post(json!(many))["error"], "invalid_blocks");
    assert_eq!(post(json!("no"))["error"], "invalid_blocks_format");
    let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "y".repeat(2_900)}});
    let long = vec![section; 5];
    assert_eq!(post(json!(long))["error"], "msg_blocks_too_long");
    let nobody = ask(&mut state, url, &[], &json!({}));
    assert_eq!(
        json_of(&nobody),
        json!({"ok": false, "error": "not_authed"})
    );
    assert_eq!(state.taken.len(), 1);
    assert_eq!(state.taken[0].text.len(), 150);
}

#[test]
fn pagerduty_tells_what_is_wrong_with_an_event() {
    let url = "https://events.eu.pagerduty.com/v2/enqueue";
    let mut state = knowing("events.eu.pagerduty.com", &"k".repeat(32));
    let event = |key: &str, severity: &str| {
        json!({"routing_key": key, "event_action": "trigger", "dedup_key": "d",
            "payload": {"summary": "s", "source": "x", "severity": severity}})
    };
    for (event, error) in [
        (
            event("short", "info"),
            "Length of 'routing_key' is incorrect (should be 32 characters)",
        ),
        (event(&"j".repeat(32), "info"), "Invalid routing key"),
        (
            event(&"k".repeat(32), "bad"),
            "'payload.severity' is invalid",
        ),
        (
            event(&"k".repeat(32), ""),
            "'payload.severity' is missing or blank",
        ),
    ] {
        let answer = ask(&mut state, url, &[], &event);
        assert_eq!(answer.status, 400);
        assert_eq!(json_of(&answer)["errors"], json!([error]));
    }
    let good = event(&"k".repeat(32), "critical");
    let answer = ask(&mut state, url, &[], &good);
    assert_eq!(
        (answer.status, json_of(&answer)["dedup_key"].clone()),
        (202, json!("d"))
    );
    let resolve = json!({"routing_key": "k".repeat(32), "event_action": "resolve",
        "dedup_key": "d"});
    assert_eq!(ask(&mut state, url, &[], &resolve).status, 202);
    ask(&mut state, url, &[], &good);
    let open: Vec<bool> = state.taken.iter().map(|taken| taken.open).collect();
    assert_eq!(open, [false, true]);
}

#[test]
fn teams_answers_202_also_where_nobody_sees_anything() {
    let host = "prod-00.westeurope.logic.azure.com";
    let url = format!("https://{host}:443/workflows/f/triggers/manual/paths/invoke?sig=s%2B1");
    let mut state = knowing(host, "s+1");
    let card = json!({"type": "AdaptiveCard", "body": [{"type": "TextBlock", "text": "hello"}]});
    let message = json!({"type": "message", "attachments": [{"content": card}]});
    for body in [&card, &message, &json!({"text": "hello"})] {
        assert_eq!(ask(&mut state, &url, &[], body).status, 202);
    }
    assert_eq!(state.taken.len(), 2);
    assert_eq!(
        (state.taken[0].text.as_str(), state.taken[0].place.as_str()),
        ("hello", "f")
    );
    let rooms = &mut state.hosts.get_mut(host).unwrap().rooms;
    rooms.insert("f".to_owned(), Room::Broken);
    assert_eq!(ask(&mut state, &url, &[], &card).status, 202);
    assert_eq!(state.taken.len(), 2);
    let wrong = url.replace("s%2B1", "other");
    assert_eq!(ask(&mut state, &wrong, &[], &card).status, 401);
    let large = json!({"type": "AdaptiveCard", "text": "x".repeat(30_000)});
    assert_eq!(ask(&mut state, &url, &[], &large).status, 413);
}

#[test]
fn google_chat_knows_a_request_again() {
    let url = "https://chat.googleapis.com/v1/spaces/S/messages?key=k&token=t&requestId=r";
    let mut state = knowing("chat.googleapis.com", "t");
    let first = ask(&mut state, url, &[], &json!({"text": "one"}));
    let second = ask(&mut state, url, &[], &json!({"text": "one"}));
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(json_of(&first)["name"], json_of(&second)["name"]);
    assert_eq!((state.taken.len(), state.taken[0].repeated), (1, 1));
    assert_eq!(ask(&mut state, url, &[], &json!({})).status, 400);
    let long = json!({"text": "x".repeat(32_000)});
    assert_eq!(ask(&mut state, url, &[], &long).status, 400);
    let wrong = url.replace("token=t", "token=u");
    assert_eq!(
        ask(&mut state, &wrong, &[], &json!({"text": "a"})).status,
        401
    );
}

#[test]
fn alerts_of_jira_service_management_have_an_alias() {
    let url = "https://api.atlassian.com/jsm/ops/integration/v2/alerts";
    let key = [("authorization", "GenieKey abc")];
    let mut state = knowing("api.atlassian.com", "abc");
    let alert = json!({"message": "m", "alias": "a", "priority": "P1", "details": {"k": "v"}});
    for _ in 0..2 {
        assert_eq!(ask(&mut state, url, &key, &alert).status, 202);
    }
    assert_eq!((state.taken.len(), state.taken[0].repeated), (1, 1));
    assert_eq!(state.taken[0].text, "P1 m\n\nk: v");
    for wrong in [
        json!({"message": "x".repeat(131)}),
        json!({"message": "m", "priority": "P9"}),
        json!({"message": "m", "details": {"k": 1}}),
        json!({}),
    ] {
        assert_eq!(ask(&mut state, url, &key, &wrong).status, 422, "{wrong}");
    }
    let other = [("authorization", "GenieKey xyz")];
    assert_eq!(ask(&mut state, url, &other, &alert).status, 401);
}

#[test]
fn servicenow_takes_events_and_incidents() {
    let basic = [("Authorization", "Basic bWU6c2VjcmV0")];
    let mut state = knowing("acme.service-now.com", "me:secret");
    let url = "https://acme.service-now.com/api/global/em/jsonv2";
    let event = json!({"severity": "1", "message_key": "k", "additional_info": "{}"});
    for _ in 0..2 {
        let answer = ask(&mut state, url, &basic, &json!({"records": [event]}));
        assert_eq!(answer.status, 200);
    }
    assert_eq!((state.taken.len(), state.taken[0].repeated), (1, 1));
    let wrong = json!({"records": [{"severity": "1", "additional_info": {}}]});
    assert_eq!(ask(&mut state, url, &basic, &wrong).status, 400);
    assert_eq!(ask(&mut state, url, &[], &wrong).status, 401);
    let url = "https://acme.service-now.com/api/now/table/incident";
    let incident = json!({"short_description": "s", "correlation_id": "c"});
    let numbers: Vec<Value> = (0..2)
        .map(|_| {
            let answer = ask(&mut state, url, &basic, &incident);
            assert_eq!(answer.status, 201);
            assert!(answer.header("location").unwrap().starts_with(url));
            json_of(&answer)["result"]["number"].clone()
        })
        .collect();
    // A correlation id is not unique.
    assert_ne!(numbers[0], numbers[1]);
}

#[test]
fn zendesk_wants_a_token_that_it_gave() {
    let mut state = knowing("acme.zendesk.com", "secret");
    let url = "https://acme.zendesk.com/oauth/tokens";
    let client = |secret: &str| json!({"grant_type": "client_credentials", "client_id": "i", "client_secret": secret});
    assert_eq!(ask(&mut state, url, &[], &client("wrong")).status, 401);
    assert_eq!(
        ask(&mut state, url, &[], &json!({"client_secret": "secret"})).status,
        400
    );
    let answer = ask(&mut state, url, &[], &client("secret"));
    let token = json_of(&answer)["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let url = "https://acme.zendesk.com/api/v2/tickets.json";
    let ticket = json!({"ticket": {"subject": "s", "comment": {"body": "b"}}});
    let bearer = format!("Bearer {token}");
    let with = [("Authorization", bearer.as_str())];
    assert_eq!(ask(&mut state, url, &with, &ticket).status, 201);
    assert_eq!(
        ask(&mut state, url, &with, &json!({"ticket": {}})).status,
        422
    );
    let without = [("Authorization", "Bearer secret")];
    assert_eq!(ask(&mut state, url, &without, &ticket).status, 401);
}

#[test]
fn jira_names_the_fields_that_it_does_not_take() {
    let basic = [("Authorization", "Basic bWU6c2VjcmV0")];
    let url = "https://acme.atlassian.net/rest/api/2/issue";
    let mut state = State::default();
    let issue = |summary: &str, description: Value| {
        json!({"fields": {"project": {"key": "SEC"}, "issuetype": {"name": "Task"},
            "summary": summary, "description": description}})
    };
    let answer = ask(&mut state, url, &basic, &issue("s", json!("d")));
    assert_eq!(answer.status, 201);
    assert_eq!(json_of(&answer)["key"], "SEC-1");
    for (issue, field) in [
        (issue("two\nlines", json!("d")), "summary"),
        (issue("s", json!({"type": "doc"})), "description"),
    ] {
        let answer = ask(&mut state, url, &basic, &issue);
        assert_eq!(answer.status, 400);
        assert!(json_of(&answer)["errors"][field].is_string());
    }
    assert_eq!(ask(&mut state, url, &[], &json!({})).status, 401);
}

#[test]
fn a_webhook_knows_an_event_again_and_unknown_hosts_are_not_there() {
    let url = "https://hooks.example.com/in";
    let mut state = State::default();
    let reached = reach(&mut state, &request(url, &[], &json!({})), NOW);
    assert!(matches!(reached, Reached::Nobody(_)));
    let webhook = Host {
        webhook: true,
        secrets: [Secret::new("sesame")].into(),
        ..Host::default()
    };
    state.hosts.insert("hooks.example.com".to_owned(), webhook);
    let headers = [("X-Token", "sesame"), ("X-Iamwatch-Event", "e")];
    for _ in 0..2 {
        assert_eq!(ask(&mut state, url, &headers, &json!({"a": 1})).status, 200);
    }
    assert_eq!((state.taken.len(), state.taken[0].repeated), (1, 1));
    assert_eq!(ask(&mut state, url, &[], &json!({})).status, 401);
}
