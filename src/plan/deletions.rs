//! When deletions are so many that a slip is likelier than a wish.

use super::{Action, Change, Plan, takes_over};

/// So many may go without a second question, however few there are.
const FEW: usize = 3;
/// And so large a share of what is ours, as one in this many.
const SHARE: usize = 5;

impl Plan {
    /// How many resources would be deleted without another taking their place, if those are more than
    /// three and more than a fifth of what is ours: a wrong file or Region does that.
    pub fn deletes_much(&self) -> Option<usize> {
        let deleted = self.changes.iter().filter(|change| {
            change.action == Action::Delete
                && !self.changes.iter().any(|other| succeeds(other, change))
        });
        let deleted = deleted.count();
        is_much(deleted, self.ours).then_some(deleted)
    }
}

/// Whether so many deletions of what is ours are likelier a slip than a wish.
pub fn is_much(deleted: usize, ours: usize) -> bool {
    deleted > FEW && deleted > ours / SHARE
}

/// Whether a change makes what takes the place of what another one deletes.
fn succeeds(change: &Change, deleted: &Change) -> bool {
    match (&change.after, &deleted.before) {
        (Some(after), Some(before)) => takes_over(&change.key, after, before),
        _ => false,
    }
}
