//! Many forwarders of one Region that are missing are one finding to a person, and each by name to a program.

use aws_sdk_eventbridge::Client;
use serde_json::Value;

use crate::cli_deploy::Folder;
use crate::organization::kit::Kit;
use crate::organization::{MEMBERS, RULES as ORGANIZATION};

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: [eu-west-1] }
trail: existing-or-create
channels:
  security-mail: { email: security@example.com }
notify: { default: [security-mail] }
rules:
  - use: pack/all
"#;

/// Deletes every forwarder of a place; how many there were.
async fn delete_all(events: &Client) -> usize {
    let listed = events
        .list_rules()
        .name_prefix("iamwatch-acme-forwarder_events");
    let listed = listed.send().await.unwrap();
    for rule in listed.rules() {
        let name = rule.name().unwrap();
        let gone = events.remove_targets().rule(name).ids("forward");
        gone.send().await.unwrap();
        events.delete_rule().name(name).send().await.unwrap();
    }
    listed.rules().len()
}

#[test]
fn status_tells_of_missing_forwarders_of_one_region_together() {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    folder.meanwhile(|sandbox| drop(sandbox.confirm(None).unwrap()));
    folder.succeed(&["status"]);
    folder.aws(|clients| async move {
        assert!(delete_all(&clients.events).await > 5);
    });
    let (code, out, err) = folder.run(&["status"]);
    assert_eq!(code, 2, "{out}{err}");
    let lines: Vec<&str> = out
        .lines()
        .filter(|line| line.contains("forwarder"))
        .collect();
    let [line] = lines.as_slice() else {
        panic!("{out}");
    };
    let (_, json, _) = folder.run(&["status", "--json"]);
    let found: Value = serde_json::from_str(&json).unwrap();
    let findings = found["findings"].as_array().unwrap();
    let many = findings.len();
    assert!(many > 5, "{found:#}");
    let said = format!(
        "loses alerts {many} forwarders: they do not exist: iamwatch-acme-forwarder_events-1, "
    );
    assert!(line.starts_with(&said), "{line}");
    assert!(line.ends_with(&format!(" and {} more", many - 5)), "{line}");
    assert!(out.contains("; 1 finding."), "{out}");
}

#[test]
fn coverage_tells_of_missing_forwarders_of_one_region_together() {
    let (kept, _) = ORGANIZATION.split_once("rules:\n").unwrap();
    let kit = Kit::with(&format!("{kept}rules:\n  - use: pack/all\n"), &MEMBERS[..1]);
    kit.succeed(&["apply", "--auto-approve"]);
    kit.sandbox.confirm(None).unwrap();
    kit.succeed(&["coverage"]);
    let many = kit.act(MEMBERS[0].0, "eu-west-1", async |config| {
        delete_all(&Client::new(&config)).await
    });
    let out = kit.run(&["coverage"]).out;
    let said = format!("{many} forwarders are missing: iamwatch-acme-forwarder_events-1, ");
    assert!(out.contains(&said), "{out}");
    assert!(out.contains(&format!(" and {} more", many - 3)), "{out}");
    let found = kit.json(&["coverage"]);
    let holes = found["uncovered"].as_array().unwrap();
    let [hole] = holes.as_slice() else {
        panic!("{found:#}");
    };
    assert_eq!(hole["missing"].as_array().unwrap().len(), many, "{found:#}");
}
