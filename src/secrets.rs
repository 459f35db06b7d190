//! Where do secrets come from, and how is it seen that one changed?
//!
//! A rules file names variables, and their values are looked up when a command runs. They go to EventBridge's connections
//! alone: no type here shows one, neither to a log nor to a file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// How slow a fingerprint is: whoever reads one must try passwords one by one.
const ROUNDS: u32 = 20_000;
/// Bytes of a fingerprint. So few fit to many secrets: it proves nothing to whoever reads it, and shows a change.
const FINGERPRINT: usize = 4;
/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// The secret values by the names of their variables.
#[derive(Clone)]
pub struct Secrets(Arc<Lookup>);

/// Who knows the value of a variable.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// A secret. It is shown only to whoever asks for it by [`Self::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl Secrets {
    /// Nothing is known.
    pub fn none() -> Self {
        Self(Arc::new(|_| None))
    }

    /// What the environment of this process holds.
    pub fn of_environment() -> Self {
        Self(Arc::new(|name| std::env::var(name).ok()))
    }

    /// These alone.
    pub fn given<N: Into<String>, V: Into<String>>(
        secrets: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let secrets = secrets.into_iter();
        let known: BTreeMap<String, String> = secrets
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self(Arc::new(move |name| known.get(name).cloned()))
    }

    /// The value of a variable; an empty one is none.
    pub fn get(&self, variable: &str) -> Option<SecretText> {
        let value = (self.0)(variable)?;
        (!value.is_empty()).then_some(SecretText(value))
    }
}

impl SecretText {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// What shows that secrets changed, without telling them: PBKDF2 with HMAC-SHA-256 (RFC 8018), cut short.
pub fn fingerprint(salt: &str, secrets: &[SecretText]) -> String {
    let mut joined = Vec::new();
    for secret in secrets {
        // With their lengths: no two lists are joined to the same.
        joined.extend_from_slice(&secret.0.len().to_be_bytes());
        joined.extend_from_slice(secret.0.as_bytes());
    }
    let bytes = pbkdf2(&joined, salt.as_bytes(), ROUNDS);
    let short = bytes.iter().take(FINGERPRINT);
    short.map(|byte| format!("{byte:02x}")).collect()
}

/// The first block of PBKDF2.
fn pbkdf2(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let keyed = Keyed::new(password);
    let mut last = keyed.digest(&[salt, &1_u32.to_be_bytes()]);
    let mut all = last;
    for _ in 1..rounds {
        last = keyed.digest(&[&last]);
        for (byte, other) in all.iter_mut().zip(last) {
            *byte ^= other;
        }
    }
    all
}

/// HMAC-SHA-256 (RFC 2104) with a key.
struct Keyed {
    inner: Sha256,
    outer: Sha256,
}

impl Keyed {
    fn new(key: &[u8]) -> Self {
        let mut block = [0_u8; BLOCK];
        let short = match key.len() > BLOCK {
            true => Sha256::digest(key).to_vec(),
            false => key.to_vec(),
        };
        for (byte, given) in block.iter_mut().zip(short) {
            *byte = given;
        }
        let padded = |pad: u8| Sha256::new_with_prefix(block.map(|byte| byte ^ pad));
        Self {
            inner: padded(0x36),
            outer: padded(0x5c),
        }
    }

    fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut inner = self.inner.clone();
        for part in parts {
            inner.update(part);
        }
        let mut outer = self.outer.clone();
        outer.update(inner.finalize());
        outer.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_is_pbkdf2() {
        // RFC 7914, section 11, the first half of its first vector.
        let hex: String = pbkdf2(b"passwd", b"salt", 1)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex,
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        );
    }

    #[test]
    fn a_change_shows_and_nothing_else() {
        let secrets = Secrets::given([("A", "one"), ("B", "two"), ("EMPTY", "")]);
        let of = |names: &[&str]| -> Vec<SecretText> {
            names.iter().filter_map(|name| secrets.get(name)).collect()
        };
        let one = fingerprint("salt", &of(&["A"]));
        assert_eq!(one.len(), 8);
        assert_eq!(one, fingerprint("salt", &of(&["A"])));
        assert_ne!(one, fingerprint("salt", &of(&["B"])));
        assert_ne!(one, fingerprint("pepper", &of(&["A"])));
        assert_ne!(
            fingerprint("salt", &of(&["A", "B"])),
            fingerprint("salt", &of(&["B", "A"]))
        );
        assert_eq!(secrets.get("EMPTY"), None);
        assert!(!format!("{secrets:?} {:?}", secrets.get("A")).contains("one"));
    }
}
