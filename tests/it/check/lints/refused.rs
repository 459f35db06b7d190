//! What the compiler refuses.

/// What it shows, the code, and the rule.
pub(super) const CASES: &[(&str, &str, &str)] = &[
    (
        "two tests of one field",
        "E0801",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  when: { requestParameters.userName: \"svc-*\" }\n  unless: { requestParameters.userName: \"*-ci\" }",
    ),
    (
        "a glob without some of its names",
        "E0801",
        "- id: a\n  events: [\"iam:CreateServ*\", \"iam:DeleteSAML*\"]\n  unless: { eventName: [CreateServiceLinkedRole] }\n- id: b\n  events: [\"iam:*\"]\n  unless: { eventName: CreateRole }\n- id: c\n  events: [\"iam:Create*\"]\n  unless: { eventName: \"*Role\", userIdentity.type: Root }",
    ),
    (
        "a test of a field that the catalogue tests",
        "E0801",
        "- use: root/activity\n  unless: { eventType: \"Aws*Action\", userIdentity.invokedBy: \"*.amazonaws.com\" }\n- use: iam/admin-attached\n  unless: { requestParameters.policyArn: \"*:policy/ops/*\" }",
    ),
    (
        "a test without an opposite",
        "E0801",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless: { sourceIPAddress: { cidr: \"2001:db8::/32\" } }",
    ),
    (
        "raw patterns that EventBridge refuses or reads otherwise",
        "E0803",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [] } }\n- id: b\n  pattern: { source: [aws.iam], detail: { $or: [{ eventName: [CreateUser] }, { errorCode: [AccessDenied] }], eventName: [CreateRole] } }\n- id: c\n  pattern: { source: [{ prefix: iamwatch }], detail: { eventName: [CreateUser] } }\n- id: d\n  pattern: { source: [aws.iam], $or: [{ region: [us-east-1] }, { account: [\"111122223333\"] }] }",
    ),
    (
        "wildcards that are too many for EventBridge",
        "E0804",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  when: { requestParameters.userName: \"*a*a*a*a*a*a*a*a*a*a*a*a*\" }",
    ),
    (
        "conditions that exclude each other",
        "E0805",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless: { eventSource: \"*\" }\n- id: b\n  events: [\"iam:CreateUser\"]\n  when: { errorCode: AccessDenied, userIdentity.type: Root }\n  unless: { errorCode: AccessDenied, userIdentity.type: Root }",
    ),
];
