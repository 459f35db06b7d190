//! What was told, and how is it told again?

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::error::{Code, Error};
use super::session::Session;
use crate::aws::{CallError, Cause};
use crate::diagnostic::{counted, few, shown};
use crate::ledger::{self, Run, RunState, Told, first_name};
use crate::place::Arn;
use crate::resources::names;
use crate::rules::{ChannelName, Delivery, RulesFile};

/// So many alerts are named where an id stands for several.
const MOST_NAMED: usize = 5;

/// An alert that is about to be told again.
#[derive(Debug, Serialize)]
pub struct Repeat {
    /// What was told.
    pub alert: Told,
    /// The runs that have told it again, oldest first.
    pub earlier: Vec<Run>,
    /// The names of the channels that it goes to.
    pub channels: Vec<String>,
    /// The name of the run that tells it again.
    pub execution: String,
    /// How that run stands.
    pub outcome: RepeatOutcome,
    /// What the run is started with.
    #[serde(skip)]
    input: String,
}

/// Whether a run that tells an alert again was started, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatOutcome {
    /// Nothing was started yet.
    Planned,
    /// It was started.
    Started,
    /// Somebody else had started it.
    AlreadyStarted,
}

/// The channel that hears of what the others did not take, where alerts are kept at all.
///
/// # Errors
/// A file whose detectors publish by themselves.
pub fn fallback(file: &RulesFile) -> Result<&ChannelName, Error> {
    match &file.delivery {
        Delivery::Dispatcher { fallback } => Ok(fallback),
        Delivery::Direct => Err(Error::new(
            Code::NotForRules,
            "the rules file has `delivery: direct`: nobody keeps which alerts were told",
        )
        .help(
            "alerts are kept with `delivery: dispatcher` only; `iamwatch dlq` shows what could not be delivered",
        )),
    }
}

impl Session {
    /// The alerts that were told since a moment, oldest first.
    ///
    /// # Errors
    /// A ledger that is not there, and what AWS says.
    pub async fn told(&self, since: Timestamp) -> Result<Vec<Told>, Error> {
        let now = Timestamp::from_millisecond(self.clock.now_ms()).map_err(Error::internal)?;
        let table = names::whole(&self.rules.file.name);
        let found = ledger::told(&self.at_home(), &table, since, now).await;
        let mut told = found.map_err(|error| self.no_ledger(&table, error))?;
        told.reverse();
        Ok(told)
    }

    fn no_ledger(&self, table: &str, error: CallError) -> Error {
        if error.cause != Cause::NotFound {
            return error.into();
        }
        let message = format!(
            "the table {} that keeps what was told does not exist in {}",
            shown(table),
            self.desired.home
        );
        Error::new(Code::NotFound, message)
            .help("run `iamwatch apply`, which makes it: alerts are kept from then on")
    }

    /// Prepares to tell again one of some alerts. `id`: that of its event or of its run, or the beginning of one.
    ///
    /// # Errors
    /// An id that stands for none or for several, an input that Step Functions does not have any more, and what AWS says.
    pub async fn repeat(&self, told: Vec<Told>, id: &str) -> Result<Repeat, Error> {
        let alert = chosen(told, id)?;
        let (clients, machine) = (self.at_home(), self.machine()?);
        let found = ledger::run(&clients, &machine, &alert.execution).await?;
        let gone = || {
            let message = format!(
                "Step Functions does not have the run {} any more",
                shown(&alert.execution)
            );
            Error::new(Code::NotFound, message).help(
                "it keeps what a run was started with for 90 days; the event is in CloudTrail",
            )
        };
        let input = found.and_then(|run| run.input).ok_or_else(gone)?;
        let unknown = || {
            let message = format!(
                "the run {} was not started as a detector starts it",
                shown(&alert.execution)
            );
            Error::new(Code::NotFound, message)
                .help("there is no rule and no event in its input that could be told again")
        };
        let input = ledger::late(&input).ok_or_else(unknown)?;
        let repeats = ledger::repeats(&clients, &machine, &alert.execution).await?;
        let goes_on = repeats
            .earlier
            .iter()
            .find(|run| run.state == RunState::Running);
        let (execution, outcome) = match (goes_on, repeats.next) {
            (Some(run), _) => (run.name.clone(), RepeatOutcome::AlreadyStarted),
            (None, Some(next)) => (next, RepeatOutcome::Planned),
            (None, None) => {
                let times = counted(repeats.earlier.len(), "time");
                let message = format!("the alert was told again {times} already");
                return Err(Error::new(Code::NotReady, message).help(
                    "no more is possible within 90 days: see why its channels fail, with `iamwatch status`",
                ));
            }
        };
        Ok(Repeat {
            channels: self.channels(&input)?,
            alert,
            earlier: repeats.earlier,
            execution,
            outcome,
            input,
        })
    }

    /// Tells an alert again.
    ///
    /// # Errors
    /// What AWS says.
    pub async fn tell_again(&self, repeat: &mut Repeat) -> Result<(), Error> {
        let (clients, machine) = (self.at_home(), self.machine()?);
        let Repeat {
            execution, input, ..
        } = &*repeat;
        let started = ledger::start(&clients, &machine, execution, input).await;
        let started = started.map_err(|error| match error.code.as_deref() {
            Some("StateMachineDoesNotExist") => {
                Error::new(Code::NotFound, error.to_string()).help("run `iamwatch apply`")
            }
            _ => error.into(),
        })?;
        repeat.outcome = match started {
            true => RepeatOutcome::Started,
            false => RepeatOutcome::AlreadyStarted,
        };
        Ok(())
    }

    fn machine(&self) -> Result<Arn, Error> {
        let name = names::whole(&self.rules.file.name);
        let arn = names::arn_at(
            "states",
            &self.desired.home,
            &format!("stateMachine:{name}"),
        );
        arn.ok_or_else(|| Error::internal("home is no Region"))
    }

    /// Who hears of an alert with this input.
    fn channels(&self, input: &str) -> Result<Vec<String>, Error> {
        let input: Value = serde_json::from_str(input)?;
        let source = input.pointer("/event/source").and_then(Value::as_str);
        if source == Some(&format!("iamwatch.probe.{}", self.rules.file.name)) {
            return Ok(vec!["probe".to_owned()]);
        }
        let named = input.pointer("/rule/channels").and_then(Value::as_array);
        let named = named.into_iter().flatten().filter_map(Value::as_str);
        let mut named: Vec<String> = named
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if named.is_empty() {
            named.push(fallback(&self.rules.file)?.0.clone());
        }
        Ok(named)
    }
}

/// The alert that an id stands for. What was told again counts as the alert itself.
fn chosen(told: Vec<Told>, id: &str) -> Result<Told, Error> {
    let is_whole = |told: &Told| told.id == id || told.execution == id;
    let whole = told.iter().any(is_whole);
    let fits = |told: &Told| match whole {
        true => is_whole(told),
        false => told.id.starts_with(id) || told.execution.starts_with(id),
    };
    // By the run that told it first.
    let mut found: BTreeMap<String, Told> = BTreeMap::new();
    for told in told {
        if id.is_empty() || told.execution.is_empty() || !fits(&told) {
            continue;
        }
        let first = first_name(&told.execution).to_owned();
        if found.get(&first).is_none_or(|known| known.late) {
            found.insert(first, told);
        }
    }
    let several: Vec<String> = found
        .values()
        .map(|told| format!("{} ({})", shown(&told.execution), shown(&told.rule)))
        .collect();
    let mut found = found.into_values();
    match (found.next(), several.as_slice()) {
        (Some(told), [_]) => Ok(told),
        (None, _) => Err(Error::new(
            Code::Unknown,
            format!(
                "no alert has {} as the id of its event or of its run",
                shown(id)
            ),
        )
        .help("`iamwatch alerts` lists them with their ids; `--since` says from when on")),
        (Some(_), several) => {
            let names: Vec<&str> = several.iter().map(String::as_str).collect();
            let message = format!(
                "{} stands for {}",
                shown(id),
                counted(several.len(), "alert")
            );
            let help = format!(
                "give the id of one run, or `--rule`: {}",
                few(&names, MOST_NAMED)
            );
            Err(Error::new(Code::Unknown, message).help(help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(id: &str, execution: &str) -> Told {
        Told {
            when: "2026-03-02T09:00:00.000Z".to_owned(),
            rule: "root/sign-in".to_owned(),
            severity: "critical".to_owned(),
            headline: String::new(),
            account: String::new(),
            region: String::new(),
            id: id.to_owned(),
            time: String::new(),
            mode: "real".to_owned(),
            late: first_name(execution) != execution,
            answers: Vec::new(),
            digest: String::new(),
            execution: execution.to_owned(),
            illegible: Vec::new(),
        }
    }

    #[test]
    fn an_id_stands_for_one_alert_or_for_none() {
        let all = || {
            vec![
                told("e-1", "run-a"),
                told("e-1", "run-a-late-1"),
                told("e-2", "run-b"),
                told("e-2", "run-c"),
                told("e-22", "other"),
                told("", ""),
            ]
        };
        let of = |id: &str| chosen(all(), id).map(|told| told.execution);
        // What was told again is the same alert, and its first run is the one to repeat.
        for (id, run) in [
            ("e-1", "run-a"),
            ("run-a", "run-a"),
            ("run-a-l", "run-a-late-1"),
            ("run-b", "run-b"),
        ] {
            assert_eq!(of(id).ok().as_deref(), Some(run), "{id}");
        }
        // The whole id before those that only begin with it.
        let error = of("e-2").unwrap_err();
        assert_eq!(error.message, "`e-2` stands for 2 alerts");
        let help = error.help.unwrap_or_default();
        assert!(help.contains("`run-b` (`root/sign-in`)"), "{help}");
        assert_eq!(of("oth").ok().as_deref(), Some("other"));
        for id in ["", "e-3", "e"] {
            assert_eq!(of(id).unwrap_err().code, Code::Unknown, "{id}");
        }
    }

    #[test]
    fn files_that_keep_nothing_are_told_apart() {
        let mut file = crate::check::whole_catalogue().file.unwrap();
        assert_eq!(fallback(&file).unwrap_err().code, Code::NotForRules);
        let mail = ChannelName("mail".to_owned());
        file.delivery = Delivery::Dispatcher {
            fallback: mail.clone(),
        };
        assert_eq!(fallback(&file).unwrap(), &mail);
    }
}
