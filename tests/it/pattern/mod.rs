//! `iamwatch match`. What holds the engine of patterns itself to its rules is in `src/pattern/tests`.

mod command;
#[path = "../../../src/pattern/tests/it/random.rs"]
pub(crate) mod random;
