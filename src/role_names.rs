//! What are the roles of a dispatcher called? Patterns leave out what they do, and resources make them.

use crate::place::StackName;

/// The path of our roles: what is listed by it is ours to look at.
pub(crate) const PATH: &str = "/iamwatch/";

/// The role of the state machine.
pub(crate) fn dispatcher(stack: &StackName) -> String {
    format!("iamwatch-{stack}-dispatcher")
}

/// The role with which EventBridge starts the state machine.
pub(crate) fn starter(stack: &StackName) -> String {
    format!("iamwatch-{stack}-starter")
}
