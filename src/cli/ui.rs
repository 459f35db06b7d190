//! Where a command writes and asks: the one place that knows about terminals.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures::future::{BoxFuture, FutureExt};
use serde::Serialize;
use serde_json::Value;

use super::progress::Bars;
use super::screen::Screen;
use crate::apply::Report;
use crate::diagnostic::{Diagnostic, Sources, counted};
use crate::engine::{Answer, Code, Error, Form, Host, Message, Progress, Question, Workspace};
use crate::placement::TrailSource;
use crate::plan::saved::Moved;
use crate::plan::{self, Plan};
use crate::render;
use crate::render::style::Painter;
use crate::render::text::Text;
use crate::resources::ResourceKey;
use crate::secrets::Secrets;

/// The output of one command. Results go to `out`, everything else to `err`.
pub struct Ui {
    /// Where results are written: standard output.
    pub(super) out: Screen,
    /// Where everything else is written: standard error.
    pub(super) err: Screen,
    /// The form of results.
    pub form: Form,
    /// Whether colours may be written.
    pub color: bool,
    /// Whether a person can answer a question: standard input and standard error are terminals.
    pub interactive: bool,
    /// Whether a person watches the progress.
    pub progress: bool,
    bars: Bars,
    /// Whether these are the streams of the process, whose Ctrl-C is meant for this command.
    is_process: bool,
    /// The values of variables that rules files name.
    pub(super) secrets: Secrets,
    /// Who acts on Ctrl-C: [`NOBODY_YET`], [`ENGINE`] or [`STOPPING`].
    ctrl_c: Arc<AtomicU8>,
}

impl Ui {
    /// The process's own streams.
    pub fn of_this_process() -> Self {
        let on_screen = io::stderr().is_terminal();
        Self {
            interactive: io::stdin().is_terminal() && on_screen,
            progress: on_screen,
            is_process: true,
            secrets: Secrets::of_environment(),
            ..Self::new(io::BufWriter::new(io::stdout()), io::stderr())
        }
    }

    /// Streams behind which nobody sits.
    pub fn new(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self {
            out: Screen::new(out),
            err: Screen::new(err),
            form: Form::Human,
            color: false,
            interactive: false,
            progress: false,
            bars: Bars::default(),
            is_process: false,
            secrets: Secrets::none(),
            ctrl_c: Arc::default(),
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
        text: impl FnOnce(Painter) -> Text,
    ) -> io::Result<()> {
        match self.form {
            Form::Json => self.out.json(value),
            Form::Human => {
                let text = text(self.painter());
                self.out.text(&text)
            }
        }
    }

    /// Says to programs what is said of the rules file, as the first of several lines; nothing where there is nothing.
    pub(super) fn say(&mut self, rules: &Workspace, tests_skipped: bool) -> io::Result<()> {
        if !self.is_json() || (rules.said.is_empty() && !tests_skipped) {
            return Ok(());
        }
        self.json_line(&Said {
            event: "rules",
            format_version: plan::FORMAT_VERSION,
            tests_skipped,
            diagnostics: said(rules),
        })
    }

    /// Writes one JSON document on one line, at once.
    fn json_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.out.json_line(value)?;
        self.out.flush()
    }

    /// Writes a result for people, at once.
    fn text(&mut self, text: &Text) -> io::Result<()> {
        self.out.text(text)?;
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
        let in_words = |error: &Error| {
            let color = self.color && io::stderr().is_terminal();
            render::error::text(error, Painter { color })
        };
        let text = match &error.findings {
            Some(found) => {
                let mut listed =
                    render::diagnostic::render(&found.sources, &found.diagnostics, self.color);
                // Mostly what is wrong says itself what to do.
                if error.help.is_some() {
                    listed.blank();
                    listed.append(&in_words(error));
                }
                listed
            }
            None => in_words(error),
        };
        let _ = self.err.text(&text);
    }

    /// While nothing is changed, Ctrl-C ends the process. Programs that asked for JSON are told so, as of any failure.
    pub(super) fn tell_of_ctrl_c(&self) {
        if !self.is_json() || !self.is_process {
            return;
        }
        let ctrl_c = Arc::clone(&self.ctrl_c);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let Ok(runtime) = runtime.enable_all().build() else {
            return;
        };
        // A thread of its own: the others may be waiting for an answer.
        std::thread::spawn(move || {
            runtime.block_on(async {
                while tokio::signal::ctrl_c().await.is_ok() {
                    match pass(&ctrl_c, STOPPING) {
                        NOBODY_YET => drop(std::thread::spawn(stopped)),
                        // Whoever reads the output may have stopped to do so.
                        STOPPING => std::process::exit(INTERRUPTED),
                        _ => {}
                    }
                }
            });
        });
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
                let mut text = Text::default();
                text.blank();
                text.append(&render::fleet::plan(
                    plan.accounts,
                    plan.organization,
                    paint,
                ));
                self.text(&text)
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
                self.out.text(&render::report::report(report, plan, paint))
            }
            (Message::AccountsApplied { run, .. }, Form::Json) => self.json_line(run),
            (Message::AccountsApplied { organization, run }, Form::Human) => self
                .out
                .text(&render::fleet::report(run, organization, paint)),
            (Message::Moved(moved), Form::Json) => self.json_line(&Stale {
                event: "stale",
                format_version: plan::FORMAT_VERSION,
                moved,
            }),
            (Message::Moved(moved), Form::Human) => {
                self.err.text(&render::moved::moved(moved, paint))
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
                    "# {} as {} listed {} ago, in {}",
                    counted(accounts, "account"),
                    if accounts == 1 { "it was" } else { "they were" },
                    counted(minutes.max(0), "minute"),
                    path.display()
                );
                self.err.line(paint.dim(&note))
            }
            (Message::AccountsRefused { path, why }, _) => {
                let note = format!(
                    "# the list of accounts in {} is not used: {why}; the organization is asked",
                    path.display()
                );
                self.err.line(paint.yellow(&note))
            }
            (Message::LeftOut(broken), _) => self.err.text(&render::check::left_out(broken, paint)),
            (Message::Failed(error), _) => {
                self.complain(error);
                Ok(())
            }
            (Message::HistoryIsShort, _) => self
                .err
                .line("The event history reaches back 90 days only: older events are not counted."),
            (Message::ReadingHistory { regions, longest }, _) => {
                let text = render::backtest::reading_history(regions, longest.as_ref());
                self.err.line(text)
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
        self.err.prompt(format_args!("{} [y/N]", words(question)))?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(match answer.trim() {
            "y" | "Y" | "yes" => Answer::Yes,
            _ => Answer::No,
        })
    }

    fn diagnose(&mut self, sources: &Sources, found: &[Diagnostic]) -> Result<(), Error> {
        let text = render::diagnostic::render(sources, found, self.color);
        Ok(self.err.text(&text)?)
    }

    fn secrets(&self) -> Secrets {
        self.secrets.clone()
    }

    fn interrupted(&self) -> BoxFuture<'static, ()> {
        // The process is about to end, and says that nothing was changed: that stays so.
        while pass(&self.ctrl_c, ENGINE) == STOPPING {
            std::thread::park();
        }
        let listening = Listening(Arc::clone(&self.ctrl_c));
        async move {
            interrupted().await;
            drop(listening);
        }
        .boxed()
    }
}

/// Nothing is being changed: Ctrl-C ends the process.
const NOBODY_YET: u8 = 0;
/// The engine acts on Ctrl-C itself.
const ENGINE: u8 = 1;
/// Ctrl-C came while nothing was being changed.
const STOPPING: u8 = 2;

/// Hands Ctrl-C to somebody, where nobody has it yet; who had it.
fn pass(ctrl_c: &AtomicU8, to: u8) -> u8 {
    let order = Ordering::SeqCst;
    match ctrl_c.compare_exchange(NOBODY_YET, to, order, order) {
        Ok(before) | Err(before) => before,
    }
}

/// Gives Ctrl-C back once the engine listens no longer.
struct Listening(Arc<AtomicU8>);

impl Drop for Listening {
    fn drop(&mut self) {
        let order = Ordering::SeqCst;
        let _ = self.0.compare_exchange(ENGINE, NOBODY_YET, order, order);
    }
}

/// The exit code of a process that Ctrl-C ended, as shells have it.
const INTERRUPTED: i32 = 130;

/// Says that Ctrl-C came before anything was changed, and ends the process.
fn stopped() {
    let error = Error::new(Code::Stopped, "stopped by Ctrl-C: nothing was changed");
    let text = render::error::text(&error, Painter { color: false });
    let _ = Screen::new(io::stderr()).text(&text);
    let mut out = Screen::new(io::stdout());
    let _ = out.json_line(&render::error::to_json(&error));
    let _ = out.flush();
    std::process::exit(INTERRUPTED);
}

/// Resolves at the first Ctrl-C; a second one ends the process at once.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler Ctrl-C ends the process anyway.
        std::future::pending::<()>().await;
    }
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED);
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
        Question::Silence { rules } => {
            format!("Until a new receiver confirms, nobody hears {rules}. Really?")
        }
        Question::LeaveMembers { what } => format!(
            "The other accounts of the organization are watched no longer after this: {what} would serve home alone. Really?"
        ),
        Question::SendTests { messages, critical } => {
            let critical = match critical {
                "" => String::new(),
                channels => format!(", {channels} among them, kept for what is critical"),
            };
            format!(
                "This sends up to {} to the real channels{critical}. Go ahead?",
                counted(messages, "test message")
            )
        }
        Question::SendLate { messages, letters } => format!(
            "This publishes {} of {} to the real channels. Go ahead?",
            counted(messages, "late alert"),
            counted(letters, "dead letter")
        ),
        Question::TellAgain { channels } => {
            format!("This sends the alert again to {channels}, marked LATE. Go ahead?")
        }
    }
}

/// How much would be deleted.
fn much(question: Question<'_>) -> String {
    match question {
        Question::DeleteMuch {
            deleted,
            ours,
            name: Some(name),
        } => format!("{deleted} of {} of `{name}`", counted(ours, "resource")),
        Question::DeleteMuch { deleted, ours, .. } => {
            format!(
                "{deleted} of {} in the other accounts",
                counted(ours, "resource")
            )
        }
        _ => String::new(),
    }
}

/// Why nobody was asked: a run without a terminal must say so, not do nothing and succeed.
fn unasked(question: Question<'_>) -> Error {
    let nobody = "there is no terminal to ask on";
    if let Question::Silence { rules } = question {
        let message = format!("until a new receiver confirms, nobody would hear {rules}");
        return Error::new(Code::Silences, message).help(
            "keep the old channel until the new one is confirmed; if nobody need hear them meanwhile, give --leave-unheard",
        );
    }
    if let Question::LeaveMembers { what } = question {
        let message = format!(
            "the other accounts of the organization would be watched no longer: {what} would serve home alone"
        );
        return Error::new(Code::LeavesMembers, message).help(
            "to keep them give --org, or write `watch: { organization: {} }`; if home alone is meant, give --leave-members",
        );
    }
    let Question::DeleteMuch { name, .. } = question else {
        let message = match question {
            Question::SendTests { critical, .. } if !critical.is_empty() => {
                format!("this would alert {critical}, kept for what is critical, and {nobody}")
            }
            _ => nobody.to_owned(),
        };
        return Error::new(Code::NotApproved, message)
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

/// What is said of the rules file, as `check --json` lists it.
pub(super) fn said(rules: &Workspace) -> Vec<Value> {
    render::check::diagnostics(&rules.sources, &rules.said)
}

/// What is said of the rules file before it is worked with, as JSON.
#[derive(Serialize)]
struct Said {
    event: &'static str,
    format_version: u32,
    /// Whether nobody knows if the rules do what their tests say.
    tests_skipped: bool,
    diagnostics: Vec<Value>,
}

/// What has moved since a plan was saved, as JSON.
#[derive(Serialize)]
struct Stale<'a> {
    event: &'static str,
    format_version: u32,
    moved: &'a [Moved],
}
