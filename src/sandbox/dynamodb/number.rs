//! What is a number of DynamoDB? A decimal of up to 38 significant digits, computed with exactly.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many significant digits a number has at most.
const DIGITS: u32 = 38;

/// The powers of ten that the first digit of a number may stand for.
const LARGEST: i64 = 125;
const SMALLEST: i64 = -130;

const NOT_A_NUMBER: &str = "The parameter cannot be converted to a numeric value";

/// The coefficient times ten to the power of the exponent. The coefficient ends with no zero, so that each number has
/// one form; the exponent of zero is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    coefficient: u128,
    exponent: i32,
}

impl Number {
    const ZERO: Self = Self {
        negative: false,
        coefficient: 0,
        exponent: 0,
    };

    /// A number from its text, or why AWS refuses the text.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err(NOT_A_NUMBER.to_owned());
        }
        let unread = || format!("{NOT_A_NUMBER}: {text}");
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if !is_digits(&digits) {
            return Err(unread());
        }
        let power = read_power(power).ok_or_else(unread)?;
        let significant = digits.trim_start_matches('0');
        let kept = significant.trim_end_matches('0');
        let exponent = power
            .saturating_add(count(significant))
            .saturating_sub(count(kept))
            .saturating_sub(count(fraction));
        Self::fit(text.starts_with('-'), kept, exponent)
    }

    /// A count.
    pub(crate) fn of(count: usize) -> Self {
        Self::read(&count.to_string()).unwrap_or(Self::ZERO)
    }

    /// The number with these digits, which neither begin nor end with zeros.
    fn fit(negative: bool, digits: &str, exponent: i64) -> Result<Self, String> {
        if digits.is_empty() {
            return Ok(Self::ZERO);
        }
        let first = exponent.saturating_add(count(digits)).saturating_sub(1);
        if first > LARGEST {
            let message = "Number overflow. Attempting to store a number with magnitude larger than supported range";
            return Err(message.to_owned());
        }
        if first < SMALLEST {
            let message = "Number underflow. Attempting to store a number with magnitude smaller than supported range";
            return Err(message.to_owned());
        }
        if count(digits) > i64::from(DIGITS) {
            return Err(too_long());
        }
        Ok(Self {
            negative,
            coefficient: digits.parse().map_err(|_| too_long())?,
            exponent: i32::try_from(exponent).map_err(|_| too_long())?,
        })
    }

    /// The exact sum; refused where it has more digits than a number may have.
    pub(crate) fn plus(self, other: Self) -> Result<Self, String> {
        if self.coefficient == 0 {
            return Ok(other);
        }
        if other.coefficient == 0 {
            return Ok(self);
        }
        let (high, low) = match self.exponent >= other.exponent {
            true => (self, other),
            false => (other, self),
        };
        // Where this overflows, the digits of both numbers lie more than 38 places apart.
        let scaled = 10_u128
            .checked_pow(high.exponent.abs_diff(low.exponent))
            .and_then(|power| high.coefficient.checked_mul(power))
            .ok_or_else(too_long)?;
        let (negative, sum) = if high.negative == low.negative {
            let sum = scaled.checked_add(low.coefficient);
            (high.negative, sum.ok_or_else(too_long)?)
        } else if scaled >= low.coefficient {
            (high.negative, scaled.abs_diff(low.coefficient))
        } else {
            (low.negative, scaled.abs_diff(low.coefficient))
        };
        let digits = sum.to_string();
        let kept = digits.trim_start_matches('0').trim_end_matches('0');
        let dropped = count(&digits).saturating_sub(count(kept));
        Self::fit(negative, kept, i64::from(low.exponent) + dropped)
    }

    /// The exact difference.
    pub(crate) fn minus(self, other: Self) -> Result<Self, String> {
        self.plus(Self {
            negative: !other.negative && other.coefficient != 0,
            ..other
        })
    }

    /// How many bytes it takes: one for two digits, and one or, below zero, two.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
    pub(crate) fn size(self) -> usize {
        let digits = usize::try_from(self.digits()).unwrap_or_default();
        digits.div_ceil(2) + 1 + usize::from(self.negative)
    }

    fn digits(self) -> u32 {
        self.coefficient.checked_ilog10().map_or(0, |log| log + 1)
    }

    /// What orders numbers regardless of their signs: the place of the first digit, and then all digits.
    fn magnitude(self) -> (i64, u128) {
        if self.coefficient == 0 {
            return (i64::MIN, 0);
        }
        let digits = self.digits();
        let power = 10_u128.saturating_pow(DIGITS.saturating_sub(digits));
        let place = i64::from(self.exponent) + i64::from(digits);
        (place, self.coefficient.saturating_mul(power))
    }
}

fn too_long() -> String {
    format!("Attempting to store more than {DIGITS} significant digits in a Number")
}

fn count(digits: &str) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A power of ten. One that no integer holds is far out of range on its own.
fn read_power(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let far = match text.starts_with('-') {
        true => i64::from(i32::MIN),
        false => i64::from(i32::MAX),
    };
    is_digits(digits).then(|| text.parse().unwrap_or(far))
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude().cmp(&other.magnitude()),
            (true, true) => other.magnitude().cmp(&self.magnitude()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As AWS answers it: without exponent and without zeros at the ends.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.coefficient.to_string();
        let sign = if self.negative { "-" } else { "" };
        let places = usize::try_from(self.exponent.unsigned_abs()).unwrap_or_default();
        if self.exponent >= 0 {
            return write!(f, "{sign}{digits}{}", "0".repeat(places));
        }
        let point = digits.len().checked_sub(places);
        match point.and_then(|point| digits.split_at_checked(point)) {
            Some((whole, fraction)) if !whole.is_empty() => {
                write!(f, "{sign}{whole}.{fraction}")
            }
            _ => {
                let zeros = "0".repeat(places.saturating_sub(digits.len()));
                write!(f, "{sign}0.{zeros}{digits}")
            }
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::read(text).unwrap()
    }

    #[test]
    fn a_number_has_one_form() {
        for (given, shown) in [
            ("0", "0"),
            ("-0.00", "0"),
            ("007", "7"),
            ("+1.50", "1.5"),
            ("1e3", "1000"),
            ("-12.5E-3", "-0.0125"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e125", &format!("1{}", "0".repeat(125))),
            ("1e-130", &format!("0.{}1", "0".repeat(129))),
        ] {
            assert_eq!(number(given).to_string(), shown, "{given}");
            assert_eq!(number(shown), number(given));
        }
    }

    #[test]
    fn what_is_no_number_of_dynamodb_is_refused() {
        for (text, reason) in [
            ("", "cannot be converted"),
            ("abc", "numeric value: abc"),
            (" 1", "cannot be converted"),
            ("1e", "cannot be converted"),
            ("--1", "cannot be converted"),
            ("1.2.3", "cannot be converted"),
            ("1e126", "overflow"),
            ("1e99999999999999999999", "overflow"),
            ("1e-131", "underflow"),
            ("123456789012345678901234567890123456789", "38 significant"),
        ] {
            let error = Number::read(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let sorted = [
            "-1e100", "-10", "-9.5", "-1e-130", "0", "1e-130", "9", "9.01", "10", "1e100",
        ];
        for (at, one) in sorted.iter().enumerate() {
            for (other_at, other) in sorted.iter().enumerate() {
                assert_eq!(
                    number(one).cmp(&number(other)),
                    at.cmp(&other_at),
                    "{one} {other}"
                );
            }
        }
    }

    #[test]
    fn sums_are_exact_or_refused() {
        let largest = "9".repeat(38);
        for (one, other, sum) in [
            ("1", "2", "3"),
            ("0.1", "0.2", "0.3"),
            ("1", "-1", "0"),
            ("1000", "-1", "999"),
            ("5", "-7.5", "-2.5"),
            (
                "99999999999999999999999999999999999999",
                "1",
                "100000000000000000000000000000000000000",
            ),
            (
                "180000000000000000000000000000000000000",
                "-99999999999999999999999999999999999999",
                "80000000000000000000000000000000000001",
            ),
        ] {
            assert_eq!(
                number(one).plus(number(other)).unwrap(),
                number(sum),
                "{one} + {other}"
            );
            assert_eq!(
                number(sum).minus(number(other)).unwrap(),
                number(one),
                "{sum} - {other}"
            );
        }
        assert!(
            number(&largest)
                .plus(number("0.1"))
                .unwrap_err()
                .contains("38")
        );
        assert!(
            number("1e100")
                .plus(number("1"))
                .unwrap_err()
                .contains("38")
        );
        assert!(
            number("9e125")
                .plus(number("1e125"))
                .unwrap_err()
                .contains("overflow")
        );
    }
}
