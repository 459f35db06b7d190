//! What is `$states.context`?

use serde_json::{Value, json};

/// An execution of a state machine, as its states can ask for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The execution's ARN.
    pub id: String,
    /// The last part of the ARN.
    pub name: String,
    /// The role whose permissions the Tasks use.
    pub role_arn: String,
    /// When it was started, as in `2026-11-30T23:48:01.000Z`.
    pub start_time: String,
    /// What it was started with, which is the input of the first state as well.
    pub input: Value,
    /// The state machine's ARN.
    pub state_machine_id: String,
    /// The state machine's name.
    pub state_machine_name: String,
}

/// The state that asks.
pub(super) struct Here<'a> {
    pub(super) state: &'a str,
    /// The event by which it was entered.
    pub(super) entered: usize,
    /// Milliseconds since 1970.
    pub(super) entered_at: i64,
    /// How often it was tried again.
    pub(super) retries: u64,
}

/// The context object; `Task.Token` is left out, since no Task here waits for one.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
pub(super) fn context(execution: &Execution, here: &Here<'_>) -> Value {
    json!({
        "Execution": {
            "Id": execution.id,
            "Input": execution.input,
            "Name": execution.name,
            "RoleArn": execution.role_arn,
            "StartTime": execution.start_time,
        },
        "State": {
            "EnteredTime": written(here.entered_at),
            "Name": here.state,
            "RetryCount": here.retries,
        },
        "StateMachine": {
            "Id": execution.state_machine_id,
            "Name": execution.state_machine_name,
        },
    })
}

/// Adds what the selector of a Map sees of an item. That the states of its processor see it too is unsourced, so that
/// they do not here.
pub(super) fn with_item(mut context: Value, index: usize, item: &Value) -> Value {
    if let Value::Object(fields) = &mut context {
        let map = json!({ "Item": { "Index": index, "Value": item } });
        fields.insert("Map".to_owned(), map);
    }
    context
}

/// An instant as AWS writes it.
fn written(milliseconds: i64) -> String {
    let (day, rest) = (
        milliseconds.div_euclid(86_400_000),
        milliseconds.rem_euclid(86_400_000),
    );
    let (year, month, day) = date(day);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, thousandths) = (rest / 1000 % 60, rest % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}Z")
}

/// The date of a day that is counted from 1970-01-01. It counts from the first of March of the year 0, so that leap
/// days end a year, in eras of 400 years.
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + later, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_aws_does() {
        for (milliseconds, wanted) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_796_082_481_007, "2026-11-30T23:48:01.007Z"),
        ] {
            assert_eq!(written(milliseconds), wanted);
        }
    }
}
