//! Where events are listened to, and where the detectors sit.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::{Compiled, Forwarder, PATTERN_QUOTA, Where, cover};
use crate::place::{Partition, Region};
use crate::resources::{AccountFacts, DEFAULT_BUS, names};
use crate::rules::{Diagnostic, Level, Regions, RulesFile, Span, codes};

/// The shape of a deployment in one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Topology {
    /// Every Region whose default bus is listened to, whether or not a rule wants anything there.
    pub listening: BTreeSet<Region>,
    /// The bus that the detectors sit on: the default bus, or the home bus behind forwarders.
    pub bus: String,
    /// The forwarders of each Region that has some; none where the detectors sit on the default bus.
    pub forwarders: BTreeMap<Region, Vec<Forwarder>>,
}

impl Topology {
    /// One account and one Region that alone has what the rules want: detectors on its default bus.
    /// Everything else is a hub with spokes, the home Region being a spoke as well.
    pub(super) fn of(
        file: &RulesFile,
        compiled: &[Compiled],
        account_facts: &AccountFacts,
        listening: BTreeSet<Region>,
    ) -> Self {
        // Places of one kind need the same.
        let mut covers: Vec<(Where, Vec<Forwarder>)> = Vec::new();
        let mut forwarders = BTreeMap::new();
        for region in &listening {
            let kind = Where::of(region);
            let known = covers.iter().find(|(known, _)| *known == kind);
            let parts = match known {
                Some((_, parts)) => parts.clone(),
                None => {
                    let parts = cover(compiled, kind, PATTERN_QUOTA);
                    covers.push((kind, parts.clone()));
                    parts
                }
            };
            forwarders.insert(region.clone(), parts);
        }
        forwarders.retain(|_, parts: &mut Vec<Forwarder>| !parts.is_empty());
        let alone = account_facts.organization.is_none()
            && forwarders.keys().all(|region| *region == file.home.region);
        if alone {
            Self {
                listening,
                bus: DEFAULT_BUS.to_owned(),
                forwarders: BTreeMap::new(),
            }
        } else {
            Self {
                listening,
                bus: names::whole(&file.name),
                forwarders,
            }
        }
    }

    /// Whether events can come home from everywhere. In the China Regions they cannot.
    /// Source: EventBridge, `eb-cross-region`.
    pub(super) fn can_be_reached(&self, file: &RulesFile) -> Result<(), Diagnostic> {
        let home = &file.home.region;
        let far = self.forwarders.keys().find(|region| *region != home);
        match far {
            Some(far) if home.partition() == Partition::China => Err(problem(
                if file.watch.regions == Regions::Home {
                    file.home.span
                } else {
                    file.watch.span
                },
                format!("events of `{far}` cannot come to `{home}`"),
                "in China no event bus takes events from another Region",
                format!(
                    "write `home: {{ region: {far} }}` in a rules file of another name for what appears there, and \
                     leave that out here",
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Whether detectors sit on a bus of their own.
    pub fn is_hub(&self) -> bool {
        self.bus != DEFAULT_BUS
    }
}

/// The Regions to listen to: those of the file, home, and the one of global services.
///
/// # Errors
/// A Region that is listed and not enabled, or of another partition; `all` where the caller may not know which are.
pub fn listening(
    file: &RulesFile,
    account_facts: &AccountFacts,
) -> Result<BTreeSet<Region>, Diagnostic> {
    let home = &file.home.region;
    let mut listening = BTreeSet::from([home.clone(), home.global()]);
    let enabled = account_facts.regions.as_ref();
    if enabled.is_ok_and(|enabled| !enabled.contains(home)) {
        return Err(not_enabled(home, account_facts, file.home.span));
    }
    match &file.watch.regions {
        Regions::Home => {}
        Regions::All => match enabled {
            Ok(enabled) => listening.extend(enabled.iter().cloned()),
            Err(error) => {
                return Err(problem(
                    file.watch.span,
                    format!("cannot tell which Regions are enabled: {error}"),
                    "needs to know every enabled Region",
                    format!(
                        "{}; or list the Regions",
                        error.remedy().unwrap_or_default()
                    ),
                ));
            }
        },
        Regions::Listed(listed) => {
            for (region, span) in listed {
                if region.partition() != home.partition() {
                    return Err(problem(
                        *span,
                        format!("`{region}` is in the partition `{}`, and home in `{}`", region.partition(), home.partition()),
                        "another partition",
                        "write a rules file for each partition: accounts, roles and event buses end at its border".to_owned(),
                    ));
                }
                if enabled.is_ok_and(|enabled| !enabled.contains(region)) {
                    return Err(not_enabled(region, account_facts, *span));
                }
                listening.insert(region.clone());
            }
        }
    }
    Ok(listening)
}

/// Whether a Region is listened to, as far as the file alone says: `all` is taken for every Region.
pub fn listens_in(file: &RulesFile, region: &Region) -> bool {
    let home = &file.home.region;
    let named = match &file.watch.regions {
        Regions::Home => false,
        Regions::All => region.partition() == home.partition(),
        Regions::Listed(listed) => listed.iter().any(|(listed, _)| listed == region),
    };
    named || region == home || *region == home.global()
}

fn not_enabled(region: &Region, account_facts: &AccountFacts, span: Span) -> Diagnostic {
    problem(
        span,
        format!(
            "Region `{region}` is not enabled in account {}",
            account_facts.account
        ),
        "not enabled",
        "enable it under the account's settings (that takes minutes), or write another Region"
            .to_owned(),
    )
}

fn problem(span: Span, message: String, label: &str, help: String) -> Diagnostic {
    Diagnostic {
        code: codes::NOT_ENABLED.id,
        level: Level::Error,
        message,
        label: label.to_owned(),
        help: Some(help),
        span,
    }
}
