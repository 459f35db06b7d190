//! Saved plans: `plan --out FILE` and `apply FILE`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use super::error::{Code, Error};
use super::host::{Host, Message};
use super::session::Session;
use crate::plan::Plan;
use crate::plan::saved::{self, PlanRequest, SIZE_LIMIT, SavedError, SavedPlan};

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
    let failed = |error: io::Error| {
        Error::new(
            Code::Output,
            format!("cannot write `{}`: {error}", path.display()),
        )
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
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = path.with_file_name(name);
    let written = private(&fresh)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&fresh, path));
    written.map_err(|error| {
        // What cannot be removed was not made either, or says so itself.
        let _ = fs::remove_file(&fresh);
        failed(error)
    })
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
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
    File::open(path)
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

/// Makes the plan of a file anew; it must be the same.
///
/// # Errors
/// What has moved since.
pub async fn again(
    saved: &SavedPlan,
    session: &Session,
    host: &mut dyn Host,
) -> Result<Plan, Error> {
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
    let now = session.plan_for(&saved.order).await?;
    let moved = saved::moved(&saved.plan, &now).map_err(Error::internal)?;
    if let Some(warning) = saved::new_warning(&saved.plan, &now) {
        return other(format!("the plan is stale: {warning}; nothing was changed"));
    }
    if moved.is_empty() {
        return Ok(now);
    }
    host.notify(Message::Moved(&moved))?;
    let count = moved.len();
    other(format!(
        "the plan is stale: {count} of the things it is about moved since it was made; nothing was changed"
    ))
}
