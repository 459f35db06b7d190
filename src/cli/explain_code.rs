//! `iamwatch explain-code`: what a diagnostic means, with an example of wrong and right.

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::ui::Ui;
use crate::check::{self, Explained};
use crate::engine::{self, Error};
use crate::render::text::Text;

/// Flags of `explain-code`.
#[derive(Debug, Args)]
pub(super) struct ExplainCodeArgs {
    /// Such as E0103, or the code of an error in JSON; without it all that `check` gives are listed
    code: Option<String>,
}

impl ExplainCodeArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        match &self.code {
            None => list(ui),
            Some(asked) => explain(asked, ui),
        }
    }
}

fn list(ui: &mut Ui) -> Result<Exit, Error> {
    if ui.is_json() {
        let all: Vec<_> = check::codes().iter().map(to_json).collect();
        ui.out.json(&json!({ "format_version": 1, "codes": all }))?;
        return Ok(Exit::Fine);
    }
    let paint = ui.painter();
    for code in check::codes() {
        ui.out.line(format_args!(
            "{}  {}",
            paint.bold(code.id),
            code.explanation
        ))?;
    }
    Ok(Exit::Fine)
}

fn explain(asked: &str, ui: &mut Ui) -> Result<Exit, Error> {
    let mut errors = engine::Code::ALL.iter();
    if let Some(code) = errors.find(|code| code.as_str() == asked) {
        return explain_error(*code, ui);
    }
    let Some(code) = check::code(asked) else {
        let failure = Error::new(
            engine::Code::Unknown,
            format!("there is no code `{}`", crate::diagnostic::printable(asked)),
        );
        return Err(match check::nearest_code(asked) {
            Some(near) => failure.help(format!("did you mean {}?", near.id)),
            None => failure.help("`iamwatch explain-code` lists all of them"),
        });
    };
    if ui.is_json() {
        let mut explained = to_json(code);
        if let Some(fields) = explained.as_object_mut() {
            fields.insert("format_version".to_owned(), json!(1));
        }
        ui.out.json(&explained)?;
        return Ok(Exit::Fine);
    }
    let paint = ui.painter();
    ui.out.line(format_args!(
        "{}: {}",
        paint.bold(code.id),
        code.explanation
    ))?;
    for (heading, text) in [("Wrong:", code.wrong), ("Right:", code.right)] {
        if let Some(text) = text {
            ui.out.line("")?;
            ui.out.line(paint.bold(heading))?;
            for line in text.lines() {
                ui.out.line(format!("    {line}").trim_end())?;
            }
        }
    }
    Ok(Exit::Fine)
}

/// What the code of an error means.
fn explain_error(code: engine::Code, ui: &mut Ui) -> Result<Exit, Error> {
    let (word, meaning) = (code.as_str(), code.meaning());
    let document = json!({
        "format_version": 1,
        "code": word,
        "kind": code.fault().as_str(),
        "explanation": meaning,
    });
    ui.answer(&document, |paint| {
        let mut text = Text::default();
        let _ = writeln!(text, "{}: {meaning}", paint.bold(word));
        text
    })?;
    Ok(Exit::Fine)
}

fn to_json(code: &Explained) -> serde_json::Value {
    json!({
        "code": code.id,
        "explanation": code.explanation,
        "wrong": code.wrong,
        "right": code.right,
    })
}
