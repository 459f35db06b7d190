//! IP addresses and CIDR blocks as EventBridge reads them.

use super::error::Cause;

/// An address: 4 or 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    V4([u8; 4]),
    V6([u8; 16]),
}

impl Address {
    /// Reads an address literal. The rules are those of Java's `InetAddress` behind event-ruler's
    /// two regular expressions (`CIDR.isIPv4OrIPv6`): four decimal parts with leading zeros allowed,
    /// or hexadecimal groups without a dotted tail; a mapped address (`::ffff:a00:1`) is IPv4.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let colon = text.contains(':');
        let fits = text.bytes().all(|b| match b {
            b':' => true,
            b'.' => !colon,
            _ if colon => b.is_ascii_hexdigit(),
            _ => b.is_ascii_digit(),
        });
        if !fits {
            None
        } else if colon {
            Self::v6(text)
        } else {
            Self::v4(text)
        }
    }

    fn v4(text: &str) -> Option<Self> {
        if text.len() > 15 {
            return None;
        }
        let mut bytes = [0; 4];
        let mut parts = text.split('.');
        for byte in &mut bytes {
            *byte = parts.next()?.parse().ok()?;
        }
        parts.next().is_none().then_some(Self::V4(bytes))
    }

    fn v6(text: &str) -> Option<Self> {
        let groups = |text: &str| -> Option<Vec<u16>> {
            if text.is_empty() {
                return Some(Vec::new());
            }
            text.split(':')
                .take(9)
                .map(|group| {
                    // Java takes any number of leading zeros.
                    let digits = group.trim_start_matches('0');
                    match (group.is_empty(), digits.is_empty()) {
                        (true, _) => None,
                        (false, true) => Some(0),
                        (false, false) => u16::from_str_radix(digits, 16).ok(),
                    }
                })
                .collect()
        };
        let groups = match text.split_once("::") {
            Some((head, tail)) => {
                let (mut head, tail) = (groups(head)?, groups(tail)?);
                let missing = 8usize.checked_sub(head.len() + tail.len())?;
                if missing == 0 {
                    return None;
                }
                head.resize(8 - tail.len(), 0);
                head.extend(tail);
                head
            }
            None => groups(text)?,
        };
        let groups: [u16; 8] = groups.try_into().ok()?;
        let address = std::net::Ipv6Addr::from(groups);
        Some(match address.to_ipv4_mapped() {
            Some(mapped) => Self::V4(mapped.octets()),
            None => Self::V6(address.octets()),
        })
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

/// All addresses from `low` to `high`, both included. Both are of the same family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    low: Address,
    high: Address,
}

impl Block {
    /// The block of one address.
    pub(crate) fn single(address: Address) -> Self {
        Self {
            low: address,
            high: address,
        }
    }

    /// Reads `address/bits`; bits up to 31 or 127. The address need not be the first of its block.
    pub(crate) fn parse(text: &str) -> Result<Self, Cause> {
        // Java's `split` drops empty parts at the end, so `10.0.0.0/8/` is fine.
        let mut parts = text.trim_end_matches('/').split('/');
        let (Some(address), Some(bits), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Cause::CidrSlash);
        };
        let bits: i32 = bits.parse().map_err(|_| Cause::CidrBits)?;
        let bits = u32::try_from(bits).map_err(|_| Cause::CidrNegative)?;
        let address = Address::parse(address).ok_or_else(|| Cause::Address(address.to_owned()))?;
        Ok(match address {
            Address::V4(bytes) => {
                let host = u32::MAX.checked_shr(bits).unwrap_or(0);
                if bits > 31 {
                    return Err(Cause::CidrWide4);
                }
                let address = u32::from_be_bytes(bytes);
                Self {
                    low: Address::V4((address & !host).to_be_bytes()),
                    high: Address::V4((address | host).to_be_bytes()),
                }
            }
            Address::V6(bytes) => {
                let host = u128::MAX.checked_shr(bits).unwrap_or(0);
                if bits > 127 {
                    return Err(Cause::CidrWide6);
                }
                let address = u128::from_be_bytes(bytes);
                Self {
                    low: Address::V6((address & !host).to_be_bytes()),
                    high: Address::V6((address | host).to_be_bytes()),
                }
            }
        })
    }

    /// Whether the block holds the address.
    ///
    /// event-ruler compares hexadecimal texts digit by digit and is done as soon as the digits
    /// decide (`ByteMachine`, `NUMERIC_RANGE`), also across families: `2001:db8::1` lies in the IPv4
    /// block `32.0.0.0/8` (0x20), and `1.2.3.4` in `::/0`. A short address counts only if its digits
    /// alone decide.
    pub(crate) fn holds(&self, address: &Address) -> bool {
        self.decide(digits(address.bytes()))
    }

    /// Whether the block holds the address that a text without quotes is taken for, by its digits.
    pub(crate) fn holds_digits(&self, text: &str) -> bool {
        self.decide(text.bytes().map_while(|b| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'A'..=b'F' => Some(b - b'A' + 10),
            _ => None,
        }))
    }

    fn decide(&self, mut value: impl Iterator<Item = u8>) -> bool {
        let (mut on_low, mut on_high) = (true, true);
        for (low, high) in digits(self.low.bytes()).zip(digits(self.high.bytes())) {
            let Some(digit) = value.next() else {
                return false;
            };
            if (on_low && digit < low) || (on_high && digit > high) {
                return false;
            }
            on_low &= digit == low;
            on_high &= digit == high;
            if !on_low && !on_high {
                return true;
            }
        }
        true
    }

    /// A short address of the block, as text.
    pub(crate) fn sample(&self) -> String {
        let text = |bytes: &Address| match bytes {
            Address::V4(bytes) => std::net::Ipv4Addr::from(*bytes).to_string(),
            Address::V6(bytes) => std::net::Ipv6Addr::from(*bytes).to_string(),
        };
        let mut first = self.low;
        if self.low != self.high {
            match &mut first {
                Address::V4([.., last]) => *last |= 1,
                Address::V6([.., last]) => *last |= 1,
            }
        }
        text(&first)
    }
}

/// The hexadecimal digits of an address.
fn digits(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15])
}
