//! The names and ARNs of buses and rules.

use crate::sandbox::site::Site;

/// The ARN of a rule; on the default bus it does not name the bus.
pub(crate) fn rule_arn(site: &Site, bus: &str, rule: &str) -> String {
    match bus_name(bus) {
        "default" => site.arn("events", &format!("rule/{rule}")),
        bus => site.arn("events", &format!("rule/{bus}/{rule}")),
    }
}

/// The ARN of a bus of that name.
pub(crate) fn bus_arn(site: &Site, bus: &str) -> String {
    site.arn("events", &format!("event-bus/{bus}"))
}

/// A bus can be given by name or ARN; nothing means `default`.
pub(crate) fn bus_name(given: &str) -> &str {
    match given.rsplit_once(":event-bus/") {
        Some((_, name)) => name,
        None if given.is_empty() => "default",
        None => given,
    }
}

/// Whether a bus can be behind an ARN.
pub(crate) fn is_bus(arn: &str) -> bool {
    arn.contains(":events:") && arn.contains(":event-bus/")
}

/// What a name of a bus, a rule or a target is made of.
pub(super) fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}
