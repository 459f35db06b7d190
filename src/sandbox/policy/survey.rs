//! What a document says as a whole, before anyone asks anything.

use super::conditions::Condition;
use super::document::{Policy, Principals};

impl Policy {
    /// What the statements are about. A statement can be about everything it stands on: see
    /// [`Self::has_resources`].
    pub(crate) fn resources(&self) -> impl Iterator<Item = &str> {
        let listed = self.0.iter().flat_map(|s| &s.resources);
        listed.flat_map(|(_, globs)| globs).map(String::as_str)
    }

    /// Whether every statement says what it is about.
    pub(crate) fn has_resources(&self) -> bool {
        self.0.iter().all(|s| s.resources.is_some())
    }

    /// The actions in all statements.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|s| &s.actions.1).map(String::as_str)
    }

    /// Whether a statement lets everyone in, under no condition that pins who.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
    pub(crate) fn is_public(&self) -> bool {
        let pins = |condition: &Condition| {
            let keys = [
                "aws:sourcearn",
                "aws:sourceaccount",
                "aws:sourceowner",
                "aws:principalarn",
                "aws:principalaccount",
                "aws:principalorgid",
            ];
            !condition.negated
                && keys.contains(&condition.key.as_str())
                && !condition
                    .values
                    .iter()
                    .any(|value| value.contains(['*', '?']))
        };
        self.0.iter().filter(|s| s.allow).any(|s| {
            matches!(
                s.principals,
                Some((true, Principals::Everyone)) | Some((false, _))
            ) && !s.conditions.iter().any(pins)
        })
    }
}
