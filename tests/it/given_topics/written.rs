//! What a rules file says of somebody's topic, and where it cannot be.

use iamwatch::check;

use super::{RULES, TOPIC};
use crate::cli_deploy::Folder;

/// A mistake in a rule does not make its topic one that others have added.
#[test]
fn a_rule_that_cannot_be_read_keeps_its_topic() {
    let own = "  - { id: keys, channels: [existing], events: [\"kms:DisableKey\"] }\n";
    let rules = RULES.replace(
        "notify: { default: [existing] }",
        "  phone: { sms: \"+4915187654321\" }\nnotify: { default: [phone] }",
    );
    let folder = Folder::with(&format!("{rules}{own}"));
    folder.succeed(&["apply", "--auto-approve"]);
    folder.rules(&format!(
        "{rules}{}",
        own.replace("kms:DisableKey", "kms:DisabelKey")
    ));
    let (_, out, _) = folder.run(&["status"]);
    assert!(out.contains("rule `keys`"), "{out}");
    assert!(!out.contains("target"), "{out}");
}

/// The place, the code, the problem and what to write.
#[test]
fn a_topic_that_cannot_be_is_refused_where_it_stands() {
    for (written, home, code, problem, help) in [
        (
            "arn:aws:sns:us-east-1:111122223333:security.fifo",
            "",
            "E0309",
            "FIFO topic",
            "standard topic",
        ),
        (
            "arn:aws:sns:us-east-1:111122223333:security:6b0e71bd-7e97-4d97-80ce-4a0994e55286",
            "",
            "E0303",
            "is the ARN of a subscription",
            "write `arn:aws:sns:us-east-1:111122223333:security`",
        ),
        (
            "arn:aws:sns:eu-west-1:111122223333:security",
            "",
            "E0309",
            "in `eu-west-1`, and rules at home, in us-east-1,",
            "name a topic in us-east-1",
        ),
        (
            "arn:aws-cn:sns:us-east-1:111122223333:security",
            "",
            "E0309",
            "no partition of us-east-1",
            "write `arn:aws:sns:",
        ),
        (
            "arn:aws:sns:us-east-1:444455556666:security",
            ", account: \"111122223333\"",
            "E0309",
            "the topic is in account 444455556666",
            "name a topic in account 111122223333",
        ),
        (
            "arn:aws:sqs:us-east-1:111122223333:security",
            "",
            "E0303",
            "not the ARN of a topic",
            "write `sqs:`",
        ),
        (
            "security",
            "",
            "E0303",
            "not the ARN of a topic",
            "as the console shows it",
        ),
        (
            "arn:aws:sns:us-east-1:1111222233:security",
            "",
            "E0303",
            "not the ARN of a topic",
            "as the console shows it",
        ),
        (
            "arn:aws:sns:us-east-1:111122223333:sec urity",
            "",
            "E0303",
            "not the ARN of a topic",
            "as the console shows it",
        ),
        (
            "arn:aws:sns:us-east-1:111122223333:",
            "",
            "E0303",
            "not the ARN of a topic",
            "as the console shows it",
        ),
    ] {
        let rules = RULES
            .replace(TOPIC, written)
            .replace("us-east-1 }", &format!("us-east-1{home} }}"));
        let loaded = check::load_text("iamwatch.yaml", &rules);
        assert!(loaded.file.is_none(), "{written}");
        let found: Vec<_> = loaded
            .diagnostics
            .iter()
            .filter(|d| d.code == code)
            .collect();
        assert_eq!(found.len(), 1, "{written}: {:?}", loaded.diagnostics);
        let (name, line, column) = loaded.sources.position(found[0].span);
        assert_eq!((name, line, column), ("iamwatch.yaml", 6, 20), "{written}");
        assert!(found[0].message.contains(problem), "{:?}", found[0]);
        assert!(
            found[0].help.as_deref().unwrap().contains(help),
            "{:?}",
            found[0]
        );
    }
    let bare = RULES.replace(&format!("{{ sns: \"{TOPIC}\" }}"), TOPIC);
    let loaded = check::load_text("iamwatch.yaml", &bare);
    let help = loaded.diagnostics[0].help.as_deref().unwrap();
    assert!(help.contains("write { sns: "), "{help}");
}

/// Only AWS knows whose the credentials are: then the plan refuses, before anything is changed.
#[test]
fn a_topic_of_another_account_or_of_ours_is_refused_by_the_plan() {
    for (written, problem) in [
        (
            "arn:aws:sns:us-east-1:444455556666:security",
            "the topic is in account 444455556666",
        ),
        (
            "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-text_mail",
            "a topic that iamwatch makes for this rules file",
        ),
    ] {
        let folder = Folder::with(&RULES.replace(TOPIC, written));
        // What is deployed can be looked at all the same.
        let (code, out, err) = folder.run(&["status"]);
        assert_ne!(code, 1, "{out}{err}");
        for command in [&["plan"][..], &["apply", "--auto-approve"]] {
            let err = folder.fail(command);
            assert!(
                err.contains(problem) && err.contains("iamwatch.yaml:6:20"),
                "{err}"
            );
        }
    }
}
