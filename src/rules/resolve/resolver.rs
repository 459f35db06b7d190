//! From drafts to rules: the catalogue, packs, `notify`, and what can be said only of the whole file.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::parsed::Resolved;
use super::tamper_watches;
use super::urgent::urgent;
use super::used_twice::{self, Says};
use crate::diagnostic::{Report, Sources, Span, codes, shown};
use crate::rules::decode::conditions::overlap;
use crate::rules::decode::delivery;
use crate::rules::decode::draft::{Common, Draft, FileDraft, Own, Use, finished};
use crate::rules::model::{
    AllOf, Channel, ChannelName, Events, Regions, Rule, RuleId, RulesFile, Trigger, Watch,
};
use crate::rules::syntax::read::Spanned;

/// A rule whose channels are not settled.
struct Open {
    rule: Rule,
    channels: Option<Vec<Spanned<ChannelName>>>,
    /// Where the id stands.
    id_span: Span,
    /// Where all of a rule of one's own stands.
    whole: Option<Span>,
    origin: Origin,
    /// Which `use` it came by; nothing for a rule of one's own.
    by: String,
    says: Says,
}

/// Where a rule came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Own,
    /// A rule of the catalogue that a `use` names by itself.
    Used,
    /// A member of a pack.
    Pack,
}

struct Resolver<'a> {
    catalogue: &'a Catalogue,
    sources: &'a Sources,
    open: BTreeMap<RuleId, Open>,
}

/// Resolves every name of the file.
pub(crate) fn resolve(
    file: FileDraft,
    drafts: Vec<Draft>,
    catalogue: &Catalogue,
    sources: &Sources,
    report: &mut Report,
) -> Resolved {
    let mut resolver = Resolver {
        catalogue,
        sources,
        open: BTreeMap::new(),
    };
    if drafts.is_empty() && report.errors() == 0 {
        report
            .warning(codes::NO_RULES, file.rules_span)
            .message("the file has no rules")
            .label("nothing is watched")
            .help("begin with `rules: [{ use: root/activity }]`");
    }
    let said: Vec<(&'static str, Span)> = drafts
        .iter()
        .flat_map(|draft| draft.words().keys.iter().copied())
        .collect();
    for draft in drafts {
        match draft {
            Draft::Own(own) => resolver.own(own, report),
            Draft::Use(using) => resolver.using(using, report),
        }
    }
    let open = resolver.open;
    // What is wrong elsewhere may hide who names a channel.
    if report.errors() == 0 {
        unused_channels(&file, &open, report);
        for (word, list) in &file.notify {
            too_many(list, &format!("`{word}` under `notify`"), &file, report);
        }
    }
    let mut rules = Vec::new();
    for open in open.values() {
        let mut rule = open.rule.clone();
        rule.channels = channels(open, &file, report);
        rules.push(rule);
    }
    let own = |rule: &Rule| {
        open.get(&rule.id)
            .is_some_and(|open| open.channels.is_some())
    };
    let by_rules = open.values().filter_map(|open| open.channels.as_ref());
    tamper_watches::separate(&mut rules, own, by_rules, &file, report);
    let urgent = urgent(&file, &rules);
    let whole = open
        .iter()
        .filter_map(|(id, open)| Some((id.clone(), open.whole?)));
    let whole = whole.collect();
    let sections = file.sections;
    let Some((name, home)) = file.name.zip(file.home) else {
        return Resolved {
            others: rules,
            whole,
            sections,
            ..Resolved::default()
        };
    };
    let watch = file.watch.unwrap_or(Watch {
        regions: Regions::Home,
        organization: None,
        span: home.span,
    });
    let delivery = delivery::settled(&file.delivery, &file.channels, &said, report);
    let mut channels = file.channels.good;
    for (name, channel) in &mut channels {
        channel.urgent = urgent.contains(name);
    }
    let file = RulesFile {
        name,
        home,
        watch,
        trail: file.trail,
        topic_key: file.topic_key,
        role_boundary: file.role_boundary,
        delivery,
        account_names: file.delivery.account_names,
        zone: file.delivery.zone,
        test_events: file.test_events,
        channels,
        rules,
    };
    let is_good = report.errors() == 0;
    let (file, rest) = if is_good {
        (Some(file), None)
    } else {
        (None, Some(file))
    };
    Resolved {
        others: rest
            .as_ref()
            .map_or_else(Vec::new, |rest| rest.rules.clone()),
        file,
        rest,
        whole,
        sections,
    }
}

impl Resolver<'_> {
    fn own(&mut self, own: Own, report: &mut Report) {
        let id = own.id.value;
        if self.catalogue.rules.contains_key(&id.0) {
            report
                .warning(codes::HIDES_CATALOGUE, own.id.span)
                .message(format!(
                    "{} is also the id of a rule of the catalogue",
                    shown(&id.0)
                ))
                .label("readers will take it for that one")
                .help("choose another id, or write `use` to take the catalogue's");
        }
        if let Some(other) = self.open.get(&id) {
            self.duplicate(&id, (own.id.span, Origin::Own), other, report);
            return;
        }
        let Some(trigger) = own.trigger else {
            return;
        };
        let rule = Rule {
            title: own.common.title.unwrap_or_else(|| id.0.clone()),
            id: id.clone(),
            severity: own.common.severity.unwrap_or_default(),
            description: own.common.words.description,
            runbook: own.common.words.runbook,
            headline: own.common.words.headline,
            enabled: own.common.enabled.unwrap_or(true),
            trigger,
            channels: Vec::new(),
            apart: own.common.apart.unwrap_or_default(),
            tests: finished(&own.common.tests),
            accepted: own.common.accepted,
            span: own.id.span,
        };
        self.open.insert(
            id,
            Open {
                rule,
                channels: own.common.channels,
                id_span: own.id.span,
                whole: Some(own.whole),
                origin: Origin::Own,
                by: String::new(),
                says: Says::Nothing,
            },
        );
    }

    fn using(&mut self, using: Use, report: &mut Report) {
        let catalogue = self.catalogue;
        if let Some(base) = catalogue.rules.get(&using.id.value) {
            if let Some(except) = using.except.first() {
                report
                    .error(codes::EXCEPT, except.span)
                    .message(format!("{} is a rule, not a pack", shown(&using.id.value)))
                    .label("there is nothing to take out of a rule")
                    .help("remove `except`; `unless` holds exceptions");
            }
            self.add(base, &using, Origin::Used, report);
            return;
        }
        let Some(pack) = catalogue.packs.get(&using.id.value) else {
            let ids = catalogue
                .rules
                .keys()
                .chain(catalogue.packs.keys())
                .map(String::as_str);
            let mut all: Vec<&str> = ids.collect();
            all.sort_unstable();
            report
                .error(codes::UNKNOWN_RULE, using.id.span)
                .message(format!(
                    "the catalogue has no rule or pack {}",
                    shown(&using.id.value)
                ))
                .label("unknown rule")
                .suggest_or(&using.id.value, all, "`iamwatch patterns` lists them");
            return;
        };
        if let Some(span) = using.title_key {
            report
                .error(codes::USE, span)
                .message(format!(
                    "{} is a pack, whose rules have titles of their own",
                    shown(&using.id.value)
                ))
                .label("one title for several rules")
                .help("give a title where a single rule is used");
        }
        if let Some(span) = using.common.tests_key {
            report
                .error(codes::TEST, span)
                .message(format!(
                    "{} is a pack, and a test is about one rule",
                    shown(&using.id.value)
                ))
                .label("tests of several rules")
                .help(format!(
                    "write the tests where a single rule is used, such as `use: {}`",
                    pack.rules.first().map_or("", |rule| rule.0.as_str())
                ));
        }
        for except in &using.except {
            if !pack.rules.iter().any(|rule| rule.0 == except.value) {
                let names: Vec<&str> = pack.rules.iter().map(|r| r.0.as_str()).collect();
                report
                    .error(codes::EXCEPT, except.span)
                    .message(format!(
                        "{} does not hold {}",
                        shown(&using.id.value),
                        shown(&except.value)
                    ))
                    .label("not in this pack")
                    .suggest(&except.value, names);
            }
        }
        for rule in &pack.rules {
            if using.except.iter().any(|except| except.value == rule.0) {
                continue;
            }
            if let Some(base) = catalogue.rules.get(&rule.0) {
                self.add(base, &using, Origin::Pack, report);
            }
        }
    }

    /// Adds a catalogue rule as a `use` changes it.
    fn add(&mut self, base: &Own, using: &Use, origin: Origin, report: &mut Report) {
        let id = &base.id.value;
        let says = used_twice::says(using);
        if let Some(other) = self.open.get(id) {
            match (other.origin, origin) {
                // A rule named by itself says more than a pack, whichever comes first.
                (Origin::Used, Origin::Pack) => {
                    used_twice::by_itself(
                        id,
                        (other.says, other.id_span),
                        (says, &using.id.value),
                        report,
                    );
                    return;
                }
                (Origin::Pack, Origin::Used) => {
                    used_twice::by_itself(
                        id,
                        (says, using.id.span),
                        (other.says, &other.by),
                        report,
                    );
                }
                (Origin::Pack, Origin::Pack) => {
                    used_twice::in_packs((&other.by, other.says), &using.id, report);
                }
                _ => {
                    self.duplicate(id, (using.id.span, origin), other, report);
                    return;
                }
            }
        }
        let Some(trigger) = base
            .trigger
            .as_ref()
            .and_then(|base| narrowed(base, using, report))
        else {
            return;
        };
        let Common {
            title,
            severity,
            enabled,
            channels,
            apart,
            words,
            tests,
            accepted,
            ..
        } = &using.common;
        let of_base = &base.common.words;
        let title = title
            .clone()
            .filter(|_| origin == Origin::Used)
            .or_else(|| base.common.title.clone());
        let rule = Rule {
            id: id.clone(),
            title: title.unwrap_or_else(|| id.0.clone()),
            severity: severity.or(base.common.severity).unwrap_or_default(),
            description: (words.description.clone()).or_else(|| of_base.description.clone()),
            runbook: words.runbook.clone().or_else(|| of_base.runbook.clone()),
            headline: words.headline.clone().or_else(|| of_base.headline.clone()),
            enabled: enabled.unwrap_or(true),
            trigger,
            channels: Vec::new(),
            apart: apart.or(base.common.apart).unwrap_or_default(),
            tests: finished(tests),
            accepted: base
                .common
                .accepted
                .iter()
                .chain(accepted)
                .cloned()
                .collect(),
            span: using.id.span,
        };
        let open = Open {
            rule,
            channels: channels.clone(),
            id_span: using.id.span,
            whole: None,
            origin,
            by: using.id.value.clone(),
            says,
        };
        self.open.insert(id.clone(), open);
    }

    fn duplicate(
        &self,
        id: &RuleId,
        (span, origin): (Span, Origin),
        other: &Open,
        report: &mut Report,
    ) {
        if report.is_full() {
            report.error(codes::DUPLICATE_ID, span);
            return;
        }
        // The one that stands later is reported, whatever the order of reading.
        let (first, second) = if other.id_span <= span {
            (other.id_span, span)
        } else {
            (span, other.id_span)
        };
        let help = match (origin, other.origin) {
            (Origin::Own, Origin::Own) => "give one of them another id, or remove it",
            (Origin::Own, Origin::Pack) | (Origin::Pack, Origin::Own) => {
                "give the one of your own another `id`, or take the other out of its pack with `except`"
            }
            (Origin::Own, Origin::Used) | (Origin::Used, Origin::Own) => {
                "give the one of your own another `id`, or remove one of the two"
            }
            _ => {
                "say in one `use` what both say, and remove the other: a `use` takes no `id`. A second rule like it is \
                 one of your own, with `id` and `events`"
            }
        };
        let (name, line, column) = self.sources.position(first);
        report
            .error(codes::DUPLICATE_ID, second)
            .message(format!("two rules have the id {}", shown(&id.0)))
            .label(format!("the other one stands at {name}:{line}:{column}"))
            .help(help);
    }
}

/// The catalogue's trigger with the conditions of a `use` added.
fn narrowed(base: &Trigger, using: &Use, report: &mut Report) -> Option<Trigger> {
    let Trigger::Events(base) = base else {
        let conditions = using.when.iter().chain(&using.unless);
        let conditions = conditions
            .flat_map(|all| &all.fields)
            .map(|field| field.span);
        let services = using.unless_services.iter().map(|service| service.span);
        if let Some(span) = conditions.chain(services).next() {
            report
                .error(codes::USE_CONDITION, span)
                .message(format!(
                    "{} is a raw pattern, which takes no conditions",
                    shown(&using.id.value)
                ))
                .label("cannot be added")
                .help("write a rule of your own");
            return None;
        }
        return Some(base.clone());
    };
    let mut when = Vec::new();
    let mut clash = false;
    if using.when.is_empty() {
        when.clone_from(&base.when);
    } else if base.when.is_empty() {
        when.clone_from(&using.when);
    } else {
        for own in &using.when {
            for given in &base.when {
                match both(given, own, &using.id.value, report) {
                    Some(all) => when.push(all),
                    None => clash = true,
                }
            }
        }
    }
    let unless = base.unless.iter().chain(&using.unless).cloned().collect();
    let further = using.unless_services.iter().map(|service| &service.value);
    let mut unless_services = base.unless_services.clone();
    for service in further {
        if !unless_services.contains(service) {
            unless_services.push(service.clone());
        }
    }
    (!clash).then(|| {
        Trigger::Events(Events {
            when,
            unless,
            unless_services,
            ..base.clone()
        })
    })
}

/// Two maps as one; fields that both speak about are reported.
fn both(given: &AllOf, own: &AllOf, id: &str, report: &mut Report) -> Option<AllOf> {
    let mut good = true;
    for field in &own.fields {
        for other in &given.fields {
            if field.path == other.path {
                good = false;
                report
                    .error(codes::USE_CONDITION, field.span)
                    .message(format!(
                        "the catalogue's rule already has a condition on {}",
                        shown(&field.path.join("."))
                    ))
                    .label("one field cannot have two conditions")
                    .help(format!("leave it out, or write a rule of your own in place of the catalogue's, which `iamwatch patterns {id}` shows"));
            } else if field.path.starts_with(&other.path) {
                good = false;
                overlap(field.span, &other.path, &field.path, report);
            } else if other.path.starts_with(&field.path) {
                good = false;
                overlap(field.span, &field.path, &other.path, report);
            }
        }
    }
    good.then(|| AllOf {
        fields: given.fields.iter().chain(&own.fields).cloned().collect(),
    })
}

/// The rule's own channels, else those of its severity, else the default ones.
fn channels(open: &Open, file: &FileDraft, report: &mut Report) -> Vec<ChannelName> {
    let word = open.rule.severity.to_string();
    let chosen = match &open.channels {
        Some(own) => Some(own),
        None => file
            .notify
            .get(word.as_str())
            .or_else(|| file.notify.get("default")),
    };
    // A list whose names are all unknown has been reported.
    if chosen.is_none() && open.rule.enabled {
        report
            .error(codes::NOBODY_HEARS, open.id_span)
            .message(format!("nobody hears of rule {}, whose severity is {word}", shown(&open.rule.id.0)))
            .label("it has no channel")
            .help(format!("give the rule `channels`, or name channels for `{word}` or `default` under `notify`"));
    }
    let mut names: Vec<ChannelName> = chosen
        .into_iter()
        .flatten()
        .map(|name| name.value.clone())
        .collect();
    names.sort();
    names.dedup();
    if let Some(own) = &open.channels
        && open.rule.enabled
    {
        too_many(
            own,
            &format!("rule {}", shown(&open.rule.id.0)),
            file,
            report,
        );
    }
    names
}

/// Reports a list of more channels than a rule has targets.
fn too_many(list: &[Spanned<ChannelName>], whose: &str, file: &FileDraft, report: &mut Report) {
    // The dispatcher is one target, however many channels it tells.
    let is_told = |name: &ChannelName| {
        let channel = file.channels.good.get(name);
        file.delivery.is_dispatcher && channel.is_some_and(Channel::is_for_dispatcher)
    };
    let direct = |name: &&Spanned<ChannelName>| !is_told(&name.value);
    let has_others = list.iter().any(|name| is_told(&name.value));
    let list: Vec<&Spanned<ChannelName>> = list.iter().filter(direct).collect();
    let most = MOST_CHANNELS - usize::from(has_others);
    let names: BTreeSet<&ChannelName> = list.iter().map(|name| &name.value).collect();
    let sixth = list.get(most).filter(|_| names.len() > most);
    if let Some(sixth) = sixth {
        report
            .error(codes::TOO_MANY_CHANNELS, sixth.span)
            .message(format!(
                "{whose} has {} channels{}, and EventBridge sends an event to {MOST_CHANNELS} targets at most",
                names.len(),
                if has_others { " beside the dispatcher" } else { "" }
            ))
            .label("each channel is a target")
            .help("name fewer: one of them can pass alerts on to others");
    }
}

/// Targets of an EventBridge rule, of which each channel is one. Source: EventBridge quotas.
const MOST_CHANNELS: usize = 5;

fn unused_channels(file: &FileDraft, open: &BTreeMap<RuleId, Open>, report: &mut Report) {
    let by_rules = open.values().filter_map(|open| open.channels.as_ref());
    let named: BTreeSet<&ChannelName> = file
        .notify
        .values()
        .chain(by_rules)
        .flatten()
        .map(|name| &name.value)
        .collect();
    for (name, channel) in &file.channels.good {
        let speaks_for_others = file
            .delivery
            .fallback
            .as_ref()
            .is_some_and(|f| f.value == name.0);
        if !named.contains(name) && !speaks_for_others {
            report
                .warning(codes::UNUSED_CHANNEL, channel.span)
                .message(format!("nothing is sent to the channel {}", shown(&name.0)))
                .label("neither a rule nor `notify` names it")
                .help("name it under `notify`, or remove it");
        }
    }
}
