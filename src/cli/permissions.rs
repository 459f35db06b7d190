//! `iamwatch permissions`: what a caller must be allowed to do, and what everybody else must not.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::session::{self, load};
use super::{Exit, Failure, Global, Ui};
use crate::permissions::{self, GUARD_LIMIT, POLICY_LIMIT, Phase};
use crate::place::AccountId;

/// Flags of `permissions`.
#[derive(Debug, Args)]
#[command(after_long_help = NOTES)]
pub struct PermissionsArgs {
    /// What the caller is to run
    #[arg(
        long = "for",
        value_name = "COMMAND",
        required_unless_present = "scp",
        conflicts_with = "scp"
    )]
    phase: Option<Run>,
    /// Print the service control policy that guards the deployment against everybody else
    #[arg(long, requires = "except_role")]
    scp: bool,
    /// A role that the guard does not bind, as an ARN, wildcards allowed: that which runs `apply`, for
    /// instance; can be repeated
    #[arg(long, value_name = "ARN", value_parser = role, requires = "scp")]
    except_role: Vec<String>,
    /// The account, unless the rules file says it
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
}

const NOTES: &str = "\
The policy is made from the rules file and from what every call of iamwatch declares; AWS is not asked. \
It names what belongs to this rules file, and `*` only where AWS takes nothing narrower. Print it again \
when the rules file changes, and for `apply --prune` before it gets smaller.

`apply` covers `plan` and `destroy`; `plan` holds no action that writes.

The guard: all of a deployment can be deleted together, and what is deleted cannot alert. Attach the \
service control policy to the account (it binds every user and role of a member account, its root user \
too, but nobody in the management account). It denies every change to the rules, topics, queues, \
roles, bus, trail, log bucket and key of this rules file to everybody but the excepted roles. A trail \
that is not iamwatch's own, and queues of yours, are not guarded. AWS knows no resource for the policies \
of event buses: with a home bus the guard denies changes to those of every bus.";

/// What a caller runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Run {
    /// `plan`, and everything else that only looks
    Plan,
    /// The same as `plan`
    Status,
    /// `apply` and `destroy`
    Apply,
    /// The same as `apply`
    Destroy,
    /// `test-event`
    TestEvent,
    /// `dlq`, with `--redrive`
    Dlq,
}

impl PermissionsArgs {
    pub(super) fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Failure> {
        let rules = load(&global.file, ui)?;
        let account = match (&self.account, &rules.file.home.account) {
            (Some(given), Some(home)) if given != home => {
                return Err(Failure::new(format!(
                    "the rules file is for account {home}, not {given}"
                ))
                .help("leave `--account` out, or correct `home.account`"));
            }
            (given, home) => given.as_ref().or(home.as_ref()).cloned(),
        };
        let account = account.or_else(|| session::sandbox_account(global));
        let Some(account) = account else {
            return Err(Failure::new("the rules file does not say its account")
                .help("add `--account ID`, or write `home: { account: \"ID\", … }`"));
        };
        let scope = rules.scope(&account, ui)?;
        let phase = match self.phase {
            None => return print(&permissions::guard(&scope, &self.except_role), GUARD, ui),
            Some(Run::Plan | Run::Status) => Phase::Plan,
            Some(Run::Apply | Run::Destroy) => Phase::Apply,
            Some(Run::TestEvent) => Phase::TestEvent,
            Some(Run::Dlq) => Phase::Dlq,
        };
        print(&permissions::policy(&scope, phase), MANAGED, ui)
    }
}

/// What AWS takes.
struct Limit {
    kind: &'static str,
    characters: usize,
    help: &'static str,
}

const MANAGED: Limit = Limit {
    kind: "a managed policy",
    characters: POLICY_LIMIT,
    help: "put its statements into two policies",
};

const GUARD: Limit = Limit {
    kind: "a service control policy",
    characters: GUARD_LIMIT,
    help: "put its statements into two policies",
};

fn print(policy: &Value, limit: Limit, ui: &mut Ui) -> Result<Exit, Failure> {
    ui.json(policy)?;
    let length = permissions::length(policy);
    let head = format!(
        "# {length} characters without white space; {} takes {}",
        limit.kind, limit.characters
    );
    let head = ui.painter().dim(&head);
    writeln!(ui.err, "{head}")?;
    if length > limit.characters {
        writeln!(ui.err, "# too long for one: {}", limit.help)?;
    }
    Ok(Exit::Fine)
}

/// The ARN of a role, or a pattern of some. One that fits every role guards nothing.
fn role(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, _, service, region, account, resource] = parts.as_slice() else {
        return Err("expected `arn:aws:iam::ACCOUNT:role/NAME`".to_owned());
    };
    let name = resource.strip_prefix("role/").unwrap_or_default();
    let fits = *arn == "arn" && *service == "iam" && region.is_empty() && !account.is_empty();
    if !fits || name.is_empty() {
        return Err("expected `arn:aws:iam::ACCOUNT:role/NAME`".to_owned());
    }
    if name.chars().all(|c| c == '*' || c == '/') {
        return Err(
            "this excepts every role, so that nothing is guarded: write more of the name"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}
