//! The AWS that is measured against: a sandbox with an organization, behind a socket of this machine. It is
//! asked by lines on standard input and ends when that does.

use std::io;

use iamwatch::place::AccountId;
use iamwatch::sandbox::{self, Clock, Options, Sandbox};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::LATENCY;

/// The management account, whose administrator calls.
const MANAGEMENT: u64 = 100_000_000_000;

/// The account of a number; the first after the management account is home.
pub(crate) fn account(number: usize) -> String {
    (MANAGEMENT + number as u64).to_string()
}

fn id(number: usize) -> io::Result<AccountId> {
    account(number).parse().map_err(io::Error::other)
}

/// Serves an organization of so many accounts besides home; with `--failing`, three in a hundred of them fail,
/// each in another way.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(args: &[String]) -> io::Result<()> {
    let accounts = args.first().and_then(|number| number.parse().ok());
    let accounts: usize = accounts.ok_or_else(|| io::Error::other("how many accounts?"))?;
    let sandbox = Sandbox::new(Options {
        account: id(0)?,
        region: "us-east-1".parse().map_err(io::Error::other)?,
        clock: Clock::Wall,
    });
    let organization = sandbox.organize().map_err(io::Error::other)?;
    let root = organization.root();
    let failing = args.get(1).is_some_and(|arg| arg == "--failing");
    // The management account is one of those besides home.
    for number in 1..=accounts {
        let (id, name) = (id(number)?, format!("account-{number}"));
        match number % 100 {
            // It was there before, and has no role for the management account.
            30 if failing => organization.invite_account(&id, &root, &name),
            _ => organization.create_account_as(&id, &root, &name),
        }
        .map_err(io::Error::other)?;
        let denied = match number % 100 {
            60 if failing => "iam:ListRoles",
            90 if failing => "events:PutRule",
            _ => continue,
        };
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": denied, "Resource": "*"},
        ]});
        organization
            .attach_policy(id.as_str(), &policy.to_string())
            .map_err(io::Error::other)?;
    }
    organization
        .trust("cloudtrail.amazonaws.com")
        .map_err(io::Error::other)?;
    sandbox.keep_calls(false);
    sandbox.throttle(true);
    let caller = sandbox.admin();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!(
        "{}",
        json!({
            "endpoint": format!("http://{}", listener.local_addr()?),
            "key": caller.access_key_id(),
            "secret": caller.secret_access_key(),
        })
    );
    let serving = tokio::spawn(sandbox::serve(sandbox.clone(), listener, LATENCY));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    // Each line asks what there was since the last.
    while lines.next_line().await?.is_some() {
        let counts = sandbox.counts();
        sandbox.clear_calls();
        let counts: Vec<_> = counts
            .iter()
            .map(|count| json!([count.call, count.calls, count.throttled]))
            .collect();
        println!("{}", json!(counts));
    }
    serving.abort();
    Ok(())
}
