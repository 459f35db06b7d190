//! The language of the rules file, from outside.

mod by_services;
mod examples;
mod fuzz;
mod hostile;
mod meaning;
mod messages;
mod own_calls;
mod records;
pub(crate) mod schema;
mod service_mistakes;
mod services;
