//! What is said of resources of others that stand where ours would.

use std::fmt::Write;

use super::error::{Code, Error};
use crate::diagnostic::{shell_word, shown};
use crate::plan::{Conflict, adopt};
use crate::resources::Owner;

const NAME_OF_ANOTHER: &str =
    "give this rules file another `name`: what belongs to another one is never touched";

/// The answer to HeadBucket has no words, and is the same for a name of others and for one that may not be looked at.
const NAME_TAKEN: &str = "all of AWS shares one namespace for buckets: write `trail: { bucket: NAME }` with a name \
    that is free, or with a bucket of yours; to a caller without s3:ListBucket a free name may look taken as well";

const HAND_OVER: &str =
    "rename or delete what is not iamwatch's, give this rules file another `name`, or hand it over";

impl From<Vec<Conflict>> for Error {
    fn from(conflicts: Vec<Conflict>) -> Self {
        let mut messages = Vec::new();
        let mut helps: Vec<String> = Vec::new();
        let mut flags = String::new();
        for conflict in &conflicts {
            let key = &conflict.key;
            let (owner, help) = match (&conflict.owner, &conflict.unfit) {
                (Owner::Stack(name), _) => (
                    format!("belongs to the rules file named {}", shown(name)),
                    NAME_OF_ANOTHER.to_owned(),
                ),
                (Owner::Stranger, _) => (
                    "who owns it is unknown: it is in another account, or may not be looked at"
                        .to_owned(),
                    NAME_TAKEN.to_owned(),
                ),
                (_, Some(unfit)) => (
                    format!(
                        "cannot be adopted: its {} is {}, and AWS cannot change it to {}",
                        unfit.path, unfit.before, unfit.after
                    ),
                    "rename or delete it, or give this rules file another `name`".to_owned(),
                ),
                (Owner::Nobody | Owner::Ours, None) => {
                    let _ = write!(flags, " --adopt {}", shell_word(&adopt::written(key)));
                    ("does not carry iamwatch's tag".to_owned(), String::new())
                }
            };
            messages.push(format!("{key} at {} exists already and {owner}", key.place));
            if !help.is_empty() && !helps.contains(&help) {
                helps.push(help);
            }
        }
        if !flags.is_empty() {
            helps.push(format!("{HAND_OVER} with `{}`", flags.trim_start()));
        }
        Error::new(Code::NotOurs, messages.join("; ")).help(helps.join("; "))
    }
}
