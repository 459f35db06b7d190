//! What stands in the way of a destruction is said before the first write.

use super::{Folder, RULES};

const BUS: &str = "iamwatch-acme";

/// Home elsewhere than root's sign-ins: a home bus.
fn hub() -> String {
    RULES.replace("us-east-1", "eu-central-1")
}

fn rule_on_the_bus(folder: &Folder, name: &'static str, tags: &'static [(&str, &str)]) {
    folder.aws(|clients| async move {
        let rule = clients.events.put_rule().event_bus_name(BUS).name(name);
        let mut rule = rule.event_pattern(r#"{"source":["their.own"]}"#);
        for (key, value) in tags {
            let tag = aws_sdk_eventbridge::types::Tag::builder();
            rule = rule.tags(tag.key(*key).value(*value).build().unwrap());
        }
        rule.send().await.unwrap();
        let target = aws_sdk_eventbridge::types::Target::builder().id("probe");
        let arn = "arn:aws:sqs:eu-central-1:111122223333:theirs";
        let put = clients.events.put_targets().event_bus_name(BUS).rule(name);
        put.targets(target.arn(arn).build().unwrap())
            .send()
            .await
            .unwrap();
    });
}

#[test]
fn a_rule_of_somebody_on_the_home_bus_is_named_before_anything_goes() {
    let folder = Folder::with(&hub());
    folder.succeed(&["apply", "--auto-approve"]);
    rule_on_the_bus(&folder, "theirs", &[]);
    let err = folder.fail(&["destroy", "--auto-approve"]);
    assert!(
        err.contains("bus iamwatch-acme holds rules that are not iamwatch's: theirs"),
        "{err}"
    );
    folder.aws(|clients| async move {
        let events = &clients.events;
        let request = events.remove_targets().event_bus_name(BUS).rule("theirs");
        request.ids("probe").send().await.unwrap();
        let request = events.delete_rule().event_bus_name(BUS).name("theirs");
        request.send().await.unwrap();
    });
    folder.succeed(&["destroy", "--auto-approve"]);
}

#[test]
fn what_a_killed_test_left_on_the_home_bus_goes_with_it() {
    let folder = Folder::with(&hub());
    folder.succeed(&["apply", "--auto-approve"]);
    let name = "iamwatch-test-acme-1";
    let tags = &[
        ("iamwatch:probe", "acme"),
        ("iamwatch:probe-until", "1700000000"),
    ];
    rule_on_the_bus(&folder, name, tags);
    let out = folder.succeed(&["destroy", "--auto-approve"]);
    assert!(out.contains(name), "{out}");
    let out = folder.succeed(&["destroy", "--auto-approve", "--delete", "trail"]);
    assert!(!out.contains("bus iamwatch-acme"), "{out}");
}

#[test]
fn a_test_that_is_under_way_is_waited_for() {
    let folder = Folder::with(&hub());
    folder.succeed(&["apply", "--auto-approve"]);
    let name = "iamwatch-test-acme-2";
    let tags = &[
        ("iamwatch:probe", "acme"),
        ("iamwatch:probe-until", "4000000000"),
    ];
    rule_on_the_bus(&folder, name, tags);
    let err = folder.fail(&["destroy", "--auto-approve"]);
    assert!(err.contains(name) && err.contains("test-event"), "{err}");
}

#[test]
fn what_is_kept_names_the_flag_of_each_command() {
    let folder = Folder::with(RULES);
    folder.succeed(&["apply", "--auto-approve"]);
    let out = folder.succeed(&["destroy", "--auto-approve"]);
    assert!(
        out.contains("only `destroy --delete trail` or `apply --prune --delete trail` deletes it"),
        "{out}"
    );
}

#[test]
fn status_and_destroy_have_the_permissions_of_plan_and_apply() {
    let folder = Folder::with(RULES);
    let printed = |command: &str| folder.succeed(&["permissions", "--for", command]);
    assert_eq!(printed("status"), printed("plan"));
    assert_eq!(printed("destroy"), printed("apply"));
}
