//! Where a command writes: the one place that knows about terminals.

use std::io::{self, Write};

/// The output of one command. Results go to `out`, everything else to `err`.
pub struct Ui {
    /// Standard output, colours stripped where the reader cannot show them.
    pub out: Box<dyn Write + Send>,
    /// Standard error, likewise.
    pub err: Box<dyn Write + Send>,
    /// Whether results are JSON.
    pub json: bool,
    /// Whether colours may be written.
    pub color: bool,
    /// Whether a person can answer a question: standard input and standard error are terminals.
    pub interactive: bool,
}

impl Ui {
    /// Writes one JSON document and a line end.
    pub fn json(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        writeln!(self.out)
    }
}
