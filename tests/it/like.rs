//! `iamwatch like`: the event that a test begins with, for whoever writes one.

use serde_json::Value;

use crate::cli::TestEnv;

#[test]
fn the_event_is_the_one_that_like_stands_for_in_a_test() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&["like", "iam:AttachRolePolicy", "--as", "root"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let event: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(event["source"], "aws.iam");
    assert_eq!(event["detail"]["userIdentity"]["type"], "Root");
    assert!(event["detail"]["requestParameters"]["policyArn"].is_string());
    // It is an event of the file's account and Region, where there is a file.
    let file = env.path().join("iamwatch.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let elsewhere = "{ region: eu-west-1, account: \"444455556666\" }";
    std::fs::write(&file, text.replace("{ region: us-east-1 }", elsewhere)).unwrap();
    let (_, out, _) = env.run(&["like", "kms:DisableKey"]);
    let event: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&event["account"], &event["region"]),
        (&"444455556666".into(), &"eu-west-1".into())
    );
    std::fs::remove_file(&file).unwrap();
    let (code, out, _) = env.run(&["like", "lambda:AddPermission"]);
    assert_eq!(code, 0);
    assert!(out.contains("AddPermission20150331v2"), "{out}");
}

#[test]
fn a_tests_event_is_shown_with_what_the_test_changes() {
    let env = TestEnv::new();
    let file = env.path().join("iamwatch.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let rule = "  - id: made\n    events: [\"iam:CreateUser\"]\n    tests:\n      - { name: by bob, like: \"iam:CreateUser\", with: { userIdentity.userName: bob }, without: [errorCode], expect: match }\n";
    std::fs::write(&file, format!("{text}{rule}")).unwrap();
    let (code, out, err) = env.run(&["like", "--rule", "made"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let event: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(event["detail"]["userIdentity"]["userName"], "bob");
    // What is printed can be explained.
    std::fs::write(env.path().join("event.json"), &out).unwrap();
    let (code, out, _) = env.run(&["explain", "event.json", "--rule", "made"]);
    assert_eq!(code, 0);
    assert!(out.contains("fires"), "{out}");

    let second = "      - { name: again, like: \"iam:CreateUser\", expect: match }\n";
    std::fs::write(&file, format!("{text}{rule}{second}")).unwrap();
    for (args, said) in [
        (
            vec!["like", "--rule", "made"],
            "choose with `--test`: `by bob`, `again`",
        ),
        (
            vec!["like", "--rule", "made", "--test", "x"],
            "it has `by bob`, `again`",
        ),
        (vec!["like", "--rule", "mad"], "did you mean `made`?"),
        (vec!["like", "--rule", "root/sign-in"], "has no tests"),
        (
            vec!["like", "iam:AtachRolePolicy"],
            "did you mean `iam:AttachRolePolicy`?",
        ),
        (vec!["like", "iamm:CreateUser"], "`iamm` is known"),
        (vec!["like", "CreateUser"], "such as `iam:CreateUser`"),
        (
            vec!["like", "iam:CreateUser", "--as", "nobody"],
            "identity-center",
        ),
    ] {
        let (code, out, err) = env.run(&args);
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}");
        assert!(err.contains(said), "{args:?}: {err}");
    }
    let (code, _, _) = env.run(&["like", "--rule", "made", "--test", "again"]);
    assert_eq!(code, 0);
}
