//! One record: who, what, from where, and what came of it.

use std::fmt::Write;

use super::calls::{COMMON, Form, RARE};
use super::{Dice, Scene, time};

/// Services that record their calls in one Region alone.
const GLOBAL: &[&str] = &["iam", "organizations", "account"];
const HOME: &str = "us-east-1";

const AGENTS: &[&str] = &[
    r"aws-cli/2.15.30 md/awscrt#0.19.19 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#ec2.describe-instances",
    r"Boto3/1.34.51 md/Botocore#1.34.51 ua/2.0 os/linux#5.10.209 md/arch#x86_64 lang/python#3.12.1 cfg/retry-mode#legacy Botocore/1.34.51",
    r"APN/1.0 HashiCorp/1.0 Terraform/1.7.4 (+https://www.terraform.io) terraform-provider-aws/5.39.1 aws-sdk-go-v2/1.25.2 os/linux lang/go#1.21.6",
    r"aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64 api/sts#1.30.3",
    r"[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.10.205 OpenJDK_64-Bit_Server_VM/25.372-b08 java/1.8.0_372 vendor/Oracle_Corporation]",
];
/// With escapes, as some programs send them.
const ODD_AGENTS: &[&str] = &[
    r#"Mozilla/5.0 (Windows NT 10.0; Win64; x64; \"compatible\") AppleWebKit\/537.36"#,
    r"internal \u0026 tools \\ nightly",
    r"caf\u00e9-runner\t1.0",
];
const PEOPLE: &[&str] = &["alice", "bob", "carla", "dmitri", "eve"];
const USERS: &[&str] = &["deploy-bot", "backup", "mallory", "legacy-app"];

/// Appends one record.
pub(super) fn write(text: &mut String, scene: Scene, dice: &mut Dice) {
    let rare = dice.once_in(100);
    let (service, name, form) = if rare {
        rare_call(scene, dice)
    } else {
        common_call(scene, dice)
    };
    let reads = matches!(form, Form::Read | Form::List | Form::Assume | Form::Key);
    let who = Who::cast(form, rare, dice);
    // A call in a few hundred fails; scanners fail more.
    let failed = dice.once_in(if reads { 120 } else { 40 }) && form != Form::Center;
    let failure = match (failed, form) {
        (false, _) => None,
        (true, Form::SignIn) => Some("Failed authentication"),
        (true, _) if service == "ec2" => Some("Client.UnauthorizedOperation"),
        (true, _) => Some("AccessDenied"),
    };
    let moment = time(scene.end - dice.below(600) as i64);
    text.push_str("{\"eventVersion\":\"1.09\",\"userIdentity\":");
    who.identity(text, scene, &moment, dice);
    // Nothing forbids escapes where none are needed: what looks for names in the text alone would miss this one.
    let odd = dice.once_in(4_000);
    let shown = if odd { escaped(name) } else { name.to_owned() };
    let _ = write!(
        text,
        ",\"eventTime\":\"{moment}\",\"eventSource\":\"{service}.amazonaws.com\",\"eventName\":\"{shown}\",\
         \"awsRegion\":\"{}\",\"sourceIPAddress\":\"{}\",\"userAgent\":\"{}\"",
        scene.region,
        who.address(dice),
        if dice.once_in(60) {
            dice.pick(ODD_AGENTS)
        } else {
            who.agent(dice)
        },
    );
    match failure {
        Some(error) if form == Form::SignIn => {
            let _ = write!(text, ",\"errorMessage\":\"{error}\"");
        }
        Some(error) => {
            let _ = write!(
                text,
                ",\"errorCode\":\"{error}\",\"errorMessage\":\"User: arn:aws:sts::{}:assumed-role/x is not authorized \
                 to perform: {service}:{name} because no identity-based policy allows the {service}:{name} action\"",
                scene.account
            );
        }
        None => {}
    }
    body(text, scene, (service, name, form), failure.is_some(), dice);
    let kind = match form {
        Form::SignIn => "AwsConsoleSignIn",
        Form::Center => "AwsServiceEvent",
        _ if service == "signin" => "AwsConsoleSignIn",
        _ => "AwsApiCall",
    };
    let _ = write!(
        text,
        ",\"requestID\":\"{}\",\"eventID\":\"{}\",\"readOnly\":{reads},",
        uuid(dice),
        uuid(dice)
    );
    if form == Form::Key {
        let _ = write!(
            text,
            "\"resources\":[{{\"accountId\":\"{0}\",\"type\":\"AWS::KMS::Key\",\"ARN\":\"arn:aws:kms:{1}:{0}:key/{2}\"}}],",
            scene.account,
            scene.region,
            uuid(dice)
        );
    }
    let _ = write!(
        text,
        "\"eventType\":\"{kind}\",\"managementEvent\":true,\"recipientAccountId\":\"{}\",\"eventCategory\":\"Management\"",
        scene.account
    );
    if kind == "AwsApiCall" && !matches!(who, Who::Service(_)) {
        let _ = write!(
            text,
            ",\"tlsDetails\":{{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\
             \"clientProvidedHostHeader\":\"{service}.{}.amazonaws.com\"}}",
            scene.region
        );
    }
    text.push('}');
}

fn common_call(scene: Scene, dice: &mut Dice) -> (&'static str, &'static str, Form) {
    let all: usize = COMMON.iter().map(|call| call.weight).sum();
    loop {
        let mut left = dice.below(all);
        for call in COMMON {
            if left < call.weight {
                if scene.region == HOME || !GLOBAL.contains(&call.service) {
                    return (call.service, call.name, call.form);
                }
                break;
            }
            left -= call.weight;
        }
    }
}

fn rare_call(scene: Scene, dice: &mut Dice) -> (&'static str, &'static str, Form) {
    loop {
        let mut left = dice.below(RARE.iter().map(|(_, names)| names.len()).sum());
        let Some((service, name)) = RARE.iter().find_map(|(service, names)| {
            let name = names.get(left).copied();
            left = left.saturating_sub(names.len());
            name.map(|name| (*service, name))
        }) else {
            continue;
        };
        if scene.region != HOME && GLOBAL.contains(&service) {
            continue;
        }
        let form = if name.ends_with("Policy") {
            Form::Policy
        } else if name.starts_with("Get") {
            Form::Read
        } else {
            Form::Write
        };
        return (service, name, form);
    }
}

/// The first letter of a name as an escape.
fn escaped(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map_or(0, u32::from);
    format!("\\u{first:04x}{}", letters.as_str())
}

/// Who calls.
enum Who {
    /// The role of a pipeline; its session has a number.
    Pipeline(&'static str),
    /// A person behind Identity Center.
    Person(&'static str),
    User(&'static str),
    Root,
    /// A service of AWS.
    Service(&'static str),
}

impl Who {
    fn cast(form: Form, rare: bool, dice: &mut Dice) -> Self {
        let hundred = dice.below(100);
        match form {
            Form::SignIn => match hundred {
                0..4 => Self::Root,
                4..30 => Self::User(USERS[dice.below(USERS.len())]),
                _ => Self::Person(PEOPLE[dice.skewed(PEOPLE.len())]),
            },
            Form::Center => Self::Person(PEOPLE[dice.skewed(PEOPLE.len())]),
            Form::Assume if hundred < 60 => {
                Self::Service(dice.pick(&["ec2", "lambda", "ecs-tasks"]))
            }
            _ if rare => match hundred {
                0..3 => Self::Root,
                3..40 => Self::Person(PEOPLE[dice.skewed(PEOPLE.len())]),
                40..55 => Self::User(USERS[dice.skewed(USERS.len())]),
                _ => Self::Pipeline("terraform-apply"),
            },
            _ => match hundred {
                0..45 => Self::Pipeline("security-audit"),
                45..75 => Self::Pipeline("ci-deploy"),
                75..85 => Self::Pipeline("terraform-apply"),
                85..94 => Self::User(USERS[dice.skewed(USERS.len())]),
                _ if dice.once_in(400) => Self::Root,
                _ => Self::Person(PEOPLE[dice.skewed(PEOPLE.len())]),
            },
        }
    }

    fn identity(&self, text: &mut String, scene: Scene, moment: &str, dice: &mut Dice) {
        let account = scene.account;
        let session = |text: &mut String, role: &str, path: &str, name: &str, dice: &mut Dice| {
            let id = format!("AROA{}", dice.letters(17).to_uppercase());
            let key = format!("ASIA{}", dice.letters(16).to_uppercase());
            let _ = write!(
                text,
                "{{\"type\":\"AssumedRole\",\"principalId\":\"{id}:{name}\",\"arn\":\"arn:aws:sts::{account}:assumed-role/{role}/{name}\",\
                 \"accountId\":\"{account}\",\"accessKeyId\":\"{key}\",\"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\
                 \"principalId\":\"{id}\",\"arn\":\"arn:aws:iam::{account}:role/{path}{role}\",\"accountId\":\"{account}\",\
                 \"userName\":\"{role}\"}},\"attributes\":{{\"creationDate\":\"{moment}\",\"mfaAuthenticated\":\"false\"}}}}}}"
            );
        };
        match self {
            Self::Pipeline(role) => {
                let name = if *role == "security-audit" {
                    "scan".to_owned()
                } else {
                    format!("build-{}", dice.below(900_000) + 100_000)
                };
                session(text, role, "", &name, dice);
            }
            Self::Person(person) => session(
                text,
                "AWSReservedSSO_AdministratorAccess_0a1b2c3d4e5f6071",
                "aws-reserved/sso.amazonaws.com/",
                &format!("{person}@example.com"),
                dice,
            ),
            Self::User(user) => {
                let _ = write!(
                    text,
                    "{{\"type\":\"IAMUser\",\"principalId\":\"AIDA{}\",\"arn\":\"arn:aws:iam::{account}:user/{user}\",\
                     \"accountId\":\"{account}\",\"accessKeyId\":\"AKIA{}\",\"userName\":\"{user}\"}}",
                    dice.letters(17).to_uppercase(),
                    dice.letters(16).to_uppercase()
                );
            }
            Self::Root => {
                let _ = write!(
                    text,
                    "{{\"type\":\"Root\",\"principalId\":\"{account}\",\"arn\":\"arn:aws:iam::{account}:root\",\
                     \"accountId\":\"{account}\",\"accessKeyId\":\"\",\"sessionContext\":{{\"attributes\":\
                     {{\"creationDate\":\"{moment}\",\"mfaAuthenticated\":\"true\"}}}}}}"
                );
            }
            Self::Service(service) => {
                let _ = write!(
                    text,
                    "{{\"type\":\"AWSService\",\"invokedBy\":\"{service}.amazonaws.com\"}}"
                );
            }
        }
    }

    fn address(&self, dice: &mut Dice) -> String {
        match self {
            Self::Service(service) => format!("{service}.amazonaws.com"),
            Self::Pipeline("security-audit") => "198.51.100.7".to_owned(),
            Self::Pipeline(_) => format!("203.0.113.{}", dice.below(16)),
            _ => format!("192.0.2.{}", dice.below(250)),
        }
    }

    fn agent(&self, dice: &mut Dice) -> &'static str {
        match self {
            Self::Service(service) => service,
            Self::Pipeline("security-audit") => AGENTS[1],
            _ => dice.pick(AGENTS),
        }
    }
}

/// The members that hang on the call.
fn body(
    text: &mut String,
    scene: Scene,
    (service, name, form): (&str, &str, Form),
    failed: bool,
    dice: &mut Dice,
) {
    let Scene {
        account, region, ..
    } = scene;
    let answer = |text: &mut String, members: &str| {
        let members = if failed { "null" } else { members };
        let _ = write!(text, ",\"responseElements\":{members}");
    };
    match form {
        Form::Read => {
            let _ = write!(
                text,
                ",\"requestParameters\":{{\"name\":\"{}-{}\",\"maxResults\":{}}}",
                dice.pick(&["orders", "payments", "frontend", "warehouse"]),
                dice.hex(6),
                dice.below(100)
            );
            answer(text, "null");
        }
        Form::List => {
            text.push_str(",\"requestParameters\":{\"maxResults\":1000,\"filterSet\":{\"items\":[");
            for n in 0..dice.skewed(8) {
                let comma = if n > 0 { "," } else { "" };
                let _ = write!(
                    text,
                    "{comma}{{\"name\":\"tag:Name\",\"valueSet\":{{\"items\":[{{\"value\":\"web-{}\"}},{{\"value\":\"db-{}\"}}]}}}}",
                    dice.hex(4),
                    dice.hex(4)
                );
            }
            text.push_str("]}}");
            answer(text, "null");
        }
        Form::Assume => {
            let role = dice.pick(&["ci-deploy", "terraform-apply", "app-orders", "app-payments"]);
            let _ = write!(
                text,
                ",\"requestParameters\":{{\"roleArn\":\"arn:aws:iam::{account}:role/{role}\",\"roleSessionName\":\"s-{}\",\"durationSeconds\":3600}}",
                dice.below(1_000_000)
            );
            let credentials = format!(
                "{{\"credentials\":{{\"accessKeyId\":\"ASIA{}\",\"sessionToken\":\"{}\",\"expiration\":\"Jan 6, 2026, 1:00:00 PM\"}},\
                 \"assumedRoleUser\":{{\"assumedRoleId\":\"AROA{}:s\",\"arn\":\"arn:aws:sts::{account}:assumed-role/{role}/s\"}}}}",
                dice.letters(16).to_uppercase(),
                dice.letters(400),
                dice.letters(17).to_uppercase()
            );
            answer(text, &credentials);
        }
        Form::Key => {
            let _ = write!(
                text,
                ",\"requestParameters\":{{\"encryptionContext\":{{\"aws:s3:arn\":\"arn:aws:s3:::bucket-{}\"}},\"encryptionAlgorithm\":\"SYMMETRIC_DEFAULT\"}}",
                dice.hex(5)
            );
            answer(text, "null");
        }
        Form::Policy => policy(text, account, dice),
        Form::Port => {
            let (from, cidr) = if dice.once_in(3) {
                (22, "0.0.0.0/0")
            } else {
                (443, "10.0.0.0/8")
            };
            let _ = write!(
                text,
                ",\"requestParameters\":{{\"groupId\":\"sg-{}\",\"ipPermissions\":{{\"items\":[{{\"ipProtocol\":\"tcp\",\"fromPort\":{from},\
                 \"toPort\":{from},\"groups\":{{}},\"ipRanges\":{{\"items\":[{{\"cidrIp\":\"{cidr}\"}}]}},\"ipv6Ranges\":{{}},\"prefixListIds\":{{}}}}]}}}}",
                dice.hex(17)
            );
            answer(text, "{\"_return\":true}");
        }
        Form::Launch => {
            let count = 1 + dice.below(14);
            let _ = write!(
                text,
                ",\"requestParameters\":{{\"instancesSet\":{{\"items\":[{{\"imageId\":\"ami-{}\",\"minCount\":1,\"maxCount\":{count}}}]}},\"instanceType\":\"m7g.large\"}}",
                dice.hex(17)
            );
            let mut members = "{\"instancesSet\":{\"items\":[".to_owned();
            for n in 0..count {
                let comma = if n > 0 { "," } else { "" };
                let _ = write!(
                    members,
                    "{comma}{{\"instanceId\":\"i-{}\",\"currentState\":{{\"code\":0,\"name\":\"pending\"}},\"privateDnsName\":\"ip-10-0-{}-{}.{region}.compute.internal\",\
                     \"placement\":{{\"availabilityZone\":\"{region}a\",\"tenancy\":\"default\"}},\"monitoring\":{{\"state\":\"disabled\"}},\"subnetId\":\"subnet-{}\",\
                     \"stateReason\":{{\"code\":\"pending\",\"message\":\"pending\"}},\"architecture\":\"arm64\",\"rootDeviceType\":\"ebs\",\"rootDeviceName\":\"/dev/xvda\",\
                     \"blockDeviceMapping\":{{}},\"virtualizationType\":\"hvm\",\"hypervisor\":\"xen\",\"tagSet\":{{\"items\":[{{\"key\":\"aws:autoscaling:groupName\",\"value\":\"web-{}\"}},\
                     {{\"key\":\"team\",\"value\":\"platform \\\"core\\\"\"}}]}},\"groupSet\":{{\"items\":[{{\"groupId\":\"sg-{}\",\"groupName\":\"web\"}}]}},\
                     \"networkInterfaceSet\":{{\"items\":[{{\"networkInterfaceId\":\"eni-{}\",\"privateIpAddressesSet\":{{\"item\":[{{\"primary\":true,\"privateIpAddress\":\"10.0.1.9\"}}]}}}}]}},\
                     \"metadataOptions\":{{\"state\":\"pending\",\"httpTokens\":\"required\",\"httpPutResponseHopLimit\":2,\"httpEndpoint\":\"enabled\"}}}}",
                    dice.hex(17),
                    dice.below(250),
                    dice.below(250),
                    dice.hex(17),
                    dice.hex(8),
                    dice.hex(17),
                    dice.hex(17)
                );
            }
            members.push_str("]}}");
            answer(text, &members);
        }
        Form::SignIn => {
            text.push_str(",\"requestParameters\":null");
            let outcome = if failed { "Failure" } else { "Success" };
            let mfa = if dice.once_in(4) { "No" } else { "Yes" };
            let _ = write!(
                text,
                ",\"responseElements\":{{\"ConsoleLogin\":\"{outcome}\"}},\"additionalEventData\":{{\"LoginTo\":\
                 \"https://console.aws.amazon.com/console/home?state=hashArgs%23\\u0026isauthcode=true\",\"MobileVersion\":\"No\",\"MFAUsed\":\"{mfa}\"}}"
            );
        }
        Form::Center => {
            let _ = write!(
                text,
                ",\"requestParameters\":null,\"responseElements\":null,\"serviceEventDetails\":{{\"{name}\":\"{}\",\"CredentialType\":\"{}\",\"account_id\":\"{account}\"}},\"additionalEventData\":{{\"AuthWorkflowID\":\"{}\"}}",
                if dice.once_in(20) {
                    "Failure"
                } else {
                    "Success"
                },
                dice.pick(&["PASSWORD", "TOTP", "WEBAUTHN"]),
                uuid(dice)
            );
        }
        Form::Write => {
            let user = USERS[dice.below(USERS.len())];
            let _ = write!(
                text,
                ",\"requestParameters\":{{\"userName\":\"{user}\",\"name\":\"{service}-{}\",\"policyArn\":\"arn:aws:iam::aws:policy/{}\",\"force\":{},\"tags\":[{{\"key\":\"team\",\"value\":\"core\"}}],\"settings\":{{\"days\":{},\"ratio\":0.{},\"nested\":[[1,2],[{{\"a\":null}}]]}}}}",
                dice.hex(5),
                dice.pick(&["AdministratorAccess", "ReadOnlyAccess", "PowerUserAccess"]),
                dice.once_in(2),
                dice.below(90),
                dice.below(100)
            );
            answer(text, "{\"requestId\":\"ok\"}");
        }
    }
}

fn policy(text: &mut String, account: &str, dice: &mut Dice) {
    let _ = write!(
        text,
        ",\"requestParameters\":{{\"roleName\":\"app-{}\",\"policyName\":\"inline\",\"policyDocument\":\"{{\\n  \\\"Version\\\": \\\"2012-10-17\\\",\\n  \\\"Statement\\\": [",
        dice.hex(5)
    );
    for n in 0..1 + dice.skewed(20) {
        let comma = if n > 0 { "," } else { "" };
        let _ = write!(
            text,
            "{comma}{{\\n    \\\"Effect\\\": \\\"Allow\\\",\\n    \\\"Action\\\": [\\\"s3:GetObject\\\", \\\"iam:CreateUser\\\"],\\n    \\\"Resource\\\": \\\"arn:aws:s3:::bucket-{}\\/*\\\",\\n    \\\"Principal\\\": {{\\\"AWS\\\": \\\"{account}\\\"}}\\n  }}",
            dice.hex(6)
        );
    }
    text.push_str("]\\n}\"},\"responseElements\":null");
}

fn uuid(dice: &mut Dice) -> String {
    let digits = dice.hex(32);
    format!(
        "{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}
