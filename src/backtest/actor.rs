//! Who did something, by the field that names the same one next time.

use serde::Serialize;

use crate::cloudtrail::Fields;

/// A principal: the path under `detail` that names it, and the value there. A role is one principal whoever
/// takes it on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Actor {
    /// The path under `detail`, joined by dots; empty where the event names nobody.
    pub path: &'static str,
    /// What the event says at that path, such as an ARN or a name.
    pub value: String,
}

/// The fields that name somebody, the most telling first.
const NAMES: &[(&str, &[&str])] = &[
    (
        "userIdentity.sessionContext.sessionIssuer.arn",
        &[
            "detail",
            "userIdentity",
            "sessionContext",
            "sessionIssuer",
            "arn",
        ],
    ),
    ("userIdentity.arn", &["detail", "userIdentity", "arn"]),
    (
        "userIdentity.invokedBy",
        &["detail", "userIdentity", "invokedBy"],
    ),
    (
        "userIdentity.userName",
        &["detail", "userIdentity", "userName"],
    ),
    (
        "userIdentity.principalId",
        &["detail", "userIdentity", "principalId"],
    ),
    (
        "userIdentity.accountId",
        &["detail", "userIdentity", "accountId"],
    ),
];

impl Actor {
    /// Who did it, and the further names of the same one, by which an exception for another could reach it.
    pub fn of(event: &impl Fields) -> (Self, impl Iterator<Item = Self>) {
        let mut names = NAMES.iter().filter_map(|(path, steps)| {
            let value = event.text(steps).filter(|value| !value.is_empty())?;
            Some(Self {
                path,
                value: value.to_owned(),
            })
        });
        let first = names.next().unwrap_or(Self {
            path: "",
            value: String::new(),
        });
        (first, names)
    }
}
