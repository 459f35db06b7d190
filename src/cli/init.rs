//! `iamwatch init`: a commented rules file to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::ui::Ui;
use crate::engine::{Code, Error};
use crate::place::AccountId;

/// The file that `init` writes, but for what the flags say.
const TEMPLATE: &str = include_str!("init.yaml");

/// Flags of `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The mail address that hears of everything
    #[arg(long, value_name = "ADDRESS", value_parser = mail_address)]
    email: Option<String>,
    /// The account in which alerts are raised; without it the caller's
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Written {
    format_version: u32,
    /// The rules file, as it was named.
    file: String,
}

impl InitArgs {
    /// Writes the file that `-f` names.
    pub(super) fn run(self, file: &Path, ui: &mut Ui) -> Result<Exit, Error> {
        self.write(file)?;
        if ui.is_json() {
            ui.out.json(&Written {
                format_version: 1,
                file: file.display().to_string(),
            })?;
        }
        ui.err.line(format_args!(
            "Wrote {}. Put in your addresses, then run `iamwatch plan`.",
            file.display()
        ))?;
        Ok(Exit::Fine)
    }

    fn write(&self, file: &Path) -> Result<(), Error> {
        let shown = file.display();
        let opened = OpenOptions::new().write(true).create_new(true).open(file);
        let mut written = opened.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::new(
                Code::Output,
                format!("{shown} is there already and stays as it is"),
            )
            .help("name another file with `-f FILE`"),
            ErrorKind::NotFound => Error::new(
                Code::Output,
                format!("cannot write {shown}: its folder does not exist"),
            )
            .help("create the folder first"),
            _ => Error::new(Code::Output, format!("cannot write {shown}: {error}")),
        })?;
        written
            .write_all(self.text().as_bytes())
            .map_err(|error| Error::new(Code::Output, format!("cannot write {shown}: {error}")))
    }

    fn text(&self) -> String {
        let mut text = TEMPLATE.to_owned();
        if let Some(email) = &self.email {
            let quoted = serde_json::Value::String(email.clone()).to_string();
            text = text.replace("security@example.com", &quoted);
        }
        if let Some(account) = &self.account {
            text = text.replace(
                "# account: \"111122223333\"",
                &format!("account: \"{account}\""),
            );
        }
        text
    }
}

/// Takes the mail addresses that the rules file takes, so that what is written loads.
fn mail_address(text: &str) -> Result<String, String> {
    if crate::rules::is_mail(text) {
        Ok(text.to_owned())
    } else {
        Err("expected an address such as security@example.com".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(email: Option<&str>, account: Option<&str>) -> InitArgs {
        InitArgs {
            email: email.map(str::to_owned),
            account: account.map(|a| a.parse().unwrap()),
        }
    }

    #[test]
    fn what_init_writes_loads_without_a_word() {
        let folder = tempfile::tempdir().unwrap();
        for (index, args) in [
            args(None, None),
            args(Some("o'neil+\"x\"@example.org"), Some("012345678901")),
        ]
        .iter()
        .enumerate()
        {
            let file = folder.path().join(format!("{index}.yaml"));
            args.write(&file).unwrap();
            let loaded = crate::check::load(&file);
            assert_eq!(loaded.diagnostics, []);
            let rules = loaded.file.unwrap();
            assert_eq!(rules.home.account, args.account);
            if let Some(email) = &args.email {
                let wanted = crate::rules::Endpoint::Email(email.clone());
                assert!(rules.channels.values().any(|c| c.endpoint == wanted));
            }
        }
    }

    #[test]
    fn what_init_suggests_in_comments_can_be_switched_on() {
        let mut switched = 0;
        let lines = TEMPLATE.lines().map(|line| {
            let rest = line.trim_start().strip_prefix("# ").map(str::trim_start);
            let key = rest
                .and_then(|rest| rest.split_once(':'))
                .map(|(key, _)| key);
            let is_key = |key: &str| {
                key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !key.is_empty()
            };
            if key.is_some_and(is_key) {
                switched += 1;
                line.replacen("# ", "", 1) + "\n"
            } else {
                format!("{line}\n")
            }
        });
        let text: String = lines.collect();
        assert_eq!(switched, 8, "{text}");
        let loaded = crate::check::load_text("iamwatch.yaml", &text);
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|d| d.code).collect();
        // One of the channels suggested is left for the reader to use.
        assert_eq!(codes, ["W0701"], "{:?}", loaded.diagnostics);
    }

    #[test]
    fn init_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("iamwatch.yaml");
        std::fs::write(&file, "mine").unwrap();
        let failure = args(None, None).write(&file).unwrap_err();
        assert!(failure.message.contains("already"), "{}", failure.message);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
        let nowhere = folder.path().join("no/such/iamwatch.yaml");
        assert!(args(None, None).write(&nowhere).is_err());
    }
}
