//! Why a command ended early: for people, and for programs.

use serde_json::{Value, json};

use super::check::diagnostics;
use super::style::Painter;
use super::text::Text;
use crate::engine::Error;

/// The version of the JSON form of errors.
const FORMAT_VERSION: u32 = 1;

/// What happened and what to do, a line each.
pub fn text(error: &Error, paint: Painter) -> Text {
    let mut text = Text::default();
    let _ = writeln!(text, "{}: {}", paint.red("error"), error.message);
    if let Some(help) = &error.help {
        let _ = writeln!(text, "{}: {help}", paint.bold("help"));
    }
    text
}

/// The stable form for programs. `diagnostics` are there where the rules file is at fault, as `check --json` has them.
pub fn to_json(error: &Error) -> Value {
    let mut document = json!({
        "format_version": FORMAT_VERSION,
        "error": {
            "code": error.code.as_str(),
            "kind": error.code.fault().as_str(),
            "message": error.message,
            "help": error.help,
        },
    });
    if let Some(found) = &error.findings {
        let listed = diagnostics(&found.sources, &found.diagnostics);
        if let Some(error) = document.get_mut("error").and_then(Value::as_object_mut) {
            error.insert("diagnostics".to_owned(), listed.into());
        }
    }
    document
}
