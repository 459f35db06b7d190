//! What EventBridge allows of a pattern: its length, and how complex it may be.

/// The longest pattern in characters that `PutRule` and `TestEventPattern` take (API model). An
/// account's quota is lower by default: [`DEFAULT_PATTERN_QUOTA`].
pub const MAX_PATTERN_LENGTH: usize = 4096;
/// The quota for a pattern's length that an account has unless it was raised.
pub const DEFAULT_PATTERN_QUOTA: usize = 2048;
/// The most combinations that the branches of all `$or`s may make (EventBridge user guide,
/// "Or matching").
pub const MAX_COMBINATIONS: usize = 1000;
/// The most fields of one combination (event-ruler `GenericMachine.MAXIMUM_RULE_SIZE`).
pub const MAX_FIELDS: usize = 256;
/// The highest complexity of wildcards that a pattern may have: see [`EventPattern::complexity`](crate::EventPattern::complexity).
pub const MAX_COMPLEXITY: usize = 10;
