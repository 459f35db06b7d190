//! What an event says of where and when it happened.

use crate::place::{AccountId, Region};

/// Where, when and under which id an event happened.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The account that the event happened in.
    pub account: &'a AccountId,
    /// The Region of whoever acts; events of global services are recorded elsewhere.
    pub region: &'a Region,
    /// `eventTime`, ISO 8601 in UTC.
    pub time: &'a str,
    /// The `eventID` of the record.
    pub id: &'a str,
}

impl<'a> Setting<'a> {
    /// What records are taken to say that name neither a time nor an id.
    pub fn unsaid(account: &'a AccountId, region: &'a Region) -> Self {
        Self {
            account,
            region,
            time: "1970-01-01T00:00:00Z",
            id: "00000000-0000-0000-0000-000000000000",
        }
    }
}
