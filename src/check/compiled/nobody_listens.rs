//! Rules that ask for events of Regions in which nobody listens, or of accounts that a rule apart does not hear of (W0817).

use std::collections::BTreeSet;

use serde_json::json;

use crate::check::checked_rule::{CheckedRule, services, takes};
use crate::check::lint::Lint;
use crate::diagnostic::{Diagnostic, listed};
use crate::pattern::Branch;
use crate::place::{AccountId, Partition, Region};
use crate::rules::{GLOBAL_SERVICES, Regions, RulesFile};

pub(in crate::check) const NOBODY_LISTENS: Lint = Lint {
    id: "W0817",
    explanation: "Events are heard in the home Region, in that of global services and in the Regions of `watch.regions`; a rule apart hears of the home account alone, in the first two. What a rule asks for elsewhere never comes to it.",
    wrong: r#"watch: { regions: [eu-west-1] }
rules:
  - id: a
    events: ["ec2:RunInstances"]
    when: { awsRegion: ap-south-1 }"#,
    right: r#"watch: { regions: [eu-west-1, ap-south-1] }
rules:
  - id: a
    events: ["ec2:RunInstances"]
    when: { awsRegion: ap-south-1 }"#,
    is_fatal: false,
};

/// Where the Region of an event stands: in its record, and in its envelope.
const REGION: [&str; 2] = ["detail.awsRegion", "region"];
/// Where its account stands.
const ACCOUNT: [&str; 2] = ["detail.recipientAccountId", "account"];

/// What a rule asks for that does not come to it.
#[derive(Default)]
struct Lost {
    names: BTreeSet<String>,
    /// Whether the rule spells them out.
    named: bool,
    /// Whether something else does come to it.
    some_come: bool,
}

/// A rule that asks for events of somewhere that it does not hear of.
pub(in crate::check) fn look(checked: &CheckedRule<'_>, file: &RulesFile) -> Option<Diagnostic> {
    let home = &file.home;
    let apart = checked.rule.apart;
    let around_home = Regions::Home.listening(&home.region, []);
    let hears = |region: &Region| match apart {
        true => around_home.contains(region),
        false => file.listens_in(region),
    };
    let lost = regions(checked, file, hears);
    let of_regions = lost.is_some();
    let account = home.account.as_ref().filter(|_| apart);
    let lost = lost.or_else(|| accounts(checked, account?))?;
    let names: Vec<String> = lost.names.iter().cloned().collect();
    let what = match (of_regions, lost.named, names.first()) {
        (true, false, Some(first)) => format!("Regions such as {first}"),
        (true, ..) => listed(&names),
        (false, true, _) => format!("account {}", listed(&names)),
        (false, false, _) => "accounts other than home's".to_owned(),
    };
    let condition = if of_regions { "Region" } else { "account" };
    let (beyond, help) = match apart {
        true => {
            let seats: Vec<String> = around_home.iter().map(Region::to_string).collect();
            let help = format!(
                "a rule apart hears of the home account alone, in {}: take `apart` or the condition on the {condition} away",
                listed(&seats)
            );
            ("of which a rule apart does not hear", help)
        }
        false => ("where nobody listens", remedy(&lost, file)),
    };
    Some(checked.warning(
        NOBODY_LISTENS.code(),
        format!("`{}` asks for events of {what}, {beyond}", checked.rule.id),
        match lost.some_come {
            true => "no alert can come from there",
            false => "no alert can come",
        },
        help,
    ))
}

/// The Regions that the rule asks for and nobody listens in. Where others are asked for too, only those count that are spelt
/// out: `us-*` means those that there are.
fn regions(
    checked: &CheckedRule<'_>,
    file: &RulesFile,
    hears: impl Fn(&Region) -> bool,
) -> Option<Lost> {
    let known = Region::all_known().filter_map(|name| name.parse::<Region>().ok());
    let known: BTreeSet<Region> = known.chain(file.listening([])).collect();
    let mut lost = Lost::default();
    for branch in checked.branches() {
        if !is_limited(&branch, REGION) {
            lost.some_come = true;
            continue;
        }
        let wanted = known
            .iter()
            .filter(|region| takes(&branch, region.as_str()));
        let (heard, unheard): (Vec<&Region>, Vec<&Region>) =
            wanted.partition(|region| hears(region));
        let named = REGION.iter().any(|path| branch.texts(path).is_some());
        lost.some_come |= !heard.is_empty();
        // Elsewhere there are no events of such services.
        if unheard.is_empty() || !heard.is_empty() && (!named || is_global(&branch)) {
            continue;
        }
        lost.named |= named;
        lost.names
            .extend(unheard.into_iter().map(Region::to_string));
    }
    (!lost.names.is_empty()).then_some(lost)
}

/// The accounts other than home's that a rule apart asks for.
fn accounts(checked: &CheckedRule<'_>, home: &AccountId) -> Option<Lost> {
    let mut lost = Lost::default();
    let mut is_limited_elsewhere = false;
    for branch in checked.branches() {
        let accepts = |account: &str| {
            let account = json!(account);
            ACCOUNT.iter().all(|path| branch.accepts(path, &account))
        };
        let comes = !is_limited(&branch, ACCOUNT) || accepts(home.as_str());
        lost.some_come |= comes;
        is_limited_elsewhere |= !comes;
        let texts = ACCOUNT.iter().filter_map(|path| branch.texts(path));
        let others = texts
            .flatten()
            .filter(|text| *text != home.as_str() && text.parse::<AccountId>().is_ok());
        let others = others.filter(|text| accepts(text)).map(str::to_owned);
        lost.names.extend(others);
    }
    lost.named = !lost.names.is_empty();
    (lost.named || is_limited_elsewhere).then_some(lost)
}

/// Whether one of the fields is tested, and has to be there.
fn is_limited(branch: &Branch<'_>, paths: [&str; 2]) -> bool {
    paths
        .iter()
        .any(|path| branch.tests(path) && !branch.accepts_absence(path))
}

/// Whether all events that are meant appear in one Region.
fn is_global(branch: &Branch<'_>) -> bool {
    services(branch).is_some_and(|services| {
        services
            .iter()
            .all(|service| GLOBAL_SERVICES.contains(service))
    })
}

/// What to write so that somebody listens there.
fn remedy(lost: &Lost, file: &RulesFile) -> String {
    let ours = file.home.region.partition();
    let is_ours = |name: &&str| {
        let region = name.parse::<Region>();
        region.is_ok_and(|region| region.partition() == ours)
    };
    let names = lost.names.iter().map(String::as_str);
    let names: Vec<&str> = names.filter(is_ours).collect();
    if names.is_empty() {
        return "a rules file ends at the border of its partition: write one for those Regions, or take the condition on the Region away".to_owned();
    }
    if ours == Partition::China {
        return "event buses in China take no events from other Regions: write a rules file with its home there, or take the condition on the Region away".to_owned();
    }
    let regions = match (lost.named, &file.watch.regions) {
        (false, _) | (true, Regions::All) => "all".to_owned(),
        (true, Regions::Home) => format!("[{}]", names.join(", ")),
        (true, Regions::Listed(watched)) => {
            let watched = watched.iter().map(|(region, _)| region.as_str());
            let all: Vec<&str> = watched.chain(names).collect();
            format!("[{}]", all.join(", "))
        }
    };
    format!("write `regions: {regions}` under `watch`, or take the condition on the Region away")
}
