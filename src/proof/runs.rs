//! What became of the dispatcher's runs, and what did it answer to a probe?
//!
//! A run's own output says what each channel answered: the ledger is not needed, which may be what is broken. What a run
//! is about says its input, which never changes.

use std::collections::BTreeSet;

use aws_sdk_sfn::types::ExecutionStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::{CallError, Cause, Clients, calls};
use crate::ledger::Answer;
use crate::place::Arn;

/// So much earlier than we sent its event a run may seem to have started: clocks differ. In seconds.
const CLOCKS_DIFFER: i64 = 300;

/// So many lists are read in one look, of which each has a hundred runs, and so many runs are looked at: Step Functions
/// takes some 10 such calls a second. Source: Step Functions developer guide, quotas.
const LISTS: usize = 10;
const RUNS: usize = 40;

/// How long a message of the queue of probes is hidden from other provers who look for theirs, in seconds.
const HIDDEN: i32 = 2;

/// A run of the dispatcher that did not tell the alert as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedRun {
    /// The ARN of the run.
    pub run: String,
    /// How it ended, in the word of Step Functions: `FAILED`, `TIMED_OUT`, `ABORTED`; or `SUCCEEDED`, where the alert could
    /// not be made and the fallback channel got the event as it came.
    pub status: String,
    /// The error.
    pub error: String,
    /// Why.
    pub cause: String,
}

/// A run that a detector started.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// The rule whose detector started it.
    pub(super) rule: String,
    /// CloudTrail's id of the event.
    pub(super) event: String,
    /// How it ended; `None`: it goes on.
    pub(super) end: Option<End>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub(super) enum End {
    Told(Told),
    Failed(FailedRun),
}

/// What a run told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// The alert's subject, as people read it.
    pub(super) subject: String,
    /// By which definition.
    pub(super) digest: String,
    pub(super) answers: Vec<Answer>,
}

impl Told {
    /// What the output of a run says; `None` where no alert was made.
    fn of(output: &Value) -> Option<Self> {
        let text = |name: &str| output.get(name).and_then(Value::as_str);
        let answers = output.get("answers")?.as_array()?;
        Some(Self {
            subject: text("subject").unwrap_or_default().to_owned(),
            digest: text("digest").unwrap_or_default().to_owned(),
            answers: answers.iter().map(Answer::of).collect::<Option<_>>()?,
        })
    }
}

/// The runs of a dispatcher from some time on.
#[derive(Debug)]
pub(super) struct Runs {
    machine: Arn,
    /// In Unix seconds.
    since: i64,
    /// Those that need no second look.
    known: BTreeSet<String>,
    /// Those that went on when they were looked at.
    open: BTreeSet<String>,
}

impl Runs {
    /// The runs since a time in Unix milliseconds.
    pub(super) fn since(machine: Arn, since_ms: i64) -> Self {
        Self {
            machine,
            since: since_ms / 1000 - CLOCKS_DIFFER,
            known: BTreeSet::new(),
            open: BTreeSet::new(),
        }
    }

    /// The runs that began or ended since the last look.
    ///
    /// # Errors
    /// What AWS says.
    pub(super) async fn news(&mut self, clients: &Clients) -> Result<Vec<Run>, CallError> {
        let mut found = Vec::new();
        for arn in self.unknown(clients).await? {
            match look(clients, &arn).await? {
                None => {
                    self.known.insert(arn);
                }
                Some(run) => {
                    match run.end {
                        // Lists may be ahead of what is seen of one run. Source: Step Functions API,
                        // `DescribeExecution`.
                        None => self.open.insert(arn),
                        Some(_) => self.known.insert(arn),
                    };
                    found.push(run);
                }
            }
        }
        Ok(found)
    }

    /// The ARNs of runs of which there may be news, the latest first.
    async fn unknown(&self, clients: &Clients) -> Result<Vec<String>, CallError> {
        let machine = self.machine.as_str();
        let mut found = Vec::new();
        let mut token = None;
        for _ in 0..LISTS {
            let request = clients.sfn.list_executions().state_machine_arn(machine);
            let request = request.max_results(100).set_next_token(token);
            let page = match calls::LIST_EXECUTIONS.send(machine, request.send()).await {
                // Of none there are no runs.
                Err(error) if error.cause == Cause::NotFound => return Ok(found),
                page => page?,
            };
            for run in page.executions() {
                if run.start_date().secs() < self.since || found.len() == RUNS {
                    return Ok(found);
                }
                let arn = run.execution_arn();
                let goes_on = *run.status() == ExecutionStatus::Running;
                if !(self.known.contains(arn) || goes_on && self.open.contains(arn)) {
                    found.push(arn.to_owned());
                }
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// What a run is about, and how it ended; `None` if it is gone, or no detector started it.
///
/// # Errors
/// What AWS says.
pub(super) async fn look(clients: &Clients, run: &str) -> Result<Option<Run>, CallError> {
    let request = clients.sfn.describe_execution().execution_arn(run);
    let seen = match calls::GET_EXECUTION.send(run, request.send()).await {
        Err(error) if error.cause == Cause::NotFound => return Ok(None),
        seen => seen?,
    };
    let json = |text: Option<&str>| serde_json::from_str::<Value>(text?).ok();
    let input = json(seen.input()).unwrap_or_default();
    let text = |pointer: &str| input.pointer(pointer)?.as_str().map(str::to_owned);
    let (Some(rule), Some(event)) = (text("/rule/id"), text("/event/detail/eventID")) else {
        return Ok(None);
    };
    let failed = |error: Option<&str>, cause: Option<&str>| {
        End::Failed(FailedRun {
            run: run.to_owned(),
            status: seen.status().as_str().to_owned(),
            error: error.unwrap_or_default().to_owned(),
            cause: cause.unwrap_or_default().to_owned(),
        })
    };
    let end = match seen.status() {
        ExecutionStatus::Running | ExecutionStatus::PendingRedrive => None,
        ExecutionStatus::Succeeded => {
            let output = json(seen.output()).unwrap_or_default();
            let word = |name: &str| output.get(name).and_then(Value::as_str);
            Some(match Told::of(&output) {
                Some(told) => End::Told(told),
                // The last resort says why it was one.
                None => failed(word("error"), word("cause")),
            })
        }
        _ => Some(failed(seen.error(), seen.cause())),
    };
    Ok(Some(Run { rule, event, end }))
}

/// Starts a run, and says its ARN.
///
/// # Errors
/// What AWS says.
pub(super) async fn start(
    clients: &Clients,
    machine: &Arn,
    input: &str,
) -> Result<String, CallError> {
    let request = clients.sfn.start_execution();
    let request = request.state_machine_arn(machine.as_str()).input(input);
    let started = calls::START_EXECUTION
        .send(machine.as_str(), request.send())
        .await?;
    Ok(started.execution_arn().to_owned())
}

/// What the dispatcher would have said, and to whom.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Echo {
    pub(super) id: String,
    pub(super) rule: String,
    #[serde(default)]
    pub(super) subject: String,
    #[serde(default)]
    pub(super) digest: String,
    #[serde(default)]
    pub(super) channels: Vec<String>,
}

/// What came into the queue of probes for somebody who waits for it, which is then taken out. What others wait for stays.
///
/// # Errors
/// What AWS says.
pub(super) async fn echoes(
    clients: &Clients,
    queue: &str,
    is_waited_for: impl Fn(&Echo) -> bool,
) -> Result<Vec<Echo>, CallError> {
    let request = clients.sqs.receive_message().queue_url(queue);
    let request = request.max_number_of_messages(10).wait_time_seconds(1);
    let request = request.visibility_timeout(HIDDEN);
    let answer = calls::RECEIVE.send(queue, request.send()).await?;
    let mut found = Vec::new();
    for message in answer.messages() {
        let echo = message.body().map(serde_json::from_str::<Echo>);
        let Some(Ok(echo)) = echo else { continue };
        if !is_waited_for(&echo) {
            continue;
        }
        found.push(echo);
        if let Some(receipt) = message.receipt_handle() {
            let request = clients.sqs.delete_message().queue_url(queue);
            let request = request.receipt_handle(receipt);
            calls::DELETE_MESSAGE.send(queue, request.send()).await?;
        }
    }
    Ok(found)
}
