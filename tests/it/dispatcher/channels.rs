//! What each channel's service gets: whatever the alert, a request of the shape and within the limits that it
//! documents.

use std::collections::BTreeSet;
use std::fmt::Write;

use iamwatch::alert::Reader;
use serde_json::{Value, json};

use super::{definition, delivery, evaluated, event, rule, with_dispatcher};
use crate::alert::fired::fired;
use crate::snapshot::is_as_kept;

/// The states that send, each with the channel that it is for.
const SENDING: [(&str, &str); 15] = [
    ("To a topic", "old-topic"),
    ("To amazon-q", "amazon-q"),
    ("To slack", "slack"),
    ("To teams", "teams"),
    ("To teams-bare", "teams-bare"),
    ("To google-chat", "google-chat"),
    ("To pagerduty", "pagerduty"),
    ("To jsm", "jsm"),
    ("To servicenow", "servicenow"),
    ("To incidents", "incidents"),
    ("To zendesk", "zendesk"),
    ("To jira", "jira"),
    ("To webhook", "webhook"),
    ("Fallback", "slack"),
    ("Probe", "probe"),
];

fn reader() -> Reader {
    with_dispatcher(3, |dispatcher| {
        Reader::new(&dispatcher.surroundings).unwrap()
    })
}

/// What a state hands to its service.
fn arguments(definition: &Value, state: (&str, &str), alert: &Value, input: &Value) -> Value {
    let (state, channel) = state;
    let error = "States.Http.StatusCode.400";
    let failed = json!({ "channel": channel, "error": error, "cause": "no" });
    let states = json!({ "input": failed, "context": { "Execution": { "Input": input } } });
    let (channels, digest) = (json!([channel]), json!("0a1b2c3d4e5f"));
    let variables = [
        ("alert", alert),
        ("states", &states),
        ("channels", &channels),
        ("digest", &digest),
    ];
    let arguments = &delivery(definition)[state]["Arguments"];
    evaluated(arguments, &variables).unwrap_or_else(|e| panic!("{state}: {e}\n{alert:#}"))
}

fn text<'v>(value: &'v Value, pointer: &str, most: usize) -> Result<&'v str, String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    let text = text.ok_or_else(|| format!("{pointer} is no text"))?;
    match text.chars().count() {
        0 => Err(format!("{pointer} is empty")),
        count if count > most => Err(format!("{pointer} has {count} characters")),
        _ => Ok(text),
    }
}

fn line<'v>(value: &'v Value, pointer: &str, most: usize) -> Result<&'v str, String> {
    let text = text(value, pointer, most)?;
    match text.contains(char::is_control) {
        true => Err(format!("{pointer} is more than a line: {text:?}")),
        false => Ok(text),
    }
}

fn holds(what: bool, why: &str) -> Result<(), String> {
    if what { Ok(()) } else { Err(why.to_owned()) }
}

fn one_of(value: &Value, pointer: &str, words: &[&str]) -> Result<(), String> {
    let word = text(value, pointer, 20)?;
    holds(words.contains(&word), word)
}

/// Whether a message of a topic is one: a subject, and a text for each protocol.
fn is_publication(arguments: &Value) -> Result<(), String> {
    line(arguments, "/Subject", 99)?;
    line(arguments, "/TopicArn", 256)?;
    let message: Value = inside(arguments, "/Message")?;
    text(&message, "/default", 262_144)?;
    line(&message, "/sms", 160)?;
    holds(arguments["MessageStructure"] == "json", "no structure")
}

fn inside(value: &Value, pointer: &str) -> Result<Value, String> {
    serde_json::from_str(text(value, pointer, 262_144)?).map_err(|e| e.to_string())
}

/// Whether the service of a state takes what it gets.
fn is_taken(state: &str, arguments: &Value) -> Result<(), String> {
    // Source: Step Functions developer guide, "Quotas".
    holds(arguments.to_string().len() <= 262_144, "more than 256 KiB")?;
    let body = &arguments["RequestBody"];
    match state {
        "To a topic" | "Fallback" => is_publication(arguments),
        "Probe" => {
            let said = inside(arguments, "/MessageBody")?;
            line(&said, "/headline", 300)?;
            line(&said, "/digest", 12).map(drop)
        }
        "To amazon-q" => {
            let message = inside(arguments, "/Message")?;
            holds(
                message["version"] == "1.0" && message["source"] == "custom",
                "schema",
            )?;
            line(&message, "/content/title", 250)?;
            let description = text(&message, "/content/description", 3_000)?;
            holds(
                description.matches("```").count() == 2,
                "more than a block of code",
            )?;
            holds(!message.to_string().contains('<'), "a mention")?;
            let steps = message["content"]["nextSteps"].as_array();
            let steps = steps.ok_or("no steps")?;
            holds(steps.iter().all(Value::is_string), "steps are no texts")
        }
        "To slack" => is_slack(body),
        "To teams" => is_card(&body["attachments"][0]["content"], body),
        "To teams-bare" => is_card(body, body),
        "To google-chat" => {
            let text = text(body, "/text", 32_000)?;
            holds(body.to_string().len() <= 32_000, "more than 32,000 bytes")?;
            holds(!text.contains('<'), "a mention")?;
            holds(
                text.matches("```").count() == 2,
                "more than a block of code",
            )?;
            line(arguments, "/QueryParameters/requestId", 250).map(drop)
        }
        "To pagerduty" => {
            line(body, "/dedup_key", 255)?;
            line(body, "/payload/summary", 1_024)?;
            line(body, "/payload/source", 1_024)?;
            let severities = ["critical", "error", "warning", "info"];
            one_of(body, "/payload/severity", &severities)?;
            holds(body["event_action"] == "trigger", "no trigger")?;
            holds(
                body.get("routing_key").is_none(),
                "the connection has the key",
            )?;
            if body["payload"].get("timestamp").is_some() {
                line(body, "/payload/timestamp", 30)?;
            }
            let links = body["links"].as_array().ok_or("no links")?;
            holds(links.iter().all(|link| link["href"].is_string()), "links")?;
            holds(body["payload"]["custom_details"].is_object(), "no details")
        }
        "To jsm" => {
            line(body, "/message", 130)?;
            line(body, "/alias", 512)?;
            text(body, "/description", 15_000)?;
            one_of(body, "/priority", &["P1", "P2", "P3", "P4", "P5"])?;
            line(body, "/tags/1", 50)?;
            let details = body["details"].as_object().ok_or("no details")?;
            let characters = |value: &Value| value.as_str().map(|text| text.chars().count());
            let length: Option<usize> = details.values().map(characters).sum();
            holds(length.is_some_and(|length| length <= 8_000), "details")
        }
        "To servicenow" => {
            let records = body["records"].as_array().ok_or("no records")?;
            holds(records.len() == 1, "one record")?;
            let record = &records[0];
            one_of(record, "/severity", &["1", "2", "3", "4", "5"])?;
            line(record, "/message_key", 1_024)?;
            text(record, "/description", 4_000)?;
            holds(inside(record, "/additional_info")?.is_object(), "no object")
        }
        "To incidents" => {
            line(body, "/short_description", 160)?;
            text(body, "/description", 4_000)?;
            line(body, "/correlation_id", 100)?;
            one_of(body, "/urgency", &["1", "2", "3"])?;
            one_of(body, "/impact", &["1", "2", "3"])
        }
        "To zendesk" => {
            line(body, "/ticket/subject", 150)?;
            text(body, "/ticket/comment/body", 65_536)?;
            one_of(
                body,
                "/ticket/priority",
                &["urgent", "high", "normal", "low"],
            )?;
            is_header(line(arguments, "/Headers/Idempotency-Key", 255)?)
        }
        "To jira" => {
            line(body, "/fields/summary", 255)?;
            let description = text(body, "/fields/description", 32_767)?;
            let braces = description.matches('{').count();
            let marks = description.matches("{noformat}").count();
            holds((braces, marks) == (2, 2), "markup")
        }
        "To webhook" => {
            holds(body["format_version"] == 1, "version")?;
            line(body, "/alert/headline", 300)?;
            holds(body.get("event").is_some(), "no event")?;
            is_header(line(arguments, "/Headers/Idempotency-Key", 255)?)
        }
        _ => Err(format!("{state} is not known")),
    }
}

fn is_header(value: &str) -> Result<(), String> {
    holds(value.chars().all(|c| c.is_ascii_graphic()), value)
}

fn is_slack(body: &Value) -> Result<(), String> {
    let shown = line(body, "/text", 4_000)?;
    holds(!shown.contains(['<', '>']), "a mention")?;
    line(body, "/blocks/0/text/text", 150)?;
    line(body, "/blocks/1/text/text", 3_000)?;
    text(body, "/blocks/3/text/text", 3_000)?;
    line(body, "/blocks/4/elements/1/text", 3_000)?;
    let links = line(body, "/blocks/4/elements/0/text", 3_000)?;
    holds(
        !links.contains("<!") && links.matches('<').count() <= 2,
        links,
    )?;
    let fields = body["blocks"][2]["fields"].as_array().ok_or("no fields")?;
    holds((1..=10).contains(&fields.len()), "fields")?;
    for field in fields {
        line(field, "/text", 2_000)?;
        holds(field["type"] == "plain_text", "markup")?;
    }
    holds(
        body.to_string().chars().count() <= 13_000,
        "too long in all",
    )
}

fn is_card(card: &Value, message: &Value) -> Result<(), String> {
    holds(message.to_string().len() <= 28 * 1024, "more than 28 KB")?;
    holds(
        card["type"] == "AdaptiveCard" && card["version"] == "1.4",
        "no card",
    )?;
    let elements = card["body"].as_array().ok_or("no elements")?;
    for element in elements {
        holds(element["type"] == "RichTextBlock", "markup")?;
        let runs = element["inlines"].as_array().ok_or("no runs")?;
        for run in runs {
            text(run, "/text", 2_000)?;
        }
    }
    let actions = card["actions"].as_array().ok_or("no actions")?;
    actions
        .iter()
        .try_for_each(|action| line(action, "/url", 2_000).map(drop))
}

/// Inputs in which somebody wrote whatever he likes, one value at a time and all at once.
fn hostile() -> Vec<Value> {
    let evil = [
        json!("\"'<!channel> `*_~ {noformat} {% x %} \\\r\n\u{202e}😀"),
        json!("😀".repeat(3_000)),
        json!("<users/all>".repeat(9_000)),
        json!(null),
        json!([["x", null], 5]),
        json!({ "constructor": "x" }),
        json!(-1.5e300),
        json!(""),
    ];
    let paths = [
        "/event/account",
        "/event/time",
        "/event/source",
        "/event/detail",
        "/event/detail/eventName",
        "/event/detail/eventID",
        "/event/detail/eventTime",
        "/event/detail/awsRegion",
        "/event/detail/errorCode",
        "/event/detail/errorMessage",
        "/event/detail/userIdentity/userName",
        "/event/detail/requestParameters",
        "/event/detail/requestParameters/roleName",
        "/rule/severity",
        "/rule/title",
        "/rule/id",
        "/rule",
    ];
    let input = || json!({ "rule": rule(), "event": event() });
    let set = |input: &mut Value, path: &str, value: &Value| {
        let (parent, name) = path.rsplit_once('/').unwrap();
        if let Some(fields) = input.pointer_mut(parent).and_then(Value::as_object_mut) {
            fields.insert(name.to_owned(), value.clone());
        }
    };
    let mut inputs = Vec::new();
    for value in &evil {
        for path in paths {
            let mut input = input();
            set(&mut input, path, value);
            inputs.push(input);
        }
        let mut all = input();
        for path in paths.iter().filter(|path| path.matches('/').count() > 2) {
            set(&mut all, path, value);
        }
        inputs.push(all);
    }
    // A rule's author writes what fits into a template.
    let long = "ü😀".repeat(1_500);
    for todo in ["", "a`b\n<c>{d}|e&f *g*", long.as_str()] {
        let mut input = input();
        input["rule"]["todo"] = json!(todo);
        input["rule"]["runbook"] = json!("https://wiki.example.com/<a|b>?c=`d`&e={f}");
        inputs.push(input);
    }
    inputs
}

#[test]
fn whatever_the_alert_each_service_takes_its_request() {
    let (reader, definition) = (reader(), definition(3));
    let mut inputs = hostile();
    inputs.push(json!({ "rule": rule(), "event": event() }));
    for input in &inputs {
        let alert = reader.alert(&input["rule"], &input["event"]).unwrap();
        for state in SENDING {
            let arguments = arguments(&definition, state, &alert, input);
            if let Err(why) = is_taken(state.0, &arguments) {
                panic!("{}: {why}\n{arguments:#}", state.0);
            }
        }
    }
}

/// What fired a rule of the catalogue, once for each kind of identity, call and error, with what that rule says to do.
#[test]
fn recorded_events_reach_each_service() {
    let Some(fired) = fired() else { return };
    let (reader, definition) = (reader(), definition(3));
    let mut seen = BTreeSet::new();
    for fired in fired.iter().filter(|fired| seen.insert(fired.sort())) {
        let input = json!({ "rule": fired.constants(), "event": fired.event });
        let alert = reader.alert(&input["rule"], &input["event"]).unwrap();
        for state in SENDING {
            let arguments = arguments(&definition, state, &alert, &input);
            if let Err(why) = is_taken(state.0, &arguments) {
                panic!("{}: {why}\n{arguments:#}", state.0);
            }
        }
    }
    assert!(seen.len() > SENDING.len(), "{}", seen.len());
}

#[test]
fn an_event_that_is_too_large_is_left_out_and_the_alert_is_not() {
    let (reader, definition) = (reader(), definition(3));
    let mut large = event();
    large["detail"]["requestParameters"]["policyDocument"] = json!("x".repeat(200_000));
    let input = json!({ "rule": rule(), "event": large });
    let alert = reader.alert(&input["rule"], &input["event"]).unwrap();
    let arguments = arguments(&definition, ("To webhook", "webhook"), &alert, &input);
    assert_eq!(arguments["RequestBody"]["event"], "not sent: too large");
    assert_eq!(arguments["RequestBody"]["alert"], alert);
}

/// What services answer that took an alert, what the ledger keeps of it, and what they answer that did not.
#[test]
fn answers_are_looked_at() {
    let definition = definition(3);
    let output = |channel: &str, result: &Value| {
        let states = json!({ "input": { "channel": channel }, "result": result });
        let output = &delivery(&definition)[format!("To {channel}")]["Output"];
        evaluated(output, &[("states", &states)])
    };
    let page = json!("<html>Your instance is hibernating</html>");
    for (channel, taken, kept, refused) in [
        (
            "slack",
            json!({ "ok": true, "ts": "1.2" }),
            "ts 1.2",
            json!({ "ok": false, "error": "channel_not_found" }),
        ),
        (
            "google-chat",
            json!({ "name": "spaces/S/messages/M" }),
            "spaces/S/messages/M",
            json!({}),
        ),
        (
            "pagerduty",
            json!({ "status": "success", "dedup_key": "k" }),
            "dedup key k",
            json!({ "status": "invalid event" }),
        ),
        (
            "jsm",
            json!({ "result": "Request will be processed", "requestId": "r" }),
            "request r",
            json!(""),
        ),
        (
            "servicenow",
            json!({ "Default Bulk Endpoint": "1 events were inserted" }),
            "{\"Default Bulk Endpoint\":\"1 events were inserted\"}",
            json!({ "error": {} }),
        ),
        (
            "incidents",
            json!({ "result": { "number": "INC0010001" } }),
            "INC0010001",
            json!({ "error": { "message": "no" } }),
        ),
        (
            "zendesk",
            json!({ "ticket": { "id": 35436 } }),
            "ticket 35436",
            json!({ "error": "x" }),
        ),
        (
            "jira",
            json!({ "id": "1", "key": "SEC-24" }),
            "SEC-24",
            json!({ "errors": {} }),
        ),
    ] {
        let result = |body: &Value| json!({ "StatusCode": 200, "ResponseBody": body });
        assert_eq!(
            output(channel, &result(&taken)).unwrap(),
            json!({ "channel": channel, "answer": kept })
        );
        for refused in [refused, page.clone(), json!(null)] {
            let answer = output(channel, &result(&refused));
            assert!(answer.is_err(), "{channel} {refused}: {answer:?}");
        }
        assert!(
            output(channel, &json!({ "StatusCode": 200 })).is_err(),
            "{channel}"
        );
    }
    for channel in ["teams", "teams-bare", "webhook"] {
        assert_eq!(
            output(channel, &json!({ "StatusCode": 202 })).unwrap(),
            json!({ "channel": channel, "answer": "HTTP 202" })
        );
    }
}

#[test]
fn an_alert_as_each_service_gets_it() {
    let (reader, definition) = (reader(), definition(3));
    let input = json!({ "rule": rule(), "event": event() });
    let alert = reader.alert(&input["rule"], &input["event"]).unwrap();
    let mut text = String::new();
    for state in SENDING {
        let arguments = arguments(&definition, state, &alert, &input);
        writeln!(
            text,
            "{:=<80}\n\n{arguments:#}\n",
            format!("== {} ", state.0)
        )
        .unwrap();
    }
    is_as_kept("tests/it/dispatcher/channels.snap.txt", &text);
}
