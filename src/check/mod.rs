//! What can be said about a rules file without AWS, beyond what loading and compiling say.

pub mod tests;
