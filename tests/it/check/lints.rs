//! Each lint: what fires it, rendered, and what is nearly the same and is silent. The answers stand in
//! `lints.snap.txt`, to be read as a whole.

use std::fmt::Write;
use std::path::Path;

use iamwatch::check;

use super::{checked, codes_of, shown};
use crate::rules::schema::BLESS;

/// What it shows, the code, a part of a rules file that has it, and one that has not.
const LINTS: &[(&str, &str, &str, &str)] = &[
    (
        "a name with a slip",
        "W0710",
        "- { id: a, events: [\"iam:AtachRolePolicy\", \"sts:AssumRole\", \"kms:DisableKey\"] }",
        "- { id: a, events: [\"iam:AttachRolePolicy\", \"sts:AssumeRole\"] }",
    ),
    (
        "a glob that no name fits",
        "W0710",
        "- { id: a, events: [\"iam:Atach*\", \"kms:*Secret\", \"*:Foo*\"] }",
        "- { id: a, events: [\"iam:Attach*\", \"kms:*Key\", \"*:Create*\"] }",
    ),
    (
        "an event of another service",
        "W0710",
        "- { id: a, events: [\"iam:AssumeRoleWithSAML\"] }",
        "- { id: a, events: [\"sts:AssumeRoleWithSAML\"] }",
    ),
    (
        "a name that no service has",
        "W0710",
        "- { id: a, events: [\"*:DeleteEverything\"] }",
        "- { id: a, events: [\"*:DeleteTrail\"] }",
    ),
    (
        "sign-ins and what services do by themselves",
        "W0710",
        "- { id: a, events: [\"signin:ConsolLogin\", \"kms:RotateKeys\"] }",
        "- { id: a, events: [\"signin:SomethingNew\", \"kms:RotateKey\", \"organizations:AccountJoinedOrganization\"] }",
    ),
    (
        "names in a raw pattern",
        "W0710",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUsers, { prefix: Atach }] } }",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser, { prefix: Attach }] } }",
    ),
    (
        "names in the branches of a raw pattern",
        "W0710",
        "- id: a\n  pattern:\n    source: [aws.iam, aws.kms]\n    detail:\n      $or:\n        - { eventSource: [iam.amazonaws.com], eventName: [DisableKey] }\n        - { eventSource: [kms.amazonaws.com], eventName: [DisableKey] }",
        "- id: a\n  pattern:\n    source: [aws.iam, aws.kms]\n    detail:\n      $or:\n        - { eventSource: [iam.amazonaws.com], eventName: [CreateUser] }\n        - { eventSource: [kms.amazonaws.com], eventName: [DisableKey] }",
    ),
    (
        "services",
        "W0705",
        "- { id: a, events: [\"secretmanager:*\", \"xyz:*\"] }\n- id: b\n  pattern: { source: [aws.lamda], detail: { eventName: [Invoke] } }",
        "- { id: a, events: [\"secretsmanager:*\", \"billingconsole:Anything\"] }\n- id: b\n  pattern: { source: [aws.lambda], detail: { eventName: [CreateFunctionUrlConfig] } }",
    ),
    (
        "events that no trail records unless it is told to",
        "W0815",
        "trail: { data_events: [\"arn:aws:s3:::other/\"] }\nrules:\n- { id: a, events: [\"s3:GetObject\", \"s3:PutBucketPolicy\"], when: { requestParameters.bucketName: secrets } }\n- { id: b, events: [\"lambda:Invoke*\", \"sns:Publish\"] }\n- id: c\n  pattern: { source: [aws.kms], detail-type: [AWS Network Activity Event via CloudTrail] }\n- id: d\n  pattern: { source: [aws.cloudtrail], detail-type: [AWS Insight via CloudTrail] }",
        "trail: { data_events: [\"arn:aws:s3:::secrets\", \"AWS::SNS::Topic\"] }\nrules:\n- { id: a, events: [\"s3:GetObject\", \"s3:PutBucketPolicy\"], when: { requestParameters.bucketName: secrets } }\n- { id: b, events: [\"lambda:CreateFunctionUrlConfig\", \"sns:Publish\"] }\n- id: c\n  pattern: { source: [aws.s3], detail-type: [Object Created] }",
    ),
    (
        "rules apart and existing topics",
        "W0816",
        "home: { region: eu-central-1, account: \"111122223333\" }\nchannels:\n  mail: { email: a@example.com }\n  desk: { sns: \"arn:aws:sns:eu-central-1:111122223333:security\" }\n  night: { sns: \"arn:aws:sns:eu-central-1:111122223333:night\" }\nrules:\n- { id: a, events: [\"kms:DisableKey\", \"iam:CreateUser\"], apart: true, channels: [desk, night, mail] }\n- { id: b, severity: low, events: [\"iam:DeleteUser\"], apart: true, channels: [desk, mail] }\n- use: pipeline/tamper-watch\n  channels: [desk, mail]",
        "home: { region: eu-central-1, account: \"111122223333\" }\nchannels:\n  mail: { email: a@example.com }\n  desk: { sns: \"arn:aws:sns:eu-central-1:111122223333:security\" }\nrules:\n- { id: a, events: [\"kms:DisableKey\", \"iam:CreateUser\"], apart: true, channels: [mail] }\n- { id: b, severity: low, events: [\"iam:DeleteUser\"], channels: [desk, mail] }\n- { id: c, events: [\"kms:DisableKey\"], when: { awsRegion: eu-central-1 }, apart: true, channels: [desk] }",
    ),
    (
        "Regions in which nobody listens",
        "W0817",
        "home: { region: us-east-1 }\nwatch: { regions: [eu-west-1] }\nrules:\n- { id: a, events: [\"ec2:RunInstances\"], when: { awsRegion: ap-south-1 } }\n- { id: b, severity: low, events: [\"kms:*\"], when: [{ awsRegion: [eu-west-1, ap-south-1] }, { awsRegion: cn-north-1 }] }\n- { id: c, severity: high, events: [\"ec2:*\"], when: { awsRegion: \"ap-*\" } }\n- id: d\n  severity: info\n  pattern: { source: [aws.ec2], region: [sa-east-1] }\n- { id: e, severity: critical, events: [\"ec2:*\"], when: { awsRegion: [cn-north-1, cn-northwest-1] } }",
        "home: { region: us-east-1 }\nwatch: { regions: [eu-west-1] }\nrules:\n- { id: a, events: [\"ec2:RunInstances\"], when: { awsRegion: [eu-west-1, us-east-1] } }\n- { id: b, severity: low, events: [\"kms:*\"], when: { awsRegion: \"eu-*\" } }\n- { id: c, severity: high, events: [\"ec2:*\"], when: { awsRegion: \"*-1\" } }\n- id: d\n  severity: info\n  pattern: { source: [aws.organizations], region: [us-east-1, eu-central-1] }",
    ),
    (
        "events that a rule apart does not hear of",
        "W0817",
        "home: { region: eu-central-1, account: \"111122223333\" }\nrules:\n- { id: a, events: [\"kms:DisableKey\"], apart: true, when: { awsRegion: ap-south-1 } }\n- { id: b, severity: low, events: [\"kms:DisableKey\"], apart: true, when: { recipientAccountId: \"444455556666\" } }\n- { id: c, severity: high, events: [\"kms:DisableKey\"], apart: true, when: { recipientAccountId: [\"111122223333\", \"444455556666\"] } }\n- { id: d, severity: info, events: [\"kms:DisableKey\"], apart: true, when: { recipientAccountId: { not: \"111122223333\" } } }",
        "home: { region: eu-central-1, account: \"111122223333\" }\nrules:\n- { id: a, events: [\"kms:DisableKey\"], when: { awsRegion: ap-south-1 } }\n- { id: b, severity: low, events: [\"kms:DisableKey\"], apart: true, when: { awsRegion: [eu-central-1, us-east-1], recipientAccountId: \"111122223333\" } }\n- { id: c, severity: high, events: [\"kms:DisableKey\"], when: { recipientAccountId: \"444455556666\" } }",
    ),
    (
        "rules apart that nobody hears of",
        "E0502",
        "home: { region: eu-central-1, account: \"111122223333\" }\nchannels: { desk: { sns: \"arn:aws:sns:eu-central-1:111122223333:security\" } }\nnotify: { default: [desk] }\nrules:\n- { id: a, events: [\"kms:DisableKey\", \"iam:CreateUser\"], apart: true, channels: [desk] }\n- { id: b, events: [\"iam:DeleteUser\"], apart: true, channels: [desk] }",
        "home: { region: us-east-1, account: \"111122223333\" }\nchannels: { desk: { sns: \"arn:aws:sns:us-east-1:111122223333:security\" } }\nnotify: { default: [desk] }\nrules:\n- { id: a, events: [\"kms:DisableKey\", \"iam:CreateUser\"], apart: true, channels: [desk] }",
    ),
    (
        "Lambda's names without a version",
        "W0711",
        "- { id: a, events: [\"lambda:UpdateFunctionCode\"] }\n- id: b\n  pattern: { source: [aws.lambda], detail: { eventName: [AddPermission] } }",
        "- { id: a, events: [\"lambda:UpdateFunctionCode*\", \"lambda:CreateFunctionUrlConfig\"] }\n- id: b\n  pattern: { source: [aws.lambda], detail: { eventName: [AddPermission20150331v2] } }",
    ),
    (
        "operations under other names, and permissions",
        "W0712",
        "- { id: a, events: [\"s3:PutBucketLifecycleConfiguration\", \"iam:PassRole\"] }\n- id: b\n  pattern: { source: [aws.s3], detail: { eventName: [PutPublicAccessBlock] } }",
        "- { id: a, events: [\"s3:PutBucketLifecycle\", \"iam:CreateRole\"] }\n- id: b\n  pattern: { source: [aws.s3], detail: { eventName: [PutBucketPublicAccessBlock] } }",
    ),
    (
        "a star where it is an ordinary character",
        "W0713",
        "- id: a\n  pattern:\n    source: [aws.iam]\n    detail:\n      eventName: [\"Put*\", \"*Policy\", \"Put*Policy\", \"*\", { prefix: \"Add*\" }]\n      userIdentity: { arn: [{ anything-but: [\"arn:aws:iam::*:user/scanner\"] }] }\n- id: b\n  events: [\"iam:*\"]\n  when: { requestParameters.policyArn: { suffix: \"*/AdministratorAccess\" } }",
        "- id: a\n  pattern:\n    source: [aws.iam]\n    detail:\n      eventName: [{ prefix: Put }, { suffix: Policy }, { wildcard: \"Put*Policy\" }, { exists: true }]\n      requestParameters: { principal: [\"*\"], policyDocument: ['{\"Action\":\"*\"}'] }\n- id: b\n  severity: low\n  events: [\"iam:*\"]\n  when: { requestParameters.policyArn: \"*/AdministratorAccess\" }",
    ),
    (
        "a star in a pattern pasted as JSON",
        "E0419",
        "- id: a\n  pattern: |\n    { \"source\": [\"aws.iam\"], \"detail\": { \"eventName\": [\"Put*\"] } }",
        "- id: a\n  pattern: |\n    { \"source\": [\"aws.iam\"], \"detail\": { \"eventName\": [{ \"prefix\": \"Put\" }] } }",
    ),
    (
        "keys at the wrong level",
        "W0714",
        "- id: a\n  pattern:\n    source: [aws.iam]\n    detailType: [AWS API Call via CloudTrail]\n    eventName: [CreateUser]\n    severity: [high]\n    detail: { source: [aws.iam], detail-type: [AWS API Call via CloudTrail], eventSource: [iam.amazonaws.com] }",
        "- id: a\n  pattern:\n    source: [aws.iam]\n    detail-type: [AWS API Call via CloudTrail]\n    region: [us-east-1]\n    detail: { eventName: [CreateUser], eventSource: [iam.amazonaws.com] }\n- id: b\n  pattern:\n    source: [aws.guardduty]\n    detail-type: [GuardDuty Finding]\n    detail: { id: [{ exists: true }], severity: [8] }",
    ),
    (
        "fields at another place",
        "W0704",
        "- id: a\n  events: [\"iam:*\"]\n  when: { MFAUsed: { any-case: \"No\" }, userIdentity.usrName: alice, userIdentity.sessionContext.sesionIssuer.userName: x }\n  unless: { team: platform }\n- id: b\n  severity: low\n  pattern: { source: [aws.iam], detail: { userName: [alice], userIdentity: { roleName: [x] } } }",
        "- id: a\n  events: [\"iam:*\"]\n  when: { additionalEventData.MFAUsed: { any-case: \"No\" }, userIdentity.userName: alice, userIdentity.somethingNew: x, requestParameters.anything: x }\n- id: b\n  severity: low\n  pattern: { source: [aws.iam], detail: { userIdentity: { userName: [alice] } } }",
    ),
    (
        "second factors, compared case-sensitively",
        "W0715",
        "- id: a\n  events: [\"signin:ConsoleLogin\"]\n  when: { userIdentity.type: [IAMUser, Root], additionalEventData.MFAUsed: { not: \"Yes\" } }\n- id: b\n  pattern: { source: [aws.signin], detail: { userIdentity: { type: [Root] }, additionalEventData: { MFAUsed: [\"No\"] } } }",
        "- id: a\n  events: [\"signin:ConsoleLogin\"]\n  when: { userIdentity.type: IAMUser, additionalEventData.MFAUsed: { not: { any-case: \"Yes\" } } }\n- id: b\n  pattern: { source: [aws.signin], detail: { userIdentity: { type: [Root] }, additionalEventData: { MFAUsed: [{ equals-ignore-case: \"No\" }] } } }",
    ),
    (
        "values that CloudTrail writes otherwise",
        "W0716",
        "- id: a\n  events: [\"iam:*\"]\n  when:\n    - { userIdentity.type: AssumeRole }\n    - { readOnly: \"false\" }\n    - { userIdentity.sessionContext.attributes.mfaAuthenticated: false }\n    - { userIdentity.invokedBy: cloudformation }\n- id: b\n  events: [\"signin:ConsoleLogin\"]\n  when: { responseElements.ConsoleLogin: Failed }\n- id: c\n  pattern: { source: [aws.iam], detail: { eventSource: [iam], eventType: [{ anything-but: AWSServiceEvent }] } }",
        "- id: a\n  events: [\"iam:*\"]\n  when:\n    - { userIdentity.type: AssumedRole }\n    - { readOnly: false }\n    - { userIdentity.sessionContext.attributes.mfaAuthenticated: \"false\" }\n    - { userIdentity.invokedBy: cloudformation.amazonaws.com }\n- id: c\n  severity: low\n  pattern: { source: [aws.iam], detail: { eventSource: [iam.amazonaws.com], eventType: [{ anything-but: AwsServiceEvent }] } }",
    ),
    (
        "`not` on a field that not every caller has",
        "W0717",
        "- id: a\n  events: [\"iam:*\"]\n  when: { userIdentity.invokedBy: { not: cloudformation.amazonaws.com } }",
        "- id: a\n  events: [\"iam:*\"]\n  accept: { W0729: \"it is about another lint\" }\n  when:\n    - { userIdentity.invokedBy: [{ not: cloudformation.amazonaws.com }, { exists: false }] }\n    - { userIdentity.type: IAMUser, userIdentity.userName: { not: scanner } }\n    - { eventType: { not: AwsServiceEvent }, userIdentity.type: { not: AWSService } }",
    ),
    (
        "exceptions that never apply",
        "W0718",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless: { eventSource: sts.amazonaws.com }\n- id: b\n  events: [\"iam:*\"]\n  severity: high\n  unless: { userIdentity.type: AssumedRole, userIdentity.userName: deployer }\n- use: root/activity\n  unless: { userIdentity.type: IAMUser, userIdentity.arn: \"*:user/scanner\" }",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless: { eventSource: iam.amazonaws.com, userIdentity.type: IAMUser }\n- id: b\n  events: [\"iam:*\"]\n  severity: high\n  unless: { userIdentity.type: AssumedRole, userIdentity.arn: \"arn:aws:sts::111122223333:assumed-role/deployer/*\" }\n- use: root/activity\n  unless: { sourceIPAddress: { cidr: 192.0.2.0/24 } }",
    ),
    (
        "detail types",
        "W0719",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  detail-type: [AWS API Call via Cloudtrail, AWS Console Action via CloudTrail]\n- id: b\n  severity: high\n  pattern: { source: [aws.iam], detail-type: [AWS API Calls via CloudTrail, { prefix: AWS Console }], detail: { eventName: [CreateUser] } }",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  detail-type: [AWS API Call via CloudTrail]\n- id: b\n  severity: high\n  pattern: { source: [aws.guardduty], detail-type: [GuardDuty Finding] }",
    ),
    (
        "two services in one pattern",
        "W0720",
        "- id: a\n  pattern: { source: [aws.cloudwatch], detail: { eventSource: [monitoring.amazonaws.com], eventName: [DeleteAlarms] } }",
        "- id: a\n  pattern: { source: [aws.monitoring, aws.events], detail: { eventSource: [monitoring.amazonaws.com], eventName: [DeleteAlarms] } }",
    ),
    (
        "a member of a pack that says nothing new",
        "W0721",
        "- use: pack/aws-blog\n- use: iam/changes",
        "- use: pack/aws-blog\n- { use: iam/changes, severity: high }",
    ),
    (
        "a member of a pack without the exception of the pack",
        "W0721",
        "- use: iam/changes\n- use: pack/aws-blog\n  unless: { userIdentity.userName: scanner }",
        "- use: iam/changes\n- use: pack/aws-blog\n  except: [iam/changes]\n  unless: { userIdentity.arn: \"arn:aws:iam::111122223333:user/scanner\" }",
    ),
    (
        "two packs with the same rules",
        "W0721",
        "- { use: pack/aws-blog, severity: high }\n- use: pack/aws-blog",
        "- use: pack/aws-blog\n- { use: pack/aws-blog, severity: high }",
    ),
    (
        "events that change something, and `readOnly`",
        "W0801",
        "- { id: a, events: [\"iam:Create*\", \"iam:DeleteUser\"], when: { readOnly: true } }",
        "- { id: a, events: [\"iam:Create*\", \"iam:GetUser\"], when: { readOnly: true } }",
    ),
    (
        "events that only read, and `readOnly`",
        "W0801",
        "- { id: a, events: [\"iam:List*\", \"ec2:DescribeInstances\"], when: { readOnly: false } }",
        "- { id: a, events: [\"iam:List*\", \"sts:GetFederationToken\"], when: { readOnly: false } }",
    ),
    (
        "sign-ins as what they are not",
        "W0801",
        "- { id: a, events: [\"signin:ConsoleLogin\"], when: { userIdentity.type: Root }, detail-type: [AWS API Call via CloudTrail] }\n- { id: b, events: [\"signin:ConsoleLogin\"], when: { userIdentity.type: Root, errorCode: \"*\" } }\n- { id: c, events: [\"signin:ConsoleLogin\"], when: { userIdentity.type: Root, eventType: AwsApiCall } }",
        "- { id: a, events: [\"signin:ConsoleLogin\"], when: { userIdentity.type: Root }, detail-type: [AWS Console Sign In via CloudTrail] }\n- { id: b, severity: high, events: [\"signin:ConsoleLogin\"], when: { userIdentity.type: Root, responseElements.ConsoleLogin: Failure } }",
    ),
    (
        "callers without such a name",
        "W0801",
        "- { id: a, events: [\"iam:*\"], when: { userIdentity.type: AssumedRole, userIdentity.userName: deployer } }\n- { id: b, events: [\"iam:*\"], when: { userIdentity.type: IAMUser, userIdentity.sessionContext.sessionIssuer.userName: deployer } }",
        "- { id: a, events: [\"iam:*\"], when: { userIdentity.type: AssumedRole, userIdentity.sessionContext.sessionIssuer.userName: deployer } }\n- { id: b, events: [\"iam:*\"], when: { userIdentity.type: IAMUser, userIdentity.userName: deployer } }",
    ),
    (
        "readers who are told twice",
        "W0802",
        "- { id: user-made, events: [\"iam:CreateUser\"] }\n- { id: made, events: [\"iam:Create*\"], when: { errorCode: { exists: false } } }",
        "- { id: user-made, severity: high, events: [\"iam:CreateUser\"] }\n- { id: made, events: [\"iam:Create*\"], when: { errorCode: { exists: false } } }",
    ),
    (
        "roles compared with their sessions",
        "W0722",
        "- id: a\n  events: [\"iam:*\"]\n  unless: { userIdentity.arn: \"arn:aws:iam::111122223333:role/ci/Deployer\" }\n- id: b\n  events: [\"iam:*\"]\n  severity: high\n  when: { userIdentity.sessionContext.sessionIssuer.arn: [\"arn:aws:sts::111122223333:assumed-role/Deployer\", { prefix: \"arn:aws:sts::111122223333:assumed-role/Deployer/\" }] }\n- id: c\n  events: [\"iam:*\"]\n  severity: low\n  unless: { userIdentity.arn: [\"arn:aws:sts::111122223333:assumed-role/Deployer\", \"arn:aws:sts::*:assumed-role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_*/*\"] }\n- id: d\n  severity: info\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { arn: [{ anything-but: [\"arn:aws:iam::111122223333:role/Deployer\"] }, { suffix: \":role/Deployer\" }] } } }\n- id: e\n  severity: critical\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { sessionContext: { sessionIssuer: { arn: [{ wildcard: \"arn:aws:sts::*:assumed-role/Deployer/*\" }] } } } } }",
        "- id: a\n  events: [\"iam:*\"]\n  unless: { userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::111122223333:role/ci/Deployer\" }\n- id: b\n  events: [\"iam:*\"]\n  severity: high\n  when: { userIdentity.arn: [\"arn:aws:sts::111122223333:assumed-role/Deployer/*\", \"*/deployment\", \"arn:aws:iam::*:user/role/*\", \"*assumed-role/Admin*\"] }\n- id: d\n  severity: info\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { arn: [{ anything-but: [\"arn:aws:iam::111122223333:user/deployer\"] }, { exists: false }] } } }",
    ),
    (
        "blocks of addresses as text",
        "W0716",
        "- id: a\n  events: [\"iam:*\"]\n  unless: { sourceIPAddress: [192.0.2.0/24, \"2001:db8::/32\"] }\n- id: b\n  severity: high\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], sourceIPAddress: [{ anything-but: [\"10.0.0.0/8\"] }, \"192.0.2.0/24\"] } }",
        "- id: a\n  events: [\"ec2:AuthorizeSecurityGroupIngress\"]\n  when: { requestParameters.cidrIp: 0.0.0.0/0 }\n  unless: { sourceIPAddress: [{ cidr: 192.0.2.0/24 }, 198.51.100.7] }",
    ),
    (
        "services as the other side names them",
        "W0716",
        "- id: a\n  pattern: { source: [iam.amazonaws.com], detail: { eventName: [CreateUser] } }\n- id: b\n  severity: high\n  pattern: { source: [aws.iam], detail: { eventSource: [aws.iam], eventName: [CreateUser] } }\n- id: c\n  severity: low\n  pattern: { source: [aws.guardduty.amazonaws.com], detail-type: [GuardDuty Finding] }",
        "- id: a\n  pattern: { source: [aws.iam, com.example.amazonaws], detail: { eventSource: [iam.amazonaws.com], eventName: [CreateUser] } }",
    ),
    (
        "codes of denied calls",
        "W0716",
        "- { id: a, events: [\"iam:*\"], when: { errorCode: [AccesDenied, \"Client.UnauthorisedOperation\"] } }",
        "- { id: a, events: [\"iam:*\"], when: { errorCode: [AccessDenied, AccessDeniedException, \"Client.UnauthorizedOperation\", UnauthorizedAccess, NoSuchEntity] } }",
    ),
    (
        "fields of the record in the wrong object",
        "W0704",
        "- id: a\n  events: [\"iam:*\"]\n  when: { userIdentity.sourceIPAddress: 192.0.2.1, requestParameters.userIdentity.arn: \"*:root\" }\n- id: b\n  events: [\"iam:*\"]\n  severity: high\n  when: { userIdentity.sessionIssuer.userName: Deployer, userIdentity.sessionContext.userName: Deployer, sessionContext.sessionIssuer.arn: \"*:role/x\" }\n- id: c\n  severity: low\n  pattern: { source: [aws.iam], detail: { userIdentity: { eventName: [CreateUser] } } }\n- id: d\n  severity: info\n  pattern: { source: [aws.kms], detail: { eventname: [ScheduleKeyDeletion] } }",
        "- id: a\n  events: [\"iam:*\"]\n  when: { sourceIPAddress: 192.0.2.1, userIdentity.arn: \"*:root\" }\n- id: b\n  events: [\"ivschat:SendEvent\", \"ec2:CreateTags\"]\n  when: { requestParameters.eventName: x, requestParameters.resources: x }",
    ),
    (
        "parameters that no call has",
        "W0723",
        "- { id: a, events: [\"iam:Attach*Policy\"], when: { requestParameters.PolicyArn: \"*Admin*\" } }\n- { id: b, events: [\"iam:CreateUser\", \"kms:PutKeyPolicy\"], severity: high, unless: { requestParameters.userNames: alice } }\n- { id: c, events: [\"lambda:AddPermission20150331v2\"], severity: low, when: { requestParameters.principals: \"*\" } }",
        "- { id: a, events: [\"iam:Attach*Policy\"], when: { requestParameters.policyArn: \"*Admin*\" } }\n- { id: b, events: [\"iam:CreateUser\", \"ec2:RunInstances\"], severity: high, unless: { requestParameters.userNames: alice } }\n- { id: c, events: [\"kms:RotateKey\"], severity: low, when: { requestParameters.keyIds: x } }\n- { id: d, events: [\"sts:AssumeRoleWithSAML\"], severity: info, when: { requestParameters.sAMLAssertionID: x } }\n- { id: e, events: [\"cloudtrail:StopLogging\"], severity: critical, when: { requestParameters.somethingNewer: x } }",
    ),
    (
        "a star in a list of exceptions",
        "W0713",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [{ anything-but: [CreateUser, \"Get*\", \"List*\"] }], requestParameters: { userName: [{ prefix: \"svc-*-ci\" }, { equals-ignore-case: \"Robot*\" }] } } }",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [{ anything-but: { wildcard: [CreateUser, \"Get*\", \"List*\"] } }] } }",
    ),
    (
        "patterns that can match nothing, for a star",
        "E0419",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [\"Create*\", { prefix: \"Add*\" }] } }\n- id: b\n  pattern: { source: [\"aws.*\"], detail: { eventName: [CreateUser] } }",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [{ prefix: Create }, { prefix: Add }] } }",
    ),
    (
        "patterns that can match nothing, for a key",
        "E0419",
        "- id: a\n  pattern: { source: [aws.iam], eventName: [CreateUser] }\n- id: b\n  pattern: { source: [aws.iam], userIdentity: { type: [Root] } }\n- id: c\n  pattern: { source: [aws.iam], detail-type: [AWS API Call via CloudTrail], detail: { id: [x], eventName: [CreateUser] } }",
        "- id: a\n  pattern: { source: [aws.iam], replay-name: [{ exists: false }], detail: { eventName: [CreateUser] } }",
    ),
    (
        "fields that every event has",
        "E0807",
        "- { id: a, events: [\"*:*\"], unless: { eventSource: \"*\" } }\n- { id: b, events: [\"iam:*\"], when: { eventID: { exists: false } } }",
        "- { id: a, events: [\"*:*\"], unless: { errorCode: \"*\" }, accept: { W0729: \"it is about another lint\" } }\n- { id: b, events: [\"iam:*\"], when: { requestID: { exists: false } }, severity: high }",
    ),
    (
        "two exceptions in one map",
        "W0718",
        "- id: a\n  events: [\"iam:*\"]\n  unless: { userIdentity.arn: \"arn:aws:iam::111122223333:user/scanner\", userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::111122223333:role/scanner\" }\n- id: b\n  events: [\"iam:*\"]\n  severity: high\n  unless: { userIdentity.userName: scanner, userIdentity.sessionContext.sessionIssuer.userName: scanner }",
        "- id: a\n  events: [\"iam:*\"]\n  unless: [{ userIdentity.arn: \"arn:aws:iam::111122223333:user/scanner\" }, { userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::111122223333:role/scanner\" }]\n- id: b\n  events: [\"iam:*\"]\n  severity: high\n  unless: { userIdentity.arn: \"arn:aws:iam::111122223333:user/scanner\", userIdentity.sessionContext.sessionIssuer.userName: { exists: false } }\n- id: c\n  events: [\"iam:*\"]\n  severity: low\n  unless: { userIdentity.arn: \"arn:aws:sts::111122223333:assumed-role/scanner/*\", userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::111122223333:role/scanner\" }",
    ),
    (
        "root, who is told of twice",
        "W0802",
        "- { id: by-root, events: [\"iam:CreateUser\"], when: { userIdentity.arn: \"*:root\" } }\n- { id: user-made, events: [\"iam:CreateUser\"], unless: { userIdentity.userName: \"*\" } }",
        "- { id: by-root, events: [\"iam:CreateUser\"], when: { userIdentity.arn: \"*:root\" } }\n- { id: by-users, events: [\"iam:CreateUser\"], when: { userIdentity.type: IAMUser } }",
    ),
    (
        "tests of exceptions that show nothing",
        "W1001",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless:\n    - { userIdentity.arn: \"*:user/scanner\" }\n    - { sourceIPAddress: { cidr: 203.0.113.0/24 } }\n  tests:\n    - { name: the scanner, like: \"iam:CreateUser\", with: { userIdentity.arn: \"arn:aws:iam::111122223333:user/scanner\" }, expect: no-match }\n- id: b\n  events: [\"iam:CreateUser\"]\n  severity: high\n  when: { errorCode: AccessDenied }\n  unless: { userIdentity.userName: scanner }\n  tests:\n    - { name: the scanner, like: \"iam:CreateUser\", with: { userIdentity.userName: scanner }, expect: no-match }",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  when: { requestParameters.userName: \"adm-*\" }\n  unless:\n    - { userIdentity.arn: \"arn:aws:iam::111122223333:user/scanner\" }\n    - { sourceIPAddress: { cidr: 192.0.2.0/24 } }\n  tests:\n    - { name: the scanner, like: \"iam:CreateUser\", with: { userIdentity.arn: \"arn:aws:iam::111122223333:user/scanner\", requestParameters.userName: adm-1 }, expect: no-match }\n    - { name: another name, like: \"iam:CreateUser\", with: { requestParameters.userName: bob }, expect: no-match }\n    - { name: both, like: \"iam:CreateUser\", with: { requestParameters.userName: bob, userIdentity.arn: \"arn:aws:iam::111122223333:user/scanner\" }, expect: no-match }",
    ),
    (
        "federated sign-ins as sign-ins without a second factor",
        "W0803",
        "watch: { regions: all }\nrules:\n- id: a\n  events: [\"signin:ConsoleLogin\"]\n  when: { additionalEventData.MFAUsed: [{ not: { any-case: \"Yes\" } }, { exists: false }], responseElements.ConsoleLogin: Success }\n- id: b\n  severity: high\n  pattern: { source: [aws.signin], detail: { eventName: [ConsoleLogin], additionalEventData: { MFAUsed: [{ equals-ignore-case: \"No\" }] } } }",
        "watch: { regions: all }\nrules:\n- id: a\n  events: [\"signin:ConsoleLogin\"]\n  when: { additionalEventData.MFAUsed: { any-case: \"No\" }, userIdentity.arn: \"arn:aws:iam::*:user/*\" }\n- use: signin/no-mfa\n- id: b\n  severity: low\n  pattern: { source: [aws.signin], detail: { eventName: [ConsoleLogin], userIdentity: { type: [IAMUser] }, additionalEventData: { MFAUsed: [{ equals-ignore-case: \"No\" }] } } }",
    ),
    (
        "global services, listened to elsewhere",
        "W0804",
        "- { id: a, events: [\"iam:CreateUser\"], when: { awsRegion: eu-central-1 } }\n- { id: b, severity: high, events: [\"*:*\"], when: { userIdentity.type: Root, awsRegion: \"eu-*\" } }\n- id: c\n  severity: low\n  pattern: { source: [aws.organizations], region: [eu-central-1] }",
        "- { id: a, events: [\"iam:CreateUser\"], when: { awsRegion: us-east-1 } }\n- { id: b, severity: high, events: [\"ec2:*\"], when: { awsRegion: \"eu-*\" } }\n- id: c\n  severity: low\n  pattern: { source: [aws.organizations], region: [us-east-1, eu-central-1] }",
    ),
    (
        "sign-ins, not listened to everywhere",
        "W0805",
        "home: { region: eu-central-1 }\nwatch: { regions: [eu-central-1, eu-north-1] }\nrules:\n- use: signin/failed\n- { id: a, events: [\"signin:*\"] }",
        "watch: { regions: all }\nrules:\n- use: signin/failed",
    ),
    (
        "sign-ins, in a file without `watch`",
        "W0805",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n- use: signin/failed",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n- use: root/sign-in\n- { id: a, events: [\"signin:ConsoleLogin\"], when: { awsRegion: us-east-1 } }",
    ),
    (
        "the calls that alerting makes",
        "W0806",
        "- id: a\n  pattern: { source: [aws.sts], detail: { eventName: [AssumeRole] } }\n- id: b\n  pattern: { source: [aws.kms], detail: { eventSource: [kms.amazonaws.com] } }",
        "- id: a\n  pattern: { source: [aws.sts], detail: { eventName: [AssumeRole], userIdentity: { invokedBy: [{ anything-but: events.amazonaws.com }, { exists: false }] } } }\n- id: b\n  pattern: { source: [aws.kms], detail: { eventSource: [kms.amazonaws.com], eventName: [DisableKey] } }\n- { id: c, severity: high, events: [\"kms:*\", \"sts:AssumeRole\"] }\n- id: d\n  severity: low\n  pattern: { source: [aws.sts], detail: { eventName: [AssumeRole], errorCode: [AccessDenied] } }",
    ),
    (
        "parameters in a raw pattern",
        "W0723",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [AttachRolePolicy], requestParameters: { policyArns: [\"*\"], roleName: [x] } } }\n- id: b\n  severity: high\n  pattern:\n    source: [aws.kms, aws.iam]\n    detail:\n      $or:\n        - { eventSource: [kms.amazonaws.com], eventName: [{ prefix: Disable }], requestParameters: { keyID: [x] } }\n        - { eventSource: [iam.amazonaws.com], eventName: [CreateUser] }\n- id: c\n  severity: low\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], requestParameters: { UserName: [{ exists: false }] } } }",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [AttachRolePolicy], requestParameters: { policyArn: [{ exists: true }] } } }\n- id: b\n  severity: high\n  pattern:\n    source: [aws.kms, aws.iam]\n    detail:\n      requestParameters: { roleName: [x] }\n      $or:\n        - { eventSource: [kms.amazonaws.com], eventName: [DisableKey] }\n        - { eventSource: [iam.amazonaws.com], eventName: [CreateRole] }\n- id: c\n  severity: low\n  pattern: { source: [aws.ec2], detail: { eventName: [RunInstances], requestParameters: { instancetype: [x] } } }\n- id: d\n  severity: info\n  pattern: { source: [{ prefix: aws. }], detail: { eventName: [DisableKey], requestParameters: { keyID: [x] } } }\n- id: e\n  severity: critical\n  pattern: { source: [aws.iam], detail: { eventName: [{ anything-but: CreateUser }], requestParameters: { userName: [x] } } }",
    ),
    (
        "parameters in a raw pattern that can match nothing for them",
        "E0419",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [AttachRolePolicy, AttachUserPolicy], requestParameters: { policyARN: [{ suffix: /AdministratorAccess }] } } }\n- id: b\n  pattern: { source: [aws.kms], detail: { requestParameters: { keyID: [x] } } }",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [AttachRolePolicy, AttachUserPolicy], requestParameters: { policyArn: [{ suffix: /AdministratorAccess }] } } }\n- id: b\n  pattern: { source: [aws.kms], detail: { eventName: [DisableKey], requestParameters: { keyId: [x] } } }",
    ),
    (
        "names and values of a raw pattern that no event has",
        "E0419",
        "- id: a\n  pattern: { source: [kms.amazonaws.com], detail: { eventName: [DisableKey] } }\n- id: b\n  pattern: { source: [aws.kms], detail: { eventSource: [aws.kms], eventName: [DisableKey] } }\n- id: c\n  pattern: { source: [aws.iam], detail: { eventName: [createuser, AtachRolePolicy] } }\n- id: d\n  pattern: { source: [aws.iam], detail-type: [AWS API Call via Cloudtrail], detail: { eventName: [CreateUser] } }\n- id: e\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { type: [root], roleName: [x] } } }\n- id: f\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], readOnly: [\"false\"], sourceIPAddress: [10.0.0.0/8] } }",
        "- id: c\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser, AttachRolePolicy], readOnly: [false] } }\n- id: d\n  severity: high\n  pattern: { source: [aws.iam], detail-type: [AWS API Call via CloudTrail], detail: { eventName: [CreateUser] } }",
    ),
    (
        "one alternative of a raw pattern that no event has",
        "W0716",
        "- id: a\n  pattern: { source: [aws.iam, kms.amazonaws.com], detail: { eventSource: [aws.kms, iam.amazonaws.com], userIdentity: { type: [root, IAMUser] } } }\n- id: b\n  severity: low\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], $or: [{ userIdentity: { type: [root] } }, { errorCode: [AccessDenied] }] } }\n- id: c\n  severity: high\n  pattern: { source: [aws.iam, com.example], detail: { eventName: [createuser], userIdentity: { type: [root] }, requestParameters: { UserName: [x] }, userName: [x] } }",
        "- id: a\n  pattern: { source: [aws.iam, aws.kms], detail: { eventSource: [kms.amazonaws.com, iam.amazonaws.com], eventName: [{ prefix: Delete }], userIdentity: { type: [Root, IAMUser] } } }",
    ),
    (
        "paths in one key of a raw pattern",
        "E0419",
        "- id: a\n  pattern: { source: [aws.iam], detail.eventname: [CreateUser] }\n- id: b\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], \"userIdentity.Type\": [Root] } }\n- id: d\n  pattern: { source: [aws.iam], \"userIdentity.type\": [Root] }",
        "- id: b\n  pattern: { source: [aws.iam], detail.eventName: [CreateUser] }\n- id: c\n  severity: high\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], \"userIdentity.type\": [Root] } }\n- id: d\n  severity: low\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { \"sessionContext.sessionIssuer.userName\": [Deployer], type: [AssumedRole] } } }\n- id: a\n  pattern: { source: [aws.kms], detail: { eventName: [CreateGrant], requestParameters: { \"constraints.with.dots\": [x] } } }",
    ),
    (
        "rules that no event can fire, for a name",
        "E0807",
        "- { id: a, events: [\"iam:createuser\", \"iam:PassRole\"] }\n- { id: b, events: [\"iam:Atach*\"] }\n- { id: c, events: [\"iam:CreateUser\"], detail-type: [AWS API Call via Cloudtrail] }\n- { id: d, events: [\"iam:AttachRolePolicy\"], when: { requestParameters.policyARN: \"*:policy/AdministratorAccess\" } }\n- { id: e, events: [\"iam:*\"], when: [{ userName: alice }, { source: aws.iam }, { userIdentity.eventName: x, errorCode: AccessDenied }] }\n- { use: root/activity, when: { sourceipaddress: 192.0.2.1 } }\n- { use: pack/aws-blog, when: { sourceipaddress: 192.0.2.1, requestParameters.UserName: alice } }",
        "- { id: a, events: [\"iam:CreateUser\", \"iam:CreateRole\"] }\n- { id: d, events: [\"iam:AttachRolePolicy\"], when: { requestParameters.policyArn: \"*:policy/AdministratorAccess\" } }\n- { id: e, severity: low, events: [\"iam:*\"], when: [{ userIdentity.userName: alice }, { eventSource: iam.amazonaws.com }] }",
    ),
    (
        "rules that no event can fire, for a value",
        "E0807",
        "- { id: a, events: [\"*:*\"], when: { eventSource: aws.kms } }\n- { id: b, events: [\"iam:*\"], when: [{ userIdentity.type: [root, iamuser] }, { readOnly: \"true\" }] }\n- { id: c, events: [\"iam:*\"], when: { sourceIPAddress: [192.0.2.0/24, \"2001:db8::/32\"] } }\n- { id: d, events: [\"iam:*\"], when: { userIdentity.sessionContext.sessionIssuer.userName: [ci/Deployer, role/Deployer] } }\n- { id: e, events: [\"iam:*\"], when: { userIdentity.arn: alice } }\n- { id: f, events: [\"kms:DisableKey\"], detail-type: [AWS Console Sign In via CloudTrail] }",
        "- { id: a, events: [\"*:*\"], when: { eventSource: kms.amazonaws.com } }\n- { id: b, severity: high, events: [\"iam:*\"], when: [{ userIdentity.type: Root }, { readOnly: true }] }\n- { id: c, severity: low, events: [\"iam:*\"], when: { sourceIPAddress: { cidr: 192.0.2.0/24 } } }\n- { id: d, severity: info, events: [\"iam:*\"], when: { userIdentity.sessionContext.sessionIssuer.userName: Deployer } }\n- { id: f, severity: critical, events: [\"signin:*\", \"kms:DisableKey\"], detail-type: [AWS Console Sign In via CloudTrail] }",
    ),
    (
        "one name or value of several that no event has",
        "W0716",
        "- { id: a, events: [\"iam:*\", \"iam:createuser\"], when: [{ userIdentity.type: root }, { readOnly: false }] }\n- { id: b, severity: low, events: [\"iam:*\"], when: { userIdentity.type: [root, IAMUser], userIdentity.arn: { not: alice } } }\n- { id: c, severity: high, events: [\"iam:*\"], unless: { userIdentity.type: root } }\n- { id: d, enabled: false, events: [\"iam:createuser\"] }\n- { id: g, events: [\"*:*\"], detail-type: [GuardDuty Finding], when: { type: \"UnauthorizedAccess*\" } }",
        "- { id: a, events: [\"iam:*\"], when: [{ userIdentity.type: Root }, { errorCode: { exists: false } }] }",
    ),
    (
        "names where ARNs stand",
        "W0716",
        "- { id: a, events: [\"iam:Attach*Policy\"], when: { requestParameters.policyArn: AdministratorAccess } }\n- { id: b, severity: low, events: [\"sts:AssumeRole\"], when: { requestParameters.roleArn: [{ prefix: role/ }, \"Admin*\"] } }\n- id: c\n  severity: high\n  pattern: { source: [aws.iam], detail: { eventName: [AttachUserPolicy], requestParameters: { policyArn: [AdministratorAccess, { anything-but: ReadOnlyAccess }] } } }",
        "- { id: a, events: [\"iam:Attach*Policy\"], when: { requestParameters.policyArn: [\"*AdministratorAccess\", \"arn:aws:iam::aws:policy/IAMFullAccess\", \"a*/PowerUserAccess\", { suffix: /ReadOnlyAccess }, { prefix: \"arn:aws\" }] } }\n- { id: b, severity: low, events: [\"kms:*\"], when: { requestParameters.keyId: alias/x, requestParameters.resourceArn: x } }\n- { id: c, severity: high, events: [\"ec2:*\"], when: { requestParameters.kmsKeyArn: alias/x } }",
    ),
    (
        "names of roles with their paths",
        "W0716",
        "- id: a\n  events: [\"iam:*\"]\n  unless: { userIdentity.sessionContext.sessionIssuer.userName: [ci/Deployer, \"aws-reserved/*\", { prefix: \"arn:aws:iam::111122223333:role/ci/\" }] }\n- id: b\n  severity: low\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { sessionContext: { sessionIssuer: { userName: [{ anything-but: [ci/Deployer] }, { wildcard: \"ci/*-deployer\" }] } } } } }",
        "- id: a\n  events: [\"iam:*\"]\n  unless: { userIdentity.sessionContext.sessionIssuer.userName: [Deployer, \"AWSReservedSSO_*\"], userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::111122223333:role/ci/*\" }",
    ),
    (
        "issuers of those who come through no role",
        "W0801",
        "- { id: a, events: [\"iam:*\"], when: { userIdentity.type: IAMUser, userIdentity.sessionContext.sessionIssuer.arn: \"*:role/Admin\" } }\n- id: b\n  severity: low\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { type: [Root, IAMUser], sessionContext: { sessionIssuer: { userName: [Admin] } } } } }",
        "- { id: a, events: [\"iam:*\"], when: { userIdentity.type: [IAMUser, AssumedRole], userIdentity.sessionContext.sessionIssuer.arn: [\"*:role/Admin\", { exists: false }] } }\n- { id: b, severity: low, events: [\"iam:*\"], when: { userIdentity.type: FederatedUser, userIdentity.sessionContext.sessionIssuer.arn: \"*:user/x\" } }",
    ),
    (
        "exceptions of issuers for those who come through no role",
        "W0718",
        "- { id: a, events: [\"iam:*\"], unless: { userIdentity.type: IAMUser, userIdentity.sessionContext.sessionIssuer.arn: \"*:role/Admin\" } }",
        "- { id: a, events: [\"iam:*\"], unless: { userIdentity.type: AssumedRole, userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::111122223333:role/Admin\" } }\n- { id: b, severity: low, events: [\"iam:*\"], unless: { userIdentity.type: IAMUser, userIdentity.sessionContext.sessionIssuer.arn: { exists: false } } }",
    ),
    (
        "sign-ins of a service that signs nobody in",
        "E0807",
        "- { id: a, events: [\"kms:DisableKey\"], detail-type: [AWS Console Sign In via CloudTrail] }\n- id: b\n  pattern: { source: [aws.kms, aws.iam], detail-type: [AWS Console Sign In via CloudTrail, AWS Console Signin via CloudTrail] }",
        "- { id: a, events: [\"kms:DisableKey\"], detail-type: [AWS Console Sign In via CloudTrail, AWS API Call via CloudTrail] }\n- id: b\n  pattern: { source: [aws.signin, aws.kms], detail-type: [AWS Console Sign In via CloudTrail], detail: { eventName: [ConsoleLogin] , userIdentity: { type: [Root] } } }",
    ),
    (
        "events of tests such as CloudTrail does not write",
        "W0722",
        "- id: a\n  events: [\"iam:AttachRolePolicy\"]\n  unless: { userIdentity.sessionContext.sessionIssuer.arn: \"*:role/ci/Deployer\" }\n  tests:\n    - { name: a role, like: \"iam:AttachRolePolicy\", as: assumed-role, with: { userIdentity.arn: \"arn:aws:iam::111122223333:role/ci/Deployer\" }, expect: match }\n    - { name: a session, like: \"iam:AttachRolePolicy\", as: assumed-role, with: { userIdentity.arn: \"arn:aws:sts::111122223333:assumed-role/Deployer\" }, expect: match }\n    - { name: an issuer, like: \"iam:AttachRolePolicy\", as: assumed-role, with: { userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:sts::111122223333:assumed-role/Deployer/x\" }, expect: match }\n    - { name: a name, like: \"iam:AttachRolePolicy\", as: assumed-role, with: { userIdentity.sessionContext.sessionIssuer.userName: ci/Deployer, requestParameters.policyARN: x }, without: [requestParameters.RoleName], expect: match }\n    - { name: a policy, like: \"iam:AttachRolePolicy\", with: { requestParameters.policyArn: AdministratorAccess }, expect: match }",
        "- id: a\n  events: [\"iam:AttachRolePolicy\"]\n  unless: { userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::111122223333:role/ci/Deployer\" }\n  tests:\n    - { name: a session, like: \"iam:AttachRolePolicy\", as: assumed-role, with: { userIdentity.arn: \"arn:aws:sts::111122223333:assumed-role/Deployer/x\", userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::111122223333:role/ci/Deployer\", requestParameters.policyArn: \"arn:aws:iam::aws:policy/AdministratorAccess\" }, without: [requestParameters.roleName], expect: no-match }",
    ),
    (
        "a rule of the catalogue that tells readers twice",
        "W0802",
        "- { use: root/activity }\n- { id: by-root, severity: high, events: [\"*:*\"], when: { userIdentity.type: Root, userIdentity.invokedBy: { exists: false }, eventType: { not: AwsServiceEvent } } }",
        "- { use: root/activity }\n- { id: by-root, severity: low, events: [\"*:*\"], when: { userIdentity.type: Root, userIdentity.invokedBy: { exists: false }, eventType: { not: AwsServiceEvent } } }",
    ),
    (
        "exceptions of a raw pattern that other fields and words are for",
        "W0722",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { arn: [{ anything-but: [\"arn:aws:iam::111122223333:role/x\"] }] } } }\n- id: b\n  severity: low\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { sessionContext: { sessionIssuer: { arn: [{ anything-but: \"arn:aws:sts::111122223333:assumed-role/x/y\" }, { exists: false }] } } } } }\n- id: c\n  severity: high\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { arn: [{ anything-but: \"scanner\" }], type: [{ anything-but: [root] }], sessionContext: { sessionIssuer: { userName: [{ anything-but: [ci/x] }, { exists: false }] }} } } }",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { arn: [{ anything-but: [\"arn:aws:iam::111122223333:user/x\"] }, { exists: false }] } } }\n- id: b\n  severity: low\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userIdentity: { sessionContext: { sessionIssuer: { arn: [{ anything-but: \"arn:aws:iam::111122223333:role/x\" }, { exists: false }] } } } } }",
    ),
    (
        "EventBridge's operators in conditions",
        "E0201",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  when: { requestParameters.userName: { anything-but: bob } }\n- id: b\n  events: [\"iam:CreateUser\"]\n  when: { requestParameters.userName: [{ anything-but: { equals-ignore-case: [bob, eve] } }, { wildcard: \"b*b\" }] }\n- id: c\n  events: [\"iam:UpdateAccountPasswordPolicy\"]\n  when: { requestParameters.minimumPasswordLength: { numeric: [\">\", 0, \"<\", 14] } }\n- id: d\n  events: [\"iam:UpdateAccountPasswordPolicy\"]\n  when: { requestParameters.minimumPasswordLength: { numeric: 14 } }\n- id: e\n  events: [\"iam:CreateUser\"]\n  when: { requestParameters: { userName: { anything-but: [{ prefix: b }] } } }",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless: { requestParameters.userName: bob }\n  accept: { W0729: \"it is about another lint\" }\n- id: b\n  severity: low\n  accept: { W0729: \"it is about another lint\" }\n  events: [\"iam:CreateUser\"]\n  when: { requestParameters.userName: [{ not: { any-case: [bob, eve] } }, \"b*b\"] }\n- id: c\n  events: [\"iam:UpdateAccountPasswordPolicy\"]\n  when: { requestParameters.minimumPasswordLength: { number: \"> 0 and < 14\" } }",
    ),
    (
        "operators of a raw pattern outside of lists",
        "E0415",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: { prefix: Attach } } }\n- id: b\n  pattern: { source: [aws.iam], detail: { errorCode: { exists: false } } }\n- id: c\n  pattern: { source: [aws.iam], detail: { userIdentity: { userName: { anything-but: [alice] } } } }\n- id: d\n  pattern: { source: [aws.iam], detail: { requestParameters: { minimumPasswordLength: { numeric: [\"<\", 14] } } } }\n- id: e\n  pattern: { source: [aws.s3], detail: { eventName: [ListObjects], requestParameters: { prefix: logs/ } } }",
        "- id: a\n  pattern: { source: [aws.iam], detail: { eventName: [{ prefix: Attach }] } }\n- id: b\n  severity: low\n  pattern: { source: [aws.s3], detail: { eventName: [DeleteBucket], requestParameters: { prefix: [logs/] } } }",
    ),
    (
        "how ARNs of roles begin",
        "W0722",
        "- id: a\n  events: [\"iam:*\"]\n  unless: { userIdentity.arn: \"arn:aws:sts::111122223333:role/ci/deploy-pipeline/*\" }\n- id: b\n  events: [\"iam:*\"]\n  severity: low\n  unless: { userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:sts::111122223333:role/deploy-pipeline/*\" }\n- id: c\n  events: [\"iam:*\"]\n  severity: high\n  unless: { userIdentity.arn: \"arn:aws:iam::111122223333:role/ci/*\" }",
        "- id: a\n  events: [\"iam:*\"]\n  unless: { userIdentity.sessionContext.sessionIssuer.arn: [\"arn:aws:iam::111122223333:role/ci/*\", \"*:role/x\", \"arn:aws-cn:iam::111122223333:role/x\"] }\n  accept: { W0729: \"it is about another lint\" }",
    ),
    (
        "detail types of sign-ins",
        "E0419",
        "- id: a\n  pattern: { source: [aws.signin], detail-type: [AWS Console Sign-in via CloudTrail], detail: { userIdentity: { type: [Root] } } }",
        "- id: a\n  pattern: { source: [aws.signin], detail-type: [AWS Console Sign In via CloudTrail, AWS Console Signin via CloudTrail], detail: { userIdentity: { type: [Root] } } }",
    ),
    (
        "tests of exceptions, and what the rule wants",
        "W1001",
        "- id: a\n  events: [\"iam:AttachUserPolicy\"]\n  when: { requestParameters.policyArn: \"*AdministratorAccess\" }\n  unless: { userIdentity.userName: deployer }\n  tests:\n    - { name: the deployer, like: \"iam:AttachUserPolicy\", with: { userIdentity.userName: deployer }, expect: no-match }\n- id: b\n  severity: low\n  events: [\"iam:AttachUserPolicy\"]\n  when: { requestParameters.policyArn: { exists: false } }\n  unless: { userIdentity.userName: deployer }\n  tests:\n    - { name: the deployer, like: \"iam:AttachUserPolicy\", with: { userIdentity.userName: deployer }, expect: no-match }",
        "- id: a\n  events: [\"iam:AttachUserPolicy\"]\n  when: { requestParameters.policyArn: \"*AdministratorAccess\" }\n  unless: { userIdentity.userName: deployer }\n  accept: { W0729: \"it is about another lint\" }\n  tests:\n    - { name: the deployer, like: \"iam:AttachUserPolicy\", with: { userIdentity.userName: deployer, requestParameters.policyArn: AdministratorAccess }, expect: no-match }",
    ),
    (
        "second factors of IAM users alone",
        "W0715",
        "- id: a\n  events: [\"signin:ConsoleLogin\"]\n  when: { userIdentity.type: IAMUser, additionalEventData.MFAUsed: \"NO\" }\n- id: b\n  severity: low\n  events: [\"signin:ConsoleLogin\"]\n  when: { userIdentity.type: { not: AssumedRole }, additionalEventData.MFAUsed: \"No\" }\n- id: d\n  severity: info\n  events: [\"signin:ConsoleLogin\"]\n  when: [{ userIdentity.type: IAMUser }, { userIdentity.type: Root }]\n  unless: { additionalEventData.MFAUsed: \"Yes\" }\n- id: c\n  severity: high\n  pattern: { source: [aws.signin], detail: { eventName: [ConsoleLogin], $or: [{ userIdentity: { type: [IAMUser] } }, { userIdentity: { type: [Root] } }], additionalEventData: { MFAUsed: [\"No\"] } } }",
        "- id: a\n  events: [\"signin:ConsoleLogin\"]\n  when: { additionalEventData.MFAUsed: \"No\", userIdentity.type: IAMUser }\n- id: b\n  severity: low\n  events: [\"signin:ConsoleLogin\"]\n  when: { userIdentity.type: { not: [Root, AssumedRole] }, additionalEventData.MFAUsed: { not: \"Yes\" } }\n- id: d\n  severity: info\n  events: [\"signin:ConsoleLogin\"]\n  when: { userIdentity.type: IAMUser, responseElements.ConsoleLogin: Success }\n  unless: { additionalEventData.MFAUsed: \"Yes\" }\n- id: c\n  severity: high\n  pattern: { source: [aws.signin], detail: { eventName: [ConsoleLogin], userIdentity: { type: [IAMUser] }, additionalEventData: { MFAUsed: [\"No\"] } } }",
    ),
    (
        "`not` on fields that the type of caller always has",
        "W0717",
        "- id: a\n  events: [\"sts:AssumeRole\"]\n  when: { userIdentity.type: AWSAccount, userIdentity.arn: { not: \"*:root\" } }\n- id: b\n  severity: low\n  events: [\"iam:*\"]\n  when: { userIdentity.type: [AssumedRole, IAMUser], userIdentity.sessionContext.sessionIssuer.userName: { not: deployer } }",
        "- id: a\n  events: [\"sts:AssumeRole\"]\n  when: { userIdentity.type: AWSAccount, userIdentity.accountId: { not: \"111122223333\" } }\n- id: b\n  severity: low\n  events: [\"iam:*\"]\n  when: { userIdentity.type: AssumedRole, userIdentity.sessionContext.sessionIssuer.userName: { not: deployer } }\n  accept: { W0729: \"it is about another lint\" }",
    ),
    (
        "`not` on the codes of errors",
        "W0717",
        "- { id: a, events: [\"iam:CreateUser\"], when: { errorCode: { not: AccessDenied } } }",
        "- { id: a, events: [\"iam:CreateUser\"], unless: { errorCode: AccessDenied }, accept: { W0729: \"it is about another lint\" } }\n- { id: b, severity: low, events: [\"iam:CreateUser\"], when: { errorCode: [{ not: AccessDenied }, { exists: false }] }, accept: { W0729: \"it is about another lint\" } }\n- { id: c, severity: high, events: [\"iam:CreateUser\"], when: { errorCode: { not: AccessDenied }, errorMessage: \"*\" } }",
    ),
    (
        "`anything-but` on fields that not every event has",
        "W0717",
        "- id: a\n  pattern: { source: [aws.iam], detail: { errorCode: [{ anything-but: [AccessDenied] }] } }\n- id: b\n  severity: low\n  pattern: { source: [aws.iam], detail: { userIdentity: { userName: [{ anything-but: [alice] }] } } }\n- id: c\n  severity: high\n  pattern: { source: [aws.iam], detail: { userIdentity: { type: [IAMUser], sessionContext: { sessionIssuer: { userName: [{ anything-but: x }] } } } } }",
        "- id: a\n  pattern: { source: [aws.iam], detail: { errorCode: [{ anything-but: [AccessDenied] }, { exists: false }] } }\n- id: b\n  accept: { W0729: \"it is about another lint\" }\n  severity: low\n  pattern: { source: [aws.iam], detail: { userIdentity: { type: [IAMUser], userName: [{ anything-but: [alice] }] } } }\n- id: c\n  accept: { W0729: \"it is about another lint\" }\n  severity: high\n  pattern: { source: [aws.iam], detail: { eventName: [{ anything-but: { prefix: [Get, List] } }], userIdentity: { type: [AssumedRole], sessionContext: { sessionIssuer: { userName: [{ anything-but: x }] } } } } }\n- id: d\n  severity: info\n  pattern: { source: [aws.iam], detail: { $or: [{ errorCode: [{ anything-but: [AccessDenied] }] }, { errorCode: [{ exists: false }] }] } }\n- id: e\n  pattern: { source: [aws.guardduty], detail-type: [GuardDuty Finding], detail: { errorCode: [{ anything-but: [AccessDenied] }] } }\n- id: f\n  severity: critical\n  pattern: { source: [aws.ec2], detail: { errorCode: [{ anything-but: [AccessDenied] }], errorMessage: [{ exists: true }] } }",
    ),
    (
        "fields of tests that their callers do not have",
        "W0704",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless: [{ userIdentity.userName: deployer }, { userIdentity.sessionContext.sessionIssuer.userName: deployer }]\n  tests:\n    - { name: a role, like: \"iam:CreateUser\", as: assumed-role, with: { userIdentity.userName: deployer }, expect: no-match }\n    - { name: a user, like: \"iam:CreateUser\", with: { userIdentity.sessionContext.sessionIssuer.userName: deployer }, expect: no-match }\n    - { name: a service, like: \"iam:CreateUser\", as: service, with: { userIdentity.userName: deployer }, expect: no-match }",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  accept: { W0729: \"it is about another lint\" }\n  unless: [{ userIdentity.userName: deployer }, { userIdentity.sessionContext.sessionIssuer.userName: deployer }]\n  tests:\n    - { name: a role, like: \"iam:CreateUser\", as: assumed-role, with: { userIdentity.sessionContext.sessionIssuer.userName: deployer }, expect: no-match }\n    - { name: a user, like: \"iam:CreateUser\", with: { userIdentity.userName: deployer }, expect: no-match }\n    - { name: a role of its own, like: \"iam:CreateUser\", with: { userIdentity.type: AssumedRole, userIdentity.sessionContext.sessionIssuer.userName: deployer }, without: [userIdentity.userName], expect: no-match }",
    ),
    (
        "fields in another case, further down",
        "W0704",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless: [{ userIdentity.sessionContext.sessionIssuer.username: deployer }, { userIdentity.sessionContext.sessionIssuer.ARN: \"*:role/x\" }, { userIdentity.sessionContext.attributes.MFAAuthenticated: \"true\" }]\n- id: b\n  severity: low\n  events: [\"signin:ConsoleLogin\"]\n  when: [{ userIdentity.type: IAMUser, additionalEventData.mfaUsed: \"No\" }, { userIdentity.type: IAMUser, additionalEventData.loginTo: \"*\" }]\n- id: c\n  severity: high\n  pattern: { source: [aws.iam], detail: { userIdentity: { sessionContext: { sessionIssuer: { username: [x] } } } } }\n- id: d\n  severity: high\n  events: [\"iam:DeleteUser\"]\n  when: { userIdentity.sessionContext.sessionIssuer.username: deployer }",
        "- id: a\n  events: [\"iam:CreateUser\"]\n  accept: { W0729: \"it is about another lint\" }\n  unless: [{ userIdentity.sessionContext.sessionIssuer.userName: deployer }, { userIdentity.sessionContext.sessionIssuer.somethingNew: x }, { userIdentity.sessionContext.attributes.mfaAuthenticated: \"true\" }]\n- id: b\n  severity: low\n  events: [\"signin:ConsoleLogin\"]\n  when: [{ userIdentity.type: IAMUser, additionalEventData.MFAUsed: { any-case: \"No\" } }, { userIdentity.type: IAMUser, additionalEventData.LoginTo: \"*\" }]\n- id: c\n  severity: high\n  events: [\"sso:*\"]\n  when: { additionalEventData.somethingNew: x }",
    ),
    (
        "fields that hold fields",
        "W0724",
        "- { id: succeeded, events: [\"iam:AttachRolePolicy\"], when: { responseElements: { exists: true } } }\n- { id: refused, severity: low, events: [\"iam:AttachRolePolicy\"], when: { responseElements: { exists: false } } }\n- { id: by-session, severity: high, events: [\"iam:CreateUser\"], when: { userIdentity.sessionContext: { exists: true } } }\n- { id: not-by-roles, severity: low, events: [\"iam:DeleteUser\"], unless: { userIdentity.sessionContext.sessionIssuer: { exists: true } } }\n- { id: alice, severity: info, events: [\"iam:DeleteGroup\"], when: { userIdentity: \"*alice*\", tlsDetails: TLSv1.2, resources: \"*:role/Admin\" } }\n- { id: ports, severity: info, events: [\"ec2:AuthorizeSecurityGroupIngress\"], when: { requestParameters.ipPermissions: \"*0.0.0.0/0*\", requestParameters.policyDocument: { exists: true } } }\n- { id: below, severity: critical, events: [\"iam:PutRolePolicy\"], when: { requestParameters.policyDocument.Statement.Effect: Allow, userIdentity.arn.account: x } }\n- id: raw\n  severity: critical\n  pattern: { source: [aws.iam], detail: { eventName: [DeleteRole], responseElements: [\"*\"], userIdentity: [{ anything-but: x }], requestParameters: [{ exists: true }] } }",
        "- { id: succeeded, events: [\"iam:AttachRolePolicy\"], when: { errorCode: { exists: false } } }\n- { id: by-session, severity: high, events: [\"iam:CreateUser\"], when: { userIdentity.sessionContext.sessionIssuer.arn: { exists: true } } }\n- { id: not-by-roles, severity: low, events: [\"iam:DeleteUser\"], unless: { userIdentity.sessionContext.sessionIssuer.arn: { exists: true } } }\n- { id: alice, severity: info, events: [\"iam:DeleteGroup\"], when: { userIdentity.arn: \"*alice*\", tlsDetails.tlsVersion: TLSv1.2, resources.ARN: \"*:role/Admin\" } }\n- { id: ports, severity: info, events: [\"ec2:AuthorizeSecurityGroupIngress\"], when: { requestParameters.ipPermissions.items.ipRanges.items.cidrIp: \"0.0.0.0/0\" } }\n- { id: below, severity: critical, events: [\"iam:PutRolePolicy\"], when: { requestParameters.policyDocument: \"*Allow*\" } }\n- { id: nothing, severity: low, events: [\"iam:CreateRole\"], when: { responseElements: null } }\n- { id: unknown, severity: low, events: [\"glue:CreateJob\"], when: { requestParameters.command: { exists: true }, serviceEventDetails: { exists: true } } }\n- id: raw\n  severity: critical\n  pattern: { source: [aws.iam], detail: { eventName: [DeleteRole], responseElements: [null], requestParameters: { roleName: [{ exists: true }] } } }",
    ),
    (
        "names of events in conditions",
        "W0710",
        "- { id: a, events: [\"iam:*\"], when: { eventName: [CreateUser, DeleteUserr] } }\n- { id: b, severity: high, events: [\"iam:*\", \"sts:*\"], when: { eventName: [RunInstances, CreateRole] } }\n- { id: c, severity: info, events: [\"s3:*\"], unless: { eventName: [GetObject, GetOjectAcl] } }\n- { id: d, severity: low, events: [\"kms:*\"], when: { eventName: { not: [Decrypt, Encript, \"Gnerate*\"] } } }\n- { id: e, severity: low, events: [\"lambda:*\"], unless: { eventName: Invok } }\n- id: raw\n  pattern: { source: [aws.s3], detail-type: [\"AWS API Call via CloudTrail\"], detail: { eventName: [{ anything-but: [GetObject, GetOjectAcl] }, { anything-but: { prefix: Lst } }] } }",
        "- { id: a, events: [\"iam:*\"], when: { eventName: [CreateUser, DeleteUser] } }\n- { id: b, severity: high, events: [\"iam:*\", \"sts:*\"], when: { eventName: [AssumeRole, CreateRole] } }\n- { id: c, severity: info, events: [\"s3:*\"], unless: { eventName: [GetObject, GetObjectAcl] } }\n- { id: d, severity: low, events: [\"kms:*\"], when: { eventName: { not: [Decrypt, Encrypt, \"Generate*\"] } } }\n- { id: e, severity: low, events: [\"signin:*\"], unless: { eventName: { any-case: consolelogin } } }\n- { id: f, severity: critical, events: [\"sts:*\"], when: { eventName: { any-case: assumerole }, awsRegion: { any-case: EU-CENTRAL-1 } } }\n- id: raw\n  pattern: { source: [aws.s3], detail-type: [\"AWS API Call via CloudTrail\"], detail: { eventName: [{ anything-but: [GetObject, GetObjectAcl] }, { anything-but: { prefix: List } }] } }",
    ),
    (
        "names of events that rules cannot be about",
        "E0807",
        "- { id: a, events: [\"iam:*\"], when: { eventName: CreateUsr } }\n- { id: b, events: [\"*:DeleteRule\"], when: { eventSource: eventbridge.amazonaws.com } }\n- { id: c, events: [\"iam:*\"], when: [{ eventName: createuser }, { eventSource: cloudwatch }] }",
        "- { id: a, events: [\"iam:*\"], when: { eventName: CreateUser } }\n- { id: b, severity: high, events: [\"*:DeleteRule\"], when: { eventSource: events.amazonaws.com } }",
    ),
    (
        "events and services of other rules in conditions",
        "W0725",
        "- { id: a, events: [\"iam:CreateGroup\", \"iam:CreateRole\", \"iam:CreateUser\"], unless: { eventName: [CreateRole, DeleteRole, \"Update*\"] } }\n- { id: b, severity: high, events: [\"iam:CreateUser\", \"sts:AssumeRole\"], when: [{ eventName: CreateUser }, { eventName: [AssumeRole, GetCallerIdentity] }] }\n- { id: c, severity: low, events: [\"iam:*\", \"kms:*\"], when: { eventSource: [iam.amazonaws.com, s3.amazonaws.com] } }\n- { id: d, severity: info, events: [\"kms:DisableKey\", \"kms:EnableKey\"], when: { eventName: { not: [DisableKey, Decrypt] } } }",
        "- { id: a, events: [\"iam:CreateGroup\", \"iam:CreateRole\", \"iam:CreateUser\"], unless: { eventName: [CreateRole, \"*User\"] } }\n- { id: b, severity: high, events: [\"iam:CreateUser\", \"sts:AssumeRole*\"], when: [{ eventName: CreateUser }, { eventName: [AssumeRole, AssumeRoleWithSAML] }] }\n- { id: c, severity: low, events: [\"iam:*\", \"*:DisableKey\"], when: { eventSource: [iam.amazonaws.com, kms.amazonaws.com, \"*.amazonaws.com\"] } }",
    ),
    (
        "sources that nobody knows",
        "W0705",
        "- { id: a, events: [\"*:*\"], when: { eventSource: [secretmanager.amazonaws.com, iam.amazonaws.com] } }\n- { id: b, severity: low, events: [\"*:Delete*\"], unless: { eventSource: [xyz.amazonaws.com, \"secretmanager.*\"] } }\n- id: c\n  severity: high\n  pattern: { source: [{ prefix: aws. }], detail: { eventSource: [secretmanager.amazonaws.com] } }",
        "- { id: a, events: [\"*:*\"], when: { eventSource: [secretsmanager.amazonaws.com, iam.amazonaws.com] } }\n- { id: b, severity: low, events: [\"*:Delete*\"], unless: { eventSource: [s3.amazonaws.com, \"secretsmanager.*\"] } }\n- id: c\n  severity: high\n  pattern: { source: [{ prefix: aws. }], detail: { eventSource: [secretsmanager.amazonaws.com] } }",
    ),
    (
        "services under other names in raw patterns",
        "W0716",
        "- id: a\n  pattern: { source: [eventbridge], detail: { eventName: [DeleteRule] } }\n- id: b\n  severity: low\n  pattern: { source: [aws.eventbridge, aws.events] }\n- id: c\n  severity: high\n  pattern: { source: [eventbridge.amazonaws.com, aws.events], detail: { eventSource: [eventbridge.amazonaws.com, events.amazonaws.com] } }\n- id: d\n  severity: info\n  pattern: { source: [iam], detail: { eventName: [CreateUser] } }",
        "- id: a\n  pattern: { source: [aws.events], detail: { eventName: [DeleteRule] } }\n- id: b\n  severity: low\n  pattern: { source: [aws.cloudwatch], detail-type: [CloudWatch Alarm State Change] }\n- id: d\n  severity: info\n  pattern: { source: [com.example.iam, aws.iam], detail: { eventName: [CreateUser] } }\n- id: e\n  severity: high\n  pattern: { source: [orders], detail-type: [Order Placed] }",
    ),
    (
        "values of another kind",
        "W0716",
        "- { id: a, events: [\"iam:UpdateAccountPasswordPolicy\"], when: { requestParameters.minimumPasswordLength: \"8\" } }\n- { id: b, severity: low, events: [\"iam:*\"], when: [{ requestParameters.setAsDefault: \"true\" }, { eventVersion: 1.08 }, { recipientAccountId: { number: \"> 0\" } }] }\n- { id: c, severity: high, events: [\"iam:*\"], unless: { readOnly: \"yes\" } }\n- { id: d, severity: info, events: [\"signin:ConsoleLogin\"], when: { userIdentity.type: IAMUser, additionalEventData.MFAUsed: \"false\" } }\n- id: e\n  severity: high\n  pattern: { source: [aws.iam], detail: { eventName: [UpdateAccountPasswordPolicy], requestParameters: { minimumPasswordLength: [\"8\"], requireSymbols: [\"false\"] }, eventVersion: [{ numeric: [\">\", 1] }] } }",
        "- { id: a, events: [\"iam:UpdateAccountPasswordPolicy\"], when: { requestParameters.minimumPasswordLength: { number: \"< 14\" } } }\n- { id: b, severity: low, events: [\"iam:*\"], when: [{ requestParameters.setAsDefault: [true, \"true\"] }, { eventVersion: \"1.08\" }, { requestParameters.somethingNew: \"8\" }, { sessionCredentialFromConsole: true }] }\n- { id: c, severity: high, events: [\"iam:*\"], unless: { readOnly: true } }\n- { id: d, severity: info, events: [\"*:*\"], when: { requestParameters.minimumPasswordLength: \"8\" } }\n- id: e\n  severity: critical\n  pattern: { source: [aws.iam], detail: { eventName: [UpdateAccountPasswordPolicy], requestParameters: { minimumPasswordLength: [8], requireSymbols: [false, \"false\"] } } }",
    ),
    (
        "Regions that nobody knows",
        "W0726",
        "home: { region: us-east-9 }\nwatch: { regions: [eu-central-1, ap-southeast-12] }\nrules:\n- { id: a, events: [\"ec2:*\"], when: { awsRegion: [eu-centrl-1, Frankfurt, \"us-*\"] } }\n- { id: b, severity: low, events: [\"ec2:*\"], unless: { awsRegion: us-east1 } }\n- { id: c, severity: high, events: [\"ec2:*\"], when: { awsRegion: { not: [us-east-1, us-esat-1] } } }\n- id: d\n  severity: info\n  pattern: { source: [aws.ec2], region: [eu-wst-1], detail: { awsRegion: [{ prefix: eu-wst }] } }",
        "home: { region: us-east-1 }\nwatch: { regions: [eu-central-1, ap-southeast-7] }\nrules:\n- { id: a, events: [\"ec2:*\"], when: { awsRegion: [eu-central-1, \"us-*\", us-gov-west-1, us-iso-east-1] } }\n- id: d\n  severity: info\n  pattern: { source: [aws.ec2], region: [eu-central-1], detail: { awsRegion: [{ prefix: eu-central }] } }",
    ),
    (
        "a Region in another case",
        "E0807",
        "- { id: a, events: [\"ec2:*\"], when: { awsRegion: EU-Central-1 } }",
        "- { id: a, events: [\"ec2:*\"], when: { awsRegion: eu-central-1 } }",
    ),
    (
        "services that never confirm",
        "W0727",
        "channels:\n  a: { https: \"https://hooks.slack.com/services/T0/B0/x\" }\n  b: { https: \"https://acme.webhook.office.com/webhookb2/x\", format: json }\n  c: { https: \"https://prod-01.westeurope.logic.azure.com:443/workflows/x?sig=y\" }\n  d: { https: \"https://events.pagerduty.com/v2/enqueue\" }\n  e: { https: \"https://events.eu.pagerduty.com/integration/0123/enqueue\" }\n  f: { https: \"https://chat.googleapis.com/v1/spaces/x/messages\" }\n  g: { https: \"https://Discord.com/api/webhooks/1/x\" }\n  h: { https: \"https://x.environment.api.powerplatform.com/powerautomate\" }\nnotify: { critical: [a, b, c, d], default: [e, f, g, h] }",
        "channels:\n  a: { https: \"https://alerts.example.com/sns\" }\n  b: { https: \"https://hooks.slack.com.example.org/x\" }\n  c: { https: \"https://events.pagerduty.com/x-ere/0123\" }\n  d: { email: soc@example.slack.com }\n  e: { https: \"https://notslack.com/x\" }\nnotify: { default: [a, b, c, d, e] }",
    ),
    (
        "channels with one address",
        "W0728",
        "home: { region: us-east-1, account: \"111122223333\" }\nchannels:\n  mail: { email: security@example.com }\n  soc: { email: Security@Example.COM }\n  hook: { https: \"https://alerts.example.com/sns\" }\n  hook-again: { https: \"https://Alerts.example.com:443/sns/\", format: json }\n  queue: { sqs: alerts }\n  siem: { sqs: \"arn:aws:sqs:us-east-1:111122223333:alerts\" }\n  code: { lambda: \"arn:aws:lambda:us-east-1:111122223333:function:respond\" }\n  latest: { lambda: \"arn:aws:lambda:us-east-1:111122223333:function:respond:$LATEST\" }\n  topic: { sns: \"arn:aws:sns:us-east-1:111122223333:security\" }\n  topic-too: { sns: \"arn:aws:sns:us-east-1:111122223333:security\", format: json }\nnotify: { critical: [mail, soc, hook, queue, code], high: [topic], medium: [topic-too], default: [mail, hook-again, siem, latest] }",
        "home: { region: us-east-1, account: \"111122223333\" }\nchannels:\n  mail: { email: security@example.com }\n  soc: { email: security+soc@example.com }\n  hook: { https: \"https://alerts.example.com/sns\" }\n  hook-too: { https: \"https://alerts.example.com/sns?team=b\" }\n  queue: { sqs: alerts }\n  siem: { sqs: \"arn:aws:sqs:eu-west-1:111122223333:alerts\" }\n  phone: { sms: \"+4915112345678\" }\n  phone-too: { sms: \"+4915112345679\" }\n  topic: { sns: \"arn:aws:sns:us-east-1:111122223333:security\" }\n  topic-too: { sns: \"arn:aws:sns:us-east-1:111122223333:security-2\" }\nnotify: { critical: [mail, soc, hook, hook-too], high: [topic, topic-too], default: [queue, siem, phone, phone-too] }",
    ),
    (
        "exceptions that an attacker can meet",
        "W0729",
        "home: { region: eu-central-1, account: \"222233334444\" }\nrules:\n- id: a\n  events: [\"iam:*\"]\n  unless:\n    - { userIdentity.sessionContext.sessionIssuer.userName: deployer }\n    - { userAgent: \"*terraform*\" }\n    - { sourceIPAddress: \"AWS Internal\" }\n    - { sourceIPAddress: \"198.51.100.*\" }\n    - { userIdentity.invokedBy: { suffix: .amazonaws.com } }\n    - { userIdentity.arn: \"arn:aws:iam::*:user/scanner\" }\n    - { userIdentity.arn: \"*:assumed-role/deployer/*\" }\n    - { userIdentity.arn: \"arn:aws:sts::222233334444:assumed-role/Admin/*alice*\" }\n    - { userIdentity.sessionContext.sessionIssuer.arn: \"*:role/aws-reserved/sso.amazonaws.com/*\" }\n    - { requestParameters.roleName: \"tmp-*\" }\n    - { errorCode: \"*\" }\n    - { userIdentity.principalId: \"*:ci\" }\n    - { userIdentity.userName: \"*bot\" }\n    - { tlsDetails.clientProvidedHostHeader: iam.example.com }\n- id: b\n  severity: high\n  events: [\"kms:*\"]\n  unless:\n    - { userIdentity.invokedBy: config.amazonaws.com }\n    - { userIdentity.sessionContext.sessionIssuer.arn: [\"arn:aws:iam::222233334444:role/ci\", \"*:role/scanner*\"], userAgent: x }\n    - { userIdentity.arn: \"*scanner*\" }\n- id: not\n  severity: low\n  events: [\"iam:*\"]\n  when: { userAgent: { not: \"*terraform*\" }, userIdentity.arn: [{ not: \"arn:aws:iam::*:user/scanner\" }, { exists: false }] }\n- id: raw\n  severity: info\n  pattern: { source: [aws.iam], detail: { eventName: [CreateUser], userAgent: [{ anything-but: { wildcard: \"*terraform*\" } }], userIdentity: { arn: [{ anything-but: { wildcard: \"*:user/scanner*\" } }, { exists: false }], invokedBy: [{ anything-but: config.amazonaws.com }, { exists: false }] } } }",
        "home: { region: eu-central-1, account: \"222233334444\" }\nrules:\n- id: a\n  events: [\"iam:*\"]\n  unless:\n    - { userIdentity.arn: \"arn:aws:sts::222233334444:assumed-role/deployer/*\" }\n    - { sourceIPAddress: { cidr: 198.51.100.0/24 } }\n    - { userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::222233334444:role/aws-reserved/sso.amazonaws.com/*\" }\n    - { userIdentity.principalId: \"AROACKCEVSQ6C2EXAMPLE:*\" }\n    - { requestParameters.policyArn: \"arn:aws:iam::aws:policy/ReadOnlyAccess\" }\n    - { userAgent: \"*terraform*\", userIdentity.arn: \"arn:aws:iam::222233334444:user/builder\" }\n- id: b\n  severity: high\n  events: [\"kms:*\"]\n  unless:\n    - { userIdentity.invokedBy: config.amazonaws.com, userIdentity.sessionContext.sessionIssuer.arn: \"arn:aws:iam::222233334444:role/aws-service-role/config.amazonaws.com/*\" }\n    - { userIdentity.sessionContext.sessionIssuer.userName: deployer, userIdentity.accountId: \"222233334444\" }\n- id: c\n  severity: critical\n  events: [\"s3:*\"]\n  unless:\n    - { userIdentity.type: AWSService, userIdentity.invokedBy: config.amazonaws.com }\n    - { eventName: CreateBucket, userIdentity.type: IAMUser }\n- id: not\n  severity: low\n  events: [\"iam:*\"]\n  when: { eventType: { not: AwsServiceEvent }, userIdentity.sessionContext.sessionIssuer.arn: [{ not: \"arn:aws:iam::*:role/aws-service-role/x.amazonaws.com/X\" }, \"arn:aws:iam::*:role/*:role/*\", { exists: false }] }\n- id: raw\n  severity: info\n  pattern: { source: [aws.iam], detail: { eventName: [{ anything-but: GetUser }], userIdentity: { arn: [{ anything-but: \"arn:aws:iam::222233334444:user/scanner\" }, { exists: false }] } } }",
    ),
    (
        "what rules accept, in vain",
        "W0730",
        "- id: a\n  events: [\"iam:*\"]\n  accept: { W0729: nobody remembers }\n- id: b\n  severity: low\n  events: [\"iam:CreateUser\"]\n  unless: { userAgent: x }\n  accept: { W0729: a test, W0716: in vain }",
        "- id: a\n  events: [\"iam:*\"]\n  unless: { userAgent: x }\n  accept: { W0729: \"a test: nobody relies on it\" }\n- id: b\n  severity: low\n  events: [\"iam:Create*\"]\n  when: { readOnly: true }\n  accept: { W0801: it waits for a correction }\n- id: c\n  enabled: false\n  events: [\"iam:CreateUser\"]\n  accept: { W0802: not while it is off }\n- id: d\n  severity: high\n  accept: { W0729: the pattern is of others, W0717: this too }\n  pattern: { source: [aws.iam], detail: { eventName: [DeleteUser], userIdentity: { userName: [{ anything-but: x }] } } }",
    ),
];

/// What the compiler refuses: what it shows, the code, and the rule.
const REFUSED: &[(&str, &str, &str)] = &[
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

/// Many rules, each with one event.
fn rules(count: usize, name: impl Fn(usize) -> String) -> String {
    let rule = |n| {
        format!(
            "- {{ id: a{n}, severity: {}, events: [\"{}\"], when: {{ requestParameters.userName: u{n} }} }}\n",
            "low",
            name(n)
        )
    };
    (0..count).map(rule).collect()
}

#[test]
fn every_lint_fires_where_it_should_and_nowhere_else() {
    let mut text = String::new();
    let mut add = |name: &str, answer: &str| {
        let _ = write!(text, "{:=<80}\n\n{answer}\n", format!("== {name} "));
    };
    let wildcards = |count| rules(count, |_| "iam:*User*".to_owned());
    let long = |count: usize| {
        let names: Vec<String> = (0..count)
            .map(|n| format!("user-{n:04}-of-the-batch"))
            .collect();
        format!(
            "- id: a\n  pattern: {{ source: [aws.iam], detail: {{ eventName: [CreateUser], requestParameters: {{ userName: [{}] }} }} }}",
            names.join(", ")
        )
    };
    let made = [
        (
            "few wildcards are left",
            "W0807",
            wildcards(25),
            wildcards(24),
        ),
        ("too many wildcards", "E0806", wildcards(31), wildcards(24)),
        (
            "too many rules",
            "E0806",
            rules(301, |_| "iam:CreateUser".to_owned()),
            rules(240, |_| "iam:CreateUser".to_owned()),
        ),
        (
            "a raw pattern that may not grow much",
            "W0807",
            long(64),
            long(50),
        ),
    ];
    let listed = LINTS
        .iter()
        .map(|(name, code, bad, good)| (*name, *code, (*bad).to_owned(), (*good).to_owned()));
    let mut missing: Vec<&str> = Vec::new();
    for (name, code, bad, good) in listed.chain(made) {
        let found = checked(&bad);
        if !codes_of(&found).contains(&code) {
            missing.push(name);
        }
        add(name, &shown(&found));
        let found = checked(&good);
        if !found.diagnostics.is_empty() {
            missing.push(name);
            add(&format!("{name}, SILENT"), &shown(&found));
        }
    }
    let arns: Vec<String> = (0..50)
        .map(|n| format!("\"arn:aws:iam::111122223333:user/robots/robot-{n}\""))
        .collect();
    let long = format!(
        "- id: a\n  events: [\"iam:CreateUser\"]\n  unless: {{ userIdentity.arn: [{}] }}",
        arns.join(", ")
    );
    let refused = REFUSED
        .iter()
        .map(|(name, code, bad)| (*name, *code, (*bad).to_owned()));
    for (name, code, bad) in refused.chain([("too many exceptions", "E0802", long)]) {
        let found = checked(&bad);
        if !codes_of(&found).contains(&code) {
            missing.push(name);
        }
        add(name, &shown(&found));
    }
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/check/lints.snap.txt");
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&kept, &text).unwrap();
    }
    assert_eq!(missing, Vec::<&str>::new(), "{text}");
    for code in check::codes() {
        let of_lints = code.id >= "W0710"
            || code.id.starts_with("E08")
            || ["W0704", "W0705"].contains(&code.id);
        assert!(
            !of_lints || text.contains(&format!("[{}]: ", code.id)),
            "no case shows {}: {}",
            code.id,
            code.explanation
        );
    }
    let kept = std::fs::read_to_string(&kept).unwrap_or_default();
    for (now, then) in text.lines().zip(kept.lines()) {
        assert_eq!(
            now, then,
            "run the tests with {BLESS}=1 and look at what changed in lints.snap.txt"
        );
    }
    assert_eq!(text.lines().count(), kept.lines().count());
}
