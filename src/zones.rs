//! How far is a place's clock from UTC, and since when?
//!
//! Names and offsets are those of the time zone database that is built in, so that a rules file means the same on every
//! machine. Source: IANA time zone database, <https://www.iana.org/time-zones>.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

/// What [`transitions`] covers: from the first second of the first year to the last second of the last.
pub const YEARS: std::ops::RangeInclusive<i16> = 2020..=2037;

/// So many names are offered for one that is none.
const MOST_OFFERED: usize = 3;

/// Whether the database has a zone of exactly this name, such as `Europe/Berlin`.
pub fn is_known(name: &str) -> bool {
    zone(name).is_some()
}

/// What was probably meant by a name that is none: the zones of that city or spelling, else the nearest in spelling.
pub fn candidates(name: &str) -> Vec<String> {
    let wanted = plain(name);
    // A distance to a long text takes long, and no name is that long.
    if wanted.is_empty() || wanted.chars().count() > 64 {
        return Vec::new();
    }
    let names = all();
    let is_it = |known: &&String| {
        let known = plain(known);
        known == wanted || city(&known) == wanted
    };
    let same: Vec<String> = names.iter().filter(is_it).cloned().collect();
    if !same.is_empty() {
        return same.into_iter().take(MOST_OFFERED).collect();
    }
    let allowed = (wanted.chars().count() / 4).clamp(1, 3);
    let mut near: Vec<(usize, String)> = names
        .into_iter()
        .map(|known| {
            let plain = plain(&known);
            let whole = strsim::osa_distance(&wanted, &plain);
            // Whoever gives another area, or none, may know the city.
            let of_city = strsim::osa_distance(city(&wanted), city(&plain));
            (whole.min(of_city + 1), known)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    near.sort();
    near.into_iter()
        .take(MOST_OFFERED)
        .map(|(_, known)| known)
        .collect()
}

/// The offsets of a zone in [`YEARS`], in order of time: since which second of Unix time, and how many seconds local time
/// is then ahead of UTC. The first is that of the first second. `None`: there is no such zone.
pub fn transitions(name: &str) -> Option<Vec<(i64, i32)>> {
    let zone = zone(name)?;
    let (first, end) = bounds()?;
    let mut offsets = vec![(first.as_second(), zone.to_offset(first).seconds())];
    for change in zone.following(first) {
        if change.timestamp() >= end {
            break;
        }
        let offset = change.offset().seconds();
        // Some changes are of the name alone, or of whether it is called summer.
        if offsets.last().is_none_or(|(_, last)| *last != offset) {
            offsets.push((change.timestamp().as_second(), offset));
        }
    }
    Some(offsets)
}

/// The first second of the years, and the first behind them.
fn bounds() -> Option<(Timestamp, Timestamp)> {
    let first = jiff::civil::Date::new(*YEARS.start(), 1, 1).ok()?;
    let last = jiff::civil::Date::new(*YEARS.end(), 1, 1).ok()?;
    let end = last.checked_add(1.year()).ok()?;
    let start = |date: jiff::civil::Date| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
    Some((start(first)?, start(end)?))
}

/// The zone of exactly this name: the database itself does not mind capitals, and an alert shows the name as it stands.
fn zone(name: &str) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(zone)
}

/// Every name of the database.
fn all() -> Vec<String> {
    let database = TimeZoneDatabase::bundled();
    let names = database.available();
    names.map(|name| name.as_str().to_owned()).collect()
}

/// A name without what people write in different ways.
fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

fn city(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_database() {
        for name in [
            "Europe/Berlin",
            "America/Argentina/Buenos_Aires",
            "Asia/Calcutta",
            "Etc/GMT+5",
            "UTC",
        ] {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "",
            "europe/berlin",
            "Berlin",
            "CEST",
            "Europe/Berlin ",
            "+02:00",
            "../UTC",
        ] {
            assert!(!is_known(name), "{name}");
            assert_eq!(transitions(name), None, "{name}");
        }
    }

    #[test]
    fn what_was_meant_is_found() {
        for (written, meant) in [
            ("Berlin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            ("Europe/Berln", "Europe/Berlin"),
            ("America/New York", "America/New_York"),
            ("new york", "America/New_York"),
            ("Asia/Sydney", "Australia/Sydney"),
            ("Buenos Aires", "America/Argentina/Buenos_Aires"),
        ] {
            let found = candidates(written);
            assert!(
                found.iter().any(|name| name == meant),
                "{written}: {found:?}"
            );
            assert!(found.len() <= MOST_OFFERED, "{found:?}");
        }
        let far = ["", "Middle Earth/Hobbiton", &"x".repeat(100_000)].map(candidates);
        assert_eq!(far.concat(), [""; 0]);
    }

    #[test]
    fn offsets_are_those_of_each_second() {
        let database = TimeZoneDatabase::bundled();
        for name in all() {
            let zone = database.get(&name).unwrap();
            let offsets = transitions(&name).unwrap();
            let (first, end) = bounds().unwrap();
            assert_eq!(
                offsets.first().map(|(since, _)| *since),
                Some(first.as_second())
            );
            assert!(offsets.iter().is_sorted_by_key(|(since, _)| since));
            assert!(offsets.len() <= 100, "{name}: {}", offsets.len());
            let around = offsets.iter().flat_map(|(since, _)| [*since, since - 1]);
            let regular = (first.as_second()..end.as_second()).step_by(950_400);
            for second in around.skip(2).chain(regular) {
                let known = offsets.iter().rfind(|(since, _)| *since <= second);
                let then = Timestamp::from_second(second).unwrap();
                let wanted = zone.to_offset(then).seconds();
                assert_eq!(
                    known.map(|(_, offset)| *offset),
                    Some(wanted),
                    "{name} at {then}"
                );
            }
            // What an alert counts in.
            let whole = |(since, offset): &(i64, i32)| since % 60 == 0 && offset % 60 == 0;
            assert!(offsets.iter().all(whole), "{name}: {offsets:?}");
        }
        let berlin = transitions("Europe/Berlin").unwrap();
        assert_eq!(berlin.len(), 37);
        assert!(berlin.contains(&(1_774_746_000, 7_200)));
    }
}
