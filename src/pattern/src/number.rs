//! Numbers as EventBridge compares them.
//!
//! A number takes part in comparisons when a 64-bit float holds exactly the decimal value that was
//! written (event-ruler `ComparableNumber`): `3.0e2` equals `300`, but `123456789012345678` and
//! `1e400` are not comparable. Those equal only the same text.

/// The value of a JSON number, or `None` if it is not comparable. Never `-0`.
pub(super) fn comparable(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    let written = Decimal::of(text)?;
    // Fifteen significant digits survive a float in every case within its range.
    let plain = written.count <= 15 && written.exponent.abs() < 300;
    if !plain && written != Decimal::of(&as_java_writes(value))? {
        return None;
    }
    Some(value + 0.0)
}

/// The fewest digits that name the float, but at least two where those are closer to it: Java's
/// smallest is `4.9E-324`, not `5E-324`.
fn as_java_writes(value: f64) -> String {
    let two = format!("{value:.1e}");
    if two.parse() == Ok(value) {
        two
    } else {
        format!("{value:e}")
    }
}

/// A decimal number without leading or trailing zeros: `0.digits × 10^exponent`.
struct Decimal<'t> {
    negative: bool,
    text: &'t str,
    /// Significant digits: all of `text` between the first and the last that is not 0.
    count: usize,
    exponent: i64,
}

impl<'t> Decimal<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            // Java's BigDecimal takes exponents of 32 bits.
            Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i32>().ok()?)),
            None => (text, 0),
        };
        let point = mantissa.find('.').unwrap_or(mantissa.len());
        let leading = mantissa
            .bytes()
            .take_while(|b| matches!(b, b'0' | b'.'))
            .count();
        let zeros = mantissa
            .bytes()
            .take(leading)
            .filter(|b| *b == b'0')
            .count();
        let digits = mantissa.trim_matches(['0', '.']);
        let count = digits.bytes().filter(u8::is_ascii_digit).count();
        Some(Self {
            negative: negative && count > 0,
            text: digits,
            count,
            exponent: if count == 0 {
                0
            } else {
                exponent + point as i64 - zeros as i64
            },
        })
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.text.bytes().filter(u8::is_ascii_digit)
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.negative == other.negative
            && self.count == other.count
            && self.exponent == other.exponent
            && self.digits().eq(other.digits())
    }
}

#[cfg(test)]
mod tests {
    use super::comparable;

    #[test]
    fn equal_decimals_compare_equal_however_they_are_written() {
        for text in ["300", "3.0e2", "300.00", "30E+1", "3000e-1", "0.03e4"] {
            assert_eq!(comparable(text), Some(300.0), "{text}");
        }
        for text in ["0", "-0", "0.000", "-0.0e5", "0e400"] {
            assert_eq!(comparable(text).map(f64::to_bits), Some(0), "{text}");
        }
    }

    #[test]
    fn what_a_float_would_round_is_not_comparable() {
        for text in [
            "1e400",
            "-1E309",
            "1E-325",
            "123456789012345678",
            "9007199254740993",
            "0.10000000000000000001",
            "1e99999999999",
        ] {
            assert_eq!(comparable(text), None, "{text}");
        }
        assert_eq!(comparable("5e-324"), None);
        assert_eq!(comparable("4.9e-324"), Some(f64::from_bits(1)));
        assert_eq!(comparable("9007199254740992"), Some(9007199254740992.0));
        assert_eq!(comparable("1.7976931348623157e308"), Some(f64::MAX));
    }
}
