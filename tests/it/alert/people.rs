//! Whoever a headline names is who the record says it was, and the account is the one that the event is of.
//!
//! `userIdentity` is read here a second time, kind by kind, as the CloudTrail user guide has it ("CloudTrail userIdentity
//! element").

use std::collections::BTreeMap;

use iamwatch::cloudtrail::{self, Identity, Setting};
use serde_json::{Value, json};

use super::fired::fired;
use super::hostile::{attachment, with};
use super::{NAMED, reader, rule};

/// How a headline begins of which the record says who it was.
fn principal(record: &Value) -> Option<String> {
    let user = &record["userIdentity"];
    let text = |pointer: &str| user.pointer(pointer).and_then(Value::as_str);
    let arn = text("/arn").unwrap_or_default();
    let of_arn = |place: usize| arn.split('/').nth(place);
    Some(match text("/type")? {
        "Root" => "the root user".to_owned(),
        "IAMUser" => match text("/userName")? {
            "HIDDEN_DUE_TO_SECURITY_REASONS" | "***" => "an unknown user name".to_owned(),
            name => format!("IAM user {name}"),
        },
        "AssumedRole" if arn.contains(":assumed-root/") => "a root session".to_owned(),
        "AssumedRole" => {
            let issuer = text("/sessionContext/sessionIssuer/arn");
            let named = text("/sessionContext/sessionIssuer/userName");
            let of_issuer = || issuer.and_then(|arn| arn.rsplit('/').next());
            let role = named.or(of_arn(1)).or_else(of_issuer)?;
            let of_id = || text("/principalId").and_then(|id| id.split_once(':').map(|(_, s)| s));
            let session = of_arn(2).or_else(of_id);
            let mut resource = issuer.unwrap_or_default().splitn(6, ':').skip(5);
            let is_centers = match (issuer, resource.next()) {
                (None, _) => record["eventName"] == "ConsoleLogin",
                (_, Some(path)) => path.starts_with("role/aws-reserved/sso.amazonaws.com/"),
                _ => false,
            };
            if is_centers && role.starts_with("AWSReservedSSO_") {
                return session.map(str::to_owned);
            }
            let taken = match text("/sessionContext/sourceIdentity") {
                Some(person) => format!("{person}, in role {role}"),
                None => format!("role {role}"),
            };
            match session {
                // AWS takes 64 characters; some records were made up with more.
                Some(session) if session.chars().count() > 64 => {
                    let begin: String = session.chars().take(61).collect();
                    format!("{taken} (session {begin}...)")
                }
                Some(session) if !session.is_empty() => format!("{taken} (session {session})"),
                _ => taken,
            }
        }
        "FederatedUser" => format!("federated user {}", of_arn(1)?),
        "SAMLUser" => format!("SAML user {}", text("/userName")?),
        "WebIdentityUser" => format!("web identity {}", text("/userName")?),
        "Directory" => format!("directory user {}", text("/userName")?),
        "IdentityCenterUser" => {
            let name = record["additionalEventData"]["UserName"].as_str();
            let name = name.or(text("/onBehalfOf/userId"))?;
            format!("Identity Center user {name}")
        }
        "AWSService" => {
            let service = text("/invokedBy")?;
            let short = service.strip_suffix(".amazonaws.com");
            format!("AWS service {}", short.unwrap_or(service))
        }
        "AWSAccount" => format!("somebody in account {}", shown(text("/accountId")?)),
        _ => return None,
    })
}

/// What claims to know who it was.
const CLAIMS: [&str; 7] = [
    "the root user ",
    "a root session ",
    "IAM user ",
    "role ",
    "federated user ",
    "AWS service ",
    "Identity Center user ",
];

/// An account as alerts name it.
fn shown(account: &str) -> String {
    match NAMED.iter().find(|(id, _)| *id == account) {
        Some((_, name)) => format!("{name} ({account})"),
        None => account.to_owned(),
    }
}

/// Holds that an alert names those of its event. Gives whether the record says who it was.
#[track_caller]
fn names_those_of(alert: &Value, event: &Value) -> bool {
    let headline = alert["headline"].as_str().unwrap();
    let record = &event["detail"];
    let account = event["account"].as_str().unwrap();
    assert_eq!(alert["account"], account, "{headline}");
    let place = format!(" in {}", shown(account));
    // Behind it stand addresses, the second factor, and reasons.
    let behind = headline.rsplit_once(&place).map(|(_, behind)| behind);
    let ends = |behind: &str| behind.is_empty() || behind.starts_with([' ', ':']);
    assert!(behind.is_some_and(ends), "{headline}: {account}");
    let own = record["userIdentity"]["accountId"].as_str();
    if let Some(own) = own.filter(|own| !own.is_empty() && *own != account)
        && record["userIdentity"]["type"] != "AWSAccount"
    {
        let foreign = format!(" of account {}", shown(own));
        assert!(headline.contains(&foreign), "{headline}");
    }
    match principal(record) {
        Some(who) => {
            let rest = headline.strip_prefix(&who);
            let ends = rest.is_some_and(|rest| rest.starts_with(' '));
            assert!(ends, "{headline}: {who}");
            true
        }
        None => {
            let claims = CLAIMS.iter().any(|claim| headline.starts_with(claim));
            let user = &record["userIdentity"];
            // Some records say of what kind it is and not who.
            let is_vague = headline.contains("without a name") || user["type"] == "IAMUser";
            assert!(!claims || is_vague, "{headline}: {user}");
            false
        }
    }
}

#[test]
fn whoever_fired_a_rule_is_named_as_recorded() {
    let Some(fired) = fired() else { return };
    let reader = reader();
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    // Rules do not change who is named, and most records repeat others.
    let mut seen = std::collections::BTreeSet::new();
    for fired in fired {
        let user = fired.event["detail"]["userIdentity"].to_string();
        if !seen.insert((user, fired.event["account"].to_string(), fired.sort())) {
            continue;
        }
        let alert = reader.alert(&rule(), &fired.event).unwrap();
        *named.entry(fired.kind()).or_default() +=
            usize::from(names_those_of(&alert, &fired.event));
    }
    for kind in ["Root", "IAMUser", "AssumedRole"] {
        assert!(named.get(kind).is_some_and(|count| *count > 0), "{named:?}");
    }
}

#[test]
fn each_kind_of_identity_is_named() {
    let reader = reader();
    let (account, region) = (
        "222233334444".parse().unwrap(),
        "us-east-1".parse().unwrap(),
    );
    let setting = Setting::unsaid(&account, &region);
    for (identity, who) in [
        (Identity::IamUser, "IAM user alice"),
        (Identity::Root, "the root user"),
        (Identity::AssumedRole, "role Deployer (session deployment)"),
        (
            Identity::Federated,
            "role Engineer (session carol@example.com)",
        ),
        (Identity::IdentityCenter, "dave@example.com"),
        (Identity::Service, "AWS service lambda"),
    ] {
        let event = cloudtrail::like("iam", "CreateUser", identity, &setting);
        let alert = reader.alert(&rule(), &event).unwrap();
        let headline = alert["headline"].as_str().unwrap();
        assert!(
            headline.starts_with(&format!("{who} created ")),
            "{headline}"
        );
        assert!(names_those_of(&alert, &event), "{headline}");
    }
    let account = "222233334444";
    for (user, who) in [
        (
            json!({ "type": "FederatedUser", "accountId": account, "principalId": format!("{account}:erin"),
                "arn": format!("arn:aws:sts::{account}:federated-user/erin") }),
            "federated user erin",
        ),
        (
            json!({ "type": "IdentityCenterUser", "accountId": account,
                "onBehalfOf": { "userId": "94d00cd8-e9e6-4810-b177-b08e84775435" } }),
            "Identity Center user 94d00cd8-e9e6-4810-b177-b08e84775435",
        ),
        (
            json!({ "type": "SAMLUser", "principalId": "x:frank", "userName": "frank",
                "identityProvider": "x" }),
            "SAML user frank",
        ),
        (
            json!({ "type": "WebIdentityUser", "principalId": "accounts.google.com:1:2", "userName": "2",
                "identityProvider": "accounts.google.com" }),
            "web identity 2",
        ),
        (
            json!({ "type": "Directory", "userName": "grace" }),
            "directory user grace",
        ),
        (
            json!({ "type": "AWSAccount", "accountId": "111122223333", "principalId": "AIDAEXAMPLE" }),
            "somebody in account security (111122223333)",
        ),
        (
            json!({ "type": "AssumedRole", "accountId": account,
                "arn": format!("arn:aws:sts::{account}:assumed-root/heidi"), "principalId": format!("{account}:heidi") }),
            "a root session",
        ),
        (
            json!({ "type": "AssumedRole", "accountId": "111122223333",
                "arn": "arn:aws:sts::111122223333:assumed-role/Deployer/run-1", "principalId": "AROAEXAMPLE:run-1",
                "sessionContext": { "sourceIdentity": "ivan", "sessionIssuer": { "userName": "Deployer",
                    "arn": "arn:aws:iam::111122223333:role/Deployer" } } }),
            "ivan, in role Deployer (session run-1)",
        ),
    ] {
        let mut event = attachment();
        with(&mut event, "/detail/userIdentity", user);
        let alert = reader.alert(&rule(), &event).unwrap();
        let headline = alert["headline"].as_str().unwrap();
        assert!(headline.starts_with(who), "{headline}: {who}");
        assert!(names_those_of(&alert, &event), "{headline}");
    }
}
