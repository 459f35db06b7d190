//! What does an HTTP task of Step Functions do: `arn:aws:states:::http:invoke`?
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html>
//!
//! | question | room |
//! |---|---|
//! | what is asked for? | `arguments` |
//! | may the role do it? | `permitted`, recorded by `recorded` |
//! | what does the connection give? | `connection` |
//! | which request is made of both? | `request`, its form by `encoding` |
//! | what does the answer mean? | `answer`, or else `failure` |

mod answer;
mod arguments;
mod connection;
mod encoding;
mod failure;
mod permitted;
mod recorded;
mod request;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub(crate) use failure::Failure;
use failure::failure;

use super::receivers::{Reached, reach};
use super::site::Site;
use super::world::World;

/// Who runs the task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invoker<'a> {
    /// The ARN of the state machine.
    pub(crate) machine: &'a str,
    /// The ARN of its role, path included.
    pub(crate) role: &'a str,
}

/// Runs the task, and gives its result: `Headers`, `ResponseBody`, `StatusCode` and `StatusText`.
///
/// A connection is not deauthorized by a status of 401 or 407. That EventBridge does so is documented of API
/// destinations alone.
pub(crate) fn invoke(
    world: &mut World,
    site: &Site,
    by: Invoker<'_>,
    arguments: &Value,
) -> Result<Value, Failure> {
    let asked = arguments::read(arguments)?;
    let context = [
        ("states:httpendpoint", asked.endpoint.clone()),
        ("states:httpmethod", asked.method.clone()),
    ];
    let action = "states:InvokeHTTPEndpoint";
    permitted::may(world, by.role, action, by.machine, &context).map_err(|_| {
        // The words are those that a user reports; the name of the error is unsourced.
        // https://github.com/serverless-operations/serverless-step-functions/issues/599
        failure(
            "States.Permissions",
            format!(
                "AWS Step Functions is not authorized to perform states:InvokeHTTPEndpoint on API Endpoint {}. Ensure that the StateMachine role contains the states:InvokeHTTPEndpoint permission for the given API Endpoint",
                asked.endpoint
            ),
        )
    })?;
    let connection = connection::usable(world, site, by.role, &asked.connection)?;
    let request = request::assemble(site, asked, &connection)?;
    let now = world.now();
    match reach(&mut world.receivers, &request, now) {
        Reached::Answer(response) => answer::result(&response),
        Reached::Nobody(why) => Err(failure("States.Http.Socket", why)),
    }
}
