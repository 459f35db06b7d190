//! The language of the rules file, from outside.

mod examples;
mod meaning;
mod messages;
mod schema;
