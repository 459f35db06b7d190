//! Local time beside UTC, in the zone of those who read.

use iamwatch::alert::{Reader, expression};
use iamwatch::zones;
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use serde_json::{Value, json};

use super::hostile::{attachment, with};
use super::{in_zone, is_whole, rule, with_surroundings};

/// Half and quarter hours, summers of both halves of the Earth, the two that are said to have winter time, those far ahead
/// and far behind, and those that gave summer time up.
const ZONES: [&str; 12] = [
    "Europe/Berlin",
    "Europe/Dublin",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/Santiago",
];

/// So many changes of each zone are looked at, from both sides.
const CHANGES: usize = 6;

fn reader_in(zone: &str) -> Reader {
    in_zone(Some(zone), |surroundings| {
        Reader::new(surroundings).unwrap()
    })
}

fn alert_at(reader: &Reader, time: Value) -> Value {
    let mut event = attachment();
    event["time"] = Value::Null;
    with(&mut event, "/detail/eventTime", time);
    let alert = reader.alert(&rule(), &event).unwrap();
    assert_eq!(is_whole(&alert), Ok(()));
    alert
}

fn when(alert: &Value) -> &str {
    let fields = alert["fields"].as_array().unwrap();
    let when = fields.iter().find(|field| field["k"] == "When").unwrap();
    when["v"].as_str().unwrap()
}

#[test]
fn local_time_is_what_clocks_show_around_each_change() {
    let database = TimeZoneDatabase::bundled();
    let mut nights = 0;
    for name in ZONES {
        let (zone, reader) = (database.get(name).unwrap(), reader_in(name));
        let changes = zones::transitions(name).unwrap();
        // The first is no change, but the beginning. Those in the middle are of years to come.
        let step = changes.len().div_ceil(CHANGES);
        for (second, _) in changes.iter().step_by(step) {
            for second in [*second, second + 3_600 * 20 - 1, second - 1] {
                let time = Timestamp::from_second(second).unwrap();
                let local = time.to_zoned(zone.clone());
                let utc = time.to_string();
                let day = match local.date().cmp(&utc[..10].parse().unwrap()) {
                    std::cmp::Ordering::Less => ", the day before",
                    std::cmp::Ordering::Equal => "",
                    std::cmp::Ordering::Greater => ", the next day",
                };
                nights += usize::from(!day.is_empty());
                let shown = format!(" ({} in {name}{day})", local.strftime("%H:%M"));
                let is_known = utc.as_str() >= "2020";
                let wanted = format!(
                    "{} {} UTC{}",
                    &utc[..10],
                    &utc[11..19],
                    if is_known { &shown } else { "" }
                );
                assert_eq!(when(&alert_at(&reader, json!(utc))), wanted, "{name}");
            }
        }
    }
    assert!(nights > 10, "{nights}");
}

#[test]
fn a_time_that_is_none_or_far_away_has_no_local_one() {
    let reader = reader_in("America/St_Johns");
    for (time, shown) in [
        (json!("2019-12-31T23:59:59Z"), "2019-12-31 23:59:59 UTC"),
        (json!("2038-01-01T00:00:00Z"), "2038-01-01 00:00:00 UTC"),
        (json!("0000-01-01T00:00:00Z"), "0000-01-01 00:00:00 UTC"),
        (json!("9999-12-31T23:59:59Z"), "9999-12-31 23:59:59 UTC"),
        // February has no such day, and what is made of it is no error.
        (
            json!("2026-02-31T00:10:00Z"),
            "2026-02-31 00:10:00 UTC (20:40 in America/St_Johns, the day before)",
        ),
        (json!("2026-01-05T24:00:00Z"), "not recorded"),
        (json!("2026-01-05T08:30:00+01:00"), "not recorded"),
        (json!("2026-01-05 UTC"), "not recorded"),
        (json!(1_767_601_800), "not recorded"),
        (json!(["2026-01-05T08:30:00Z"]), "not recorded"),
        (json!({}), "not recorded"),
        (json!(""), "not recorded"),
        (Value::Null, "not recorded"),
    ] {
        assert_eq!(when(&alert_at(&reader, time.clone())), shown, "{time}");
    }
}

#[test]
fn the_line_on_a_phone_and_the_subject_stay_short() {
    let (at_home, abroad) = (super::reader(), reader_in("Australia/Lord_Howe"));
    let time = || json!("2026-01-05T08:30:00Z");
    let (without, with) = (alert_at(&at_home, time()), alert_at(&abroad, time()));
    for name in ["subject", "sms", "headline", "time"] {
        assert_eq!(without[name], with[name]);
    }
    assert_eq!(when(&without), "2026-01-05 08:30:00 UTC");
    assert_eq!(
        when(&with),
        "2026-01-05 08:30:00 UTC (19:30 in Australia/Lord_Howe)"
    );
    let text = with["text"].as_str().unwrap();
    assert!(text.contains("\nWhen:      2026-01-05 08:30:00 UTC (19:30 in Australia/Lord_Howe)\n"));
}

#[test]
fn an_expression_pays_for_a_zone_only_where_there_is_one() {
    let length = |zone| in_zone(zone, |surroundings| expression(surroundings).len());
    let without = with_surroundings(|surroundings| expression(surroundings).len());
    assert_eq!(length(None), without);
    assert_eq!(length(Some("Middle/Earth")), without);
    let zones = ZONES.map(|zone| length(Some(zone)) - without);
    assert!(
        zones.iter().all(|more| (500..2_000).contains(more)),
        "{zones:?}"
    );
}
