//! Which states does the machine have around the delivery?

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Dispatcher;
use super::deliver::{deliver, publish};
use super::expressions::{expression, literal};
use super::task::{Task, caught, retry};
use crate::alert;
use crate::place::Partition;

/// Runs end by then, whatever they wait for. The longest way: a quarter of an hour of 429s, then the fallback, the
/// ledger and the last resort with all their attempts, each of a minute.
const LONGEST_RUN_SECONDS: u32 = 3_600;

/// How long the ledger keeps an alert: 90 days, as Step Functions keeps the history of a run.
const KEPT_SECONDS: u32 = 90 * 24 * 60 * 60;

/// An expression: what was told, where somebody heard of each failure, else an error. An `Output` can fail; a `Fail`
/// state would need a `Choice` before it. It is the run's output: whoever asks for that needs no ledger.
const TOLD: &str = "$lost ? $error('neither a channel nor the fallback channel took the alert') \
    : {'rule': $alert.rule, 'id': $alert.id, 'subject': $alert.subject, 'digest': $digest, \
    'answers': [$answers]}";

/// The machine, where its digest is this.
pub(super) fn machine(dispatcher: &Dispatcher<'_>, digest: &str) -> Value {
    let partition = dispatcher.surroundings.home.partition();
    let cause = expression(
        "{'error': $states.errorOutput.Error, \
         'cause': $substring($string($states.errorOutput.Cause), 0, 1000)}",
    );
    json!({
        "Comment": format!("iamwatch {}: tells people", dispatcher.surroundings.stack),
        "QueryLanguage": "JSONata",
        "StartAt": "Alert",
        "TimeoutSeconds": LONGEST_RUN_SECONDS,
        "States": {
            // One branch, so that errors of states that cannot catch any (Pass, Choice) are caught here.
            "Alert": {
                "Type": "Parallel",
                "Branches": [branch(dispatcher, digest, partition)],
                "Output": expression("$states.result[0]"),
                "Catch": caught("Last resort", &cause),
                "End": true,
            },
            "Last resort": last_resort(dispatcher, partition),
            "Nobody was told": {
                "Type": "Fail",
                "Error": "Iamwatch.NobodyWasTold",
                "Cause": "Neither the channels nor the fallback channel took the alert.",
            },
        },
    })
}

/// Which digest a definition holds of itself.
pub(super) fn digest_in(definition: &Value) -> Option<&str> {
    let digest = "/States/Alert/Branches/0/States/Read/Assign/digest";
    definition.pointer(digest)?.as_str()
}

/// A short digest of a definition.
pub(super) fn digest(definition: &Value) -> String {
    let digest = Sha256::digest(definition.to_string().as_bytes());
    let bytes = digest.iter().take(6);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// From the event to the ledger. Whatever may keep an alert back (hours, memory) comes between the first two states.
fn branch(dispatcher: &Dispatcher<'_>, digest: &str, partition: Partition) -> Value {
    json!({
        "StartAt": "Read",
        "States": {
            "Read": read(dispatcher, digest, "Deliver"),
            "Deliver": deliver(dispatcher, partition, "Keep"),
            "Keep": keep(dispatcher, partition),
            // The ledger failed, or the check behind it: the latter fails here again.
            "Not kept": { "Type": "Pass", "Output": expression(TOLD), "End": true },
        },
    })
}

/// Makes `$alert`, and the names of the channels that the rule wants, or of the fallback channel.
fn read(dispatcher: &Dispatcher<'_>, digest: &str, next: &str) -> Value {
    let channels = format!(
        "($asked := $states.input.rule.channels; \
         $named := [$asked][$type($) = 'string' and $ != '']; \
         $count($named) = 0 ? [{}] : $distinct([$named]))",
        literal(&json!(dispatcher.fallback.name))
    );
    json!({
        "Type": "Pass",
        "Assign": {
            "alert": expression(&alert::expression(&dispatcher.surroundings)),
            "channels": expression(&channels),
            "digest": digest,
        },
        "Output": {},
        "Next": next,
    })
}

/// Writes down what was told. Nothing that fails here keeps an alert back: it was told already.
fn keep(dispatcher: &Dispatcher<'_>, partition: Partition) -> Value {
    // The start is the same in all attempts: a repeated write is the same item. What was told on one day is together,
    // in the order of time.
    let start = "$states.context.Execution.StartTime";
    let day = format!("'alert#' & $substring({start}, 0, 10)");
    let moment = format!("$substring({start}, 11) & '#' & $states.context.Execution.Name");
    let text = |text: &str| json!({ "S": expression(text) });
    let expires = format!("$string($floor($millis() / 1000) + {KEPT_SECONDS})");
    let put = Task {
        integration: "dynamodb:putItem",
        arguments: json!({
            "TableName": dispatcher.ledger,
            "Item": {
                "k": text(&day),
                "s": text(&moment),
                "rule": text("$alert.rule"),
                "severity": text("$alert.severity"),
                "headline": text("$alert.headline"),
                "account": text("$alert.account"),
                "region": text("$alert.region"),
                "id": text("$alert.id"),
                "time": text("$alert.time"),
                "mode": text("$alert.mode"),
                "answers": text("$string([$answers])"),
                "digest": text("$digest"),
                "expires": { "N": expression(&expires) },
            },
        }),
        output: expression(TOLD),
        retry: retry(),
    };
    put.state(partition, caught("Not kept", &json!({})), None)
}

/// Nothing of the alert can be trusted to exist here: only the input as it came.
fn last_resort(dispatcher: &Dispatcher<'_>, partition: Partition) -> Value {
    let subject = "$substring('ALERT NOT RENDERED: rule ' & $substring($replace(\
        $string($states.context.Execution.Input.rule.id), /[^ -~]+/, ' '), 0, 64), 0, 99)";
    let text = "$join(['An alert could not be told as usual. This is the event as it came.', \
        '\\nReason: ', $string($states.input.error), ' ', $string($states.input.cause), \
        '\\nExecution: ', $states.context.Execution.Id, '\\n\\n', \
        $substring($string($states.context.Execution.Input), 0, 20000)])";
    publish(
        &dispatcher.fallback.topic,
        subject,
        text,
        subject,
        // Why it came to that.
        expression("$states.input"),
    )
    .state(partition, caught("Nobody was told", &json!({})), None)
}
