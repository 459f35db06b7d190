//! What a trail records besides management events: data events, network activity and Insights.

use serde_json::{Value, json};

use super::TrailFacts;
use super::selectors::texts;
use crate::cloudtrail::{Selected, Selection, data_event, is_read_only};
use crate::compile::Beyond;

/// What CloudTrail asks for data events, beside what S3 asks for keeping the log files. Source: CloudTrail pricing, as
/// guides quote it for us-east-1 in 2026.
pub const DATA_EVENT_PRICE: &str = "$0.10 for each 100,000 data events";

/// How many of some events a trail records, in as far as its selectors decide.
pub fn records(trail: &TrailFacts, wanted: &Beyond) -> Selected {
    match wanted {
        Beyond::Insights if trail.insights => Selected::Wholly,
        Beyond::Insights => Selected::Nothing,
        _ => selected(&trail.trail.selectors, trail.arn.partition(), wanted),
    }
}

/// How many of some events selectors select. Those that are hidden may select anything.
pub fn selected(selectors: &Value, partition: &str, wanted: &Beyond) -> Selected {
    if selectors.is_null() {
        return Selected::Unknown;
    }
    let list = |name: &str| selectors.get(name).and_then(Value::as_array);
    match wanted {
        Beyond::Insights => Selected::Nothing,
        Beyond::NetworkActivity { source } => {
            let all = list("advanced").into_iter().flatten();
            let each = all.map(|selector| network(selector, source.as_deref()));
            each.max().unwrap_or(Selected::Nothing)
        }
        Beyond::Data { names, .. } => {
            let asked = Data {
                wanted,
                arns: wanted.arns(partition),
            };
            let of = |name: Option<&str>| {
                let basic = list("basic").into_iter().flatten();
                let advanced = list("advanced").into_iter().flatten();
                let basic = basic.map(|selector| asked.basic(selector, name));
                let advanced = advanced.map(|selector| asked.advanced(selector, name));
                basic.chain(advanced).max().unwrap_or(Selected::Nothing)
            };
            // What one of the events misses, the rule misses.
            let each = names.iter().map(|name| of(Some(name))).min();
            each.unwrap_or_else(|| of(None))
        }
    }
}

/// Data events that are asked for, and the ARNs of their resources where these are known.
struct Data<'a> {
    wanted: &'a Beyond,
    arns: Option<String>,
}

impl Data<'_> {
    fn service(&self) -> &str {
        match self.wanted {
            Beyond::Data { service, .. } => service,
            Beyond::NetworkActivity { .. } | Beyond::Insights => "",
        }
    }

    /// Whether the event only reads, where the name of one tells that. Names tell it of what basic selectors know.
    fn reads(&self, name: Option<&str>) -> Option<bool> {
        let name = name?;
        let events = data_event(self.service(), name)?;
        events
            .is_basic()
            .then(|| is_read_only(self.service(), name))
    }

    /// What one basic selector selects of an event.
    fn basic(&self, selector: &Value, name: Option<&str>) -> Selected {
        let text = |field: &str| selector.get(field).and_then(Value::as_str);
        let kind = text("read_write").unwrap_or("All");
        let is_left_out = match self.reads(name) {
            Some(true) => kind == "WriteOnly",
            Some(false) => kind == "ReadOnly",
            None => false,
        };
        if is_left_out {
            return Selected::Nothing;
        }
        let Some(known) = self.wanted.known() else {
            return Selected::Nothing;
        };
        let resources = selector.get("data").and_then(Value::as_array);
        let of_kind = resources
            .into_iter()
            .flatten()
            .filter(|resource| resource.get("type") == Some(&json!(known.kind)));
        let begins = of_kind.flat_map(|resource| texts(resource.get("values")));
        let each = begins.map(|begin| self.arns_that(Selection::StartsWith(&begin)));
        each.max().unwrap_or(Selected::Nothing)
    }

    /// What one advanced selector selects of an event.
    fn advanced(&self, selector: &Value, name: Option<&str>) -> Selected {
        let fields = selector.get("fields").and_then(Value::as_array);
        let Some(fields) = fields.filter(|fields| is_of(fields, "Data")) else {
            return Selected::Nothing;
        };
        let kind = self.wanted.known().map(|known| known.kind);
        let each = fields.iter().map(|field| {
            let conditions = Conditions(field);
            match field.get("field").and_then(Value::as_str) {
                Some("eventCategory") => Selected::Wholly,
                Some("resources.type") => conditions.of_text(kind),
                Some("eventName") => conditions.of_text(name),
                Some("eventSource") => {
                    let source = format!("{}.amazonaws.com", self.service());
                    conditions.of_text(Some(&source))
                }
                Some("readOnly") => match self.reads(name) {
                    Some(reads) => conditions.of_text(Some(if reads { "true" } else { "false" })),
                    None => Selected::Partly,
                },
                Some("resources.ARN") => conditions.of(|selection| self.arns_that(selection)),
                // Only some callers, for instance.
                _ => Selected::Partly,
            }
        });
        each.min().unwrap_or(Selected::Nothing)
    }

    /// How many of the resources a condition selects.
    fn arns_that(&self, selection: Selection<'_>) -> Selected {
        match &self.arns {
            Some(arns) => selection.of_arns(arns),
            None => Selected::Partly,
        }
    }
}

/// Whether the fields of an advanced selector are about a category.
fn is_of(fields: &[Value], category: &str) -> bool {
    fields.contains(&json!({ "field": "eventCategory", "equals": [category] }))
}

/// What one advanced selector selects of the network activity of a service.
fn network(selector: &Value, source: Option<&str>) -> Selected {
    let fields = selector.get("fields").and_then(Value::as_array);
    let Some(fields) = fields.filter(|fields| is_of(fields, "NetworkActivity")) else {
        return Selected::Nothing;
    };
    let each = fields.iter().map(|field| {
        match field.get("field").and_then(Value::as_str) {
            Some("eventCategory") => Selected::Wholly,
            Some("eventSource") => Conditions(field).of_text(source),
            // Refused calls alone, or those of some endpoint.
            _ => Selected::Partly,
        }
    });
    each.min().unwrap_or(Selected::Nothing)
}

/// The conditions of one field of an advanced selector. One that selects is enough, and one that forbids decides.
/// Source: CloudTrail user guide, "Filtering data events by using advanced event selectors".
struct Conditions<'v>(&'v Value);

impl Conditions<'_> {
    /// What they select of a text; of one that is not known, some.
    fn of_text(&self, text: Option<&str>) -> Selected {
        self.of(|selection| match text {
            Some(text) if selection.of_text(text) => Selected::Wholly,
            Some(_) => Selected::Nothing,
            None => Selected::Partly,
        })
    }

    /// What they select, where each says for itself what fits it.
    fn of(&self, fits: impl Fn(Selection<'_>) -> Selected) -> Selected {
        let [equals, starts, ends] = ["equals", "starts_with", "ends_with"];
        let all = |forbids: &str| {
            let list = |name: &str| texts(self.0.get(format!("{forbids}{name}")));
            let (equals, starts, ends) = (list(equals), list(starts), list(ends));
            let equals = equals.iter().map(|text| fits(Selection::Equals(text)));
            let starts = starts.iter().map(|text| fits(Selection::StartsWith(text)));
            let ends = ends.iter().map(|text| fits(Selection::EndsWith(text)));
            equals.chain(starts).chain(ends).max()
        };
        let selects = all("").unwrap_or(Selected::Wholly);
        let forbids = match all("not_") {
            None | Some(Selected::Nothing | Selected::Unknown) => Selected::Wholly,
            Some(Selected::Partly) => Selected::Partly,
            Some(Selected::Wholly) => Selected::Nothing,
        };
        selects & forbids
    }
}

/// Whether selectors name any data events.
pub fn has_data_events(selectors: &Value) -> bool {
    !described(selectors).is_empty()
}

/// The data events that advanced selectors name, a line for each type of resource.
pub(super) fn described(selectors: &Value) -> Vec<String> {
    let listed = selectors.get("advanced").and_then(Value::as_array);
    let of_data = listed.into_iter().flatten().filter_map(|selector| {
        let fields = selector.get("fields").and_then(Value::as_array)?;
        let values = |name: &str, operator: &str| {
            let mut fields = fields.iter();
            let field = fields.find(|field| field.get("field") == Some(&json!(name)));
            texts(field.and_then(|field| field.get(operator)))
        };
        if !is_of(fields, "Data") {
            return None;
        }
        let kind = values("resources.type", "equals").join(", ");
        let begins = values("resources.ARN", "starts_with");
        Some(match begins.as_slice() {
            [] => format!("records all data events of {kind}"),
            begins => format!("records the data events of {kind} in {}", begins.join(", ")),
        })
    });
    of_data.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn objects(names: &[&'static str], bucket: Option<&str>) -> Beyond {
        Beyond::Data {
            service: "s3".to_owned(),
            kind: Some("AWS::S3::Object"),
            names: names.iter().copied().collect::<BTreeSet<_>>(),
            resource: bucket.map(str::to_owned),
        }
    }

    fn basic(read_write: &str, values: &[&str]) -> Value {
        json!({ "basic": [{ "read_write": read_write, "management": true, "excluded": [],
            "data": [{ "type": "AWS::S3::Object", "values": values }] }] })
    }

    fn advanced(more: Vec<Value>) -> Value {
        let mut fields = vec![
            json!({ "field": "eventCategory", "equals": ["Data"] }),
            json!({ "field": "resources.type", "equals": ["AWS::S3::Object"] }),
        ];
        fields.extend(more);
        json!({ "advanced": [{ "fields": fields }] })
    }

    #[test]
    fn selectors_of_both_kinds_say_which_data_events_come() {
        use Selected::{Nothing, Partly, Unknown, Wholly};
        let read = objects(&["GetObject"], Some("secrets"));
        let both = objects(&["GetObject", "PutObject"], Some("secrets"));
        let any = objects(&["GetObject"], None);
        let here = "arn:aws:s3:::secrets/";
        let arn =
            |operator: &str, value: &str| json!({ "field": "resources.ARN", operator: [value] });
        let name = |value: &str| json!({ "field": "eventName", "equals": [value] });
        let reads = |value: &str| json!({ "field": "readOnly", "equals": [value] });
        let only_some = json!({ "field": "userIdentity.arn", "starts_with": ["arn:aws:iam"] });
        for (selectors, wanted, selected_) in [
            (basic("All", &["arn:aws:s3"]), &both, Wholly),
            (basic("All", &[here]), &both, Wholly),
            (basic("All", &[here]), &any, Partly),
            (basic("All", &["arn:aws:s3:::other/"]), &read, Nothing),
            (basic("WriteOnly", &[here]), &read, Nothing),
            (basic("ReadOnly", &[here]), &read, Wholly),
            (basic("ReadOnly", &[here]), &both, Nothing),
            (basic("All", &[]), &read, Nothing),
            (json!({ "basic": [] }), &read, Nothing),
            (advanced(vec![]), &both, Wholly),
            (advanced(vec![arn("starts_with", here)]), &read, Wholly),
            (advanced(vec![arn("not_starts_with", here)]), &read, Nothing),
            (
                advanced(vec![arn("not_starts_with", "arn:aws:s3:::x/")]),
                &read,
                Wholly,
            ),
            (advanced(vec![arn("not_starts_with", here)]), &any, Partly),
            (advanced(vec![name("PutObject")]), &read, Nothing),
            (
                advanced(vec![name("GetObject"), reads("true")]),
                &read,
                Wholly,
            ),
            (advanced(vec![reads("false")]), &read, Nothing),
            (advanced(vec![only_some]), &read, Partly),
            (Value::Null, &read, Unknown),
        ] {
            assert_eq!(
                selected(&selectors, "aws", wanted),
                selected_,
                "{selectors} {wanted:?}"
            );
        }
    }

    #[test]
    fn network_activity_is_selected_by_its_service() {
        let kms = Beyond::NetworkActivity {
            source: Some("kms.amazonaws.com".to_owned()),
        };
        let selectors = |source: &str, more: Option<Value>| {
            let mut fields = vec![
                json!({ "field": "eventCategory", "equals": ["NetworkActivity"] }),
                json!({ "field": "eventSource", "equals": [source] }),
            ];
            fields.extend(more);
            json!({ "advanced": [{ "fields": fields }] })
        };
        let of = |selectors: Value| selected(&selectors, "aws", &kms);
        let denied = json!({ "field": "errorCode", "equals": ["VpceAccessDenied"] });
        assert_eq!(of(selectors("kms.amazonaws.com", None)), Selected::Wholly);
        assert_eq!(
            of(selectors("kms.amazonaws.com", Some(denied))),
            Selected::Partly
        );
        assert_eq!(of(selectors("s3.amazonaws.com", None)), Selected::Nothing);
        assert_eq!(of(advanced(Vec::new())), Selected::Nothing);
    }
}
