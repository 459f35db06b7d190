//! Where a command writes and asks: the one place that knows about terminals.

use std::io::{self, BufRead, IsTerminal, Write};

use futures::future::{BoxFuture, FutureExt};
use serde::Serialize;

use super::progress::Bars;
use crate::apply::Report;
use crate::diagnostic::{Diagnostic, Sources};
use crate::engine::{Answer, Code, Error, Form, Host, Message, Progress, Question};
use crate::placement::TrailSource;
use crate::plan::saved::Moved;
use crate::plan::{self, Plan};
use crate::render;
use crate::render::style::Painter;
use crate::resources::ResourceKey;

/// The output of one command. Results go to `out`, everything else to `err`.
pub struct Ui {
    /// Where results are written: standard output.
    pub out: Box<dyn Write + Send>,
    /// Where everything else is written: standard error.
    pub err: Box<dyn Write + Send>,
    /// The form of results.
    pub form: Form,
    /// Whether colours may be written.
    pub color: bool,
    /// Whether a person can answer a question: standard input and standard error are terminals.
    pub interactive: bool,
    /// Whether a person watches the progress.
    pub progress: bool,
    bars: Bars,
}

impl Ui {
    /// The process's own streams.
    pub fn of_this_process() -> Self {
        let on_screen = io::stderr().is_terminal();
        Self {
            interactive: io::stdin().is_terminal() && on_screen,
            progress: on_screen,
            ..Self::new(io::BufWriter::new(io::stdout()), io::stderr())
        }
    }

    /// Streams behind which nobody sits.
    pub fn new(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self {
            out: Box::new(out),
            err: Box::new(err),
            form: Form::Human,
            color: false,
            interactive: false,
            progress: false,
            bars: Bars::default(),
        }
    }

    /// Settles whether colours are written: as the flag says, or as terminal and `NO_COLOR` say.
    pub(super) fn choose_color(&mut self, flag: Option<bool>) {
        self.color = flag.unwrap_or_else(|| {
            io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        });
    }

    /// How to mark text in results.
    pub(super) fn painter(&self) -> Painter {
        Painter { color: self.color }
    }

    /// Whether results are JSON.
    pub(super) fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Writes a result in the form that is asked for.
    pub(super) fn answer(
        &mut self,
        value: &impl Serialize,
        text: impl FnOnce(Painter) -> String,
    ) -> io::Result<()> {
        match self.form {
            Form::Json => self.json(value),
            Form::Human => {
                let text = text(self.painter());
                write!(self.out, "{text}")
            }
        }
    }

    /// Writes one JSON document and a line end.
    pub(super) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        writeln!(self.out)
    }

    /// Writes one JSON document on one line.
    fn json_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        writeln!(self.out)?;
        self.out.flush()
    }

    /// Writes a result for people, at once.
    fn text(&mut self, text: &str) -> io::Result<()> {
        write!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Asks, unless it was agreed to beforehand.
    pub(super) fn confirm(
        &mut self,
        question: Question<'_>,
        approved: bool,
    ) -> Result<bool, Error> {
        Ok(approved || self.ask(question)? == Answer::Yes)
    }

    /// Says why a command failed: to people on standard error, and to programs that asked for JSON as the last line of
    /// standard output.
    pub(super) fn fail(&mut self, error: &Error) {
        self.complain(error);
        if self.is_json() {
            self.tell_programs(error);
        }
    }

    /// Says why a command failed, as JSON. Nobody to tell it to is no failure of its own.
    pub(super) fn tell_programs(&mut self, error: &Error) {
        let _ = self.json_line(&render::error::to_json(error));
    }

    /// Says what is wrong, on standard error.
    pub(super) fn complain(&mut self, error: &Error) {
        let _ = self.out.flush();
        let text = match &error.findings {
            Some(found) => {
                render::diagnostic::render(&found.sources, &found.diagnostics, self.color)
            }
            None => {
                let color = self.color && io::stderr().is_terminal();
                render::error::text(error, Painter { color })
            }
        };
        let _ = write!(self.err, "{text}");
    }

    /// Makes sure that everything is out.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn show(&mut self, message: Message<'_>) -> io::Result<()> {
        let paint = self.painter();
        match (message, self.form) {
            (Message::Plan(plan), Form::Human) => self.text(&render::plan::plan(plan, paint)),
            (Message::HeldBack(_) | Message::NothingToApply(_), Form::Human)
            | (Message::Plan(_), Form::Json) => Ok(()),
            (Message::OrganizationPlan(plan), Form::Human) => {
                let members = render::fleet::plan(plan.accounts, plan.organization, paint);
                self.text(&format!("\n{members}"))
            }
            (Message::OrganizationPlan(plan), Form::Json) => self.json_line(&plan),
            (Message::Progress(progress), form) => {
                if let (Progress::Plan(event), Form::Json) = (&progress, form) {
                    return self.json_line(event);
                }
                let is_watched = self.progress && form == Form::Human;
                self.bars.show(&progress, is_watched);
                Ok(())
            }
            (Message::HeldBack(events), Form::Json) => {
                events.iter().try_for_each(|event| self.json_line(event))
            }
            (Message::NothingToApply(plan), Form::Json) => {
                self.json_line(&Finished::of(&Report::default(), plan))
            }
            (Message::Applied(report, plan), Form::Json) => {
                self.json_line(&Finished::of(report, plan))
            }
            (Message::Applied(report, plan), Form::Human) => {
                let text = render::report::report(report, plan, paint);
                write!(self.out, "{text}")
            }
            (Message::AccountsApplied { run, .. }, Form::Json) => self.json_line(run),
            (Message::AccountsApplied { organization, run }, Form::Human) => {
                let text = render::fleet::report(run, organization, paint);
                write!(self.out, "{text}")
            }
            (Message::Moved(moved), Form::Json) => self.json_line(&Stale {
                event: "stale",
                format_version: plan::FORMAT_VERSION,
                moved,
            }),
            (Message::Moved(moved), Form::Human) => {
                write!(self.err, "{}", render::moved::moved(moved, paint))
            }
            (
                Message::AccountsKept {
                    accounts,
                    minutes,
                    path,
                },
                _,
            ) => {
                let note = format!(
                    "# {accounts} accounts as they were listed {minutes} minutes ago, in {}",
                    path.display()
                );
                writeln!(self.err, "{}", paint.dim(&note))
            }
            (Message::Failed(error), _) => {
                self.complain(error);
                Ok(())
            }
            (Message::HistoryIsShort, _) => writeln!(
                self.err,
                "The event history reaches back 90 days only: older events are not counted."
            ),
            (Message::ReadingHistory { regions, longest }, _) => {
                let text = render::backtest::reading_history(regions, longest.as_ref());
                writeln!(self.err, "{text}")
            }
        }
    }
}

impl Host for Ui {
    fn form(&self) -> Form {
        self.form
    }

    fn notify(&mut self, message: Message<'_>) -> Result<(), Error> {
        Ok(self.show(message)?)
    }

    fn ask(&mut self, question: Question<'_>) -> Result<Answer, Error> {
        if !self.interactive {
            return Err(unasked(question));
        }
        self.out.flush()?;
        write!(self.err, "{} [y/N] ", words(question))?;
        self.err.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(match answer.trim() {
            "y" | "Y" | "yes" => Answer::Yes,
            _ => Answer::No,
        })
    }

    fn diagnose(&mut self, sources: &Sources, found: &[Diagnostic]) -> Result<(), Error> {
        let text = render::diagnostic::render(sources, found, self.color);
        write!(self.err, "{text}")?;
        Ok(())
    }

    fn interrupted(&self) -> BoxFuture<'static, ()> {
        interrupted().boxed()
    }
}

/// Resolves at the first Ctrl-C; a second one ends the process at once.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler Ctrl-C ends the process anyway.
        std::future::pending::<()>().await;
    }
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
}

/// What a question asks.
fn words(question: Question<'_>) -> String {
    match question {
        Question::Apply { organization: true } => {
            "Apply these changes to the organization?".to_owned()
        }
        Question::Apply {
            organization: false,
        } => "Apply these changes?".to_owned(),
        Question::Destroy {
            name,
            organization: true,
        } => format!(
            "Delete all of this in the whole organization, and with it every alert of `{name}`?"
        ),
        Question::Destroy {
            name,
            organization: false,
        } => format!("Delete all of this, and with it every alert of `{name}`?"),
        Question::DeleteMuch { .. } => format!("This deletes {}. Really?", much(question)),
        Question::SendTests { messages } => {
            format!("This sends up to {messages} test messages to the real channels. Go ahead?")
        }
        Question::SendLate { messages, letters } => format!(
            "This publishes {messages} late alerts of {letters} dead letters to the real channels. Go ahead?"
        ),
    }
}

/// How much would be deleted.
fn much(question: Question<'_>) -> String {
    match question {
        Question::DeleteMuch {
            deleted,
            ours,
            name: Some(name),
        } => format!("{deleted} of the {ours} resources of `{name}`"),
        Question::DeleteMuch { deleted, ours, .. } => {
            format!("{deleted} of the {ours} resources in the other accounts")
        }
        _ => String::new(),
    }
}

/// Why nobody was asked: a run without a terminal must say so, not do nothing and succeed.
fn unasked(question: Question<'_>) -> Error {
    let Question::DeleteMuch { name, .. } = question else {
        return Error::new(Code::NotApproved, "there is no terminal to ask on")
            .help("give --auto-approve to go ahead without a question");
    };
    let where_to = match name {
        Some(_) => "the Region",
        None => "the accounts",
    };
    let message = format!("this would delete {}", much(question));
    Error::new(Code::DeletesMuch, message).help(format!(
        "if the rules file and {where_to} are the right ones, give --prune-most"
    ))
}

/// How applying a plan ended, as JSON.
#[derive(Serialize)]
struct Finished<'a> {
    event: &'static str,
    format_version: u32,
    #[serde(flatten)]
    report: &'a Report,
    /// Which trail feeds the events.
    feed: &'a TrailSource,
    waiting: &'a [ResourceKey],
    orphans: &'a [ResourceKey],
}

impl<'a> Finished<'a> {
    fn of(report: &'a Report, plan: &'a Plan) -> Self {
        Self {
            event: "finished",
            format_version: plan.format_version,
            report,
            feed: &plan.feed,
            waiting: &plan.waiting,
            orphans: &plan.orphans,
        }
    }
}

/// What has moved since a plan was saved, as JSON.
#[derive(Serialize)]
struct Stale<'a> {
    event: &'static str,
    format_version: u32,
    moved: &'a [Moved],
}
