//! Into which category an event falls: trails record management events, and others only where they are told to.
//!
//! Source: CloudTrail user guide, "Understanding CloudTrail events".

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::place::Arn;
use crate::wildcard::matches_star;

const DATA_EVENTS: &str = include_str!("data_events.txt");

/// The `detail-type` of events of VPC endpoints. Source: CloudTrail user guide, "Logging network activity events";
/// recorded events.
pub const NETWORK_ACTIVITY: &str = "AWS Network Activity Event via CloudTrail";
/// The `detail-type` of events of CloudTrail Insights.
pub const INSIGHT: &str = "AWS Insight via CloudTrail";

/// Data events of one service and one type of resource.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataEvents {
    /// The `resources.type` by which trails select them.
    pub kind: &'static str,
    /// The event source without `.amazonaws.com`.
    pub service: &'static str,
    /// The form of their resource's ARN, in which `{}` is its name and `*` any text.
    arn: &'static str,
    /// The request parameter that holds the resource's name.
    pub parameter: Option<&'static str>,
    /// The names of the events.
    pub names: Vec<&'static str>,
}

impl DataEvents {
    /// The ARNs of the resources of that name in a partition, in which `*` is any text. A parameter can hold an ARN.
    pub fn resources(&self, name: &str, partition: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        let here = self.arn.replacen("arn:*:", &format!("arn:{partition}:"), 1);
        here.replace("{}", name)
    }

    /// Whether basic event selectors can name them; all others only advanced ones can.
    pub fn is_basic(&self) -> bool {
        BASIC.contains(&self.kind)
    }
}

/// The types of resources that basic event selectors know. Source: CloudTrail API reference, `DataResource`.
const BASIC: &[&str] = &[
    "AWS::DynamoDB::Table",
    "AWS::Lambda::Function",
    "AWS::S3::Object",
];

/// All data events that are known, by service.
fn services() -> &'static BTreeMap<&'static str, Vec<DataEvents>> {
    static SERVICES: OnceLock<BTreeMap<&'static str, Vec<DataEvents>>> = OnceLock::new();
    SERVICES.get_or_init(|| {
        let lines = DATA_EVENTS.lines().filter(|line| !line.starts_with('#'));
        let mut services: BTreeMap<&str, Vec<DataEvents>> = BTreeMap::new();
        for line in lines {
            let mut words = line.split(' ');
            let head = (words.next(), words.next(), words.next(), words.next());
            let (Some(service), Some(kind), Some(arn), Some(parameter)) = head else {
                continue;
            };
            services.entry(service).or_default().push(DataEvents {
                kind,
                service,
                arn,
                parameter: (parameter != "-").then_some(parameter),
                names: words.collect(),
            });
        }
        services
    })
}

/// The data events of a service; none where none is known.
pub fn data_events(service: &str) -> &'static [DataEvents] {
    services().get(service).map_or(&[], Vec::as_slice)
}

/// What is known of an event, if it is a data event.
pub fn data_event(service: &str, name: &str) -> Option<&'static DataEvents> {
    let mut all = data_events(service).iter();
    all.find(|events| events.names.contains(&name))
}

/// Every type of resource that is known to have data events.
pub(crate) fn data_event_kinds() -> impl Iterator<Item = &'static str> {
    services().values().flatten().map(|events| events.kind)
}

/// The type of resource of an ARN, or of the beginning of some, by which a trail selects its data events.
pub(crate) fn kind_of_resource(arn: &Arn) -> Option<&'static str> {
    let fits = |events: &&DataEvents| {
        // What fits any resource of the service says nothing.
        events.arn.contains("{}") && matches_star(&events.arn.replace("{}", "*"), arn.as_str())
    };
    // A stream's ARN is that of its table and more.
    let all = services().values().flatten().filter(fits);
    all.max_by_key(|events| events.arn.len())
        .map(|events| events.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudtrail::api_names;

    #[test]
    fn every_data_event_is_one_of_its_service() {
        let mut count = 0;
        for (service, all) in services() {
            let known = api_names::services().get(service);
            for events in all {
                assert!(events.kind.starts_with("AWS::"), "{events:?}");
                assert!(events.arn.starts_with("arn:*:"), "{events:?}");
                for name in &events.names {
                    let known = known.unwrap_or_else(|| panic!("{service}"));
                    assert!(known.has(name) || known.open, "{service}:{name}");
                    count += 1;
                }
            }
        }
        assert!(count > 80, "{count}");
    }

    #[test]
    fn events_of_objects_messages_and_items_are_told_from_those_of_what_holds_them() {
        for (service, name, kind) in [
            ("s3", "GetObject", Some("AWS::S3::Object")),
            ("s3", "GetBucketPolicy", None),
            ("s3", "GetObjectLockConfiguration", None),
            ("lambda", "Invoke", Some("AWS::Lambda::Function")),
            ("lambda", "AddPermission20150331v2", None),
            ("dynamodb", "GetItem", Some("AWS::DynamoDB::Table")),
            ("dynamodb", "GetRecords", Some("AWS::DynamoDB::Stream")),
            ("dynamodb", "DeleteTable", None),
            ("sns", "Publish", Some("AWS::SNS::Topic")),
            ("sqs", "ReceiveMessage", Some("AWS::SQS::Queue")),
            ("sqs", "PurgeQueue", None),
            ("kms", "Decrypt", None),
            ("bedrock", "InvokeModel", None),
        ] {
            let found = data_event(service, name).map(|events| events.kind);
            assert_eq!(found, kind, "{service}:{name}");
        }
    }

    #[test]
    fn an_arn_tells_the_type_of_its_resource() {
        for (arn, kind) in [
            ("arn:aws:s3:::secrets/", Some("AWS::S3::Object")),
            ("arn:aws-us-gov:s3:::secrets/a/b", Some("AWS::S3::Object")),
            ("arn:aws:s3:::secrets", None),
            (
                "arn:aws:lambda:us-east-1:111122223333:function:pay",
                Some("AWS::Lambda::Function"),
            ),
            (
                "arn:aws:dynamodb:us-east-1:111122223333:table/t",
                Some("AWS::DynamoDB::Table"),
            ),
            (
                "arn:aws:dynamodb:us-east-1:111122223333:table/t/stream/2026",
                Some("AWS::DynamoDB::Stream"),
            ),
            (
                "arn:aws:sqs:us-east-1:111122223333:q",
                Some("AWS::SQS::Queue"),
            ),
            ("arn:aws:kms:us-east-1:111122223333:key/k", None),
        ] {
            let arn: Arn = arn.parse().unwrap();
            assert_eq!(kind_of_resource(&arn), kind, "{arn}");
        }
    }
}
