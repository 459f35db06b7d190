//! Does the alert of a real call arrive? It is harmless because it must fail, and goes from CloudTrail to the alert.
//!
//! A synthetic event starts on a bus, where CloudTrail's part is over. Here the caller asks IAM to delete a
//! user that does not exist: CloudTrail records the failure like any call, and the alerts about it are
//! waited for.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::caller::identity;
use super::probe::{self, Arrival, Probe};
use super::runs::{End, FailedRun, Run, Runs};
use super::watch::{self, PAUSE, Way};
use super::{BrokenLink, Deployment, Options, Synthetic, leg, opened, path, way};
use crate::aws::{CallError, Cause, Clients, Cloud, calls};
use crate::compile::Compiled;
use crate::ledger::Answer;
use crate::pattern::{Event, EventPattern};
use crate::place::{Arn, Region};
use crate::resources::{ResourceKey, names};
use crate::rules::{Format, RuleId};

/// The errors that the call can end with, as CloudTrail may write them.
const NOT_THERE: [&str; 2] = ["NoSuchEntity", "NoSuchEntityException"];
const DENIED: [&str; 2] = ["AccessDenied", "AccessDeniedException"];

/// What a real call did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RealProof {
    /// The user that does not exist.
    pub marker: String,
    /// The rules that must alert.
    pub expected: Vec<RuleId>,
    /// Whether IAM refused the call for want of permission: that is recorded as well.
    pub denied: bool,
    /// How the test ended.
    pub outcome: RealOutcome,
    /// What each channel answered that the dispatcher tells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// What lets this call's alert pass and would lose others, or dead letters.
    pub weak: Vec<BrokenLink>,
    /// Readers who would not get it, because they have not confirmed yet.
    pub unconfirmed: Vec<String>,
}

/// How a real test ended. Times are in milliseconds from the call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum RealOutcome {
    /// No rule wants to hear of such a call; none was made.
    NoRule,
    /// The way is broken; no call was made.
    Broken {
        /// Every link that is wrong.
        links: Vec<BrokenLink>,
    },
    /// The event came, and its alerts go to topics of others alone, where nobody of ours listens.
    HandedOver {
        /// Until CloudTrail's event was seen on the bus of the detectors.
        recorded_after_ms: i64,
    },
    /// All alerts were received.
    Arrived {
        /// Until CloudTrail's event was seen on the bus of the detectors.
        recorded_after_ms: i64,
        /// Until the last alert was received.
        after_ms: i64,
        /// An alert as its readers get it.
        alert: String,
    },
    /// A run of the dispatcher did not tell the alert as it should.
    RunFailed {
        /// The run.
        run: FailedRun,
    },
    /// Something did not come in time.
    Lost {
        /// How long we waited.
        after_ms: i64,
        /// Until CloudTrail's event was seen; `None`: it did not come either.
        recorded_after_ms: Option<i64>,
        /// The rules whose alerts did not come.
        missing: Vec<RuleId>,
    },
    /// IAM could not be asked.
    Failed {
        /// The call that failed, and why.
        error: CallError,
    },
    /// Stopped before it was known.
    Stopped,
}

impl RealProof {
    /// Whether the whole way is proved, to every reader.
    pub fn is_good(&self) -> bool {
        matches!(
            self.outcome,
            RealOutcome::Arrived { .. } | RealOutcome::HandedOver { .. }
        ) && self.answers.iter().all(Answer::took)
            && self.weak.is_empty()
            && self.unconfirmed.is_empty()
    }
}

/// One alert to wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Alert {
    rule: RuleId,
    way: Way,
}

/// The call as seen so far.
#[derive(Debug, Default)]
struct Seen {
    /// CloudTrail's id of the event, and when it was on the bus.
    recorded: Option<(String, i64)>,
    /// What came before the id was known.
    early: Vec<(Arrival, i64)>,
    /// Runs of the dispatcher that ended meanwhile.
    runs: Vec<(Run, i64)>,
    alert: Option<(String, i64)>,
}

/// The rules that the call would alert by, whether or not the caller may make it. Makes none.
pub fn alerted_by_real(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    options: &Options<'_>,
) -> Vec<RuleId> {
    let call = RealCall {
        cloud,
        deployment,
        options,
        region: deployment.home.global(),
        marker: &names::probe_prefix(deployment.stack),
    };
    rules_of(&call.wanting(&[NOT_THERE, DENIED].concat()))
}

/// Asks IAM to delete a user that does not exist, and waits for the alerts about it, `options.wait` or
/// 15 minutes. Temporary queue and rule are removed whatever happens, `stop` included.
///
/// # Errors
/// When the temporary queue or rule cannot be made, read or removed.
pub async fn prove_real(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    options: &Options<'_>,
    stop: impl Future<Output = ()>,
) -> Result<RealProof, CallError> {
    let id = (options.new_id)();
    // Nobody has a user of this name, and 20 random characters make sure of it. To ask first would be
    // one more call to record, and prove nothing about the moment after.
    let marker = format!(
        "{}{}",
        names::probe_prefix(deployment.stack),
        probe::short(&id)
    );
    let call = RealCall {
        cloud,
        deployment,
        options,
        region: deployment.home.global(),
        marker: &marker,
    };
    let wanting: Vec<&Compiled> = call.proving(&[NOT_THERE, DENIED].concat());
    let mut proof = RealProof {
        expected: rules_of(&wanting),
        denied: false,
        outcome: RealOutcome::NoRule,
        answers: Vec::new(),
        weak: Vec::new(),
        unconfirmed: Vec::new(),
        marker: marker.clone(),
    };
    if wanting.is_empty() {
        return Ok(proof);
    }
    let links = call.links(&wanting, &mut proof).await;
    if !links.is_empty() {
        proof.outcome = RealOutcome::Broken { links };
        return Ok(proof);
    }
    let limit = options.wait.unwrap_or(Duration::from_secs(900));
    let limit_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX / 2);
    let topics = call.own_topics(&wanting);
    let clients = cloud.at_place(&deployment.desired.home);
    let sources = probe::Sources {
        topics: &topics,
        bus: Some((&deployment.desired.topology.bus, call.tap())),
    };
    let home = &deployment.desired.home;
    let probe = opened(&clients, home, deployment, options, limit_ms, sources).await?;
    proof.outcome = RealOutcome::Stopped;
    let watched = {
        let watch = call.make_and_watch(&clients, &probe, limit_ms, &mut proof);
        match futures::future::select(std::pin::pin!(stop), std::pin::pin!(watch)).await {
            futures::future::Either::Left(_) => Ok(()),
            futures::future::Either::Right((result, _)) => result,
        }
    };
    let closed = probe.close(&clients).await;
    watched.and(closed).map(|()| proof)
}

fn rules_of(patterns: &[&Compiled]) -> Vec<RuleId> {
    let rules: BTreeSet<&RuleId> = patterns.iter().map(|compiled| &compiled.rule).collect();
    rules.into_iter().cloned().collect()
}

struct RealCall<'a> {
    cloud: &'a Cloud,
    deployment: Deployment<'a>,
    options: &'a Options<'a>,
    /// Where IAM's calls are recorded.
    region: Region,
    marker: &'a str,
}

impl<'a> RealCall<'a> {
    /// The event that CloudTrail will make of the call.
    fn event(&self, code: &str) -> Synthetic {
        let account = &self.cloud.account;
        let denied = DENIED.contains(&code);
        Synthetic {
            source: "aws.iam".to_owned(),
            detail_type: "AWS API Call via CloudTrail".to_owned(),
            detail: json!({
                "eventVersion": "1.11",
                "userIdentity": identity(&self.cloud.caller, account.as_str()),
                "eventTime": "2026-01-01T00:00:00Z",
                "eventSource": "iam.amazonaws.com",
                "eventName": "DeleteUser",
                "awsRegion": self.region,
                "sourceIPAddress": "192.0.2.1",
                "userAgent": "aws-sdk-rust",
                "errorCode": code,
                "errorMessage": format!("The user with name {} cannot be found.", self.marker),
                // CloudTrail leaves out what was asked where the caller may not ask.
                "requestParameters": if denied { Value::Null } else { json!({ "userName": self.marker }) },
                "responseElements": null,
                "requestID": "00000000-0000-0000-0000-000000000000",
                "eventID": "00000000-0000-0000-0000-000000000000",
                "readOnly": false,
                "eventType": "AwsApiCall",
                "managementEvent": true,
                "recipientAccountId": account,
                "eventCategory": "Management",
            }),
        }
    }

    /// The patterns that match the call if it ends in one of these errors.
    fn wanting(&self, codes: &[&str]) -> Vec<&'a Compiled> {
        let place = crate::place::Place::Regional {
            account: self.cloud.account.clone(),
            region: self.region.clone(),
        };
        let events: Vec<Event> = codes
            .iter()
            .filter_map(|code| Event::from_value(&self.event(code).envelope(&place)).ok())
            .collect();
        let wants = |compiled: &&Compiled| {
            EventPattern::from_value(&compiled.pattern)
                .is_ok_and(|pattern| events.iter().any(|event| pattern.matches(event)))
        };
        self.deployment.patterns.iter().filter(wants).collect()
    }

    /// Those of them whose alerts come by the home bus, where one temporary queue hears of all: what rules apart send does
    /// not.
    fn proving(&self, codes: &[&str]) -> Vec<&'a Compiled> {
        let mut wanting = self.wanting(codes);
        wanting.retain(|compiled| !compiled.apart);
        wanting
    }

    fn detector(&self, compiled: &Compiled) -> ResourceKey {
        super::detector(self.deployment, compiled, &self.region)
    }

    fn topics(&self, wanting: &[&Compiled]) -> Vec<Arn> {
        let keys: Vec<ResourceKey> = wanting.iter().map(|c| self.detector(c)).collect();
        watch::topics(self.deployment.desired, keys.iter())
    }

    /// Those of them that are ours.
    fn own_topics(&self, wanting: &[&Compiled]) -> Vec<Arn> {
        let keys: Vec<ResourceKey> = wanting.iter().map(|c| self.detector(c)).collect();
        watch::own_topics(self.deployment.desired, keys.iter())
    }

    /// What would lose the alert. The trail is part of the way here.
    async fn links(&self, wanting: &[&Compiled], proof: &mut RealProof) -> Vec<BrokenLink> {
        let desired = self.deployment.desired;
        let mut links: Vec<BrokenLink> = Vec::new();
        let event = self.event(NOT_THERE[0]);
        for compiled in wanting {
            let key = self.detector(compiled);
            let found = path::condition(self.deployment, &key, &self.region, &event);
            let (trail, weak): (Vec<_>, Vec<_>) = found
                .weak
                .into_iter()
                .partition(|link| link.link.starts_with("trail"));
            links.extend(found.broken.into_iter().chain(trail));
            proof.weak.extend(weak);
            let waiting = way::unconfirmed(self.deployment, &key, &self.region);
            proof.unconfirmed.extend(waiting);
        }
        let topics = self.topics(wanting);
        for suspect in path::suspects(self.cloud, desired, &topics).await {
            match suspect.is_certain {
                true => links.push(suspect.link),
                false => proof.weak.push(suspect.link),
            }
        }
        let mut seen = BTreeSet::new();
        links.retain(|link| seen.insert((link.link.clone(), link.problem.clone())));
        proof.weak.dedup();
        proof.unconfirmed.sort();
        proof.unconfirmed.dedup();
        links
    }

    /// What the temporary rule picks: the call, whether or not it may be made.
    fn tap(&self) -> Value {
        json!({
            "source": ["aws.iam"],
            "detail": {
                "eventName": ["DeleteUser"],
                "$or": [
                    { "requestParameters": { "userName": [self.marker] } },
                    { "errorCode": [{ "prefix": "AccessDenied" }] },
                ],
            },
        })
    }

    async fn make_and_watch(
        &self,
        clients: &Clients,
        probe: &Probe,
        limit_ms: i64,
        proof: &mut RealProof,
    ) -> Result<(), CallError> {
        let clock = self.options.clock;
        let start = clock();
        let request = self.cloud.global().iam.delete_user().user_name(self.marker);
        let error = match calls::DELETE_USER.send(self.marker, request.send()).await {
            // A user of this name, made since: the call is recorded all the same.
            Ok(_) => None,
            Err(error) if matches!(error.cause, Cause::NotFound | Cause::Denied) => Some(error),
            Err(error) => {
                proof.outcome = RealOutcome::Failed { error };
                return Ok(());
            }
        };
        proof.denied = error.as_ref().is_some_and(|e| e.cause == Cause::Denied);
        let codes = if proof.denied { DENIED } else { NOT_THERE };
        let wanting = self.proving(&codes);
        proof.expected = rules_of(&wanting);
        if wanting.is_empty() {
            proof.outcome = RealOutcome::NoRule;
            return Ok(());
        }
        let request_id = error.and_then(|error| error.request_id);
        let mut missing = self.alerts(&wanting);
        let is_handed_over = missing.is_empty();
        let mut seen = Seen::default();
        let dispatched = missing.iter().any(|alert| alert.way == Way::Dispatcher);
        let dispatcher = leg::deployed(self.deployment).filter(|_| dispatched);
        let mut runs = dispatcher.map(|(machine, _)| Runs::since(machine, start));
        loop {
            let arrivals = probe.receive(clients, 5).await?;
            let news = match &mut runs {
                Some(runs) => runs.news(clients).await?,
                None => Vec::new(),
            };
            let after = clock() - start;
            let nothing = arrivals.is_empty() && news.is_empty();
            seen.runs.extend(news.into_iter().map(|run| (run, after)));
            for arrival in arrivals {
                match self.recorded(&arrival.body, request_id.as_deref()) {
                    Some(event) if seen.recorded.is_none() => seen.recorded = Some((event, after)),
                    Some(_) => {}
                    None => seen.early.push((arrival, after)),
                }
            }
            seen.match_alerts(&mut missing);
            if let Some(run) = seen.match_runs(&mut missing, &mut proof.answers) {
                proof.outcome = RealOutcome::RunFailed { run };
                return Ok(());
            }
            match (&seen.recorded, &seen.alert) {
                (Some((_, recorded)), _) if is_handed_over => {
                    proof.outcome = RealOutcome::HandedOver {
                        recorded_after_ms: *recorded,
                    };
                    return Ok(());
                }
                (Some((_, recorded)), Some((alert, arrived))) if missing.is_empty() => {
                    proof.outcome = RealOutcome::Arrived {
                        recorded_after_ms: *recorded,
                        after_ms: *arrived,
                        alert: alert.clone(),
                    };
                    return Ok(());
                }
                _ => {}
            }
            if after > limit_ms {
                let rules: BTreeSet<RuleId> = missing.into_iter().map(|a| a.rule).collect();
                proof.outcome = RealOutcome::Lost {
                    after_ms: after,
                    recorded_after_ms: seen.recorded.map(|(_, at)| at),
                    missing: rules.into_iter().collect(),
                };
                return Ok(());
            }
            if nothing {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn alerts(&self, wanting: &[&Compiled]) -> BTreeSet<Alert> {
        let mut alerts = BTreeSet::new();
        for compiled in wanting {
            let key = self.detector(compiled);
            for way in watch::ways(self.deployment.desired, &key) {
                let rule = compiled.rule.clone();
                alerts.insert(Alert { rule, way });
            }
        }
        alerts
    }

    /// The id of CloudTrail's event about the call, if this body is that event.
    fn recorded(&self, body: &str, request_id: Option<&str>) -> Option<String> {
        let event: Value = serde_json::from_str(body).ok()?;
        let detail = event.get("detail")?;
        let text = |pointer: &str| detail.pointer(pointer).and_then(Value::as_str);
        let ours = text("/requestParameters/userName") == Some(self.marker)
            || (request_id.is_some() && text("/requestID") == request_id);
        ours.then(|| text("/eventID").unwrap_or_default().to_owned())
    }
}

impl Seen {
    /// Takes the alerts about the event off the list. Text alerts name the rule in their last line.
    fn match_alerts(&mut self, missing: &mut BTreeSet<Alert>) {
        let Some((event, _)) = &self.recorded else {
            return;
        };
        let about = |(arrival, _): &mut (Arrival, i64)| arrival.body.contains(event);
        for (arrival, at) in self.early.extract_if(.., about) {
            let (way, body) = (Way::of(&arrival), arrival.body);
            let format = watch::format_of(&body);
            let before = missing.len();
            missing.retain(|alert| {
                let named = match format {
                    Format::Text => body.contains(&format!("Rule: {}\"", alert.rule)),
                    Format::Json => serde_json::from_str::<Value>(&body)
                        .is_ok_and(|body| body.get("rule") == Some(&json!(alert.rule))),
                };
                !(named && alert.way == way)
            });
            let newer = missing.len() < before;
            if newer {
                let text = match &self.alert {
                    Some((kept, _)) if format == Format::Json => kept.clone(),
                    _ => body,
                };
                self.alert = Some((text, at));
            }
        }
    }

    /// Takes what the dispatcher told of the event off the list, or says which of its runs failed.
    fn match_runs(
        &mut self,
        missing: &mut BTreeSet<Alert>,
        answers: &mut Vec<Answer>,
    ) -> Option<FailedRun> {
        let (event, _) = self.recorded.as_ref()?;
        let about = |(run, _): &mut (Run, i64)| run.event == *event;
        for (run, at) in self.runs.extract_if(.., about) {
            let alert = Alert {
                rule: RuleId(run.rule),
                way: Way::Dispatcher,
            };
            match run.end {
                Some(End::Told(told)) if missing.remove(&alert) => {
                    answers.extend(told.answers);
                    self.alert = Some((told.subject, at));
                }
                Some(End::Failed(run)) if missing.contains(&alert) => return Some(run),
                _ => {}
            }
        }
        None
    }
}
