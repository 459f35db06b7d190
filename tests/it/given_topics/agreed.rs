//! Every command says the same of somebody's topic.

use serde_json::{Value, json};

use super::{RULES, TOPIC, document};
use crate::cli_deploy::Folder;
use crate::organization::kit::Kit;
use crate::organization::{self, MANAGEMENT, MEMBERS};

#[test]
fn plan_status_and_test_event_say_the_same() {
    let folder = Folder::with(RULES);
    folder.run(&["status"]);
    folder.aws(|clients| async move {
        let made = clients.sns.create_topic().name("security");
        made.send().await.unwrap();
        let subscribe = clients.sns.subscribe().topic_arn(TOPIC);
        let subscribe = subscribe.protocol("sms").endpoint("+4915112345678");
        subscribe.send().await.unwrap();
    });
    let out = folder.succeed(&["plan"]);
    let problem = "its policy does not let our rules publish";
    assert!(
        out.contains(&format!("! {TOPIC} (channel `existing`): {problem}")),
        "{out}"
    );
    assert!(
        out.contains("add this statement to its policy; iamwatch edits nothing of yours"),
        "{out}"
    );
    assert!(out.contains("\"aws:SourceArn\""), "{out}");
    folder.succeed(&["apply", "--auto-approve"]);
    let (code, out, _) = folder.run(&["status"]);
    assert!(
        code == 2 && out.contains(&format!("topic {TOPIC}")) && out.contains(problem),
        "{out}"
    );
    assert!(
        out.contains("channel `existing` gets no alert: all rules"),
        "{out}"
    );
    let (code, out, _) = folder.run(&["test-event", "root/sign-in", "--wait", "--auto-approve"]);
    assert!(
        code == 1 && out.contains(problem) && out.contains("nothing was sent"),
        "{out}"
    );
    let plan = folder.succeed(&["plan", "--json"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let note = plan["notes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|note| !note["document"].is_null());
    let statement = note.unwrap()["document"].clone();
    folder.aws(|clients| async move {
        let set = clients.sns.set_topic_attributes().topic_arn(TOPIC);
        let set = set
            .attribute_name("Policy")
            .attribute_value(document(&[statement]));
        set.send().await.unwrap();
    });
    let out = folder.succeed(&["plan", "--detailed-exitcode"]);
    assert!(!out.contains(TOPIC), "{out}");
    folder.succeed(&["status"]);
    let out = folder.succeed(&["test-event", "root/sign-in", "--wait", "--auto-approve"]);
    assert!(
        out.contains(&format!("handed over to topic {TOPIC}")),
        "{out}"
    );
}

/// A look at the organization says what a look at home does, of topics and of queues.
#[test]
fn coverage_knows_what_others_let_through() {
    let topic = TOPIC.replace("us-east-1", "eu-central-1");
    let queue = "arn:aws:sqs:eu-central-1:111122223333:archive";
    let channels = format!(
        "channels:\n  existing: {{ sns: \"{topic}\" }}\n  archive: {{ sqs: archive, format: json }}\n"
    );
    let rules = organization::RULES;
    let begin = rules.find("channels:").unwrap();
    let end = rules.find("notify:").unwrap();
    let line = rules[end..].lines().next().unwrap();
    let rules = rules
        .replace(&rules[begin..end], &channels)
        .replace(line, "notify: { default: [existing, archive] }");
    let kit = Kit::with(&rules, &MEMBERS);
    let sns = |config: &aws_types::SdkConfig| aws_sdk_sns::Client::new(config);
    let home = (MANAGEMENT, "eu-central-1");
    kit.act(home.0, home.1, async |config| {
        let made = sns(&config).create_topic().name("security");
        made.send().await.unwrap();
        let made = aws_sdk_sqs::Client::new(&config).create_queue();
        made.queue_name("archive").send().await.unwrap();
    });
    kit.succeed(&["apply", "--auto-approve"]);
    let said = kit.run(&["coverage"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    for problem in [
        format!("topic {topic} of channel existing: its policy does not let our rules publish"),
        format!("queue {queue} of channel archive: its policy does not let our topic send"),
    ] {
        assert!(said.out.contains(&problem), "{}", said.out);
    }
    let id = kit.organization().id();
    let policy = document(&[
        json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "SNS:Publish", "Resource": topic,
        "Condition": { "StringEquals": { "aws:SourceOrgID": id } } }),
    ]);
    let send = document(&[
        json!({ "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": queue,
        "Condition": { "StringEquals": { "aws:SourceAccount": MANAGEMENT } } }),
    ]);
    kit.act(home.0, home.1, async |config| {
        let set = sns(&config).set_topic_attributes().topic_arn(&topic);
        let set = set.attribute_name("Policy").attribute_value(policy);
        set.send().await.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&config);
        let url = sqs.get_queue_url().queue_name("archive").send().await;
        let set = sqs
            .set_queue_attributes()
            .queue_url(url.unwrap().queue_url.unwrap());
        let set = set.attributes(aws_sdk_sqs::types::QueueAttributeName::Policy, send);
        set.send().await.unwrap();
    });
    // That nobody reads there is all that is left.
    let said = kit.run(&["coverage"]);
    assert!(!said.out.contains("its policy"), "{}", said.out);
    assert!(
        said.out.contains("nobody who has confirmed a subscription"),
        "{}",
        said.out
    );
    let said = kit.run(&["status"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    let consequence = "alerts of channel `existing` reach nobody, as far as SNS can tell";
    assert!(said.out.contains(consequence), "{}", said.out);
    assert!(!said.out.contains("could not be"), "{}", said.out);
    kit.act(home.0, home.1, async |config| {
        let subscribe = sns(&config).subscribe().topic_arn(&topic);
        let subscribe = subscribe.protocol("sms").endpoint("+4915112345678");
        subscribe.send().await.unwrap();
    });
    kit.succeed(&["coverage"]);
    kit.succeed(&["status"]);
}
