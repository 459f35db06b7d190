//! The form of a rules file: YAML as nodes that know where they stand, the keys of each map, and plain values.

pub(crate) mod channel_keys;
pub(crate) mod keys;
pub(crate) mod read;
pub(crate) mod yaml;
