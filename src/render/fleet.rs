//! The accounts of an organization for people: accounts with the same changes share one block, so that
//! a thousand fit on a screen.

use std::collections::BTreeMap;

use super::style::Painter;
use super::text::Text;
use super::troubles::troubles;
use crate::diagnostic::{counted, few};
use crate::fleet::{AccountState, ChangeSummary, Coverage, LeftOut, Run, Uncovered, Why};
use crate::organization::{Left, Member};
use crate::place::Place;
use crate::plan::Action;

/// At most so many accounts are named in one place.
const NAMED: usize = 5;

/// What would change in the other accounts, a line end at its end.
pub fn plan(run: &Run, organization: &str, paint: Painter) -> Text {
    let mut text = Text::default();
    let mut groups: BTreeMap<Text, Vec<&Member>> = BTreeMap::new();
    for outcome in &run.outcomes {
        if let Ok(standing) = &outcome.result
            && !(standing.changes.is_empty() && standing.orphans.is_empty())
        {
            let mut block = Text::default();
            if let Some(why) = outcome.left {
                let _ = writeln!(block, "    no longer watched: {}", why.words());
            }
            block.append(&changes(standing, paint));
            groups.entry(block).or_default().push(&outcome.member);
        }
    }
    let mut groups: Vec<(Text, Vec<&Member>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    for (block, members) in groups {
        let _ = writeln!(text, "{}", paint.bold(&format!("{}:", named(&members))));
        text.append(&block);
    }
    own_alerts(&mut text, run, paint);
    troubles(&mut text, run, paint);
    left_out(&mut text, run, paint);
    if !text.is_empty() {
        text.blank();
    }
    let open = run.open().count();
    let (settled, all) = (settled(run), run.outcomes.len());
    let failed = run.outcomes.iter().filter(|o| o.has_failed()).count();
    let leftovers = match run.outcomes.iter().filter(|o| o.has_leftovers()).count() {
        0 => String::new(),
        some => format!("{some} with leftovers, "),
    };
    let summary = if all == 0 {
        format!("No other accounts of {organization} are watched.")
    } else if settled == all {
        let accounts = counted(all, "other account");
        format!("No changes: {accounts} of {organization} as the rules file asks.")
    } else {
        format!(
            "Plan for {} of {organization}: {open} to change, {settled} as the rules file asks, {leftovers}{failed} that cannot be worked in.",
            counted(all, "other account")
        )
    };
    let _ = writeln!(text, "{}", paint.bold(&summary));
    text
}

/// Which rules the changes set off by themselves, all accounts together.
fn own_alerts(text: &mut Text, run: &Run, paint: Painter) {
    let mut rules: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for outcome in &run.outcomes {
        let alerts = outcome.result.iter().flat_map(|s| &s.own_alerts);
        for alert in alerts {
            let (accounts, calls) = rules.entry(&alert.rule.0).or_default();
            *accounts += 1;
            *calls += alert.calls.values().sum::<usize>();
        }
    }
    for (rule, (accounts, calls)) in rules {
        let _ = writeln!(
            text,
            "{} apply itself alerts: {rule} ({} in {})",
            paint.yellow("!"),
            counted(calls, "call"),
            counted(accounts, "account")
        );
    }
}

/// How a change of the other accounts ended.
pub fn report(run: &Run, organization: &str, paint: Painter) -> Text {
    let mut text = Text::default();
    troubles(&mut text, run, paint);
    let (mut done, mut whole) = (0, 0);
    for outcome in &run.outcomes {
        let Ok(standing) = &outcome.result else {
            continue;
        };
        done += standing.done;
        whole += usize::from(!outcome.has_failed());
    }
    let all = run.outcomes.len();
    let stopped = if run.stopped { "Stopped. " } else { "" };
    let _ = writeln!(
        text,
        "{}",
        paint.bold(&format!(
            "{stopped}Applied to {whole} of {} of {organization}: {} done.",
            counted(all, "account"),
            counted(done, "change")
        ))
    );
    text
}

/// What is covered, and every hole; `file` names the accounts, where the organization was not asked for them.
pub fn coverage(
    coverage: &Coverage,
    organization: &str,
    file: Option<&str>,
    paint: Painter,
) -> Text {
    let mut text = Text::default();
    let mut groups: BTreeMap<(Why, String, String), Vec<&Uncovered>> = BTreeMap::new();
    for hole in &coverage.uncovered {
        // AWS's words name the account and the request, so that no two are alike.
        let alike = match hole.why {
            Why::NoRole
            | Why::Forbidden
            | Why::Unread
            | Why::RegionsUnknown
            | Why::RegionDisabled => String::new(),
            // A role's name ends with its Region: what is broken alike in many Regions is told once.
            Why::Broken => match &hole.region {
                Some(region) => hole.problem.replace(region.as_str(), ""),
                None => hole.problem.clone(),
            },
            _ => hole.problem.clone(),
        };
        let group = (hole.why, alike, hole.remedy.clone());
        groups.entry(group).or_default().push(hole);
    }
    for ((why, _, remedy), holes) in groups {
        let _ = writeln!(text, "{} {}", paint.red("uncovered"), heading(why));
        for hole in holes.iter().take(NAMED) {
            let region = hole.region.as_ref().map(|r| format!(" {r}"));
            let rules: Vec<&str> = hole.rules.iter().map(|r| r.0.as_str()).collect();
            let _ = writeln!(
                text,
                "    {}{}: {}",
                hole.member,
                region.unwrap_or_default(),
                hole.problem
            );
            let _ = writeln!(text, "      unheard: {}", few(&rules, NAMED));
        }
        if holes.len() > NAMED {
            let _ = writeln!(text, "    … and {} more", holes.len() - NAMED);
        }
        if !remedy.is_empty() {
            let _ = writeln!(text, "    {remedy}");
        }
    }
    if let Some(problem) = &coverage.unlisted {
        let _ = writeln!(
            text,
            "{} not all accounts are known: {problem}",
            paint.red("unknown")
        );
    }
    if let Some(file) = file {
        let _ = writeln!(
            text,
            "{} only the accounts that {file} names were looked at, whatever others the organization has",
            paint.yellow("!")
        );
    }
    left(&mut text, coverage.left.iter(), paint);
    let Coverage {
        covered, accounts, ..
    } = coverage;
    let summary = format!(
        "{covered} of {} of {organization} covered, home included.",
        counted(*accounts, "account")
    );
    let _ = writeln!(text, "{}", paint.bold(&summary));
    text
}

fn heading(why: Why) -> &'static str {
    match why {
        Why::NoRole => "accounts whose role cannot be taken on:",
        Why::Forbidden => "places that a service control policy closes:",
        Why::Unread => "places that could not be looked into:",
        Why::RegionsUnknown => "accounts whose Regions are not known:",
        Why::Conflict => "accounts where somebody else's resource has our name:",
        Why::NotDeployed => "accounts where nothing is deployed:",
        Why::Broken => "places whose way home is broken:",
        Why::Home => "accounts whose events come to a broken home:",
        Why::RegionDisabled => "Regions that are not enabled:",
        Why::NotRecorded => "accounts where no trail records what rules want:",
    }
}

fn settled(run: &Run) -> usize {
    run.outcomes.iter().filter(|o| o.is_settled()).count()
}

fn changes(standing: &AccountState, paint: Painter) -> Text {
    let mut text = Text::default();
    for change in standing.changes.iter() {
        let _ = writeln!(
            text,
            "{} {}{}",
            mark(change, paint),
            thing(change),
            fields(change)
        );
    }
    for key in &standing.orphans {
        let _ = writeln!(
            text,
            "{} {key}{} {}",
            paint.dim("-"),
            place(&key.place),
            paint.dim("is no longer wanted and stays: give --prune to delete it")
        );
    }
    text
}

fn mark(change: &ChangeSummary, paint: Painter) -> String {
    match change.action {
        Action::Create => paint.green("+"),
        Action::Update => paint.yellow("~"),
        Action::Replace => paint.yellow("±"),
        Action::Delete => paint.red("-"),
    }
}

fn thing(change: &ChangeSummary) -> String {
    format!("{}{}", change.key, place(&change.key.place))
}

pub(super) fn place(place: &Place) -> String {
    match place {
        Place::Global { .. } => String::new(),
        Place::Regional { region, .. } => format!(" in {region}"),
    }
}

fn fields(change: &ChangeSummary) -> String {
    if change.fields.is_empty() {
        return String::new();
    }
    let fields: Vec<&str> = change.fields.iter().map(String::as_str).collect();
    format!(" ({})", few(&fields, NAMED))
}

fn named(members: &[&Member]) -> String {
    named_first(members, NAMED)
}

/// The first `most` by name, the others counted.
pub(super) fn named_first(members: &[&Member], most: usize) -> String {
    let first = members.iter().take(most);
    let names: Vec<String> = first.map(ToString::to_string).collect();
    match members.len().saturating_sub(most) {
        0 => names.join(", "),
        more => format!("{} and {}", names.join(", "), counted(more, "more account")),
    }
}

fn left_out(text: &mut Text, run: &Run, paint: Painter) {
    left(text, run.left.iter(), paint);
    if let Some(why) = run.home_left {
        let _ = writeln!(
            text,
            "{} the home account would be left out, {}: it is watched all the same, since alerts are raised there",
            paint.yellow("!"),
            why.words()
        );
    }
}

fn left<'m>(text: &mut Text, all: impl Iterator<Item = &'m LeftOut>, paint: Painter) {
    let mut groups: BTreeMap<(Left, bool), Vec<&Member>> = BTreeMap::new();
    for left in all {
        let group = groups.entry((left.why, left.unseen)).or_default();
        group.push(&left.member);
    }
    for ((why, unseen), members) in groups {
        let unseen = match unseen {
            true => " (nobody could look whether something of ours is left there)",
            false => "",
        };
        let _ = writeln!(
            text,
            "{} {}: {}{unseen}",
            paint.dim("left out,"),
            why.words(),
            named(&members)
        );
    }
}
