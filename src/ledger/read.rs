//! What does the ledger hold of a span of time?

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Told;
use crate::aws::{CallError, Clients, calls};

/// How many days the ledger keeps an alert. DynamoDB deletes what is over "within a few days". Source: DynamoDB developer
/// guide, "Using time to live".
const KEPT_DAYS: usize = 90;
/// So many days are asked for at most: no older item is left.
const MOST_DAYS: usize = KEPT_DAYS + 10;
/// How many days are read at once.
const CONCURRENCY: usize = 8;
/// Sort keys begin with the time of the day. A condition takes no empty text.
const MIDNIGHT: &str = "00:00:00";

/// The alerts whose runs began between two moments, newest first.
///
/// # Errors
/// What AWS says.
pub async fn told(
    clients: &Clients,
    table: &str,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<Told>, CallError> {
    let found: Vec<Vec<Told>> = stream::iter(days(since, until))
        .map(|(day, from)| of_day(clients, table, day, from))
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let mut told: Vec<Told> = found.into_iter().flatten().collect();
    told.retain(|told| told.at().is_none_or(|at| since <= at && at <= until));
    Ok(told)
}

/// The days of UTC that a span of time touches, newest first, each with the time from which on it counts.
fn days(since: Timestamp, until: Timestamp) -> Vec<(Date, String)> {
    let utc = |at: Timestamp| at.to_zoned(TimeZone::UTC);
    let (first, last) = (utc(since), utc(until).date());
    let days = std::iter::successors(Some(last), |day| day.yesterday().ok());
    days.take_while(|day| *day >= first.date())
        .take(MOST_DAYS)
        .map(|day| match day == first.date() {
            true => (day, first.time().to_string()),
            false => (day, MIDNIGHT.to_owned()),
        })
        .collect()
}

async fn of_day(
    clients: &Clients,
    table: &str,
    day: Date,
    from: String,
) -> Result<Vec<Told>, CallError> {
    let day = day.to_string();
    let mut told = Vec::new();
    let mut behind = None;
    loop {
        let request = clients
            .dynamodb
            .query()
            .table_name(table)
            .key_condition_expression("k = :day AND s >= :from")
            .expression_attribute_values(":day", AttributeValue::S(format!("alert#{day}")))
            .expression_attribute_values(":from", AttributeValue::S(from.clone()))
            .scan_index_forward(false)
            // What was told a moment ago belongs to it.
            .consistent_read(true)
            .set_exclusive_start_key(behind);
        let answer = calls::QUERY_LEDGER.send(table, request.send()).await?;
        told.extend(answer.items().iter().map(|item| read(&day, item)));
        behind = answer.last_evaluated_key.filter(|key| !key.is_empty());
        if behind.is_none() {
            return Ok(told);
        }
    }
}

fn read(day: &str, item: &HashMap<String, AttributeValue>) -> Told {
    let text = |value: &AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => Some(text.clone()),
        _ => None,
    };
    let texts: BTreeMap<String, String> = item
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
        .collect();
    Told::of(day, texts.get("s").map(String::as_str), &texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_day_is_asked_for_once_newest_first() {
        let days = |since: &str, until: &str| {
            let days = days(at(since), at(until)).into_iter();
            days.map(|(day, from)| format!("{day} {from}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            days("2026-02-28T09:00:04.5Z", "2026-03-02T00:00:00Z"),
            [
                "2026-03-02 00:00:00",
                "2026-03-01 00:00:00",
                "2026-02-28 09:00:04.5"
            ]
        );
        assert_eq!(
            days("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"),
            ["2026-03-02 09:00:00"]
        );
        assert_eq!(
            days("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"),
            [""; 0]
        );
        let all = days("1970-01-01T00:00:00Z", "2026-03-02T00:00:00Z");
        assert_eq!(all.len(), MOST_DAYS);
        // A sort key of the same moment is not before it.
        assert!("09:00:04.500Z#a" > "09:00:04.5" && "09:00:04.499Z#a" < "09:00:04.5");
    }

    #[test]
    fn attributes_of_other_types_are_illegible() {
        let item = HashMap::from([
            (
                "s".to_owned(),
                AttributeValue::S("09:00:04.123Z#a".to_owned()),
            ),
            ("rule".to_owned(), AttributeValue::Bool(true)),
            ("id".to_owned(), AttributeValue::N("7".to_owned())),
        ]);
        let told = read("2026-03-02", &item);
        assert_eq!((told.rule.as_str(), told.id.as_str()), ("", "7"));
        assert!(told.illegible.contains(&"rule") && !told.illegible.contains(&"id"));
    }
}
