//! What a trail records: event selectors, basic and advanced, in one canonical form.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// The management events that a trail records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Management {
    /// Those that only read.
    pub reads: bool,
    /// Those that change something.
    pub writes: bool,
    /// Sources whose reads are left out, such as `kms.amazonaws.com`.
    pub excluded_reads: BTreeSet<String>,
    /// Sources whose writes are left out.
    pub excluded_writes: BTreeSet<String>,
}

/// All management events, and nothing that costs more.
pub fn all_management_events() -> Value {
    json!({ "basic": [{
        "read_write": "All",
        "management": true,
        "excluded": [],
        "data": [],
    }] })
}

/// All management events, and the data events of some resources: by type, how the resources' ARNs begin; none: all of
/// the type. Without such resources the form is that of [`all_management_events`].
pub fn with_data_events(resources: &BTreeMap<String, BTreeSet<String>>) -> Value {
    if resources.is_empty() {
        return all_management_events();
    }
    let equals = |field: &str, value: &str| json!({ "field": field, "equals": [value] });
    let management = json!({ "fields": [equals("eventCategory", "Management")] });
    let data = resources.iter().map(|(kind, begins)| {
        let mut fields = vec![
            equals("eventCategory", "Data"),
            equals("resources.type", kind),
        ];
        if !begins.is_empty() {
            fields.push(json!({ "field": "resources.ARN", "starts_with": begins }));
        }
        json!({ "fields": fields })
    });
    in_order(std::iter::once(management).chain(data).collect())
}

/// Advanced selectors in an order of ours: CloudTrail takes them, their fields and their values in any. Those that select
/// all management events and nothing else are what the basic ones of [`all_management_events`] are.
pub(super) fn in_order(mut selectors: Vec<Value>) -> Value {
    for selector in &mut selectors {
        let Some(fields) = selector.get_mut("fields").and_then(Value::as_array_mut) else {
            continue;
        };
        let lists = fields.iter_mut().filter_map(Value::as_object_mut);
        let lists = lists.flat_map(|field| field.values_mut());
        for list in lists.filter_map(Value::as_array_mut) {
            list.sort_by_key(Value::to_string);
        }
        fields.sort_by_key(Value::to_string);
    }
    selectors.sort_by_key(Value::to_string);
    let sorted = json!({ "advanced": selectors });
    let all = all_management_events();
    if data_selectors(&sorted).is_empty() && management(&sorted) == management(&all) {
        return all;
    }
    sorted
}

/// What differs between the selectors that a trail has and those that it is to have, as a clause about it; `None` where
/// it records all that is wanted and more.
pub(super) fn lacking(has: &Value, wanted: &Value) -> Option<&'static str> {
    let same = management(has).is_some_and(|has| Some(has) == management(wanted));
    if !same {
        return Some("it does not record all management events");
    }
    let recorded = data_selectors(has);
    let all = data_selectors(wanted);
    (!all.iter().all(|selector| recorded.contains(selector)))
        .then_some("it does not record all data events that the rules file asks for")
}

/// The selectors that are about something else than management events.
fn data_selectors(selectors: &Value) -> Vec<&Value> {
    let listed = selectors.get("advanced").and_then(Value::as_array);
    let of_management = json!({ "field": "eventCategory", "equals": ["Management"] });
    listed
        .into_iter()
        .flatten()
        .filter(|selector| {
            let fields = selector.get("fields").and_then(Value::as_array);
            !fields.is_some_and(|fields| fields.contains(&of_management))
        })
        .collect()
}

pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}

/// What the selectors say of management events; `None` where they use something unknown here: then
/// nobody should rely on them.
pub fn management(selectors: &Value) -> Option<Management> {
    let list = |name: &str| selectors.get(name).and_then(Value::as_array);
    if let Some(basic) = list("basic") {
        let mut sum = Management::default();
        for selector in basic {
            if selector.get("management") != Some(&Value::Bool(true)) {
                continue;
            }
            let kind = selector.get("read_write").and_then(Value::as_str)?;
            let (reads, writes) = match kind {
                "All" => (true, true),
                "ReadOnly" => (true, false),
                "WriteOnly" => (false, true),
                _ => return None,
            };
            let excluded = texts(selector.get("excluded")).into_iter().collect();
            sum.add(reads, writes, &excluded);
        }
        return Some(sum);
    }
    let mut sum = Management::default();
    for selector in list("advanced")? {
        let fields = selector.get("fields").and_then(Value::as_array)?;
        let of = |name: &str| {
            fields
                .iter()
                .find(|field| field.get("field") == Some(&json!(name)))
        };
        if of("eventCategory")?.get("equals") != Some(&json!(["Management"])) {
            continue;
        }
        let known = ["eventCategory", "readOnly", "eventSource"];
        let understood = fields.iter().all(|field| {
            let name = field.get("field").and_then(Value::as_str);
            name.is_some_and(|name| known.contains(&name))
        });
        if !understood {
            return None;
        }
        let (reads, writes) = match of("readOnly").map(|field| texts(field.get("equals"))) {
            None => (true, true),
            Some(only) if only == ["true"] => (true, false),
            Some(only) if only == ["false"] => (false, true),
            Some(_) => return None,
        };
        let excluded = match of("eventSource") {
            None => BTreeSet::new(),
            Some(field) if field.as_object().is_some_and(|f| f.len() == 2) => {
                texts(Some(field.get("not_equals")?)).into_iter().collect()
            }
            Some(_) => return None,
        };
        sum.add(reads, writes, &excluded);
    }
    Some(sum)
}

impl Management {
    /// Two selectors record what either does: left out is only what both leave out, reads and writes each
    /// for themselves.
    fn add(&mut self, reads: bool, writes: bool, excluded: &BTreeSet<String>) {
        for (adds, recorded, left_out) in [
            (reads, &mut self.reads, &mut self.excluded_reads),
            (writes, &mut self.writes, &mut self.excluded_writes),
        ] {
            if !adds {
                continue;
            }
            if *recorded {
                left_out.retain(|source| excluded.contains(source));
            } else {
                left_out.clone_from(excluded);
            }
            *recorded = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn selectors_say_which_management_events_come() {
        let all = management(&all_management_events()).unwrap();
        assert!(all.reads && all.writes);
        assert!(all.excluded_reads.is_empty() && all.excluded_writes.is_empty());
        let advanced = |fields: Value| management(&json!({ "advanced": [{ "fields": fields }] }));
        let category = json!({ "field": "eventCategory", "equals": ["Management"] });
        let writes = advanced(json!([category, { "field": "readOnly", "equals": ["false"] }]));
        assert_eq!(
            writes,
            Some(Management {
                reads: false,
                writes: true,
                ..Management::default()
            })
        );
        let without_kms = advanced(
            json!([category, { "field": "eventSource", "not_equals": ["kms.amazonaws.com"] }]),
        );
        let without_kms = without_kms.unwrap();
        let kms = sources(&["kms.amazonaws.com"]);
        assert_eq!(
            (without_kms.excluded_reads, without_kms.excluded_writes),
            (kms.clone(), kms)
        );
        // What is not understood is not relied on.
        let by_name = json!([category, { "field": "eventName", "equals": ["CreateUser"] }]);
        assert_eq!(advanced(by_name), None);
        let data = json!([{ "field": "eventCategory", "equals": ["Data"] }]);
        assert_eq!(advanced(data), Some(Management::default()));
    }

    #[test]
    fn data_events_stand_beside_all_management_events_in_one_order() {
        let begins = |texts: &[&str]| sources(texts);
        let none = BTreeMap::new();
        assert_eq!(with_data_events(&none), all_management_events());
        let objects = BTreeMap::from([(
            "AWS::S3::Object".to_owned(),
            begins(&["arn:aws:s3:::b/", "arn:aws:s3:::a/"]),
        )]);
        let wanted = with_data_events(&objects);
        assert_eq!(management(&wanted), management(&all_management_events()));
        // As CloudTrail may answer it.
        let answered = in_order(vec![
            json!({ "fields": [
                { "field": "resources.ARN", "starts_with": ["arn:aws:s3:::b/", "arn:aws:s3:::a/"] },
                { "field": "resources.type", "equals": ["AWS::S3::Object"] },
                { "field": "eventCategory", "equals": ["Data"] },
            ] }),
            json!({ "fields": [{ "field": "eventCategory", "equals": ["Management"] }] }),
        ]);
        assert_eq!(answered, wanted);
        assert_eq!(lacking(&wanted, &all_management_events()), None);
        let category = json!({ "field": "eventCategory", "equals": ["Management"] });
        let one = in_order(vec![json!({ "fields": [category] })]);
        assert_eq!(one, all_management_events());
        let said = lacking(&all_management_events(), &wanted).unwrap();
        assert!(said.contains("data events"), "{said}");
        let writes = json!({ "basic": [{ "read_write": "WriteOnly", "management": true, "excluded": [], "data": [] }] });
        let said = lacking(&writes, &wanted).unwrap();
        assert!(said.contains("management events"), "{said}");
    }
}
