//! What stands at a path under `detail`: a value, and of which kind, or further fields.
//!
//! What is the same in every record is known by its name; of parameters and answers the records of well-known calls
//! in the tables of `calls` tell it, and of other parameters the API models.

use std::cell::OnceCell;

use serde_json::{Map, Value as Json};

use super::calls::table;
use super::parameters::{Call, NoText, no_text};
use super::record_fields::{fields_in, holds_text, may_be_null};
use crate::wildcard::matches_star;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Further fields, or a list of things that have some: no value of its own.
    Fields {
        /// The path of a field in it that holds a value, if one is known.
        leaf: Option<String>,
        /// Whether CloudTrail writes `null` there instead where there is nothing to say.
        may_be_null: bool,
    },
    /// A value of one kind.
    Value(Kind),
}

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Boolean,
}

/// The records of the calls that a rule is about, as far as they are well known; found when somebody asks.
pub(crate) struct Examples<'c> {
    calls: Vec<Call<'c>>,
    known: OnceCell<Vec<&'static Map<String, Json>>>,
}

/// What is preferred as the field that stands for others, where there is one of that name.
const TELLING: [&str; 6] = [
    "arn",
    "ARN",
    "tlsVersion",
    "mfaAuthenticated",
    "userId",
    "federatedProvider",
];

impl<'c> Examples<'c> {
    /// Those of calls: services, and names in which `*` stands for any text.
    pub(crate) fn of(calls: impl IntoIterator<Item = Call<'c>>) -> Self {
        Self {
            calls: calls.into_iter().collect(),
            known: OnceCell::new(),
        }
    }

    /// Those of every call that is well known.
    pub(crate) fn of_all() -> Self {
        Self::of([("*", "*")])
    }

    /// What stands at a path under `detail`, if it is the same wherever that is known.
    pub(crate) fn shape(&self, path: &[&str]) -> Option<Shape> {
        match of_every_record(path) {
            // Which fields are in it the calls know.
            Some(Shape::Fields {
                leaf: None,
                may_be_null,
            }) => Some(Shape::Fields {
                leaf: self.leaf_in(path),
                may_be_null,
            }),
            Some(shape) => Some(shape),
            None => self.of_calls(path),
        }
    }

    /// The field on the way to a path that holds a value, so that nothing stands below it.
    pub(crate) fn value_before(&self, path: &[&str]) -> Option<(usize, Kind)> {
        (1..path.len()).find_map(|length| match self.shape(path.get(..length)?)? {
            Shape::Value(kind) => Some((length, kind)),
            Shape::Fields { .. } => None,
        })
    }

    /// Whether the calls are of services that are named.
    pub(crate) fn are_named(&self) -> bool {
        self.calls.iter().all(|(service, _)| *service != "*")
    }

    fn of_calls(&self, path: &[&str]) -> Option<Shape> {
        // What a policy says has its author's form: a principal is a text, or holds fields.
        if matches!(path, ["requestParameters", "bucketPolicy", _, ..]) {
            return None;
        }
        let found = self.at(path);
        let mut seen = found.iter().filter_map(|value| seen(value));
        let Some(first) = seen.next() else {
            return self.of_models(path);
        };
        if seen.any(|other| other != first) {
            return None;
        }
        Some(match first {
            Seen::Value(kind) => Shape::Value(kind),
            Seen::Fields => Shape::Fields {
                leaf: self.leaf_in(path),
                may_be_null: false,
            },
        })
    }

    /// What the API models say of a parameter.
    fn of_models(&self, path: &[&str]) -> Option<Shape> {
        let ["requestParameters", parameter] = path else {
            return None;
        };
        Some(match no_text(&self.calls, parameter)? {
            NoText::Number => Shape::Value(Kind::Number),
            NoText::Boolean => Shape::Value(Kind::Boolean),
            NoText::Fields(leaf) => Shape::Fields {
                leaf: leaf.map(|leaf| format!("requestParameters.{parameter}.{leaf}")),
                may_be_null: false,
            },
        })
    }

    /// The path of a field that holds a value in one that holds fields.
    fn leaf_in(&self, path: &[&str]) -> Option<String> {
        self.at(path).iter().find_map(|value| {
            let leaf = leaf_in(value.as_object()?)?;
            Some(format!("{}.{leaf}", path.join(".")))
        })
    }

    /// What the records hold at a path.
    fn at(&self, path: &[&str]) -> Vec<&'static Json> {
        let records = self.known.get_or_init(|| known(&self.calls));
        let mut found = Vec::new();
        for record in records.iter().copied() {
            at_path(record, path, &mut found);
        }
        found
    }
}

/// What one record holds at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Fields,
    Value(Kind),
}

/// What is the same in every record.
fn of_every_record(path: &[&str]) -> Option<Shape> {
    if holds_text(path) {
        return Some(Shape::Value(Kind::Text));
    }
    if matches!(path, ["readOnly" | "managementEvent"]) {
        return Some(Shape::Value(Kind::Boolean));
    }
    // What services write of their own the records of their calls know better.
    let fields = fields_in(path).filter(|fields| !fields.is_empty() || may_be_null(path))?;
    Some(Shape::Fields {
        leaf: leaf_among(path, fields),
        may_be_null: may_be_null(path),
    })
}

/// The path of the field that stands for those in one.
fn leaf_among(path: &[&str], fields: &[&'static str]) -> Option<String> {
    let below = |name: &'static str| -> Vec<&str> {
        path.iter().copied().chain(std::iter::once(name)).collect()
    };
    let known = TELLING.iter().find(|name| fields.contains(name));
    if let Some(name) = known {
        return Some(below(name).join("."));
    }
    let inner = fields.iter().find_map(|name| {
        let path = below(name);
        leaf_among(&path, fields_in(&path)?)
    });
    let first = fields.iter().map(|name| below(name));
    inner.or_else(|| {
        let mut values = first.filter(|path| holds_text(path));
        Some(values.next()?.join("."))
    })
}

/// The records of some calls.
fn known(calls: &[Call<'_>]) -> Vec<&'static Map<String, Json>> {
    let fits = |api: &str| {
        api.split_once(':').is_some_and(|(service, name)| {
            calls
                .iter()
                .any(|(of, glob)| (*of == "*" || *of == service) && matches_star(glob, name))
        })
    };
    let all = table().iter().filter(|(api, _)| fits(api));
    all.filter_map(|(_, record)| record.as_object()).collect()
}

/// Everything at a path, as EventBridge follows it: lists are transparent.
fn at_path<'v>(fields: &'v Map<String, Json>, path: &[&str], found: &mut Vec<&'v Json>) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if let Some(value) = fields.get(*first) {
        each(value, &mut |value| match value {
            Json::Object(inner) if !rest.is_empty() => at_path(inner, rest, found),
            value if rest.is_empty() => found.push(value),
            _ => {}
        });
    }
}

/// A value, or each that a list holds.
fn each<'v>(value: &'v Json, visit: &mut dyn FnMut(&'v Json)) {
    match value {
        Json::Array(items) => {
            for item in items {
                each(item, visit);
            }
        }
        value => visit(value),
    }
}

/// What a value is; `null` is no sign of anything.
fn seen(value: &Json) -> Option<Seen> {
    match value {
        Json::Null | Json::Array(_) => None,
        Json::Object(_) => Some(Seen::Fields),
        Json::String(_) => Some(Seen::Value(Kind::Text)),
        Json::Number(_) => Some(Seen::Value(Kind::Number)),
        Json::Bool(_) => Some(Seen::Value(Kind::Boolean)),
    }
}

/// The way from an object to the value that tells most of it.
fn leaf_in(fields: &Map<String, Json>) -> Option<String> {
    let is_value = |value: &Json| !matches!(value, Json::Object(_) | Json::Array(_) | Json::Null);
    let named = |is_telling: fn(&str) -> bool| {
        let mut all = fields.iter();
        all.find(|(name, value)| is_value(value) && is_telling(name))
            .map(|(name, _)| name.clone())
    };
    named(|name| name.eq_ignore_ascii_case("arn"))
        .or_else(|| named(|name| name.ends_with("Arn") || name.ends_with("ARN")))
        .or_else(|| named(|name| name.ends_with("Name") || name.ends_with("Id") || name == "name"))
        .or_else(|| named(|_| true))
        .or_else(|| {
            fields.iter().find_map(|(name, value)| {
                let mut leaf = None;
                each(value, &mut |value| {
                    if leaf.is_none() {
                        leaf = match value {
                            Json::Object(inner) => {
                                leaf_in(inner).map(|leaf| format!("{name}.{leaf}"))
                            }
                            Json::Null => None,
                            _ => Some(name.clone()),
                        };
                    }
                });
                leaf
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(path: &str, calls: &[Call<'static>]) -> Option<Option<String>> {
        let path: Vec<&str> = path.split('.').collect();
        match Examples::of(calls.iter().copied()).shape(&path)? {
            Shape::Fields { leaf, .. } => Some(leaf),
            Shape::Value(_) => None,
        }
    }

    #[test]
    fn objects_are_told_with_a_field_that_holds_a_value() {
        let iam = [("iam", "*")];
        for (path, known) in [
            ("userIdentity", "userIdentity.arn"),
            // Every session has it, and only those of roles an issuer.
            (
                "userIdentity.sessionContext",
                "userIdentity.sessionContext.attributes.mfaAuthenticated",
            ),
            (
                "userIdentity.sessionContext.attributes",
                "userIdentity.sessionContext.attributes.mfaAuthenticated",
            ),
            ("userIdentity.onBehalfOf", "userIdentity.onBehalfOf.userId"),
            ("tlsDetails", "tlsDetails.tlsVersion"),
            ("resources", "resources.ARN"),
            ("responseElements.role", "responseElements.role.arn"),
        ] {
            assert_eq!(leaf(path, &iam), Some(Some(known.to_owned())), "{path}");
        }
        let groups = [("ec2", "AuthorizeSecurityGroupIngress")];
        assert_eq!(
            leaf("requestParameters.ipPermissions.items.ipRanges", &groups),
            Some(Some(
                "requestParameters.ipPermissions.items.ipRanges.items.cidrIp".to_owned()
            ))
        );
        for path in [
            "eventName",
            "userIdentity.arn",
            "requestParameters.roleName",
            "requestParameters.nobodyKnows",
            "serviceEventDetails",
        ] {
            assert_eq!(leaf(path, &iam), None, "{path}");
        }
    }

    #[test]
    fn kinds_of_values_are_told_where_all_records_agree() {
        let kind = |path: &str, calls: &[Call<'static>]| {
            let path: Vec<&str> = path.split('.').collect();
            match Examples::of(calls.iter().copied()).shape(&path)? {
                Shape::Value(kind) => Some(kind),
                Shape::Fields { .. } => None,
            }
        };
        let iam = [("iam", "*")];
        let length = "requestParameters.minimumPasswordLength";
        assert_eq!(kind(length, &iam), Some(Kind::Number));
        assert_eq!(kind(length, &[("kms", "*")]), None);
        assert_eq!(
            kind("requestParameters.setAsDefault", &iam),
            Some(Kind::Boolean)
        );
        assert_eq!(kind("eventVersion", &iam), Some(Kind::Text));
        assert_eq!(kind("sessionCredentialFromConsole", &iam), None);
        let below = ["requestParameters", "policyDocument", "Statement", "Effect"];
        assert_eq!(
            Examples::of(iam).value_before(&below),
            Some((2, Kind::Text))
        );
    }
}
