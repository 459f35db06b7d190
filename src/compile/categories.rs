//! Into which categories the events fall that a pattern wants: trails record management events, and others only where
//! they are told to.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::json;

use crate::cloudtrail::{
    DataEvents, INSIGHT, NETWORK_ACTIVITY, api_names, data_event, data_events,
};
use crate::pattern::{Branch, EventPattern};

/// The categories of the events that a pattern wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Categories {
    /// Whether it wants management events, or may want some.
    pub management: bool,
    /// What it wants besides, each for itself.
    pub beyond: BTreeSet<Beyond>,
}

/// Events that trails record only where they are told to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beyond {
    /// What is done in or with a resource, such as reading an object.
    Data {
        /// The event source without `.amazonaws.com`.
        service: String,
        /// The type of the resource, where it is known.
        kind: Option<&'static str>,
        /// The names of the events; none: any of that type.
        names: BTreeSet<&'static str>,
        /// The name of the only resource, where the pattern asks for one.
        resource: Option<String>,
    },
    /// What passes through VPC endpoints; `None`: of any service.
    NetworkActivity {
        /// The event source with its domain.
        source: Option<String>,
    },
    /// What CloudTrail finds unusual.
    Insights,
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data {
                service,
                kind,
                resource,
                ..
            } => {
                write!(f, "data events of {}", kind.unwrap_or(service))?;
                match resource {
                    Some(resource) => write!(f, " in `{resource}`"),
                    None => Ok(()),
                }
            }
            Self::NetworkActivity { source } => {
                f.write_str("network activity events")?;
                match source {
                    Some(source) => write!(f, " of {source}"),
                    None => Ok(()),
                }
            }
            Self::Insights => f.write_str("Insights events"),
        }
    }
}

impl Beyond {
    /// The ARNs of the resources that the events are about in a partition, in which `*` stands for any text.
    pub fn arns(&self, partition: &str) -> Option<String> {
        let Self::Data { resource, .. } = self else {
            return None;
        };
        let name = resource.as_deref().unwrap_or("*");
        Some(self.known()?.resources(name, partition))
    }

    /// What is known of the data events.
    pub fn known(&self) -> Option<&'static DataEvents> {
        match self {
            Self::Data { service, kind, .. } => {
                let mut all = data_events(service).iter();
                all.find(|events| Some(events.kind) == *kind)
            }
            Self::NetworkActivity { .. } | Self::Insights => None,
        }
    }

    /// How `trail: { data_events: … }` asks for it: the beginning of the ARNs, where that is known, or the type.
    pub fn as_asked(&self, partition: &str) -> Option<String> {
        let kind = self.known()?.kind;
        let arns = self.arns(partition)?;
        Some(match arns.split_once('*') {
            Some((begins, "")) => begins.to_owned(),
            Some(_) => kind.to_owned(),
            None => arns,
        })
    }

    /// What a trail has to be told, and that it has its price. What else a trail of ours is told is not known here.
    pub fn remedy(&self, partition: &str) -> String {
        let asked = self.as_asked(partition);
        let of_ours = asked.map(|asked| {
            format!("write `data_events: [\"{asked}\"]` under `trail`, beside what stands there")
        });
        self.remedy_beside(of_ours)
    }

    /// What to do so that a trail records the events, with the words for what a trail of ours has to be told.
    pub fn remedy_beside(&self, of_ours: Option<String>) -> String {
        let of_yours = match self {
            Self::Data { .. } => "let a trail of yours select them",
            Self::NetworkActivity { .. } => {
                "let a trail of yours select them: advanced event selectors with `eventCategory` NetworkActivity and that \
                 `eventSource`"
            }
            Self::Insights => "turn CloudTrail Insights on for a trail that records",
        };
        let of_ours = of_ours.map_or_else(String::new, |words| format!("{words}, or "));
        format!("{of_ours}{of_yours}; CloudTrail charges for each event")
    }
}

impl Categories {
    /// Those of a pattern, the door for synthetic events left aside.
    pub fn of(pattern: &EventPattern) -> Self {
        let mut categories = Self::default();
        for branch in pattern.branches() {
            let sources = branch.texts("source").unwrap_or_default();
            let is_door = |source: &&str| source.starts_with("iamwatch.test.");
            if sources.is_empty() || !sources.iter().all(is_door) {
                categories.add(&branch);
            }
        }
        categories
    }

    fn add(&mut self, branch: &Branch<'_>) {
        let all = |path: &str, words: &[&str]| {
            let texts = branch.texts(path).unwrap_or_default();
            !texts.is_empty() && texts.iter().all(|text| words.contains(text))
        };
        if all("detail-type", &[INSIGHT])
            || all("detail.eventType", &["AwsCloudTrailInsight"])
            || all("detail.eventCategory", &["Insight"])
        {
            self.beyond.insert(Beyond::Insights);
            return;
        }
        let services = services(branch);
        if all("detail-type", &[NETWORK_ACTIVITY])
            || all("detail.eventType", &["AwsVpceEvent", "AwsVpceEvents"])
            || all("detail.eventCategory", &["NetworkActivity"])
        {
            let sources = services.unwrap_or_default().into_iter();
            let mut sources: Vec<Option<String>> = sources
                .map(|service| Some(format!("{service}.amazonaws.com")))
                .collect();
            if sources.is_empty() {
                sources.push(None);
            }
            let events = sources.into_iter();
            self.beyond
                .extend(events.map(|source| Beyond::NetworkActivity { source }));
            return;
        }
        let kinds = branch.texts("detail-type").unwrap_or_default();
        let of_cloudtrail = |kind: &&str| kind.ends_with("via CloudTrail");
        if !kinds.is_empty() && !kinds.iter().any(of_cloudtrail) {
            // Services send it themselves, and no trail has a part in that.
            return;
        }
        let is_data = all("detail.eventCategory", &["Data"])
            || (branch.tests("detail.managementEvent")
                && !branch.accepts("detail.managementEvent", &json!(true)));
        let Some(services) = services else {
            self.management |= !is_data;
            return;
        };
        for service in services {
            self.add_service(branch, service, is_data);
        }
    }

    /// `is_data`: the pattern itself asks for data events.
    fn add_service(&mut self, branch: &Branch<'_>, service: &str, is_data: bool) {
        let known = data_events(service);
        let mut found: BTreeSet<(&'static str, &'static str)> = BTreeSet::new();
        if !branch.tests("detail.eventName") || known.is_empty() {
            self.management |= !is_data;
        } else {
            for names in accepted(branch, service) {
                let data = names.iter().filter_map(|name| {
                    let events = data_event(service, name)?;
                    let name = events.names.iter().find(|known| *known == name)?;
                    Some((events.kind, *name))
                });
                let data: Vec<(&'static str, &'static str)> = data.collect();
                self.management |= !is_data && data.len() < names.len().max(1);
                // A glob that is about something else fits some data events as well.
                if is_data || data.len() * 2 >= names.len() {
                    found.extend(data);
                }
            }
        }
        if found.is_empty() && is_data {
            self.beyond.insert(Beyond::Data {
                service: service.to_owned(),
                kind: None,
                names: BTreeSet::new(),
                resource: None,
            });
        }
        for events in known {
            let of_kind = found.iter().filter(|(kind, _)| *kind == events.kind);
            let names: BTreeSet<&'static str> = of_kind.map(|(_, name)| *name).collect();
            if names.is_empty() {
                continue;
            }
            let resources = resources(branch, events);
            self.beyond
                .extend(resources.into_iter().map(|resource| Beyond::Data {
                    service: service.to_owned(),
                    kind: Some(events.kind),
                    names: names.clone(),
                    resource,
                }));
        }
    }
}

/// The services that tests name, where they name some and no others: by the record, or else by the envelope.
pub(crate) fn services<'p>(branch: &Branch<'p>) -> Option<Vec<&'p str>> {
    let strip = |texts: Vec<&'p str>, strip: fn(&'p str) -> Option<&'p str>| {
        texts.into_iter().map(strip).collect::<Option<Vec<_>>>()
    };
    match branch.texts("detail.eventSource") {
        Some(texts) => strip(texts, |text| text.strip_suffix(".amazonaws.com")),
        None if branch.tests("detail.eventSource") => None,
        None => strip(branch.texts("source")?, |text| text.strip_prefix("aws.")),
    }
}

/// The names of a service's events that each test on the name accepts. One that is spelt out need not be known.
fn accepted(branch: &Branch<'_>, service: &str) -> Vec<Vec<String>> {
    if let Some(texts) = branch.texts("detail.eventName") {
        return texts
            .into_iter()
            .map(|text| vec![text.to_owned()])
            .collect();
    }
    let all = data_events(service).iter();
    let mut names: BTreeSet<String> = all
        .flat_map(|events| &events.names)
        .map(|name| (*name).to_owned())
        .collect();
    if let Some(service) = api_names::services().get(service) {
        names.extend(service.names());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let accepted = branch.accepted_by_each("detail.eventName", &names);
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    accepted.into_iter().map(owned).collect()
}

/// The only resources that a pattern asks for, by their names; `None`: any.
fn resources(branch: &Branch<'_>, events: &DataEvents) -> Vec<Option<String>> {
    let texts = events
        .parameter
        .and_then(|parameter| branch.texts(&format!("detail.requestParameters.{parameter}")));
    match texts {
        Some(texts) if !texts.is_empty() => {
            let named = texts.into_iter();
            named.map(|text| Some(text.to_owned())).collect()
        }
        _ => vec![None],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn of(pattern: Value) -> (bool, Vec<String>) {
        let pattern = EventPattern::from_value(&pattern).unwrap();
        let Categories { management, beyond } = Categories::of(&pattern);
        (management, beyond.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_categories_of_a_pattern_follow_from_names_types_and_records() {
        let call = "AWS API Call via CloudTrail";
        for (pattern, management, beyond) in [
            (
                json!({ "source": ["aws.s3"], "detail": { "eventName": ["GetObject"] } }),
                false,
                &["data events of AWS::S3::Object"][..],
            ),
            (
                json!({ "detail-type": [call], "detail": { "eventSource": ["s3.amazonaws.com"],
                    "eventName": ["GetObject", "PutBucketPolicy"],
                    "requestParameters": { "bucketName": ["a", "b"] } } }),
                true,
                &[
                    "data events of AWS::S3::Object in `a`",
                    "data events of AWS::S3::Object in `b`",
                ],
            ),
            (
                json!({ "source": ["aws.s3"], "detail": { "eventName": [{ "prefix": "Get" }] } }),
                true,
                &[],
            ),
            (
                json!({ "source": ["aws.s3"], "detail": { "eventName": [{ "prefix": "GetObject" }, "CreateBucket"] } }),
                true,
                &["data events of AWS::S3::Object"],
            ),
            (
                json!({ "source": ["aws.lambda"], "detail": { "eventName": [{ "prefix": "Invoke" }] } }),
                false,
                &["data events of AWS::Lambda::Function"],
            ),
            (
                json!({ "source": ["aws.dynamodb"], "detail": { "eventName": ["GetItem", "GetRecords"] } }),
                false,
                &[
                    "data events of AWS::DynamoDB::Stream",
                    "data events of AWS::DynamoDB::Table",
                ],
            ),
            (
                json!({ "source": ["aws.rds"], "detail": { "eventCategory": ["Data"] } }),
                false,
                &["data events of rds"],
            ),
            (
                json!({ "source": ["aws.kms"], "detail-type": [NETWORK_ACTIVITY] }),
                false,
                &["network activity events of kms.amazonaws.com"],
            ),
            (
                json!({ "source": [{ "prefix": "aws." }], "detail": { "eventType": ["AwsVpceEvent"] } }),
                false,
                &["network activity events"],
            ),
            (
                json!({ "detail-type": [INSIGHT] }),
                false,
                &["Insights events"],
            ),
            (
                json!({ "source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"] }),
                false,
                &[],
            ),
            (json!({ "source": ["aws.iam"] }), true, &[]),
            (json!({ "source": ["aws.s3"] }), true, &[]),
        ] {
            let wanted: Vec<String> = beyond.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(of(pattern.clone()), (management, wanted), "{pattern}");
        }
    }

    #[test]
    fn what_to_write_names_the_resource_where_its_arn_is_known() {
        let asked = |service: &str, kind: &'static str, resource: Option<&str>| {
            let data = Beyond::Data {
                service: service.to_owned(),
                kind: Some(kind),
                names: BTreeSet::new(),
                resource: resource.map(str::to_owned),
            };
            data.as_asked("aws")
        };
        let of = |text: &str| Some(text.to_owned());
        let object = "AWS::S3::Object";
        assert_eq!(
            asked("s3", object, Some("secrets")),
            of("arn:aws:s3:::secrets/")
        );
        assert_eq!(asked("s3", object, None), of(object));
        // In which Region and account the function is, the pattern does not say.
        let function = "AWS::Lambda::Function";
        assert_eq!(asked("lambda", function, Some("pay")), of(function));
        let topic = "arn:aws:sns:us-east-1:111122223333:t";
        assert_eq!(asked("sns", "AWS::SNS::Topic", Some(topic)), of(topic));
        assert_eq!(Beyond::Insights.as_asked("aws"), None);
    }
}
