//! Saved plans: `plan --out FILE` and `apply FILE`.

use std::io::Read;
use std::path::Path;

use super::error::{Code, Error};
use super::host::{Host, Message};
use super::private;
use super::session::Session;
use crate::diagnostic::{shell_word, shown};
use crate::placement::Desired;
use crate::plan::saved::{self, PlanRequest, SIZE_LIMIT, SavedError, SavedPlan};
use crate::plan::{Plan, PlanOptions, adopt};
use crate::regular_file;
use crate::resources::{Kind, ResourceKey};
use crate::rules::RuleId;

/// Writes a plan, whole or not at all, for its owner's eyes: it tells how the alerting is built.
///
/// # Errors
/// A file that is there and is no saved plan, or that cannot be written.
pub fn save(path: &Path, session: &Session, order: &PlanRequest, plan: &Plan) -> Result<(), Error> {
    let saved = SavedPlan {
        account: session.cloud.account.clone(),
        rules: saved::digest(&session.rules.sources),
        order: order.clone(),
        plan: plan.clone(),
    };
    // A plan may take the place of a plan, and of nothing else: least of all of the rules file.
    if path.exists() && read(path).is_err() {
        return Err(Error::new(
            Code::Output,
            format!(
                "`{}` is there already and is no saved plan: it stays as it is",
                path.display()
            ),
        )
        .help("name another file"));
    }
    let text = saved.to_text().map_err(Error::internal)?;
    private::write(path, text.as_bytes()).map_err(|error| {
        Error::new(
            Code::Output,
            format!("cannot write `{}`: {error}", path.display()),
        )
    })
}

/// The command that applies a plan once it is saved, for a shell.
pub fn command(path: &Path, plan: &Plan, desired: &Desired) -> String {
    let shown = path.display().to_string();
    // A name that begins so would be read as a flag.
    let shown = match shown.starts_with('-') {
        true => format!("./{shown}"),
        false => shown,
    };
    let flags = flags(&plan.needs(desired));
    format!("iamwatch apply {}{flags}", shell_word(&shown))
}

/// The flags that allow what a plan does, each behind a blank.
fn flags(wishes: &PlanOptions) -> String {
    let mut flags = String::new();
    if wishes.prune {
        flags.push_str(" --prune");
    }
    let words = wishes
        .delete
        .iter()
        .filter_map(|kind| kind.facts().deletion);
    let words: Vec<&str> = words.collect();
    if !words.is_empty() {
        flags.push_str(&format!(" --delete {}", words.join(",")));
    }
    for key in &wishes.adopt {
        let key = adopt::written(key);
        flags.push_str(&format!(" --adopt {}", shell_word(&key)));
    }
    flags
}

/// Reads a plan.
///
/// # Errors
/// A file that is none.
pub fn read(path: &Path) -> Result<SavedPlan, Error> {
    let failed = |error: String| {
        Error::new(
            Code::Input,
            format!("cannot apply `{}`: {error}", path.display()),
        )
        .help("make a plan with `iamwatch plan --out FILE`, and apply that file")
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(SIZE_LIMIT).unwrap_or(u64::MAX);
    regular_file::open(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| failed(error.to_string()))?;
    if bytes.len() > SIZE_LIMIT {
        let limit = SIZE_LIMIT / 1024 / 1024;
        return Err(failed(format!(
            "it has more than {limit} MiB, which no plan has"
        )));
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| failed(SavedError::NotAPlan(error.to_string()).to_string()))?;
    SavedPlan::from_text(&text).map_err(|error| failed(error.to_string()))
}

/// Makes the plan of a file anew; it must be the same, and do nothing that needs a flag which is not `given` again.
///
/// # Errors
/// What has moved since, and what is not allowed.
pub async fn again(
    saved: &SavedPlan,
    given: &PlanOptions,
    session: &Session,
    host: &mut dyn Host,
) -> Result<Plan, Error> {
    not_more(given, &saved.order.wishes)?;
    let name = &session.rules.file.name;
    let other = |what: String| {
        Err(Error::new(Code::StalePlan, what)
            .help("make a new plan with `iamwatch plan --out FILE`, look at it, and apply that"))
    };
    if saved.account != session.cloud.account {
        return other(format!(
            "the plan was made for account {}, and the caller {} is in {}",
            saved.account, session.cloud.caller, session.cloud.account
        ));
    }
    if saved.plan.name != *name {
        return other(format!(
            "the plan was made from a rules file named `{}`, and this one is named `{name}`",
            saved.plan.name
        ));
    }
    if saved.rules != saved::digest(&session.rules.sources) {
        return other(
            "the rules file, or a file that it includes, was changed after the plan was made"
                .to_owned(),
        );
    }
    if let Some(region) = &saved.order.region
        && !session.desired.regions().contains(region)
    {
        return other(format!(
            "the plan is limited to {region}, where nothing of the rules file stands"
        ));
    }
    // In whatever order they were named, and however often.
    let rules = &session.rules.file.rules;
    let is_known = |id: &RuleId| rules.iter().any(|rule| rule.id == *id);
    if let Some(unknown) = saved.order.rules.iter().find(|id| !is_known(id)) {
        return other(format!(
            "the plan is limited to the rule {}, which the rules file does not have",
            shown(&unknown.0)
        ));
    }
    let now = session.plan_for(&saved.order).await?;
    let moved = saved::moved(&saved.plan, &now).map_err(Error::internal)?;
    if let Some(warning) = saved::new_warning(&saved.plan, &now) {
        return other(format!("the plan is stale: {warning}; nothing was changed"));
    }
    if moved.is_empty() {
        allowed(&now.needs(&session.desired), given)?;
        return Ok(now);
    }
    host.notify(Message::Moved(&moved))?;
    let count = moved.len();
    other(format!(
        "the plan is stale: {count} of the things it is about moved since it was made; nothing was changed"
    ))
}

/// Refuses flags that the plan was made without: they would change nothing.
fn not_more(given: &PlanOptions, made_with: &PlanOptions) -> Result<(), Error> {
    let more = missing(given, made_with);
    if more == PlanOptions::default() {
        return Ok(());
    }
    let message = format!("the plan was made without `{}`", flags(&more).trim_start());
    Err(Error::new(Code::CommandLine, message)
        .help("leave it out, or make a new plan with it, look at it, and apply that"))
}

/// Refuses what deletes or takes over without a flag that says so again: whoever can write the file could have added it.
fn allowed(needed: &PlanOptions, given: &PlanOptions) -> Result<(), Error> {
    let missing = missing(needed, given);
    if missing == PlanOptions::default() {
        return Ok(());
    }
    let does = match (
        missing.prune || !missing.delete.is_empty(),
        missing.adopt.is_empty(),
    ) {
        (true, true) => "deletes resources",
        (true, false) => "deletes resources and takes others over",
        (false, _) => "takes over resources that are not iamwatch's",
    };
    let message = format!("the saved plan {does}, which the command line does not allow");
    let flags = flags(&missing);
    Err(Error::new(Code::CommandLine, message).help(format!(
        "look at the plan above all for that, and add `{}`: a file, which others may have changed, does not decide alone \
         what goes",
        flags.trim_start()
    )))
}

/// What of `needed` is not `given`.
fn missing(needed: &PlanOptions, given: &PlanOptions) -> PlanOptions {
    let kinds = needed.delete.iter().copied();
    let keys = needed.adopt.iter();
    PlanOptions {
        prune: needed.prune && !given.prune,
        delete: kinds
            .filter(|kind: &Kind| !given.delete.contains(kind))
            .collect(),
        adopt: keys
            .filter(|key: &&ResourceKey| !given.adopt.contains(key))
            .cloned()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(prune: bool, delete: &[Kind]) -> PlanOptions {
        PlanOptions {
            prune,
            delete: delete.to_vec(),
            adopt: Vec::new(),
        }
    }

    #[test]
    fn each_flag_that_is_missing_is_named() {
        let all = wishes(true, &[Kind::Trail, Kind::EncryptionKey]);
        for (given, named) in [
            (wishes(false, &[]), "`--prune --delete trail,key`"),
            (wishes(true, &[]), "`--delete trail,key`"),
            (wishes(true, &[Kind::Trail]), "`--delete key`"),
        ] {
            let error = allowed(&all, &given).unwrap_err();
            let help = error.help.unwrap();
            assert!(help.contains(named), "{help}");
        }
        assert!(allowed(&all, &all).is_ok());
        assert!(allowed(&wishes(false, &[]), &all).is_ok());
        let more = not_more(&all, &wishes(true, &[Kind::Trail])).unwrap_err();
        assert!(more.message.contains("`--delete key`"), "{}", more.message);
    }
}
