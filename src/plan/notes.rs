//! What a plan says besides its changes: alerts that would not arrive although every change succeeds.

use super::saved::PlanRequest;
use super::{Action, Note, Plan};
use crate::cloudtrail::Selected;
use crate::compile::Compiled;
use crate::diagnostic::{listed, shell_word};
use crate::place::Arn;
use crate::placement::{Desired, Needs, TrailSource, Unfit, Unrecorded};
use crate::resources::trail::{DATA_EVENT_PRICE, has_data_events, missing_statements};
use crate::resources::{AccountFacts, Kind, Live, Owner, Resource, ResourceKey, names, policy};
use crate::rules::{Regions, Rule, RulesFile, Trail as Wish, Trigger};

/// Nobody has looked whether the rules do what their tests say.
pub fn untested(request: &PlanRequest) -> Option<Note> {
    request.tests_skipped.then(|| Note {
        message: "the tests of the rules were not run: --skip-tests".to_owned(),
        help: "`iamwatch check` runs them: a rule whose test fails may not alert".to_owned(),
        document: None,
        loses_alerts: false,
    })
}

/// What the owner of a function must do before alerts reach it: iamwatch does not edit functions.
pub fn unchecked_function(plan: &Plan) -> Option<Note> {
    let created = plan.changes.iter().find_map(|change| match &change.after {
        Some(Resource::Subscription(s)) if s.protocol == "lambda" => Some(s),
        _ => None,
    })?;
    Some(Note {
        message: format!(
            "{} must let our topic invoke it; that is not checked",
            created.endpoint
        ),
        help: format!(
            "aws lambda add-permission --function-name {} --statement-id iamwatch --action lambda:InvokeFunction \
             --principal sns.amazonaws.com --source-arn {}",
            shell_word(&created.endpoint.to_string()),
            shell_word(created.topic.as_str())
        ),
        document: None,
        loses_alerts: false,
    })
}

/// What the owner of the key of the log files must do, so that Access Analyzer can read them.
pub fn analyzer_key(
    file: &RulesFile,
    desired: &Desired,
    organization: Option<&str>,
) -> Option<Note> {
    let settings = file.trail.settings();
    let (TrailSource::Ours(trail), Some(id), true) =
        (&desired.feed, organization, settings.access_analyzer)
    else {
        return None;
    };
    let key = settings.kms_key?;
    Some(Note {
        message: format!("Access Analyzer can read the log files only if {key} lets it decrypt them"),
        help: "iamwatch never edits a key of yours; unless its policy says so already, add this statement:"
            .to_owned(),
        document: Some(policy::analyzer_key_statement(id, trail)),
        loses_alerts: false,
    })
}

/// Our trail writes into a bucket that iamwatch does not edit, and that may not let it.
pub fn foreign_bucket(
    desired: &Desired,
    organization: Option<&str>,
    live: &[Live],
) -> Option<Note> {
    let TrailSource::Ours(arn) = &desired.feed else {
        return None;
    };
    let mut wanted = desired.resources.values();
    let trail = wanted.find_map(|resource| match resource {
        Resource::Trail(trail) => Some(trail),
        _ => None,
    })?;
    let is_bucket = |key: &ResourceKey| key.kind == Kind::Bucket && key.name == trail.bucket;
    if desired.resources.keys().any(is_bucket) {
        return None;
    }
    let found = live.iter().find(|live| is_bucket(&live.key))?;
    let Resource::Bucket(bucket) = &found.resource else {
        return None;
    };
    let account = desired.home.account();
    let prefix = trail.key_prefix.as_deref();
    let lacks = missing_statements(
        &bucket.policy,
        &bucket.name,
        prefix,
        account,
        organization,
        arn,
    );
    let unseen = found.owner == Owner::Stranger;
    (!lacks.is_empty()).then(|| Note {
        message: if unseen {
            format!(
                "{} is in another account, or may not be looked at: whether it lets the trail write cannot be told",
                found.key
            )
        } else {
            format!("{} does not let the trail write", found.key)
        },
        help: "iamwatch never edits a bucket of yours; its policy needs these statements:".to_owned(),
        document: Some(serde_json::Value::Array(lacks)),
        loses_alerts: !unseen,
    })
}

/// Nothing feeds the rules: EventBridge would hear of no API call, however well all else is deployed.
pub fn unfed(desired: &Desired) -> Option<Note> {
    let TrailSource::Nobody { trails } = &desired.feed else {
        return None;
    };
    let found = match trails.as_slice() {
        [] => "the account has none".to_owned(),
        trails => lacking(trails),
    };
    Some(Note {
        message: format!("no trail records what the rules watch, so that no alert can come: {found}"),
        help: "write `trail: existing-or-create`, or let a trail of yours record all management events in all Regions"
            .to_owned(),
        document: None,
        loses_alerts: true,
    })
}

/// What each trail lacks.
fn lacking(trails: &[(Arn, Vec<Unfit>)]) -> String {
    let each = trails.iter().map(|(arn, lacks)| {
        let lacks: Vec<String> = lacks.iter().map(ToString::to_string).collect();
        format!("`{}` {}", names::trail(arn), lacks.join(", "))
    });
    each.collect::<Vec<_>>().join("; ")
}

/// Why a trail is made although there are some, and what would spare it.
pub fn passed_over(
    plan: &Plan,
    file: &RulesFile,
    patterns: &[Compiled],
    desired: &Desired,
    account_facts: &AccountFacts,
) -> Option<Note> {
    let creates = plan
        .changes
        .iter()
        .any(|change| change.key.kind == Kind::Trail && change.action == Action::Create);
    if file.trail != Wish::ExistingOrCreate || !creates || account_facts.trails.is_empty() {
        return None;
    }
    let needs = Needs::of(patterns, &desired.topology.listening, account_facts);
    let judged = account_facts.trails.iter();
    let judged = judged.map(|found| (found.arn.clone(), needs.unmet_by(found)));
    let judged: Vec<(Arn, Vec<Unfit>)> = judged.collect();
    let stopped = judged.iter().find(|(arn, lacks)| {
        *lacks == [Unfit::NotLogging] && arn.account() == account_facts.account.as_str()
    });
    let way = match stopped {
        Some((arn, _)) => format!(
            "`aws cloudtrail start-logging --name {} --region {}` and another plan",
            shell_word(arn.as_str()),
            shell_word(arn.region())
        ),
        None => "one of them that records all management events in all Regions".to_owned(),
    };
    Some(Note {
        message: format!("a trail is made because none fits: {}", lacking(&judged)),
        help: format!("{way} would spare it: every further copy of the events costs money"),
        document: None,
        loses_alerts: false,
    })
}

/// Events that rules want and that no trail is known to record in full: data events, network activity, Insights.
pub fn unrecorded(found: &[Unrecorded], partition: &str) -> Vec<Note> {
    let note = |found: &Unrecorded| {
        let rules: Vec<String> = found.rules.iter().map(ToString::to_string).collect();
        let (events, rules) = (&found.events, listed(&rules));
        let (message, help) = match found.selected {
            Selected::Nothing => (
                format!("no trail records {events}, so that no alert of them can come: {rules}"),
                events.remedy(partition),
            ),
            Selected::Unknown => (
                format!(
                    "whether a trail records {events} cannot be seen from this account: {rules}"
                ),
                "ask whoever keeps the trail whether its event selectors name them".to_owned(),
            ),
            Selected::Partly | Selected::Wholly => (
                format!(
                    "the trails record some {events} only, as their event selectors say: {rules}"
                ),
                "where more is meant, widen the selectors; CloudTrail charges for each event"
                    .to_owned(),
            ),
        };
        Note {
            message,
            help,
            document: None,
            loses_alerts: found.selected == Selected::Nothing,
        }
    };
    found.iter().map(note).collect()
}

/// What it costs that our trail is about to record data events. `elsewhere`: it is changed in another account.
pub fn priced(plan: &Plan, elsewhere: Option<&serde_json::Value>) -> Option<Note> {
    let here = plan.changes.iter().find_map(|change| {
        let Some(Resource::Trail(after)) = &change.after else {
            return None;
        };
        let begins = match &change.before {
            Some(Live {
                resource: Resource::Trail(before),
                ..
            }) => before.selectors != after.selectors,
            _ => true,
        };
        begins.then_some(&after.selectors)
    });
    let selectors = here.or(elsewhere)?;
    has_data_events(selectors).then(|| Note {
        message: format!(
            "the trail records data events: CloudTrail charges {DATA_EVENT_PRICE}, and S3 for keeping the log files"
        ),
        help: "a busy bucket, table or function makes millions a day: name single ones, and look at the bill after a day"
            .to_owned(),
        document: None,
        loses_alerts: false,
    })
}

/// The trail in use belongs to another account and may not be looked into.
pub fn unknown_trail(desired: &Desired, account_facts: &AccountFacts) -> Option<Note> {
    let TrailSource::Existing(arn) = &desired.feed else {
        return None;
    };
    let mut trails = account_facts.trails.iter();
    let found = trails.find(|found| found.arn == *arn && found.unknown)?;
    Some(Note {
        message: format!(
            "events come from {}, and whether it logs and what it records cannot be seen from this account",
            found.arn
        ),
        help: format!(
            "ask account {} that it logs all management events in all Regions, or write `trail: create`",
            found.arn.account()
        ),
        document: None,
        loses_alerts: false,
    })
}

/// Only the Regions in use could be looked at.
pub fn unknown_regions(account_facts: &AccountFacts) -> Option<Note> {
    let error = account_facts.regions.as_ref().err()?;
    Some(Note {
        message: format!(
            "cannot tell which Regions are enabled, so that leftovers in others than those of the file are not seen: {error}"
        ),
        help: error.remedy().unwrap_or_default(),
        document: None,
        loses_alerts: false,
    })
}

/// Home alone is listened to, and that must not be learnt in an incident.
pub fn listening_at_home_only(file: &RulesFile) -> Option<Note> {
    if file.watch.regions != Regions::Home {
        return None;
    }
    let home = &file.home.region;
    let global = home.global();
    let heard = if *home == global {
        format!("only {home} is")
    } else {
        format!("only {home} and {global} are")
    };
    let regional = |rule: &&Rule| match &rule.trigger {
        Trigger::Events(events) => events.globs.iter().any(|glob| !events.is_global(glob)),
        Trigger::Raw { .. } => true,
    };
    // Those apart hear of home alone, whatever is watched.
    let mut carried = file.rules.iter().filter(|rule| rule.enabled && !rule.apart);
    let rule = carried.find(regional)?;
    Some(Note {
        message: format!("{heard} listened to, and events of `{}` can appear elsewhere", rule.id),
        help: "write `watch: { regions: all }`: calls to regional services, and sign-ins of IAM users at another \
               endpoint, are recorded in their own Region"
            .to_owned(),
        document: None,
        loses_alerts: false,
    })
}
