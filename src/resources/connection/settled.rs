//! Is what AWS keeps of a secret the same as what is known here?

use super::Connection;
use crate::secrets::{SecretText, Secrets, fingerprint};

/// Puts into a connection that is wanted what can be told of its secret. `live`: the connection as it stands. Where the
/// variables are not set, what stands is left as it is.
///
/// The names of variables that must be set are given back: those of a connection that is to be made, or to be authorized
/// again.
pub fn settle(
    wanted: &mut Connection,
    live: Option<&Connection>,
    secrets: &Secrets,
) -> Vec<String> {
    let values: Vec<Option<SecretText>> = wanted
        .variables
        .iter()
        .map(|part| secrets.get(&part.variable))
        .collect();
    let known: Option<Vec<SecretText>> = values.iter().cloned().collect();
    let salt = live.and_then(|live| live.secret.split_once('.'));
    match (known, live) {
        (Some(known), _) => {
            let salt = salt.map_or_else(|| new_salt(&wanted.name), |(salt, _)| salt.to_owned());
            wanted.secret = format!("{salt}.{}", fingerprint(&salt, &known));
            Vec::new()
        }
        (None, Some(live)) if changes_nothing(wanted, live) => {
            wanted.secret.clone_from(&live.secret);
            Vec::new()
        }
        (None, _) => {
            let parts = wanted.variables.iter().zip(&values);
            let mut missing: Vec<String> = parts
                .filter(|(_, value)| value.is_none())
                .map(|(part, _)| part.variable.clone())
                .collect();
            missing.dedup();
            missing
        }
    }
}

/// Whether nothing but perhaps the secret differs: `UpdateConnection` wants it together with all else.
fn changes_nothing(wanted: &Connection, live: &Connection) -> bool {
    wanted.authorization == live.authorization
        && wanted.parameters == live.parameters
        && wanted.state == live.state
        && wanted.kms_key == live.kms_key
        && wanted.private == live.private
}

/// A salt for a new fingerprint. Another one for each connection is enough: nobody makes a table of secrets for one.
fn new_salt(name: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().take(4).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;
    use crate::rules::{ChannelName, Secret, Service};

    fn wanted() -> Connection {
        let service = Service::Slack {
            channel: "C0123456789".to_owned(),
            token: Secret {
                variable: "TOKEN".to_owned(),
                span: Span::default(),
            },
        };
        let (stack, channel) = ("acme".parse().unwrap(), ChannelName("soc".to_owned()));
        Connection::of(&stack, &channel, &service)
    }

    #[test]
    fn what_is_known_is_compared_and_what_is_not_stays() {
        let token = |value: &str| Secrets::given([("TOKEN", value)]);
        let mut made = wanted();
        assert_eq!(settle(&mut made, None, &Secrets::none()), ["TOKEN"]);
        assert!(settle(&mut made, None, &token("the first secret")).is_empty());
        let live = made.clone();
        assert!(!format!("{made:?}").contains("first secret"));

        let mut same = wanted();
        assert!(settle(&mut same, Some(&live), &token("the first secret")).is_empty());
        assert_eq!(same, live);
        let mut unknown = wanted();
        assert!(settle(&mut unknown, Some(&live), &Secrets::none()).is_empty());
        assert_eq!(unknown, live);
        let mut other = wanted();
        assert!(settle(&mut other, Some(&live), &token("the second secret")).is_empty());
        assert_ne!(other.secret, live.secret);
        // One that is to be authorized again wants its secret.
        let closed = Connection {
            state: "DEAUTHORIZED".to_owned(),
            ..live
        };
        let mut again = wanted();
        assert_eq!(
            settle(&mut again, Some(&closed), &Secrets::none()),
            ["TOKEN"]
        );
    }
}
