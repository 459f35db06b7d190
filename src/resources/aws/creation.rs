//! What a creation needs to know besides the resource.

use super::name_guard::NameGuard;
use crate::aws::Clients;
use crate::place::{Place, StackName};

/// Where something is created, and for which rules file.
#[derive(Debug, Clone, Copy)]
pub struct Creation<'a> {
    /// The clients of the place.
    pub clients: &'a Clients,
    /// The rules file's name.
    pub stack: &'a StackName,
    /// Where the resource is created.
    pub place: &'a Place,
    /// What is known of the names on buses: shared by all that one run creates.
    pub taken: &'a NameGuard,
}
