//! Moments as records have them.

/// Seconds since 1970 in UTC.
pub type Second = i64;

/// CloudTrail began in 2013, and what lies far ahead is a slip: times out of these years are none.
const YEARS: std::ops::Range<i64> = 2013..2100;
/// How many seconds a day has.
pub(crate) const SECONDS: i64 = 86_400;

/// The moment of an ISO 8601 text such as `2026-01-05T08:30:11Z`; other forms of it are read too.
pub fn parse(text: &str) -> Option<Second> {
    plain(text.as_bytes()).or_else(|| {
        let moment: jiff::Timestamp = text.parse().ok()?;
        let second = moment.as_second();
        let years = day_number(YEARS.start, 1, 1)..day_number(YEARS.end, 1, 1);
        years
            .contains(&second.div_euclid(SECONDS))
            .then_some(second)
    })
}

/// Reads a moment in CloudTrail's own form, `2026-01-05T08:30:11Z`.
fn plain(text: &[u8]) -> Option<Second> {
    let number = |from: usize, to: usize| {
        text.get(from..to)?.iter().try_fold(0_i64, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
            Some(number * 10 + digit)
        })
    };
    let mark = |at: usize, mark: u8| text.get(at) == Some(&mark);
    let marks = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'Z'),
    ];
    if text.len() != 20 || !marks.iter().all(|(at, byte)| mark(*at, *byte)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let possible = YEARS.contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    possible.then(|| day_number(year, month, day) * SECONDS + hour * 3600 + minute * 60 + second)
}

/// Days since 1970-01-01 (the proleptic Gregorian calendar counted in years that begin in March).
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

/// A moment as CloudTrail writes it.
pub(crate) fn written(second: Second) -> String {
    jiff::Timestamp::from_second(second)
        .map_or_else(|_| second.to_string(), |time| time.to_string())
}

/// The day of a number of days since 1970.
pub(crate) fn day(number: i64) -> String {
    written(number * SECONDS).chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_the_calendar_has_them() {
        for text in [
            "2013-01-01T00:00:00Z",
            "2024-02-29T23:59:59Z",
            "2025-12-31T12:34:56Z",
            "2099-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "2023-03-01T00:00:00Z",
        ] {
            let known: jiff::Timestamp = text.parse().unwrap();
            let expected = (!text.starts_with("2100")).then(|| known.as_second());
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(
            parse("2024-02-29T23:59:59.500Z"),
            parse("2024-02-29T23:59:59Z")
        );
        assert_eq!(
            parse("2024-03-01T01:59:59+02:00"),
            parse("2024-02-29T23:59:59Z")
        );
        for text in [
            "eventTime",
            "",
            "1999-01-01T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-02-29",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(
            written(parse("2024-02-29T23:59:59Z").unwrap()),
            "2024-02-29T23:59:59Z"
        );
        assert_eq!(
            day(parse("2024-02-29T23:59:59Z").unwrap().div_euclid(SECONDS)),
            "2024-02-29"
        );
    }
}
