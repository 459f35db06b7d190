//! Which events a trail logs.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html>

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::wire::ApiError;

/// Basic selectors per trail, data resources and values of advanced selectors over all of them.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const BASIC: usize = 5;

const DATA_RESOURCES: usize = 250;

const VALUES: usize = 500;

/// The event sources that basic selectors can leave out.
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// A trail has selectors of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Selectors {
    Basic(Vec<Basic>),
    Advanced(Vec<Advanced>),
}

/// An `EventSelector`, in the form of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Basic {
    #[serde(default = "all")]
    read_write_type: String,
    #[serde(default = "yes")]
    include_management_events: bool,
    #[serde(default)]
    data_resources: Vec<DataResource>,
    #[serde(default)]
    exclude_management_event_sources: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DataResource {
    r#type: String,
    #[serde(default)]
    values: Vec<String>,
}

/// An `AdvancedEventSelector`, in the form of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Advanced {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    field_selectors: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Field {
    field: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    equals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    starts_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ends_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_equals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_starts_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_ends_with: Vec<String>,
}

fn all() -> String {
    "All".to_owned()
}

fn yes() -> bool {
    true
}

impl Default for Selectors {
    /// What a trail logs until it is told otherwise: all management events.
    fn default() -> Self {
        Self::Basic(vec![Basic {
            read_write_type: all(),
            include_management_events: true,
            data_resources: Vec::new(),
            exclude_management_event_sources: Vec::new(),
        }])
    }
}

impl Selectors {
    /// Whether any data event can be logged.
    pub(crate) fn has_data(&self) -> bool {
        match self {
            Self::Basic(selectors) => selectors.iter().any(|s| !s.data_resources.is_empty()),
            Self::Advanced(selectors) => selectors.iter().any(Advanced::is_of_data),
        }
    }

    /// Whether a record, the `detail` of the envelope, is logged.
    pub(crate) fn pass(&self, record: &Value) -> bool {
        match self {
            Self::Basic(selectors) => selectors.iter().any(|selector| selector.passes(record)),
            Self::Advanced(selectors) => selectors.iter().any(|selector| selector.passes(record)),
        }
    }

    pub(super) fn check(&self) -> Result<(), ApiError> {
        match self {
            Self::Basic(selectors) => {
                if selectors.is_empty() || selectors.len() > BASIC {
                    return Err(invalid(format!("between 1 and {BASIC} event selectors")));
                }
                let data = selectors
                    .iter()
                    .map(|s| s.data_resources.len())
                    .sum::<usize>();
                if data > DATA_RESOURCES {
                    return Err(invalid(format!("at most {DATA_RESOURCES} data resources")));
                }
                selectors.iter().try_for_each(Basic::check)
            }
            Self::Advanced(selectors) => {
                let values = selectors.iter().flat_map(|s| &s.field_selectors);
                let values = values.map(|field| field.values().count()).sum::<usize>();
                if selectors.is_empty() || values > VALUES {
                    return Err(invalid(format!("between 1 and {VALUES} values in all")));
                }
                selectors.iter().try_for_each(Advanced::check)
            }
        }
    }

    pub(super) fn answer(&self, arn: &str) -> Value {
        match self {
            Self::Basic(selectors) => json!({"TrailARN": arn, "EventSelectors": selectors}),
            Self::Advanced(selectors) => {
                json!({"TrailARN": arn, "AdvancedEventSelectors": selectors})
            }
        }
    }
}

impl Basic {
    fn check(&self) -> Result<(), ApiError> {
        let kind = &self.read_write_type;
        if !["All", "ReadOnly", "WriteOnly"].contains(&kind.as_str()) {
            return Err(invalid(format!("ReadWriteType cannot be {kind}")));
        }
        let excluded = &self.exclude_management_event_sources;
        match excluded.iter().find(|s| !EXCLUDABLE.contains(&s.as_str())) {
            Some(source) => Err(invalid(format!("{source} cannot be excluded"))),
            None => Ok(()),
        }
    }

    fn passes(&self, record: &Value) -> bool {
        let read = record.get("readOnly") == Some(&Value::Bool(true));
        let kind = match self.read_write_type.as_str() {
            "ReadOnly" => read,
            "WriteOnly" => !read,
            _ => true,
        };
        if record.get("eventCategory") == Some(&json!("Data")) {
            let mut selected = self.data_resources.iter();
            return kind && selected.any(|selected| selected.has(record));
        }
        let source = record.get("eventSource").and_then(Value::as_str);
        let excluded = &self.exclude_management_event_sources;
        let excluded = excluded.iter().any(|s| Some(s.as_str()) == source);
        self.include_management_events && kind && !excluded
    }
}

impl DataResource {
    /// Whether a record is about such a resource. A value is how ARNs begin, down to that of all of a service.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html>
    fn has(&self, record: &Value) -> bool {
        let text = |resource: &Value, name: &str| {
            let text = resource.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let selected = |resource: &Value| {
            let arn = text(resource, "ARN");
            text(resource, "type") == self.r#type
                && self
                    .values
                    .iter()
                    .any(|value| arn.starts_with(value.as_str()))
        };
        let resources = record.get("resources").and_then(Value::as_array);
        resources.is_some_and(|resources| resources.iter().any(selected))
    }
}

impl Advanced {
    fn is_of_data(&self) -> bool {
        let mut fields = self.field_selectors.iter();
        fields.any(|f| f.field == "eventCategory" && f.equals.iter().any(|c| c == "Data"))
    }

    /// The fields and operators that a trail takes for management events; selectors of other
    /// categories are kept as they are, they log no management event.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>
    fn check(&self) -> Result<(), ApiError> {
        let field = |name: &str| self.field_selectors.iter().find(|f| f.field == name);
        let category = field("eventCategory").ok_or_else(|| invalid("eventCategory is missing"))?;
        if !category.only_equals() || category.equals.len() != 1 {
            return Err(invalid("eventCategory must equal one value"));
        }
        for field in &self.field_selectors {
            let name = &field.field;
            if field.values().next().is_none() {
                return Err(invalid(format!("{name} has no condition")));
            }
            if self
                .field_selectors
                .iter()
                .filter(|f| f.field == *name)
                .count()
                > 1
            {
                return Err(invalid(format!("{name} is selected twice")));
            }
        }
        match category.equals.first().map(String::as_str) {
            Some("Management") => self.field_selectors.iter().try_for_each(Field::check),
            Some("Data") if field("resources.type").is_none() => {
                Err(invalid("resources.type is missing"))
            }
            Some("NetworkActivity") if field("eventSource").is_none() => {
                Err(invalid("eventSource is missing"))
            }
            Some("Data" | "NetworkActivity") => Ok(()),
            _ => Err(invalid("a trail has no events of this eventCategory")),
        }
    }

    fn passes(&self, record: &Value) -> bool {
        self.field_selectors
            .iter()
            .all(|field| field.passes(record))
    }
}

impl Field {
    fn check(&self) -> Result<(), ApiError> {
        let refused = match self.field.as_str() {
            "eventCategory" | "eventSource" => false,
            "readOnly" => {
                let known = |v: &String| v == "true" || v == "false";
                !self.only_equals() || !self.equals.iter().all(known)
            }
            name => {
                return Err(invalid(format!("{name} is no field of management events")));
            }
        };
        if refused {
            let name = &self.field;
            return Err(invalid(format!("{name} has an unsupported condition")));
        }
        Ok(())
    }

    fn values(&self) -> impl Iterator<Item = &String> {
        let positive = [&self.equals, &self.starts_with, &self.ends_with];
        let negative = [&self.not_equals, &self.not_starts_with, &self.not_ends_with];
        positive.into_iter().chain(negative).flatten()
    }

    fn only_equals(&self) -> bool {
        self.values().count() == self.equals.len()
    }

    /// One positive condition is enough, one negative that hits forbids.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html>
    fn passes(&self, record: &Value) -> bool {
        // A record can be about several resources.
        if let Some(name) = self.field.strip_prefix("resources.") {
            let resources = record.get("resources").and_then(Value::as_array);
            let mut texts = resources.into_iter().flatten().filter_map(|r| r.get(name));
            return texts.any(|text| text.as_str().is_some_and(|text| self.takes(text)));
        }
        let path = format!("/{}", self.field.replace('.', "/"));
        match record.pointer(&path) {
            Some(Value::String(text)) => self.takes(text),
            Some(Value::Bool(flag)) => self.takes(&flag.to_string()),
            _ => false,
        }
    }

    fn takes(&self, text: &str) -> bool {
        let equals = |v: &String| *v == text;
        let starts = |v: &String| text.starts_with(v.as_str());
        let ends = |v: &String| text.ends_with(v.as_str());
        let forbidden = self.not_equals.iter().any(equals)
            || self.not_starts_with.iter().any(starts)
            || self.not_ends_with.iter().any(ends);
        let positives = self.equals.len() + self.starts_with.len() + self.ends_with.len();
        let wanted = self.equals.iter().any(equals)
            || self.starts_with.iter().any(starts)
            || self.ends_with.iter().any(ends);
        !forbidden && (positives == 0 || wanted)
    }
}

pub(super) fn invalid(reason: impl std::fmt::Display) -> ApiError {
    ApiError::new(
        "InvalidEventSelectorsException",
        format!("Invalid event selectors: {reason}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_sources_are_silent_and_every_selector_is_a_chance() {
        let call = |source: &str, read_only: bool| json!({"eventSource": source, "readOnly": read_only, "eventCategory": "Management"});
        let select = |selectors: Value| -> Selectors {
            let selectors = Selectors::Basic(serde_json::from_value(selectors).unwrap());
            selectors.check().unwrap();
            selectors
        };
        let excluded = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];
        let quiet = select(json!([{"ExcludeManagementEventSources": excluded}]));
        assert!(!quiet.pass(&call("kms.amazonaws.com", false)));
        assert!(!quiet.pass(&call("rdsdata.amazonaws.com", true)));
        assert!(quiet.pass(&call("rds.amazonaws.com", true)));
        let two = select(json!([
            {"ReadWriteType": "WriteOnly"},
            {"ReadWriteType": "ReadOnly", "ExcludeManagementEventSources": excluded},
        ]));
        assert!(two.pass(&call("kms.amazonaws.com", false)));
        assert!(!two.pass(&call("kms.amazonaws.com", true)));
        assert!(two.pass(&call("iam.amazonaws.com", true)));
    }

    #[test]
    fn data_events_are_logged_where_their_resource_is_selected() {
        let call = |kind: &str, arn: &str, read_only: bool| json!({"eventCategory": "Data", "readOnly": read_only, "resources": [{"type": kind, "ARN": arn}]});
        let basic: Vec<Basic> = serde_json::from_value(json!([{
            "ReadWriteType": "ReadOnly",
            "DataResources": [
                {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::secrets/"]},
                {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]},
                {"Type": "AWS::DynamoDB::Table", "Values": []},
            ],
        }]))
        .unwrap();
        let basic = Selectors::Basic(basic);
        assert!(basic.has_data());
        let table = "arn:aws:dynamodb:us-east-1:111122223333:table/t";
        let function = "arn:aws:lambda:us-east-1:111122223333:function:pay";
        for (kind, arn, read_only, logged) in [
            ("AWS::S3::Object", "arn:aws:s3:::secrets/key", true, true),
            ("AWS::S3::Object", "arn:aws:s3:::secrets/key", false, false),
            ("AWS::S3::Object", "arn:aws:s3:::secrets-2/key", true, false),
            ("AWS::S3::Bucket", "arn:aws:s3:::secrets/key", true, false),
            ("AWS::Lambda::Function", function, true, true),
            ("AWS::DynamoDB::Table", table, true, false),
        ] {
            assert_eq!(basic.pass(&call(kind, arn, read_only)), logged, "{arn}");
        }
        let advanced: Vec<Advanced> = serde_json::from_value(json!([{"FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::SNS::Topic"]},
            {"Field": "resources.ARN", "NotEndsWith": [":noise"]},
        ]}]))
        .unwrap();
        let advanced = Selectors::Advanced(advanced);
        assert!(advanced.has_data() && !Selectors::default().has_data());
        let topic = "arn:aws:sns:us-east-1:111122223333:pages";
        let noise = "arn:aws:sns:us-east-1:111122223333:noise";
        assert!(advanced.pass(&call("AWS::SNS::Topic", topic, false)));
        assert!(!advanced.pass(&call("AWS::SNS::Topic", noise, false)));
        assert!(!advanced.pass(&call("AWS::SQS::Queue", topic, false)));
        assert!(!Selectors::default().pass(&call("AWS::SNS::Topic", topic, false)));
    }

    #[test]
    fn selectors_of_data_events_log_no_management_event() {
        let data: Vec<Advanced> = serde_json::from_value(json!([{"FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        ]}]))
        .unwrap();
        let data = Selectors::Advanced(data);
        data.check().unwrap();
        let call = json!({"eventCategory": "Management", "resources": {"type": "AWS::S3::Object"}});
        assert!(!data.pass(&call));
    }
}
