//! What can be said of compiled patterns.
//!
//! | question | file |
//! |---|---|
//! | can an event fire the rule at all | `never` |
//! | does the rule listen where its events appear | `not_in_global_region`, `nobody_listens`, `sign_in_regions` |
//! | are its events recorded at all | `not_recorded` |
//! | does each of its channels hear of them | `one_region` |
//! | does it fire on what it should not | `federated`, `feedback` |
//! | are readers told twice | `duplicate_alerts` |
//! | does it all fit on an event bus | `quota` |

pub(super) mod duplicate_alerts;
pub(super) mod federated;
pub(super) mod feedback;
pub(super) mod never;
pub(super) mod nobody_listens;
pub(super) mod not_in_global_region;
pub(super) mod not_recorded;
pub(super) mod one_region;
pub(super) mod quota;
pub(super) mod sign_in_regions;
