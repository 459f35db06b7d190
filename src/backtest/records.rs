//! The objects of a text that is read piece by piece, whatever they are wrapped in: one behind the other (JSON
//! lines), a list, or the list with which an object begins, as CloudTrail's files have it and what the command line of
//! AWS prints.

use std::io::Read;
use std::ops::ControlFlow;

use super::scan::{self, Scan, Shape};

/// So much is read at once. It should fit into a core's cache.
const PIECE: usize = 256 * 1024;
/// The largest object. CloudTrail's records are a few thousand bytes, and EventBridge takes no event of more
/// than 256 KB.
pub(crate) const MAX_OBJECT: usize = 16 << 20;
/// How long the beginning of a wrapper may be, spaces included.
const MAX_HEAD: usize = 256;
/// The lists whose objects are visited one by one: of log files, `lookup-events`, `receive-message` and
/// `filter-log-events`.
const LISTS: [&[u8]; 4] = [
    b"\"Records\"",
    b"\"Events\"",
    b"\"Messages\"",
    b"\"events\"",
];

/// Why the objects of a text ended before the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// The bytes could not be read or decompressed.
    #[error("{0}")]
    Read(String),
    /// The text stops inside an object or a list.
    #[error("it ends in the middle of {0}")]
    Unfinished(&'static str),
    /// Something stands there that is no object.
    #[error("not JSON that holds records: `{found}` at byte {at}")]
    Unexpected {
        /// The character that stands where an object should.
        found: char,
        /// Where, in the decompressed text.
        at: u64,
    },
    /// An object is longer than [`MAX_OBJECT`]; it begins at this byte of the decompressed text.
    #[error("an object of more than {mib} MiB at byte {0}", mib = MAX_OBJECT >> 20)]
    TooLarge(u64),
    /// The text is empty.
    #[error("it is empty")]
    Empty,
}

/// Lists in lists. Real files have one: another kind of file would be read to its end, however long it is.
const DEEPEST: usize = 64;

/// Where the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Outside of any list: between one JSON document and the next.
    Top,
    /// In so many lists, the outermost of which may be the member of an object.
    List { depth: usize, wrapped: bool },
    /// Behind the list of an object.
    Tail,
}

/// Visits every object, until the visitor breaks.
///
/// `buffer` is reused: it holds the piece that is looked at.
///
/// # Errors
/// What kept it from the rest. Everything before it was visited.
pub(crate) fn walk(
    input: &mut dyn Read,
    buffer: &mut Vec<u8>,
    visit: &mut dyn FnMut(&[u8], &Shape) -> ControlFlow<()>,
) -> Result<(), Problem> {
    let mut window = Window {
        input,
        buffer,
        held: 0,
        at: 0,
        before: 0,
        end: None,
    };
    let mut level = Level::Top;
    let mut empty = true;
    window.more();
    window.skip(b"\xef\xbb\xbf");
    loop {
        window.skip_space(level);
        let Some(byte) = window.peek() else {
            if window.more() {
                continue;
            }
            return match (window.failure(), level) {
                (Some(problem), _) => Err(problem),
                (None, Level::Top) if empty => Err(Problem::Empty),
                (None, Level::Top) => Ok(()),
                (None, _) => Err(Problem::Unfinished("a list")),
            };
        };
        empty = false;
        match (byte, level) {
            (b'{', Level::Top) if window.enter_wrapper() => {
                level = Level::List {
                    depth: 1,
                    wrapped: true,
                };
            }
            (b'{', Level::Top | Level::List { .. }) => {
                let shape = window.object()?;
                if visit(window.text(), &shape).is_break() {
                    return Ok(());
                }
                window.at = shape.range.end;
            }
            (b'[', Level::Top) => {
                level = Level::List {
                    depth: 1,
                    wrapped: false,
                };
                window.at += 1;
            }
            (b'[', Level::List { depth, wrapped }) if depth < DEEPEST => {
                level = Level::List {
                    depth: depth + 1,
                    wrapped,
                };
                window.at += 1;
            }
            (b']', Level::List { depth, wrapped }) => {
                level = match (depth, wrapped) {
                    (1, false) => Level::Top,
                    (1, true) => Level::Tail,
                    _ => Level::List {
                        depth: depth - 1,
                        wrapped,
                    },
                };
                window.at += 1;
            }
            (_, Level::Tail) => {
                window.leave_wrapper()?;
                level = Level::Top;
            }
            _ => return Err(window.unexpected()),
        }
    }
}

/// The piece of the text that is looked at.
struct Window<'w> {
    input: &'w mut dyn Read,
    /// Its length is room, which is not cleared for every text.
    buffer: &'w mut Vec<u8>,
    /// How many bytes of the buffer are text.
    held: usize,
    at: usize,
    /// How many bytes of the text lie before the buffer.
    before: u64,
    /// Whether and why nothing comes any more.
    end: Option<Result<(), String>>,
}

impl Window<'_> {
    fn text(&self) -> &[u8] {
        self.buffer.get(..self.held).unwrap_or_default()
    }

    /// The text of the piece that has not been read yet.
    fn rest(&self) -> &[u8] {
        self.text().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn skip(&mut self, mark: &[u8]) {
        if self.rest().starts_with(mark) {
            self.at += mark.len();
        }
    }

    fn skip_space(&mut self, level: Level) {
        let comma = matches!(level, Level::List { .. });
        let is_space = |byte: &u8| byte.is_ascii_whitespace() || comma && *byte == b',';
        let rest = self.rest();
        let spaces = rest.iter().position(|byte| !is_space(byte));
        self.at += spaces.unwrap_or(rest.len());
    }

    /// Forgets what lies behind and reads more. False if nothing came.
    fn more(&mut self) -> bool {
        if self.end.is_some() {
            return false;
        }
        self.buffer.copy_within(self.at..self.held, 0);
        self.before += self.at as u64;
        self.held -= self.at;
        self.at = 0;
        let held = self.held;
        // An object that is larger than a piece is not scanned again for each further piece.
        let room = held + PIECE.max(held);
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        while let Some(rest) = self
            .buffer
            .get_mut(self.held..room)
            .filter(|rest| !rest.is_empty())
        {
            match self.input.read(rest) {
                Ok(0) => {
                    self.end = Some(Ok(()));
                    break;
                }
                Ok(read) => self.held += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.end = Some(Err(error.to_string()));
                    break;
                }
            }
        }
        self.held > held
    }

    fn failure(&self) -> Option<Problem> {
        match &self.end {
            Some(Err(error)) => Some(Problem::Read(error.clone())),
            _ => None,
        }
    }

    fn unexpected(&self) -> Problem {
        let rest = self.rest();
        let start = rest.get(..4.min(rest.len())).unwrap_or_default();
        let found = String::from_utf8_lossy(start).chars().next();
        Problem::Unexpected {
            found: found.unwrap_or(char::REPLACEMENT_CHARACTER),
            at: self.before + self.at as u64,
        }
    }

    /// The object that begins here, as a whole.
    fn object(&mut self) -> Result<Shape, Problem> {
        loop {
            match scan::object(self.text(), self.at) {
                Scan::Object(shape) => return Ok(shape),
                Scan::Unfinished => {}
            }
            if self.rest().len() > MAX_OBJECT {
                return Err(Problem::TooLarge(self.before + self.at as u64));
            }
            if !self.more() {
                return Err(self.failure().unwrap_or(Problem::Unfinished("a record")));
            }
        }
    }

    /// If an object begins here whose first member is the list of records, goes to the first of them.
    fn enter_wrapper(&mut self) -> bool {
        if self.rest().len() < MAX_HEAD {
            self.more();
        }
        let rest = self.rest().get(1..).unwrap_or_default();
        let behind = LISTS.iter().find_map(|name| {
            let rest = rest.trim_ascii_start().strip_prefix(*name)?;
            let rest = rest.trim_ascii_start().strip_prefix(b":")?;
            rest.trim_ascii_start().strip_prefix(b"[")
        });
        match behind.map(<[u8]>::len) {
            Some(length) => {
                self.at = self.held - length;
                true
            }
            None => false,
        }
    }

    /// Goes behind the end of the object in which the list was.
    fn leave_wrapper(&mut self) -> Result<(), Problem> {
        loop {
            // As if the object began here.
            match scan::rest(self.text(), self.at) {
                Scan::Object(shape) => {
                    self.at = shape.range.end;
                    return Ok(());
                }
                Scan::Unfinished => {}
            }
            if self.rest().len() > MAX_OBJECT {
                return Err(Problem::TooLarge(self.before + self.at as u64));
            }
            if !self.more() {
                return Err(self.failure().unwrap_or(Problem::Unfinished("an object")));
            }
        }
    }
}
