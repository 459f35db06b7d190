//! HTTP tasks against models of the services, and against a real receiver on this machine.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Failure, Invoker, invoke};
use crate::place::AccountId;
use crate::sandbox::clock::Clock;
use crate::sandbox::events::connections;
use crate::sandbox::iam::roles::plant_role;
use crate::sandbox::instance::{Options, Sandbox};
use crate::sandbox::receivers::{Room, Taken, Trouble};
use crate::sandbox::secretsmanager::managed;
use crate::sandbox::site::Site;

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/dispatcher";
const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:iamwatch-acme";
const SLACK: &str = "https://slack.com/api/chat.postMessage";

fn site() -> Site {
    Site {
        account: ACCOUNT.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    }
}

/// A sandbox with a role that may do everything.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(Options {
        account: ACCOUNT.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        clock: Clock::FIXED,
    });
    let account: AccountId = ACCOUNT.parse().unwrap();
    plant_role(
        &mut sandbox.inner().world,
        &account,
        "dispatcher",
        "{}".to_owned(),
    );
    sandbox
}

/// Gives the role exactly these policies.
fn allow(sandbox: &Sandbox, statements: Value) {
    let mut inner = sandbox.inner();
    let account: AccountId = ACCOUNT.parse().unwrap();
    let iam = inner.world.iam.accounts.get_mut(&account).unwrap();
    let role = iam.roles.get_mut("dispatcher").unwrap();
    role.attached.clear();
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    role.inline.insert("all".to_owned(), policy.to_string());
}

fn connect(sandbox: &Sandbox, input: Value) -> String {
    let mut inner = sandbox.inner();
    let made = connections::handle(&mut inner.world, &site(), "CreateConnection", input);
    made.unwrap()["ConnectionArn"].as_str().unwrap().to_owned()
}

fn api_key(name: &str, value: &str, parameters: Value) -> Value {
    json!({"Name": "c", "AuthorizationType": "API_KEY", "AuthParameters": {
        "ApiKeyAuthParameters": {"ApiKeyName": name, "ApiKeyValue": value},
        "InvocationHttpParameters": parameters,
    }})
}

fn slack(sandbox: &Sandbox) -> String {
    let bearer = "Bearer xoxb-hunter2";
    connect(sandbox, api_key("Authorization", bearer, json!({})))
}

fn run(sandbox: &Sandbox, arguments: Value) -> Result<Value, Failure> {
    let by = Invoker {
        machine: MACHINE,
        role: ROLE,
    };
    invoke(&mut sandbox.inner().world, &site(), by, &arguments)
}

/// The one thing that was taken.
fn only(sandbox: &Sandbox) -> Taken {
    let mut taken = sandbox.taken();
    assert_eq!(taken.len(), 1);
    taken.remove(0)
}

fn post(arn: &str, url: &str, body: Value) -> Value {
    json!({"ApiEndpoint": url, "Method": "POST", "Authentication": {"ConnectionArn": arn},
        "RequestBody": body})
}

#[test]
fn slack_takes_a_message_and_no_secret_is_shown() {
    let sandbox = sandbox();
    sandbox.receiver_knows("slack.com", "xoxb-hunter2");
    let arn = slack(&sandbox);
    let body = json!({"channel": "C1", "text": "hello xoxb-hunter2"});
    let result = run(&sandbox, post(&arn, SLACK, body)).unwrap();
    assert_eq!(result["StatusCode"], 200);
    assert_eq!(result["StatusText"], "OK");
    assert_eq!(result["ResponseBody"]["ok"], true);
    assert!(result["Headers"]["content-type"][0].is_string());
    let taken = only(&sandbox);
    assert_eq!(
        (taken.service.as_str(), taken.place.as_str()),
        ("Slack", "C1")
    );
    assert_eq!(taken.text, "hello ***");
    let world = format!("{:?}", sandbox.inner().world);
    let shown = format!("{world} {taken:?} {result}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_slack_refuses_it_refuses_with_200() {
    let sandbox = sandbox();
    let arn = slack(&sandbox);
    sandbox.set_room("slack.com", "C1", Room::NotMember);
    for (channel, error) in [("C1", "not_in_channel"), ("C2", "channel_not_found")] {
        let body = json!({"channel": channel, "text": "hello"});
        let result = run(&sandbox, post(&arn, SLACK, body)).unwrap();
        assert_eq!(result["ResponseBody"], json!({"ok": false, "error": error}));
    }
    sandbox.receiver_knows("slack.com", "xoxb-another");
    let result = run(&sandbox, post(&arn, SLACK, json!({"channel": "C1"}))).unwrap();
    assert_eq!(result["ResponseBody"]["error"], "invalid_auth");
    assert!(sandbox.taken().is_empty());
}

#[test]
fn a_secret_of_the_body_reaches_the_service_and_not_the_outbox() {
    let sandbox = sandbox();
    let key = "0123456789abcdef0123456789abcdef";
    sandbox.receiver_knows("events.pagerduty.com", key);
    let parameters = json!({"BodyParameters": [{"Key": "routing_key", "Value": key}]});
    let arn = connect(&sandbox, api_key("x-unused", "none", parameters));
    let event = json!({"event_action": "trigger", "dedup_key": "d", "routing_key": "loses",
        "payload": {"summary": "s", "source": "aws", "severity": "critical"}});
    let asked = post(&arn, "https://events.pagerduty.com/v2/enqueue", event);
    let result = run(&sandbox, asked.clone()).unwrap();
    assert_eq!(result["StatusCode"], 202);
    run(&sandbox, asked).unwrap();
    let taken = only(&sandbox);
    assert_eq!(taken.repeated, 1);
    assert_eq!(taken.body["routing_key"], "***");
}

#[test]
fn the_connection_wins() {
    let sandbox = sandbox();
    sandbox.add_webhook("hooks.example.com");
    sandbox.receiver_knows("hooks.example.com", "sesame");
    let parameters = json!({
        "HeaderParameters": [{"Key": "X-Token", "Value": "sesame"}],
        "QueryStringParameters": [{"Key": "q", "Value": "1", "IsValueSecret": false}],
        "BodyParameters": [{"Key": "mode", "Value": "connection", "IsValueSecret": false}],
    });
    let arn = connect(&sandbox, api_key("x-unused", "none", parameters));
    let body = json!({"mode": "task", "a": 1});
    let mut asked = post(&arn, "https://hooks.example.com/in", body);
    asked["Headers"] = json!({"x-token": "wrong"});
    run(&sandbox, asked).unwrap();
    let taken = only(&sandbox);
    assert_eq!(taken.body, json!({"mode": "connection", "a": 1}));
    let error = run(
        &sandbox,
        post(&arn, "https://hooks.example.com/in", json!("text")),
    );
    assert_eq!(error.unwrap_err().0, "States.Runtime");
}

#[test]
fn a_task_that_is_not_as_it_should_be_fails_at_once() {
    let sandbox = sandbox();
    let arn = slack(&sandbox);
    let good = post(&arn, SLACK, json!({}));
    let changed = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        run(&sandbox, changed).unwrap_err().0
    };
    let plain = json!("http://slack.com/api/chat.postMessage");
    assert_eq!(changed("ApiEndpoint", plain), "States.Runtime");
    assert_eq!(changed("Method", json!("TRACE")), "States.Runtime");
    let forbidden = json!({"Authorization": "Bearer x"});
    assert_eq!(changed("Headers", forbidden), "States.Runtime");
    assert_eq!(
        changed("Headers", json!({"X-Amz-Date": "x"})),
        "States.Runtime"
    );
    let large = json!("x".repeat(300_000));
    assert_eq!(changed("RequestBody", large), "States.DataLimitExceeded");
    let nobody = json!("https://nobody.example.com/");
    assert_eq!(changed("ApiEndpoint", nobody), "States.Http.Socket");
    let gone = json!({"ConnectionArn": arn.replace("/c/", "/d/")});
    assert_eq!(
        changed("Authentication", gone),
        "Events.ConnectionResource.ResourceNotFound"
    );
}

#[test]
fn the_role_needs_all_four_permissions() {
    let sandbox = sandbox();
    let arn = slack(&sandbox);
    let asked = || post(&arn, SLACK, json!({"channel": "C1", "text": "t"}));
    let of = |action: &str, on: &str| json!({"Effect": "Allow", "Action": action, "Resource": on});
    let endpoint = |url: &str| {
        json!({"Effect": "Allow", "Action": "states:InvokeHTTPEndpoint", "Resource": MACHINE,
            "Condition": {"StringEquals": {"states:HTTPMethod": "POST"},
                "StringLike": {"states:HTTPEndpoint": url}}})
    };
    let secret = "arn:aws:secretsmanager:*:*:secret:events!connection/*";
    let all = [
        endpoint("https://slack.com/*"),
        of("events:RetrieveConnectionCredentials", &arn),
        of("secretsmanager:DescribeSecret", secret),
        of("secretsmanager:GetSecretValue", secret),
    ];
    allow(&sandbox, json!([endpoint("https://example.com/*")]));
    let (error, cause) = run(&sandbox, asked()).unwrap_err();
    assert_eq!(error, "States.Permissions");
    assert!(cause.contains("states:InvokeHTTPEndpoint"), "{cause}");
    for left in 1..all.len() {
        allow(&sandbox, json!(all[..left]));
        let (error, _) = run(&sandbox, asked()).unwrap_err();
        assert_eq!(error, "Events.ConnectionResource.AccessDenied");
    }
    allow(&sandbox, json!(all));
    run(&sandbox, asked()).unwrap();
}

#[test]
fn a_deleted_secret_deauthorizes_the_connection() {
    let sandbox = sandbox();
    let arn = slack(&sandbox);
    {
        let mut inner = sandbox.inner();
        let found = connections::find(&inner.world, &arn).unwrap();
        let secret = found.secret.clone();
        managed::remove(&mut inner.world, &secret);
    }
    for _ in 0..2 {
        let error = run(&sandbox, post(&arn, SLACK, json!({}))).unwrap_err();
        assert_eq!(error.0, "Events.ConnectionResource.InvalidConnectionState");
    }
    let inner = sandbox.inner();
    let found = connections::find(&inner.world, &arn).unwrap();
    assert_eq!(found.state.word(), "DEAUTHORIZED");
}

#[test]
fn what_goes_wrong_there_fails_the_task() {
    let sandbox = sandbox();
    let arn = slack(&sandbox);
    let asked = || post(&arn, SLACK, json!({"channel": "C1", "text": "t"}));
    let trouble = |trouble| sandbox.set_trouble("slack.com", Some(trouble));
    trouble(Trouble::TooMany {
        times: 1,
        retry_after: 30,
    });
    assert_eq!(
        run(&sandbox, asked()).unwrap_err().0,
        "States.Http.StatusCode.429"
    );
    run(&sandbox, asked()).unwrap();
    for status in [302, 401, 500] {
        trouble(Trouble::Answers {
            times: u32::MAX,
            status,
        });
        let (error, _) = run(&sandbox, asked()).unwrap_err();
        assert_eq!(error, format!("States.Http.StatusCode.{status}"));
    }
    for nobody in [Trouble::Hangs, Trouble::Unreachable] {
        trouble(nobody);
        assert_eq!(run(&sandbox, asked()).unwrap_err().0, "States.Http.Socket");
    }
    sandbox.set_trouble("slack.com", None);
    // A 401 to a task is no reason to take the authorization away.
    run(&sandbox, asked()).unwrap();
}

#[test]
fn an_oauth_client_gets_its_token_a_little_later() {
    let sandbox = sandbox();
    sandbox.receiver_knows("acme.zendesk.com", "client-secret");
    let arn = connect(
        &sandbox,
        json!({"Name": "z", "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {
            "OAuthParameters": {
                "ClientParameters": {"ClientID": "id", "ClientSecret": "client-secret"},
                "AuthorizationEndpoint": "https://acme.zendesk.com/oauth/tokens",
                "HttpMethod": "POST",
                "OAuthHttpParameters": {"BodyParameters": [
                    {"Key": "grant_type", "Value": "client_credentials", "IsValueSecret": false},
                    {"Key": "scope", "Value": "tickets:write", "IsValueSecret": false},
                ]},
            },
        }}),
    );
    let url = "https://acme.zendesk.com/api/v2/tickets.json";
    let ticket = json!({"ticket": {"subject": "s", "comment": {"body": "b"}}});
    let mut asked = post(&arn, url, ticket);
    asked["Headers"] = json!({"Idempotency-Key": "k"});
    let (error, _) = run(&sandbox, asked.clone()).unwrap_err();
    assert_eq!(error, "Events.ConnectionResource.AuthInProgress");
    sandbox.advance(Duration::from_secs(5));
    let lookup = |result: &Value| result["Headers"]["x-idempotency-lookup"][0].clone();
    let first = run(&sandbox, asked.clone()).unwrap();
    let second = run(&sandbox, asked).unwrap();
    assert_eq!(
        (lookup(&first), lookup(&second)),
        (json!("miss"), json!("hit"))
    );
    assert_eq!(first["StatusCode"], 201);
    assert_eq!(first["ResponseBody"], second["ResponseBody"]);
    assert_eq!(sandbox.taken().len(), 1);
}

#[test]
fn a_real_receiver_of_this_machine_is_asked_by_http() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let receiver = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            let mut chunk = [0; 1024];
            let count = stream.read(&mut chunk).unwrap();
            request.extend_from_slice(&chunk[..count]);
        }
        let body = r#"{"fine":true}"#;
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    let sandbox = sandbox().with_receiver("alerts.example.com", address);
    let arn = connect(
        &sandbox,
        json!({"Name": "b", "AuthorizationType": "BASIC", "AuthParameters": {
            "BasicAuthParameters": {"Username": "me", "Password": "secret"},
        }}),
    );
    let asked = post(&arn, "https://alerts.example.com/in?x=1", json!({"a": "ü"}));
    let result = run(&sandbox, asked).unwrap();
    assert_eq!(result["StatusText"], "Created");
    assert_eq!(result["ResponseBody"], json!({"fine": true}));
    let request = receiver.join().unwrap();
    assert!(
        request.starts_with("POST /in?x=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nHost: alerts.example.com\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"),
        "{request}"
    );
    let agent = "User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1\r\n";
    assert!(request.contains(agent), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"a\":\"ü\"}"), "{request}");
}
