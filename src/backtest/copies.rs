//! Which of the events that match a rule were counted before: the logs of two trails hold each of them twice, and
//! EventBridge gets it once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::cloudtrail::copy_key;
use crate::pattern::Event;

/// So many events are remembered, in some twenty megabytes. Only those that match a rule are.
const REMEMBERED: usize = 1_000_000;

/// The events that were counted, on whichever thread. Of copies that two threads come upon, either may be first: their
/// counts are the same, and only the place that a sample names can differ.
#[derive(Debug)]
pub struct Counted {
    keys: Mutex<HashSet<u64>>,
    room: usize,
}

/// Whether an event was counted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// It was not, or it has no id by which that could be told.
    New,
    /// It was: this is a copy.
    Copy,
    /// It was not among those that are remembered, and there is no more room.
    Untold,
}

impl Default for Counted {
    fn default() -> Self {
        Self::with_room(REMEMBERED)
    }
}

impl Counted {
    fn with_room(room: usize) -> Self {
        Self {
            keys: Mutex::default(),
            room,
        }
    }

    /// Whether an event was counted before; it is from now on.
    pub(crate) fn before(&self, event: &Event) -> Before {
        let Some(key) = copy_key(event) else {
            return Before::New;
        };
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.contains(&key) {
            Before::Copy
        } else if keys.len() < self.room {
            keys.insert(key);
            Before::New
        } else {
            Before::Untold
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: &str, account: &str) -> Event {
        let detail = json!({ "eventID": id, "recipientAccountId": account });
        Event::from_value(&json!({ "detail": detail })).unwrap()
    }

    #[test]
    fn the_same_event_is_new_once_as_far_as_there_is_room() {
        let counted = Counted::with_room(2);
        let before = |id, account| counted.before(&event(id, account));
        assert_eq!(before("a", "1"), Before::New);
        assert_eq!(before("a", "1"), Before::Copy);
        // Another account's record of the same thing is another event.
        assert_eq!(before("a", "2"), Before::New);
        assert_eq!(before("b", "1"), Before::Untold);
        assert_eq!(before("b", "1"), Before::Untold);
        assert_eq!(before("a", "1"), Before::Copy);
        // Nothing can be said of what has no id.
        assert_eq!(before("", "1"), Before::New);
        assert_eq!(before("", "1"), Before::New);
    }
}
