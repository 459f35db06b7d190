//! Where a subscription delivers to.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::diagnostic::masked;

/// The address of a receiver in SNS's form. Only AWS gets all of it: wherever it is shown, listed or saved, what may be
/// a secret in a URL is left out.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    /// It was read from where only what may be shown of it was written. An address that looks so by itself is no such one.
    is_masked: bool,
}

impl Address {
    /// The whole address, which is for AWS alone.
    pub(super) fn revealed(&self) -> &str {
        &self.text
    }

    fn shown(&self) -> Cow<'_, str> {
        match self.is_masked {
            true => Cow::Borrowed(&self.text),
            false => masked(&self.text),
        }
    }
}

impl From<String> for Address {
    fn from(address: String) -> Self {
        Self {
            text: address,
            is_masked: false,
        }
    }
}

impl From<&str> for Address {
    fn from(address: &str) -> Self {
        address.to_owned().into()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown(), f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self {
            text,
            is_masked: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_of_showing_an_address_shows_its_secret() {
        let address = Address::from("https://ann:hunter2@hooks.example.com/T0KEN?key=s3cr3t");
        let json = serde_json::to_string(&address).unwrap();
        for shown in [address.to_string(), format!("{address:?}"), json.clone()] {
            assert!(shown.contains("***@hooks.example.com"), "{shown}");
            for secret in ["ann", "hunter2", "T0KEN", "s3cr3t"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        // What was saved shows the same when it is read again.
        let read: Address = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        // Nobody can subscribe what is taken for another address.
        let posing = Address::from(read.to_string());
        assert_ne!(posing.to_string(), address.to_string());
    }
}
