//! `iamwatch sandbox`: what people would have received, and what they would have confirmed.

use std::path::Path;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::exit::Exit;
use super::ui::Ui;
use crate::diagnostic::{counted, is_unprintable};
use crate::engine::{Code, Error};
use crate::sandbox::{Delivery, Lost, Sandbox};

/// Look into the sandbox: an AWS inside this program that forgets nothing you did to it.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what people and endpoints have received, and what was lost on the way
    Outbox,
    /// Make the account the management account of an organization, with more accounts in it
    Organize {
        /// How many accounts to add
        #[arg(long, default_value_t = 4, value_name = "COUNT")]
        accounts: usize,
    },
    /// Confirm subscriptions as their owners would
    Confirm {
        /// Only those of this address, number or URL; without it all that are pending
        endpoint: Option<String>,
    },
}

#[derive(Serialize)]
struct Outbox {
    format_version: u32,
    deliveries: Vec<Delivery>,
    lost: Vec<Lost>,
}

#[derive(Serialize)]
struct Confirmed {
    format_version: u32,
    confirmed: Vec<Confirmation>,
}

#[derive(Serialize)]
struct Confirmation {
    protocol: String,
    endpoint: String,
    topic: String,
}

impl SandboxArgs {
    /// Runs the subcommand on the sandbox that `file` holds.
    ///
    /// # Errors
    /// A sandbox that cannot be read or written, and subscriptions that are not there.
    pub fn run(self, ui: &mut Ui, file: &Path) -> Result<Exit, Error> {
        let sandbox = Sandbox::load(file).map_err(|error| {
            Error::new(Code::Sandbox, error.to_string())
                .help("a command with `--sandbox` makes one, such as `iamwatch apply --sandbox`")
        })?;
        match self.command {
            Command::Outbox => outbox(ui, &sandbox),
            Command::Organize { accounts } => organize(ui, &sandbox, file, accounts),
            Command::Confirm { endpoint } => confirm(ui, &sandbox, file, endpoint.as_deref()),
        }
    }
}

fn outbox(ui: &mut Ui, sandbox: &Sandbox) -> Result<Exit, Error> {
    let (deliveries, lost) = (sandbox.outbox(), sandbox.lost());
    if ui.is_json() {
        ui.out.json(&Outbox {
            format_version: 1,
            deliveries,
            lost,
        })?;
        return Ok(Exit::Fine);
    }
    if deliveries.is_empty() {
        ui.out.line("nobody has received anything yet")?;
    }
    for delivery in &deliveries {
        let Delivery {
            protocol,
            endpoint,
            at,
            ..
        } = delivery;
        ui.out
            .line(format_args!("{protocol} to {endpoint} at {at}"))?;
        if let Some(subject) = &delivery.subject {
            ui.out
                .line(format_args!("  Subject: {}", printable(subject)))?;
            ui.out.line("")?;
        }
        for line in delivery.body.lines() {
            ui.out.line(format_args!("  {}", printable(line)))?;
        }
        ui.out.line("")?;
    }
    for lost in &lost {
        let Lost {
            rule,
            target,
            code,
            message,
            ..
        } = lost;
        ui.out
            .line(format_args!("lost: an event that matched {rule}"))?;
        ui.out
            .line(format_args!("  never reached {target}: {code}, {message}"))?;
    }
    Ok(Exit::Fine)
}

/// What a stranger wrote, as a mail program would show it: no character takes more room than before.
fn printable(line: &str) -> String {
    let visible = |c: char| match c {
        '\t' => ' ',
        c if is_unprintable(c) => '\u{fffd}',
        c => c,
    };
    line.chars().map(visible).collect()
}

fn confirm(
    ui: &mut Ui,
    sandbox: &Sandbox,
    file: &Path,
    endpoint: Option<&str>,
) -> Result<Exit, Error> {
    let confirmed = sandbox
        .confirm(endpoint)
        .and_then(|confirmed| sandbox.save(file).map(|()| confirmed))
        .map_err(|error| Error::new(Code::Sandbox, error.to_string()))?;
    if let (true, Some(endpoint)) = (confirmed.is_empty(), endpoint) {
        return Err(Error::new(
            Code::Unknown,
            format!("no subscription of `{endpoint}` waits to be confirmed"),
        )
        .help("`iamwatch sandbox outbox` shows who was asked"));
    }
    if ui.is_json() {
        let confirmed = confirmed
            .into_iter()
            .map(|(protocol, endpoint, topic)| Confirmation {
                protocol,
                endpoint,
                topic,
            })
            .collect();
        ui.out.json(&Confirmed {
            format_version: 1,
            confirmed,
        })?;
        return Ok(Exit::Fine);
    }
    if confirmed.is_empty() {
        ui.out.line("no subscription waits to be confirmed")?;
    }
    for (protocol, endpoint, topic) in confirmed {
        ui.out
            .line(format_args!("confirmed {protocol} {endpoint} on {topic}"))?;
    }
    Ok(Exit::Fine)
}

/// Names for accounts, as people give them.
const NAMES: [&str; 8] = [
    "security", "logs", "payments", "shop", "mobile", "data", "staging", "lab",
];

fn organize(ui: &mut Ui, sandbox: &Sandbox, file: &Path, accounts: usize) -> Result<Exit, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::new(Code::Sandbox, error.to_string());
    let organization = sandbox.organize().map_err(|error| failed(&error))?;
    let unit = organization
        .create_unit(&organization.root(), "workloads")
        .map_err(|error| failed(&error))?;
    organization
        .trust("cloudtrail.amazonaws.com")
        .map_err(|error| failed(&error))?;
    for (index, name) in (0..accounts).zip(NAMES.iter().cycle()) {
        let name = match index / NAMES.len() {
            0 => (*name).to_owned(),
            round => format!("{name}-{}", round + 1),
        };
        organization
            .create_account(&unit, &name)
            .map_err(|error| failed(&error))?;
    }
    sandbox.save(file).map_err(|error| failed(&error))?;
    let id = organization.id();
    if ui.is_json() {
        ui.out.json(&serde_json::json!({
            "format_version": 1,
            "organization": id,
            "accounts": organization.accounts(),
        }))?;
    } else {
        ui.out.line(format_args!(
            "organization {id} with {}, {accounts} of them new",
            counted(organization.accounts().len(), "account")
        ))?;
    }
    Ok(Exit::Fine)
}
