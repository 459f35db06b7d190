//! Help can be followed: what it says to write is put in the place of what was wrong, and nothing is left to say.

use super::{checked, shown};

/// What stands in front of what help says to write.
const MARKS: [&str; 9] = [
    "write `",
    "such as `",
    "did you mean `",
    "tests of the field as `",
    "who acts: `",
    "own role: `",
    "its account: `",
    "of a user, `",
    "the URL of an event orchestration, `",
];

/// Rules in which `‹` and `›` stand around what help replaces; around nothing, what it says comes in addition.
const RULES: &[&str] = &[
    // Operators of other tools.
    "- { id: a, events: [\"iam:*\"], when: { userIdentity.arn: ‹{ regex: \"^arn:aws:iam::111122223333:user/.*\" }› } }",
    "- { id: a, events: [\"iam:*\"], when: { userAgent: ‹{ matches: \"(aws-cli/.*|Boto3.*)\" }› } }",
    "- { id: a, events: [\"iam:*\"], when: { eventName: ‹{ RegExp: \"^(CreateUser|DeleteUser)$\" }› } }",
    "- { id: a, events: [\"iam:CreateUser\"], when: { requestParameters.userName: ‹{ regex: \"[a-z]{3}\" }› } }",
    "- { id: a, events: [\"iam:*\"], when: { sourceIPAddress: ‹{ outside: 10.0.0.0/8 }› } }",
    "- { id: a, events: [\"iam:*\"], when: { sourceIPAddress: ‹{ not_ip_address: [192.0.2.0/24, 198.51.100.7] }› } }",
    "- { id: a, events: [\"iam:*\"], when: { sourceIPAddress: ‹{ inside: 192.0.2.0/24 }› } }",
    "- { id: a, events: [\"iam:*\"], when: { userAgent: ‹{ contains: cli }› } }",
    "- { id: a, events: [\"iam:*\"], when: { userAgent: ‹{ startsWith: aws-cli }› } }",
    "- { id: a, events: [\"iam:*\"], when: { userIdentity.arn: ‹{ ends-with: \":root\" }› } }",
    "- { id: a, events: [\"iam:*\"], when: { userIdentity.type: ‹{ in: [IAMUser, Root] }› } }",
    "- { id: a, events: [\"iam:*\"], when: { userIdentity.type: ‹{ equals: Root }› } }",
    "- { id: a, events: [\"iam:*\"], when: { eventType: ‹{ not_in: [AwsServiceEvent] }› } }",
    "- { id: a, events: [\"sts:AssumeRole\"], when: { requestParameters.durationSeconds: ‹{ gt: 3600 }› } }",
    "- { id: a, events: [\"sts:AssumeRole\"], when: { requestParameters.durationSeconds: ‹{ between: [900, 3600] }› } }",
    "- { id: a, events: [\"iam:*\"], when: { errorCode: ‹{ absent: true }› } }",
    "- { id: a, events: [\"iam:*\"], when: { errorCode: ‹{ present: true }› } }",
    // Those of EventBridge.
    "- { id: a, events: [\"iam:CreateUser\"], when: { requestParameters.userName: ‹{ wildcard: \"a*b\" }› } }",
    "- { id: a, events: [\"sts:AssumeRole\"], when: { requestParameters.durationSeconds: ‹{ numeric: [\">\", 3600] }› } }",
    "- { id: a, events: [\"iam:*\"], when: { userIdentity.type: ‹{ equals-ignore-case: Root }› } }",
    "- { id: a, events: [\"iam:*\"], when: { eventType: ‹{ anything-but: { prefix: AwsService } }› } }",
    "- { id: a, events: [\"iam:*\"], when: { errorCode: { ‹not: { exists: false }› } } }",
    "- { id: a, events: [\"iam:*\"], when: { errorCode: { ‹not: { exists: true }› } } }",
    // The same in raw patterns.
    "- { id: a, pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userAgent: ‹[{ regex: \"^aws-cli.*\" }]› } } }",
    "- { id: a, pattern: { source: [aws.iam], detail: { eventName: [CreateUser], ‹userAgent: { contains: cli }› } } }",
    "- { id: a, pattern: { source: [aws.iam], detail: { ‹eventName: { startswith: Create }› } } }",
    "- { id: a, pattern: { source: [aws.sts], detail: { eventName: [AssumeRole], errorCode: [AccessDenied], requestParameters: { durationSeconds: ‹[{ gte: 3600 }]› } } } }",
    "- { id: a, pattern: { source: [aws.iam], detail: { eventName: [‹\"Put*\"›, CreateUser] } } }",
    "- { id: a, pattern: { source: [‹eventbridge›], detail: { eventName: [DeleteRule] } } }",
    "- { id: a, pattern: { source: [‹eventbridge.amazonaws.com›], detail: { eventName: [DeleteRule] } } }",
    "- { id: a, pattern: { source: [‹aws.cloudwatch›], detail: { eventName: [DeleteAlarms] } } }",
    "- { id: a, pattern: { ‹source: eventbridge.amazonaws.com›, detail: { eventName: [DeleteRule] } } }",
    "- { id: a, pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { arn: [‹{ anything-but: { wildcard: \"*:user/scanner\" } }›, { exists: false }] } } } }",
    "- { id: a, pattern: { source: [aws.iam], detail: { eventName: [CreateUser], ‹userIdentity: { sessionContext: [{ exists: true }] }› } } }",
    // Names.
    "- { id: a, events: [\"‹aws.eventbridge:DeleteRule›\"] }",
    "- { id: a, events: [\"‹eventbridge.amazonaws.com:DeleteRule›\"] }",
    "- { id: a, events: [‹eventbridge.amazonaws.com›] }",
    "- { id: a, events: [\"‹iam:CreateUsr›\"] }",
    "- { id: a, events: [\"‹lambda:UpdateFunctionCode›\"] }",
    "- { id: a, events: [\"‹s3:PutPublicAccessBlock›\"] }",
    "- { id: a, events: [\"iam:*\"], when: { eventName: ‹CreateUsr› } }",
    "- { id: a, events: [\"s3:*\"], unless: { eventName: [GetObject, ‹GetOjectAcl›] } }",
    "- { id: a, events: [\"*:DeleteRule\"], when: { eventSource: ‹eventbridge.amazonaws.com› } }",
    "- { id: a, events: [\"*:DeleteRule\"], when: { eventSource: ‹events› } }",
    "- { id: a, events: [\"*:*\"], when: { eventSource: ‹secretmanager.amazonaws.com› } }",
    "- { id: a, events: [\"ec2:*\"], when: { awsRegion: ‹eu-centrl-1› } }",
    "- { id: a, events: [\"ec2:*\"], when: { awsRegion: ‹us-east-7› } }",
    // Kinds of values.
    "- { id: a, events: [\"iam:UpdateAccountPasswordPolicy\"], when: { requestParameters.minimumPasswordLength: ‹\"8\"› } }",
    "- { id: a, events: [\"iam:*\"], when: { eventVersion: ‹1.08› } }",
    "- { id: a, events: [\"iam:*\"], when: { readOnly: ‹\"true\"› } }",
    "- { id: a, events: [\"iam:*\"], when: { userIdentity.sessionContext.attributes.mfaAuthenticated: ‹false› } }",
    "- { id: a, events: [\"signin:ConsoleLogin\"], when: { userIdentity.type: IAMUser, additionalEventData.MFAUsed: ‹true› } }",
    "- { id: a, events: [\"signin:ConsoleLogin\"], when: { userIdentity.type: IAMUser, additionalEventData.MFAUsed: ‹\"false\"› } }",
    "- { id: a, events: [\"iam:*\"], when: { sourceIPAddress: ‹192.0.2.0/24› } }",
    // Fields that hold fields.
    "- { id: a, events: [\"iam:AttachRolePolicy\"], when: { ‹responseElements: { exists: true }› } }",
    "- { id: a, events: [\"iam:AttachRolePolicy\"], when: { ‹responseElements: { exists: false }› } }",
    "- { id: a, events: [\"iam:CreateUser\"], when: { ‹userIdentity.sessionContext: { exists: true }› } }",
    "- { id: a, events: [\"iam:CreateUser\"], unless: { ‹userIdentity.sessionContext.sessionIssuer: { exists: true }› } }",
    "- { id: a, events: [\"iam:CreateUser\"], when: { ‹userIdentity: \"*alice*\"› } }",
    "- { id: a, events: [\"iam:CreateUser\"], when: { ‹userIdentity: alice› } }",
    "- { id: a, events: [\"iam:CreateUser\"], when: { ‹userIdentity: Root› } }",
    "- { id: a, events: [\"iam:CreateUser\"], when: { ‹userIdentity: \"111122223333\"› } }",
    "- { id: a, events: [\"kms:Decrypt\"], when: { ‹resources: \"arn:aws:kms:*:111122223333:key/*\"› } }",
    "- { id: a, events: [\"iam:CreateAccessKey\"], when: { ‹responseElements.accessKey: { exists: true }› } }",
    "- { id: a, events: [\"ec2:AuthorizeSecurityGroupIngress\"], when: { ‹requestParameters.ipPermissions: { exists: true }› } }",
    // Exceptions.
    "- { id: a, events: [\"iam:*\"], unless: { ‹userIdentity.sessionContext.sessionIssuer.userName: deployer› } }",
    "- { id: a, events: [\"iam:*\"], unless: { ‹userIdentity.userName: scanner› } }",
    "- { id: a, events: [\"iam:*\"], unless: { ‹userIdentity.arn: \"arn:aws:iam::*:user/scanner\"› } }",
    "- { id: a, events: [\"iam:*\"], unless: { ‹userIdentity.arn: \"*:assumed-role/deployer/ci*\"› } }",
    "- { id: a, events: [\"iam:*\"], unless: { ‹userIdentity.arn: \"arn:aws:sts::111122223333:assumed-role/Admin/alice\"› } }",
    "- { id: a, events: [\"iam:*\"], unless: { ‹userIdentity.arn: \"*scanner*\"› } }",
    "- { id: a, events: [\"iam:*\"], unless: { ‹userIdentity.principalId: \"*:ci\"› } }",
    "- { id: a, events: [\"iam:*\"], unless: { ‹userIdentity.sessionContext.sessionIssuer.arn: { suffix: \":role/ci/deployer\" }› } }",
    "- { id: a, events: [\"iam:*\"], unless: { ‹userIdentity.arn: \"arn:aws:iam::111122223333:role/ci/Deployer\"› } }",
    "- { id: a, events: [\"iam:*\"], unless: { ‹sourceIPAddress: \"198.51.100.*\"› } }",
    "- { id: a, events: [\"iam:*\"], unless: { sourceIPAddress: \"AWS Internal\"‹› } }",
    "- { id: a, events: [\"iam:*\"], unless: { userAgent: \"*terraform*\"‹› } }",
    "- { id: a, events: [\"iam:*\"], unless: { userIdentity.invokedBy: config.amazonaws.com‹› } }",
    "- { id: a, events: [\"iam:*\"], unless: { userIdentity.invokedBy: \"*.amazonaws.com\"‹› } }",
    "- { id: a, events: [\"iam:CreateRole\"], unless: { requestParameters.roleName: \"tmp-*\"‹› } }",
    "- { id: a, events: [\"iam:*\"], ‹unless: { errorCode: AccessDenied }› }",
    "- { id: a, events: [\"iam:*\"], when: { ‹errorCode: { not: AccessDenied }› } }",
    "- { id: a, events: [\"iam:*\"], ‹when: { userIdentity.arn: [{ not: \"*:user/scanner\" }, { exists: false }] }› }",
    "- { id: a, events: [\"iam:*\"], ‹when: { userIdentity.userName: { not: scanner } }› }",
    // What a file says beside its rules.
    "home: { region: ‹us-esat-9› }",
    "watch: { regions: [us-east-1, ‹eu-central-9›] }\nrules: [{ use: root/activity }]",
    "channels: { mail: { https: ‹\"https://events.pagerduty.com/v2/enqueue\"› } }",
];

/// What help says to write, if it says it so that it can be copied.
fn suggested(help: &str) -> Option<&str> {
    let starts = MARKS.iter().filter_map(|mark| {
        let at = help.find(mark)?;
        Some((at, help.get(at + mark.len()..)?))
    });
    let (_, rest) = starts.min_by_key(|(at, _)| *at)?;
    rest.split_once('`').map(|(text, _)| text)
}

#[test]
fn what_help_says_to_write_leaves_nothing_to_say() {
    let mut wrong = String::new();
    for rule in RULES {
        let (before, rest) = rule.split_once('‹').unwrap();
        let (part, after) = rest.split_once('›').unwrap();
        let found = checked(&format!("{before}{part}{after}"));
        let mut helps = found.diagnostics.iter().filter_map(|d| d.help.as_deref());
        let Some(text) = helps.find_map(suggested) else {
            wrong.push_str(&format!("{rule}: no help\n{}\n", shown(&found)));
            continue;
        };
        let between = if part.is_empty() { ", " } else { "" };
        // An ellipsis stands for what nobody but the writer knows.
        let text = text.replace('…', "0123");
        let mended = format!("{before}{between}{text}{after}");
        let found = checked(&mended);
        if !found.diagnostics.is_empty() {
            wrong.push_str(&format!("{rule}\n  became {mended}\n{}\n", shown(&found)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
