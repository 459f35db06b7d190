//! Where a command writes and asks: the one place that knows about terminals.

use std::io::{self, BufRead, IsTerminal, Write};

use super::exit::Failure;
use crate::render::style::Painter;

/// The output of one command. Results go to `out`, everything else to `err`.
pub struct Ui {
    /// Standard output.
    pub out: Box<dyn Write + Send>,
    /// Standard error.
    pub err: Box<dyn Write + Send>,
    /// Whether results are JSON.
    pub json: bool,
    /// Whether colours may be written.
    pub color: bool,
    /// Whether a person can answer a question: standard input and standard error are terminals.
    pub interactive: bool,
    /// Whether a person watches the progress.
    pub progress: bool,
}

impl Ui {
    /// The process's own streams.
    pub fn of_this_process() -> Self {
        let on_screen = io::stderr().is_terminal();
        Self {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            json: false,
            color: false,
            interactive: io::stdin().is_terminal() && on_screen,
            progress: on_screen,
        }
    }

    /// Settles whether colours are written: as the flag says, or as terminal and `NO_COLOR` say.
    pub fn choose_color(&mut self, flag: Option<bool>) {
        self.color = flag.unwrap_or_else(|| {
            io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        });
    }

    /// Marks for results.
    pub fn painter(&self) -> Painter {
        Painter { color: self.color }
    }

    /// Writes one JSON document and a line end.
    ///
    /// # Errors
    /// When nobody reads.
    pub fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        writeln!(self.out)
    }

    /// Writes one JSON document on one line.
    ///
    /// # Errors
    /// When nobody reads.
    pub fn json_line(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        writeln!(self.out)?;
        self.out.flush()
    }

    /// Asks before something happens.
    ///
    /// # Errors
    /// When nobody can answer: a run without a terminal must say so, not do nothing and succeed.
    pub fn confirm(&mut self, question: &str, approved: bool) -> Result<bool, Failure> {
        if approved {
            return Ok(true);
        }
        if !self.interactive {
            return Err(Failure::new("there is no terminal to ask on")
                .help("give --auto-approve to go ahead without a question"));
        }
        self.out.flush()?;
        write!(self.err, "{question} [y/N] ")?;
        self.err.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Says why a command failed. Nobody to tell it to is no failure of its own.
    pub fn failure(&mut self, failure: &Failure) {
        let _ = self.out.flush();
        if failure.message.is_empty() {
            return;
        }
        let paint = Painter {
            color: self.color && io::stderr().is_terminal(),
        };
        let _ = writeln!(self.err, "{}: {}", paint.red("error"), failure.message);
        if let Some(help) = &failure.help {
            let _ = writeln!(self.err, "{}: {help}", paint.bold("help"));
        }
    }

    /// Makes sure that everything is out.
    ///
    /// # Errors
    /// When nobody reads.
    pub fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
