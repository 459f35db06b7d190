//! Where events are listened to, and where the detectors sit.

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::{Compiled, Forwarder, PATTERN_QUOTA, Where, cover};
use crate::place::Region;
use crate::resources::{DEFAULT_BUS, Survey, names};
use crate::rules::{Diagnostic, Level, Regions, RulesFile, Span};

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
    pub(super) fn of(file: &RulesFile, compiled: &[Compiled], listening: BTreeSet<Region>) -> Self {
        let mut forwarders: BTreeMap<Region, Vec<Forwarder>> = listening
            .iter()
            .map(|region| {
                let parts = cover(compiled, Where::of(region), PATTERN_QUOTA);
                (region.clone(), parts)
            })
            .collect();
        forwarders.retain(|_, parts| !parts.is_empty());
        let alone = forwarders.keys().all(|region| *region == file.home.region);
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
            Some(far) if home.partition() == "aws-cn" => Err(problem(
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
pub fn listening(file: &RulesFile, survey: &Survey) -> Result<BTreeSet<Region>, Diagnostic> {
    let home = &file.home.region;
    let mut listening = BTreeSet::from([home.clone(), home.global()]);
    let enabled = survey.regions.as_ref();
    if enabled.is_ok_and(|enabled| !enabled.contains(home)) {
        return Err(not_enabled(home, survey, file.home.span));
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
                    return Err(not_enabled(region, survey, *span));
                }
                listening.insert(region.clone());
            }
        }
    }
    Ok(listening)
}

fn not_enabled(region: &Region, survey: &Survey, span: Span) -> Diagnostic {
    problem(
        span,
        format!(
            "Region `{region}` is not enabled in account {}",
            survey.account
        ),
        "not enabled",
        "enable it under the account's settings (that takes minutes), or write another Region"
            .to_owned(),
    )
}

fn problem(span: Span, message: String, label: &str, help: String) -> Diagnostic {
    Diagnostic {
        code: "E0901",
        level: Level::Error,
        message,
        label: label.to_owned(),
        help: Some(help),
        span,
    }
}
