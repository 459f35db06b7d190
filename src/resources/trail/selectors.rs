//! What a trail records: event selectors, basic and advanced, in one canonical form.

use std::collections::BTreeSet;

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
}
