//! What can be said about a rules file without AWS: lints of what was read, what compiling says, lints of compiled
//! patterns, and the tests of the rules.
//!
//! | question | room |
//! |---|---|
//! | which rules are there, if nothing is wrong | `load` |
//! | may they be deployed | `gate` |
//! | which are there, although something is wrong | `salvage` |
//! | what is there to say of them | `checked` |
//! | does the file say what can hardly be meant | `lints`, over the views of tests in `clause` and `asks` |
//! | is it certain that nothing can fire a rule | `certainty` |
//! | what do compiled patterns show | `compiled`, over `checked_rule` |
//! | do the tests pass | `tests` |
//! | do they show what they seem to | `vacuous` |
//! | what of it does a rule accept, with a reason | `accepted` |
//! | what does a code mean, with wrong and right | `explained`, from what each `lint` says of itself |

mod accepted;
mod asks;
mod certainty;
mod checked;
mod checked_rule;
mod clause;
mod compiled;
mod explained;
mod gate;
mod lint;
mod lints;
mod load;
mod salvage;
pub mod tests;
mod vacuous;

pub use checked::{Checked, check};
pub use explained::{Explained, code, codes, nearest_code};
pub use gate::{Gated, gated};
pub use load::{Loaded, load, load_text, load_unsaved, whole_catalogue};
pub use salvage::{BrokenRule, Rest, Salvaged, salvage};
