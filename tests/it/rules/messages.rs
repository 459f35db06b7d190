//! What every mistake is answered with. The answers stand in `messages.snap.txt`, to be read as a whole.

use iamwatch::check;
use std::fmt::Write;
use std::path::Path;

use iamwatch::check::Loaded;
use iamwatch::diagnostic::MAX_DIAGNOSTICS;
use iamwatch::render::diagnostic::render;

use crate::snapshot::is_as_kept;

/// Before the rules.
const HEAD: &str = "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\n";

/// Mistakes in whole files: what they show, and the file.
const FILES: &[(&str, &str)] = &[
    ("an empty file", "# nothing yet\n"),
    ("no map", "- version: 1\n"),
    ("nothing that is needed", "rules: []\n"),
    ("not YAML", "version: 1\nname: \"acme\nhome: {}\n"),
    ("a tab", "version: 1\nhome:\n\tregion: us-east-1\n"),
    (
        "a variable in braces",
        "version: 1\nname: acme\nchannels:\n  mail: { email: ${ALERT_MAIL} }\n",
    ),
    (
        "variables where values stand",
        "version: 1\nname: acme\nhome:\n  region: ${REGION}\nchannels:\n  mail:\n    email: ${ALERT_MAIL}\n",
    ),
    ("two documents", "version: 1\n---\nversion: 1\n"),
    ("a directive", "%YAML 1.2\n---\nversion: 1\n"),
    (
        "anchors, aliases, merge keys, tags",
        "version: 1\nname: !!str acme\nhome: &home { region: us-east-1 }\nchannels:\n  a: &a { email: a@example.com }\n  b: *a\n  c: { <<: *home, email: c@example.com }\n",
    ),
    (
        "another version and another name",
        "version: 2\nname: Acme Corp\nhome: { region: Frankfurt, account: \"1111\" }\nchannels: { mail: { email: a@example.com } }\n",
    ),
    (
        "an account id without quotes",
        "version: \"1\"\nname: acme\nhome: { region: us-east-1, account: 012345678901 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\n",
    ),
    (
        "unknown and doubled keys",
        "version: 1\nname: acme\nhome: { region: us-east-1, acount: \"111122223333\" }\nchanels: {}\nchannels: { mail: { email: a@example.com, email: b@example.com }, mail: { email: a@example.com } }\nnotify: { defualt: [mail] }\nname: acme\n",
    ),
    (
        "what is not yet supported",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nwatch: { regions: all }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n  - use: root/activity\n    where: { accounts: [\"111122223333\"] }\n",
    ),
    (
        "services and their secrets",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\ndelivery: dispatcher\nchannels:\n  mail: { email: a@example.com }\n  a: { slack: { channel: \"#alerts\", token: xoxb-0000 } }\n  b: { slack: { channel: \"${env:CHANNEL}\", token: \"${env:TOKEN}\" }, format: json }\n  c: { webhook: { url: \"https://example.com/x\" } }\nnotify: { default: [mail, a, b, c] }\n",
    ),
    (
        "what only the dispatcher does",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nzone: Europe/Berlin\nfallback: mail\naccounts: { names: { \"111122223333\": prod } }\nchannels:\n  mail: { email: a@example.com }\n  soc: { slack: { channel: C0123456789, token: \"${env:TOKEN}\" } }\nnotify: { default: [mail, soc] }\nrules:\n  - use: root/activity\n    runbook: https://wiki.example.com/root\n    headline: \"{who} was root\"\n",
    ),
    (
        "a zone, a fallback and words that cannot be",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\ndelivery: dispatcher\nzone: Berlin\nfallback: siem\nchannels:\n  mail: { email: a@example.com }\n  siem: { sqs: alerts, format: json }\nnotify: { default: [mail, siem] }\nrules:\n  - use: root/activity\n    runbook: wiki.example.com/root\n    headline: \"root {who} did {a..b}\"\n",
    ),
    (
        "nobody to fall back on",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\ndelivery: dispatcher\nchannels: { soc: { slack: { channel: C0123456789, token: \"${env:TOKEN}\" } } }\nnotify: { default: [soc] }\n",
    ),
    (
        "an organization",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nwatch:\n  organization:\n    member_role: arn:aws:iam::111122223333:role/Admin\n    include: {}\n    exclude: { accounts: [\"1111\"], ous: [Workloads], regions: [us-east-1] }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\n",
    ),
    (
        "Regions, trails and keys",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nwatch: { regions: [us-east-1, eu-centrl-1, nowhere, us-east-1] }\ntrail: maybe\ntopics: { kms_key: alias/mine }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\n",
    ),
    (
        "a trail and a bucket that AWS would not take",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nwatch: { regions: every }\ntrail: { name: my trail, bucket: s3://Logs, kms_key: \"arn:aws:s3:::logs\", logs: yes }\ntopics: { kms_key: \"arn:aws:kms:us-east-1:111122223333:alias/a\" }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\n",
    ),
    (
        "data events that are recorded already",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\ntrail:\n  data_events:\n    - \"arn:aws:s3:::secrets/\"\n    - \"arn:aws:s3:::secrets\"\n    - AWS::SNS::Topic\n    - \"arn:aws:sns:us-east-1:111122223333:t\"\n    - AWS::SNS::Topic\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules: [{ use: root/activity }]\n",
    ),
    (
        "a key of the topics elsewhere",
        "version: 1\nname: acme\nhome: { region: eu-central-1, account: \"111122223333\" }\ntopics: { kms_key: \"arn:aws:kms:us-east-1:111122223333:key/a\" }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\n",
    ),
    (
        "more channels than a rule has targets",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { a: { email: a@example.com }, b: { email: b@example.com }, c: { email: c@example.com }, d: { email: d@example.com }, e: { email: e@example.com }, f: { email: f@example.com } }\nnotify: { default: [a, b, c, d, e, f] }\nrules:\n  - use: root/activity\n  - { id: own, events: [\"iam:CreateUser\"], channels: [a, b, c, d, e, f] }\n",
    ),
    (
        "boundaries that are no names of policies",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nroles: { boundary: \"arn:aws:iam::111122223333:policy/b\", path: /x/ }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n  - use: root/activity\n",
    ),
    (
        "YAML's words as names",
        "version: 1\nname: on\nhome: { region: us-east-1 }\nchannels: { no: { email: a@example.com }, 12: { email: a@example.com }, \"Night Phone\": { sms: +491511234567 } }\nnotify: { default: [no] }\ntest_events: yes\n",
    ),
    (
        "channels of no kind, of two, of one unknown",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels:\n  a: { format: json }\n  b: { email: a@example.com, sms: \"+491511234567\" }\n  c: { mail: a@example.com }\n  d: {}\n  e:\n  f: security@example.com\n  g: { email: a@example.com, format: xml }\n",
    ),
    (
        "addresses",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels:\n  a: { email: security }\n  b: { sms: \"0151 1234567\" }\n  c: { https: \"http://example.com\" }\n  d: { sqs: \"https://sqs.us-east-1.amazonaws.com/111122223333/q\" }\n  e: { sqs: \"arn:aws:sns:us-east-1:111122223333:t\" }\n  f: { lambda: respond }\n  g: { sqs: queue.fifo }\n  h: { email: [a@example.com] }\n",
    ),
    (
        "topics that no rule at home can publish to",
        "version: 1\nname: acme\nhome: { region: us-east-1, account: \"111122223333\" }\nchannels:\n  a: { sns: \"arn:aws:sns:us-east-1:111122223333:t.fifo\" }\n  b: { sns: \"arn:aws:sns:us-east-1:111122223333:t:6b0e71bd-7e97-4d97-80ce-4a0994e55286\" }\n  c: { sns: \"arn:aws:sns:eu-west-1:111122223333:t\" }\n  d: { sns: \"arn:aws:sns:us-east-1:444455556666:t\" }\n  e: { sns: \"arn:aws:sqs:us-east-1:111122223333:t\" }\n  f: { sns: security, format: json }\n  g: arn:aws:sns:us-east-1:111122223333:t\n",
    ),
    (
        "channels, but none",
        "version: 1\nname: acme\nhome:\nchannels: {}\ninclude: rules.yaml\n",
    ),
    (
        "channels that do not exist, that nothing uses",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { security-mail: { email: a@example.com }, phone: { sms: \"+491511234567\" } }\nnotify: { critical: [securty-mail] }\nrules:\n  - { use: root/sign-in, channels: [pager] }\n",
    ),
    (
        "an unused channel, a rule of one's own in the catalogue's clothes",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com }, phone: { sms: \"+491511234567\" } }\nnotify: { default: [mail] }\nrules:\n  - { id: root/activity, events: [\"iam:*\"] }\n",
    ),
    (
        "nobody hears",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { high: [mail] }\nrules:\n  - use: root/sign-in\n  - { use: signin/success, enabled: false }\n",
    ),
    (
        "no rules",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n",
    ),
    (
        "an include in a bare text",
        "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\ninclude: [rules/*.yaml]\n",
    ),
];

/// Mistakes in rules: what they show, and the list of rules.
const RULES: &[(&str, &str)] = &[
    (
        "a rule without a channel",
        "- { id: a, events: [\"iam:CreateUser\"], channels: [] }\n",
    ),
    (
        "raw patterns that can match nothing",
        "- id: a\n  pattern: { source: [aws.iam], eventName: [CreateUser] }\n- id: b\n  pattern: { source: [aws.iam], detail: { eventName: [\"Create*\"] } }\n- id: c\n  pattern: { detail: { source: [aws.iam], eventName: [CreateUser] } }\n",
    ),
    (
        "the watch over the alerting, alone",
        "- use: pipeline/tamper",
    ),
    (
        "the watches over the alerting on one channel",
        "- use: pack/pipeline",
    ),
    (
        "an unknown rule",
        "- use: root/activty\n- use: pack/aws\n- use: zzz\n- use: 5\n",
    ),
    (
        "`except`",
        "- use: pack/aws-blog\n  except: [iam/any-cal]\n  title: IAM\n- use: root/activity\n  except: [iam/changes]\n",
    ),
    (
        "neither `use` nor `id`, both, the other's keys",
        "- title: x\n- { use: root/activity, id: x }\n- { use: root/activity, events: [\"iam:*\"] }\n- { id: x, except: [y], events: [\"iam:*\"] }\n- root/activity\n- {}\n",
    ),
    ("no list", "use: root/activity\n"),
    (
        "the same id twice",
        "- use: root/activity\n- use: root/activity\n- { id: mine, events: [\"iam:*\"] }\n- { id: mine, events: [\"sts:*\"] }\n",
    ),
    (
        "ids and titles",
        "- { id: Admin Policy, title: \"two\\nlines\", events: [\"iam:*\"] }\n- { id: a, title: \"This title goes on and on and on, far beyond what anybody reads on a phone in the middle of the night, and then goes on\", events: [\"iam:*\"] }\n- { id: b, title: \"\", severity: urgent, enabled: no, events: [\"iam:*\"] }\n- { id: c, apart: perhaps, events: [\"iam:*\"] }\n- { use: root/sign-in, apart: \"true\" }\n",
    ),
    (
        "what fires a rule",
        "- { id: a }\n- { id: b, events: [\"iam:*\"], pattern: { source: [aws.iam] } }\n- { id: c, events: [], when: { errorCode: x } }\n- { id: d, pattern: { source: [aws.iam] }, when: { errorCode: x } }\n",
    ),
    (
        "events",
        "- id: a\n  events: [CreateUser, iam, iam.amazonaws.com, \"iam:\", \"iam: CreateUser\", iam: CreateUser, \"i*:CreateUser\", IAM:CreateUser, \"iam:Create User\", 7]\n- { id: b, events: \"iam:*\" }\n",
    ),
    (
        "services under other names",
        "- id: a\n  events: [iam.amazonaws.com:CreateUser, aws.iam:CreateUser, cloudwatch:DeleteAlarms, \"secretmanager:*\"]\n- id: b\n  events: [\"secretmanager:*\"]\n",
    ),
    ("`*` without quotes", "- { id: a, events: [*] }\n"),
    (
        "`*` without quotes before text",
        "- id: a\n  events: [\"iam:*\"]\n  when: { requestParameters.policyArn: *:policy/AdministratorAccess }\n",
    ),
    (
        "paths",
        "- id: a\n  events: [\"iam:*\"]\n  when:\n    detail.userIdentity.arn: x\n    userIdentity..arn: x\n    resources[0].ARN: x\n    $or: x\n    ? [a]\n    : x\n",
    ),
    (
        "fields under other names",
        "- id: a\n  events: [\"iam:*\"]\n  when: { userIdentiy.type: Root, region: us-east-1 }\n",
    ),
    (
        "one field inside another",
        "- id: a\n  events: [\"iam:*\"]\n  when:\n    userIdentity.arn: x\n    userIdentity: { exists: true }\n    errorCode: x\n    errorCode: z\n",
    ),
    (
        "values",
        "- id: a\n  events: [\"iam:*\"]\n  when:\n    - requestParameters.a: 111122223333\n    - requestParameters.b: yes\n    - requestParameters.c:\n    - requestParameters.d: []\n    - requestParameters.e: [[x]]\n    - requestParameters.f: 5000000001\n    - requestParameters.g: \"C:\\\\Users\"\n    - x\n  unless: {}\n",
    ),
    (
        "operators",
        "- id: a\n  events: [\"iam:*\"]\n  when:\n    - requestParameters.a: { prefx: x }\n    - requestParameters.b: { prefix: x, suffix: y }\n    - requestParameters.c: { not: { not: x } }\n    - requestParameters.d: { not: { exists: true } }\n    - requestParameters.e: { any-case: \"a*b\" }\n    - requestParameters.f: { exists: maybe }\n    - requestParameters.g: { prefix: 5 }\n    - requestParameters.h: {}\n    - requestParameters.i: { not: [] }\n",
    ),
    (
        "numbers and blocks of addresses",
        "- id: a\n  events: [\"iam:*\"]\n  when:\n    - requestParameters.a: { number: \"more than 3\" }\n    - requestParameters.b: { number: \"> 5 and < 3\" }\n    - requestParameters.c: { number: \"> 1 and > 2\" }\n    - requestParameters.d: { number: 9999999999 }\n    - requestParameters.e: { cidr: 10.0.0.0/33 }\n    - requestParameters.f: { cidr: 10.1.2.3 }\n",
    ),
    (
        "patterns",
        "- { id: a, pattern: { detail: { eventName: [x] } } }\n- { id: b, pattern: { source: aws.iam } }\n- { id: c, pattern: \"{\\\"source\\\": [\" }\n- { id: d, pattern: [x] }\n- { id: e, pattern: \"[]\" }\n- { id: f, pattern: { source: [a], account: [111122223333], source: [b] } }\n- { id: g, pattern: { source: [aws.iam], detail: { $or: [{ eventName: CreateUser }, { userIdentity: { type: [Root], invokedBy: null } }] } } }\n- { id: h, pattern: '{ \"source\": [\"aws.iam\"], \"detail\": { \"eventName\": \"x\" } }' }\n",
    ),
    (
        "conditions on what the catalogue asks already",
        "- use: root/activity\n  when: { userIdentity.type: Root }\n- use: root/sign-in\n  when: { userIdentity: { exists: true } }\n- use: signin/no-mfa\n  when: { userIdentity.type.x: z }\n",
    ),
    (
        "tests of a wrong form",
        "- id: a\n  events: [\"iam:*\"]\n  tests:\n    - { name: x, like: CreateUser, expect: yes }\n    - { name: x, like: \"iam:CreateUser\", expect: fire, with: 5 }\n    - { like: \"iam:Create*\", as: admin, wiht: {}, expect: match }\n    - iam:CreateUser\n- { id: b, events: [\"iam:*\"], tests: [] }\n",
    ),
    (
        "tests about no event, about two, about many",
        "- id: a\n  events: [\"iam:*\"]\n  tests:\n    - { name: x, expect: match }\n    - { name: x, like: \"iam:CreateUser\", event: { a: 1 }, expect: match }\n    - { name: x, like: \"*:*\", expect: match }\n    - { name: x, as: root, event: { eventSource: a, eventName: b }, expect: match }\n",
    ),
    (
        "changes of a test's event",
        "- id: a\n  events: [\"iam:*\"]\n  tests:\n    - name: x\n      like: \"iam:CreateUser\"\n      with: { detail.errorCode: x, \"resources[0].ARN\": x, errorCode: a, errorCode: b, recipientAccountId: 111122223333, errCode: x }\n      without: [detail, 5]\n      expect: match\n",
    ),
    (
        "events of tests that are none",
        "- id: a\n  events: [\"iam:*\"]\n  tests:\n    - { name: x, event: { a: 1 }, expect: match }\n    - { name: x, event: \"{\\\"a\\\": \", expect: match }\n    - { name: x, event: [], expect: match }\n    - { name: x, event: { Records: [{ eventSource: a, eventName: b }, { eventSource: a, eventName: c }] }, expect: match }\n    - { name: x, event: { eventSource: a, eventName: b, recipientAccountId: 012345678901 }, expect: match }\n    - { name: x, file: x.json, expect: match }\n",
    ),
    (
        "tests of a pack",
        "- use: pack/aws-blog\n  tests:\n    - { name: x, like: \"iam:CreateUser\", expect: match }\n",
    ),
    (
        "warnings that rules accept",
        "- { id: a, events: [\"iam:*\"], accept: W0729 }\n- { id: b, events: [\"iam:*\"], accept: { W0792: x, E0801: x, w0729: x, W0729: , nonsense: x, W0716: 5 } }\n- { id: c, events: [\"iam:*\"], accept: {} }\n- { use: root/activity, accept: [W0729] }\n- { use: root/sign-in, accept: { W0729: \"two\\nlines\", W0716: a, W0716: b } }\n",
    ),
    (
        "operators of other tools",
        "- id: a\n  events: [\"iam:*\"]\n  when:\n    - userIdentity.arn: { regex: \"^arn:aws:iam::.*:user/admin$\" }\n    - userIdentity.arn: { regex: \"[0-9]+\" }\n    - userIdentity.arn: { foo: x }\n    - sourceIPAddress: { outside: 10.0.0.0/8 }\n    - sourceIPAddress: { outside: \"2001:db8::/32\" }\n    - requestParameters.userName: { startsWith: a }\n    - requestParameters: { contains: x, policyArn: y }\n    - requestParameters.a: { not: { exists: false } }\n- { id: b, pattern: { source: [aws.iam], detail: { userAgent: { regex: \"^aws-cli\" }, sourceIPAddress: { outside: 10.0.0.0/8 } } } }\n",
    ),
    (
        "what a terminal would not show as it is",
        "- use: \"root\\e[31m/x\\u202e\"\n",
    ),
    (
        "fields inside fields",
        "- id: a\n  events: [\"iam:AttachRolePolicy\"]\n  when: { requestParameters: { policyArn: \"*:policy/AdministratorAccess\" } }\n- id: b\n  events: [\"iam:*\"]\n  unless:\n    userIdentity:\n      sessionContext: { sessionIssuer: { userName: [Deployer, { prefix: ci- }] } }\n      type: AssumedRole\n- id: c\n  events: [\"iam:*\"]\n  when: { userIdentity.arn: { prefx: \"arn:\" }, requestParameters: { exists: true } }",
    ),
    (
        "braces and other marks in events",
        "- { id: a, events: [\"iam:Attach{User,Group}Policy\"] }\n- { id: b, events: [\"iam:{Create,Delete}{User,Role}\"] }\n- { id: c, events: [\"iam:Attach{User,Group\"] }\n- { id: d, events: [\"iam:{A,B,C,D}{A,B,C,D}\"] }\n- { id: e, events: [\"iam:Create{User}\"] }",
    ),
    (
        "sources that are no list",
        "- id: a\n  pattern: { source: aws.kms, detail: { eventName: [DisableKey] } }\n- id: b\n  pattern: { source: { prefix: aws. }, detail: { eventName: [DisableKey] } }\n- id: c\n  pattern: { source: kms.amazonaws.com, detail: { eventName: [DisableKey] } }\n- id: d\n  pattern: '{ \"source\": \"aws.sts\", \"detail\": { \"eventName\": [\"AssumeRole\"] } }'",
    ),
];

fn shown(loaded: &Loaded) -> String {
    render(&loaded.sources, &loaded.diagnostics, false).to_string()
}

/// Mistakes that need files: what they show, and the answer. The folder's name is replaced.
fn on_disk() -> Vec<(&'static str, String)> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("sub")).unwrap();
    std::fs::create_dir(at("sub/deep")).unwrap();
    std::fs::write(at("latin1.yaml"), b"version: 1\nname: M\xfcller\n").unwrap();
    std::fs::write(at("huge.yaml"), vec![b'#'; 2_000_000]).unwrap();
    std::fs::write(
        at("sub/channels.yaml"),
        "version: 1\nchannels: {}\nrules: []\n",
    )
    .unwrap();
    std::fs::write(
        at("sub/rule.yaml"),
        "version: 1\nrules:\n  - { id: mine, events: [\"iam:*\"] }\n",
    )
    .unwrap();
    let with_include = format!(
        "{HEAD}include: [sub/*.yaml, main.yaml, missing.yaml, ../x.yaml, /etc/passwd, \"no*\", \"*/x.yaml\", sub/deep]\nrules:\n  - {{ id: mine, events: [\"sts:*\"] }}\n"
    );
    std::fs::write(at("main.yaml"), with_include).unwrap();
    std::fs::write(
        at("event.json"),
        "{ \"eventSource\": \"iam.amazonaws.com\",",
    )
    .unwrap();
    std::fs::write(at("many.json"), "{ \"Records\": [] }").unwrap();
    std::fs::write(at("latin1.json"), b"{ \"a\": \"M\xfcller\" }").unwrap();
    let files = [
        "event.json",
        "many.json",
        "latin1.json",
        "huge.yaml",
        "missing.json",
        "sub",
        "../x.json",
        "/etc/hosts",
    ];
    let tests = files.map(|file| format!("      - {{ name: x, file: {file}, expect: match }}\n"));
    let with_tests = format!(
        "{HEAD}rules:\n  - id: mine\n    events: [\"sts:*\"]\n    tests:\n{}",
        tests.concat()
    );
    std::fs::write(at("tests.yaml"), with_tests).unwrap();
    let answer = |path: &Path| {
        let text = shown(&check::load(path));
        text.replace(&folder.path().display().to_string(), "FOLDER")
    };
    vec![
        ("a missing file", answer(&at("missing.yaml"))),
        ("a folder", answer(&at("sub"))),
        ("a file that is not UTF-8", answer(&at("latin1.yaml"))),
        ("a file of 2 MB", answer(&at("huge.yaml"))),
        ("includes", answer(&at("main.yaml"))),
        ("files of tests", answer(&at("tests.yaml"))),
    ]
}

#[test]
fn every_mistake_is_answered_at_its_place() {
    let mut text = String::new();
    let mut add = |name: &str, answer: &str| {
        let _ = write!(text, "{:=<80}\n\n{answer}\n", format!("== {name} "));
    };
    for (name, file) in FILES {
        add(name, &shown(&check::load_text("rules.yaml", file)));
    }
    for (name, list) in RULES {
        let indented: String = list.lines().map(|line| format!("  {line}\n")).collect();
        let file = format!("{HEAD}rules:\n{indented}");
        add(name, &shown(&check::load_text("rules.yaml", &file)));
    }
    for (name, answer) in on_disk() {
        add(name, &answer);
    }
    let deep = format!("version: {}", "[".repeat(100_000));
    add(
        "deep nesting",
        &shown(&check::load_text("rules.yaml", &deep)),
    );

    let many = format!("{HEAD}rules: [{}]", "x,".repeat(MAX_DIAGNOSTICS + 1));
    let many = shown(&check::load_text("rules.yaml", &many));
    let last = many.rfind("error[").map_or("", |at| &many[at..]);
    add("more mistakes than are worth showing, the last line", last);

    // The others are those of lints, of the compiler, and of tests.
    let of_loading =
        |id: &str| id < "W0710" && !["E08", "E09", "E10"].iter().any(|of| id.starts_with(of));
    for code in check::codes().iter().filter(|code| of_loading(code.id)) {
        assert!(
            text.contains(&format!("[{}]: ", code.id)),
            "no case shows {}: {}",
            code.id,
            code.explanation
        );
    }
    is_as_kept("tests/it/rules/messages.snap.txt", &text);
}
