//! `iamwatch permissions`: what a caller must be allowed to do, and what everybody else must not.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::args::Global;
use super::exit::Exit;
use super::ui::Ui;
use crate::backtest::source::s3::Address;
use crate::diagnostic::counted;
use crate::engine::{AccountScope, Code, Error, Workspace, any_account, no_organization};
use crate::organization::Trusted;
use crate::permissions::{self, GUARD_LIMIT, POLICY_LIMIT, Phase, Scope};
use crate::place::AccountId;
use crate::rules::MEMBER_ROLE;
use crate::wildcard::matches_glob;

/// Flags of `permissions`.
#[derive(Debug, Args)]
#[command(after_long_help = NOTES)]
pub(super) struct PermissionsArgs {
    /// What the caller is to run
    #[arg(
        long = "for",
        value_name = "COMMAND",
        required_unless_present = "scp",
        conflicts_with = "scp"
    )]
    phase: Option<Run>,
    /// Print the service control policy that guards the deployment against everybody else; one document after the
    /// other where it takes several
    #[arg(long, requires = "except_role")]
    scp: bool,
    /// A role that the guard does not bind, as an ARN, wildcards allowed: that which runs `apply`, for
    /// instance; can be repeated
    #[arg(long, value_name = "ARN", value_parser = role, requires = "scp", conflicts_with = "phase")]
    except_role: Vec<String>,
    /// With `--scp`: deny changes to the policy of every event bus in the home Region of the home account too, since
    /// AWS cannot tell one bus from another there
    #[arg(long, requires = "scp", conflicts_with = "phase")]
    bus_policies: bool,
    /// With `--for member`: the role or user that runs iamwatch and takes on the members' role
    #[arg(long, value_name = "ARN")]
    trusted: Option<Trusted>,
    /// With `--trusted`: trust it only while it belongs to this organization
    #[arg(long, value_name = "ID", value_parser = organization_id, requires = "trusted")]
    org_id: Option<String>,
    /// With `--for member`: print a CloudFormation template
    #[arg(long, requires = "trusted")]
    template: bool,
    /// With `--for member`: for the caller's whole organization, although the rules file does not say so
    #[arg(long)]
    org: bool,
    /// With `--for backtest`: where the logs lie, `s3://BUCKET/PREFIX`; can be repeated. Else those of the rules
    /// file's own trail
    #[arg(long, value_name = "URL", value_parser = address, requires = "phase")]
    logs: Vec<Address>,
    /// The account, unless the rules file says it
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
}

const NOTES: &str = "\
The policy is made from the rules file and from what every call of iamwatch declares; AWS is not asked. \
It names what belongs to this rules file, and `*` only where AWS takes nothing narrower. Print it again \
when the rules file changes, and for `apply --prune` before it gets smaller.

`apply` covers `plan` and `destroy`; `plan` holds no action that writes. What a policy amounts to beyond \
its actions is said beside it.

The guard: all of a deployment can be deleted together, and what is deleted cannot alert. Attach the \
service control policy to the home account and to all that are watched, or to the root of the organization \
(it binds every user and role of a member account, its root user too, but nobody in the management account). \
It denies every change to the rules, topics, queues, roles, bus, trail, log bucket and key of this rules file \
to everybody but the excepted roles: those that run `apply`, the members' role, and those that run `dlq`. It \
denies nothing on what has other names. A trail that is not iamwatch's own, and queues of yours, are not \
guarded. AWS knows no resource for the policies of event buses: --bus-policies denies changes to those of \
every bus in the home Region of the home account, without it those of the home bus stay open, and the rules of \
`pack/pipeline` tell of them.";

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
    /// `dlq`, with `--redrive`, and `alerts`, with `--resend`
    Dlq,
    /// `backtest` with `s3://…` or `--lookup`
    Backtest,
    /// The role in the member accounts of an organization, with its trust policy
    Member,
    /// The permissions boundary of the roles that `apply` makes, where the rules file asks for one
    Boundary,
}

impl PermissionsArgs {
    pub(super) fn run(self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let mut rules = Workspace::load(&global.file, ui)?;
        let scope = AccountScope {
            whole: self.org,
            ..AccountScope::default()
        };
        scope.settle(&mut rules.file)?;
        if matches!(self.phase, Some(Run::Member)) {
            return self.member(&rules, ui);
        }
        let account = match (&self.account, &rules.file.home.account) {
            (Some(given), Some(home)) if given != home => {
                return Err(Error::new(
                    Code::CommandLine,
                    format!("the rules file is for account {home}, not {given}"),
                )
                .help("leave `--account` out, or correct `home.account`"));
            }
            (given, home) => given.as_ref().or(home.as_ref()).cloned(),
        };
        let account = match (account, &global.sandbox) {
            (None, Some(_)) => Some(any_account()?),
            (account, _) => account,
        };
        let Some(account) = account else {
            return Err(
                Error::new(Code::CommandLine, "the rules file does not say its account")
                    .help("add `--account ID`, or write `home: { account: \"ID\", … }`"),
            );
        };
        let mut scope = rules.scope(&account)?;
        if !self.logs.is_empty() && !matches!(self.phase, Some(Run::Backtest)) {
            return Err(Error::new(Code::CommandLine, "only `backtest` reads logs")
                .help("leave `--logs` out"));
        }
        let named = self.logs.iter();
        scope.logs = named
            .map(|address| (address.bucket.clone(), address.prefix.clone()))
            .collect();
        let phase = match self.phase {
            None => return self.guard(&scope, ui),
            Some(Run::Plan | Run::Status) => Phase::Plan,
            Some(Run::Apply | Run::Destroy) => Phase::Apply,
            Some(Run::TestEvent) => Phase::TestEvent,
            Some(Run::Dlq) => Phase::Dlq,
            Some(Run::Backtest) => Phase::Backtest,
            Some(Run::Member) => Phase::Member,
            Some(Run::Boundary) => return boundary(&scope, ui),
        };
        if phase == Phase::Backtest {
            for text in log_hints(&scope) {
                hint(text, ui)?;
            }
        }
        let policies = permissions::policies(&scope, phase);
        print(&policies, &MANAGED, ui)?;
        for power in permissions::powers(&permissions::policy(&scope, phase)) {
            hint(&power.to_string(), ui)?;
        }
        Ok(Exit::Fine)
    }

    /// Prints the guard: one document after the other where there are several.
    fn guard(&self, scope: &Scope, ui: &mut Ui) -> Result<Exit, Error> {
        let policies = permissions::guard(scope, &self.except_role, self.bus_policies);
        print(&policies, &SERVICE_CONTROL, ui)?;
        let anywhere = self.except_role.iter().find(|role| role.contains("::*:"));
        if let Some(role) = anywhere {
            hint(
                &format!(
                    "{role} is excepted in every account: in one that does not have this role, whoever makes it is excepted"
                ),
                ui,
            )?;
        }
        if let Some(role) = &scope.member_role {
            let arn = format!("arn:{}:iam::*:role/{role}", scope.home.partition());
            let is_it =
                |excepted: &String| matches_glob(excepted, &arn) || matches_glob(&arn, excepted);
            if !self.except_role.iter().any(is_it) {
                hint(
                    &format!(
                        "the members' role {role} is not excepted: `apply` is denied in every account that this is attached \
                         to; add --except-role '{arn}'"
                    ),
                    ui,
                )?;
            }
        }
        if scope.hub && !self.bus_policies {
            hint(
                "whoever may change the policy of the home bus is not denied it: AWS knows no resource for that, and \
                 --bus-policies would deny it for every bus there",
                ui,
            )?;
        }
        Ok(Exit::Fine)
    }

    fn member(&self, rules: &Workspace, ui: &mut Ui) -> Result<Exit, Error> {
        let Some(trusted) = &self.trusted else {
            return Err(Error::new(Code::CommandLine, "who takes on the members' role is not known").help(
                "give --trusted with the ARN of the role that runs iamwatch, such as arn:aws:iam::ACCOUNT:role/NAME",
            ));
        };
        if rules.file.watch.organization.is_none() {
            return Err(no_organization());
        }
        // The same in every account: which one stands in it does not matter.
        let scope = rules.scope(&any_account()?)?;
        let role = permissions::member_role(&scope, &trusted.arn, self.org_id.as_deref());
        let role = role.ok_or_else(|| Error::internal("the role cannot be named"))?;
        let mut hints = Vec::new();
        if trusted.from_session {
            hints.push(format!(
                "a session does not tell its role's path: if the role has one, give --trusted with it in place of {}",
                trusted.arn
            ));
        }
        if self.template {
            hints.push("the template needs --capabilities CAPABILITY_NAMED_IAM".to_owned());
            if role.name == MEMBER_ROLE {
                hints.push(format!(
                    "AWS makes {MEMBER_ROLE} in every account that the organization creates, and a stack cannot make it \
                     again: write another `member_role` for roles of your own"
                ));
            }
        }
        for text in hints {
            hint(&text, ui)?;
        }
        let document = if self.template {
            role.template()
        } else {
            role.json()
        };
        ui.out.json(&document)?;
        Ok(Exit::Fine)
    }
}

/// Prints the boundary, which each account must have under the name that the rules file gives.
fn boundary(scope: &Scope, ui: &mut Ui) -> Result<Exit, Error> {
    let Some(name) = &scope.boundary else {
        return Err(Error::new(
            Code::CommandLine,
            "the rules file asks for no permissions boundary",
        )
        .help("write `roles: { boundary: iamwatch-boundary }`, or another name"));
    };
    ui.out.json(&permissions::boundary(scope))?;
    hint(
        &format!(
            "the managed policy `{name}`: make it in every account before `apply` makes roles there"
        ),
        ui,
    )?;
    Ok(Exit::Fine)
}

/// What people are told of a kind of policy.
struct Form {
    /// Its characters, as AWS counts them.
    length: fn(&Value) -> usize,
    limit: usize,
    /// What is said of several.
    many: fn(usize) -> String,
    /// What stands between its characters and the limit.
    takes: &'static str,
    too_long: &'static str,
}

const MANAGED: Form = Form {
    length: permissions::length,
    limit: POLICY_LIMIT,
    many: |many| format!("too long for one: {many} managed policies, attach each of them"),
    takes: " without white space; a managed policy takes",
    too_long: "too long: one statement names too much for a managed policy; an inline policy of a role takes 10240",
};

const SERVICE_CONTROL: Form = Form {
    length: permissions::printed_length,
    limit: GUARD_LIMIT,
    many: |many| format!("{many} service control policies: attach each of them"),
    takes: "; a service control policy takes",
    too_long: "too long: name fewer roles, or one pattern of all, with --except-role",
};

/// Prints policies one after the other, then how long each is.
fn print(policies: &[Value], form: &Form, ui: &mut Ui) -> Result<(), Error> {
    for policy in policies {
        ui.out.json(policy)?;
    }
    if policies.len() > 1 {
        hint(&(form.many)(policies.len()), ui)?;
    }
    for policy in policies {
        let (length, limit) = ((form.length)(policy), form.limit);
        let length_in_words = counted(length, "character");
        hint(&format!("{length_in_words}{} {limit}", form.takes), ui)?;
        if length > limit {
            hint(form.too_long, ui)?;
        }
    }
    Ok(())
}

/// What a policy for reading logs cannot tell.
fn log_hints(scope: &Scope) -> Vec<&'static str> {
    let nowhere = scope.logs.is_empty() && scope.bucket.is_none();
    let bucket = nowhere
        .then_some("the rules file has no bucket of its own: --logs s3://BUCKET/PREFIX names one");
    let key = (!nowhere).then_some(
        "objects that are encrypted with a KMS key also need kms:Decrypt on that key, and its key policy",
    );
    bucket.into_iter().chain(key).collect()
}

/// A line beside the document, which goes to standard output alone.
fn hint(text: &str, ui: &mut Ui) -> Result<(), Error> {
    let line = ui.painter().dim(&format!("# {text}"));
    ui.err.line(line)?;
    Ok(())
}

/// Source: Organizations API reference, `Organization`.
fn organization_id(text: &str) -> Result<String, String> {
    let letters = text.strip_prefix("o-").unwrap_or_default();
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    match (10..=32).contains(&letters.len()) && letters.chars().all(good) {
        true => Ok(text.to_owned()),
        false => Err("expected `o-` and 10 to 32 letters and digits".to_owned()),
    }
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| "expected `s3://BUCKET` or `s3://BUCKET/FOLDER`".to_owned())
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
