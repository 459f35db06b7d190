//! Bytes that arrive while they are read: a task fetches them, and a thread that counts waits for each piece.

use std::fmt;
use std::io::{self, Cursor, Read};

use tokio::sync::mpsc::{self, Receiver, Sender};

/// So many pieces wait for their reader. The connection gives a few hundred kilobytes at a time at most.
const WAITING: usize = 8;

/// A piece, which is empty at the end; or why there are no more.
pub(super) type Piece = Result<Vec<u8>, String>;

/// What begins to fetch, and where to.
type Start = Box<dyn FnOnce(Sender<Piece>) + Send>;

/// Bytes that are fetched when the first of them are wanted.
pub struct Arriving {
    start: Option<Start>,
    pieces: Option<Receiver<Piece>>,
    piece: Cursor<Vec<u8>>,
}

impl Arriving {
    /// What `start` fetches, behind some bytes that are here already.
    pub(super) fn new(here: Vec<u8>, start: impl FnOnce(Sender<Piece>) + Send + 'static) -> Self {
        Self {
            start: Some(Box::new(start)),
            pieces: None,
            piece: Cursor::new(here),
        }
    }

    /// The next piece; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(start) = self.start.take() {
            let (sender, receiver) = mpsc::channel(WAITING);
            start(sender);
            self.pieces = Some(receiver);
        }
        let Some(pieces) = &mut self.pieces else {
            return Ok(None);
        };
        match pieces.blocking_recv() {
            Some(Ok(piece)) if piece.is_empty() => {
                self.pieces = None;
                Ok(None)
            }
            Some(Ok(piece)) => Ok(Some(piece)),
            Some(Err(problem)) => Err(io::Error::other(problem)),
            // Whoever fetches says when it has all.
            None => Err(io::Error::other("the connection broke while it was read")),
        }
    }
}

impl Read for Arriving {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            match self.next()? {
                Some(piece) => self.piece = Cursor::new(piece),
                None => return Ok(0),
            }
        }
    }
}

impl fmt::Debug for Arriving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arriving")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of some pieces, sent by a thread of their own.
    fn read(here: &str, pieces: Vec<Piece>) -> Result<String, String> {
        let mut arriving = Arriving::new(here.as_bytes().to_vec(), move |to| {
            std::thread::spawn(move || {
                for piece in pieces {
                    if to.blocking_send(piece).is_err() {
                        return;
                    }
                }
            });
        });
        let mut text = String::new();
        match arriving.read_to_string(&mut text) {
            Ok(_) => Ok(text),
            Err(error) => Err(format!("{text}: {error}")),
        }
    }

    #[test]
    fn pieces_are_one_text() {
        let piece = |text: &str| Ok(text.as_bytes().to_vec());
        let many: Vec<Piece> = (0..100).map(|n| piece(&n.to_string())).collect();
        let whole: String = (0..100).map(|n| n.to_string()).collect();
        let ended = many.into_iter().chain([piece("")]).collect();
        assert_eq!(read("head ", ended), Ok(format!("head {whole}")));
        assert_eq!(read("", vec![piece("")]), Ok(String::new()));
    }

    #[test]
    fn an_end_that_nobody_announced_is_no_end() {
        let said = read("", vec![Ok(b"half".to_vec())]).unwrap_err();
        assert!(said.contains("the connection broke"), "{said}");
        let said = read("", vec![Ok(b"half".to_vec()), Err("gone".to_owned())]).unwrap_err();
        assert!(said.ends_with("gone"), "{said}");
    }
}
