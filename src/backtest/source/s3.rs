//! Objects of an S3 bucket: folders are listed and objects fetched while others are read.
//!
//! CloudTrail writes `AWSLogs/[o-…/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/`. Of a log's folders only those of the
//! days are listed that the window needs, so that a week of a large organization costs a few lists.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use futures::StreamExt;
use futures::stream::{self, FuturesUnordered};
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;

use super::arriving::{Arriving, Piece};
use super::{Blob, Body, Found, Loss, Skip, Source, Total};
use crate::aws::{Call, CallError, Cause, Need, On, Step};
use crate::backtest::Window;
use crate::backtest::time::{self, SECONDS};

/// Lists on their way at once.
const LISTS: usize = 8;
/// Objects on their way at once.
const OBJECTS: usize = 16;
/// Objects up to so many bytes are fetched while others are counted, and wait in memory. CloudTrail's log files have a
/// few megabytes at most; what is larger is fetched piece by piece when it is its turn.
const SMALL: u64 = 8 << 20;

/// Lists the objects and folders of a bucket below a prefix.
pub static LIST: Call = read(
    "ListObjectsV2",
    &[Need {
        action: "s3:ListBucket",
        on: On::LogBucket,
    }],
);
/// Reads an object of a bucket.
pub static GET: Call = read(
    "GetObject",
    &[Need {
        action: "s3:GetObject",
        on: On::LogObject,
    }],
);

const fn read(operation: &'static str, needs: &'static [Need]) -> Call {
    Call {
        service: "s3",
        operation,
        needs,
        write: false,
        step: Step::Look,
    }
}

/// What stands behind `s3://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The name of the bucket.
    pub bucket: String,
    /// A folder with its `/`, an object's key, or nothing for the whole bucket.
    pub prefix: String,
}

impl Address {
    /// Of an URL such as `s3://logs/AWSLogs/111122223333`; `None` for anything else.
    pub fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return None;
        }
        // `logs` must not find `logs-of-others` as well.
        let folder = !(prefix.is_empty() || prefix.ends_with('/') || is_log(prefix));
        Some(Self {
            bucket: bucket.to_owned(),
            prefix: if folder {
                format!("{prefix}/")
            } else {
                prefix.to_owned()
            },
        })
    }

    fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

fn is_log(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let plain = key.strip_suffix(".gz").unwrap_or(&key);
    [".json", ".jsonl", ".ndjson"]
        .iter()
        .any(|ending| plain.ends_with(ending))
}

/// Everything below an address that may hold records of the window.
pub fn source(client: Client, address: Address, window: Window) -> Source {
    let first = List {
        prefix: address.prefix.clone(),
        token: None,
    };
    let total = Arc::new(Total::default());
    let walk = Walk {
        client: client.clone(),
        address: address.clone(),
        window,
        total: Arc::clone(&total),
        waiting: vec![first],
        running: FuturesUnordered::new(),
        ready: VecDeque::new(),
    };
    let feed = stream::unfold(walk, |mut walk| async {
        let next = walk.next().await?;
        Some((next, walk))
    });
    let feed = feed
        .map(move |next| {
            let (client, address) = (client.clone(), address.clone());
            async move {
                match next {
                    Next::Object(key, bytes) if bytes > SMALL => later(client, &address, key),
                    Next::Object(key, _) => get(&client, &address, &key).await,
                    Next::Other(found) => found,
                }
            }
        })
        .buffer_unordered(OBJECTS);
    Source {
        totals: vec![total],
        feed: Box::pin(feed),
    }
}

async fn get(client: &Client, address: &Address, key: &str) -> Found {
    let request = client.get_object().bucket(&address.bucket).key(key);
    let lost = |problem: String| {
        Found::Lost(Loss {
            name: address.url(key),
            problem,
            records_read: 0,
        })
    };
    let object = match GET.send(address.url(key), request.send()).await {
        Ok(object) => object,
        Err(error) => return lost(explained(&error)),
    };
    let mut body = object.body;
    let mut here = Vec::new();
    let body = loop {
        match body.next().await {
            None => break Body::Memory(here),
            Some(Ok(piece)) => here.extend_from_slice(&piece),
            Some(Err(error)) => return lost(broken(&error)),
        }
        // Whoever listed it may have seen an earlier, smaller one.
        if here.len() as u64 > SMALL {
            let tasks = Handle::current();
            break Body::Arriving(Arriving::new(here, move |to| {
                tasks.spawn(hand_on(body, to));
            }));
        }
    };
    Found::Blob(Blob {
        name: address.url(key),
        body,
    })
}

/// An object that is asked for when somebody reads it.
fn later(client: Client, address: &Address, key: String) -> Found {
    let name = address.url(&key);
    let (bucket, url) = (address.bucket.clone(), name.clone());
    let tasks = Handle::current();
    let start = move |to: Sender<Piece>| {
        tasks.spawn(async move {
            let request = client.get_object().bucket(bucket).key(key);
            match GET.send(url, request.send()).await {
                Ok(object) => hand_on(object.body, to).await,
                Err(error) => {
                    // Nobody to tell it to is no failure of its own.
                    let _ = to.send(Err(explained(&error))).await;
                }
            }
        });
    };
    Found::Blob(Blob {
        name,
        body: Body::Arriving(Arriving::new(Vec::new(), start)),
    })
}

/// Hands pieces to whoever reads them, and says when there are no more.
async fn hand_on(mut body: ByteStream, to: Sender<Piece>) {
    loop {
        let piece: Piece = match body.next().await {
            // An empty one would be the end.
            Some(Ok(piece)) if piece.is_empty() => continue,
            Some(Ok(piece)) => Ok(piece.to_vec()),
            Some(Err(error)) => Err(broken(&error)),
            None => Ok(Vec::new()),
        };
        let goes_on = piece.as_ref().is_ok_and(|piece| !piece.is_empty());
        if to.send(piece).await.is_err() || !goes_on {
            return;
        }
    }
}

fn broken(error: &impl std::fmt::Display) -> String {
    format!("the connection broke while it was read: {error}")
}

/// Why an object or a list did not come.
fn explained(error: &CallError) -> String {
    let code = error.code.as_deref().unwrap_or_default();
    match (code, error.cause) {
        ("NoSuchBucket", _) => "there is no such bucket".to_owned(),
        ("NoSuchKey", _) | (_, Cause::NotFound) => {
            "it vanished after it was listed: somebody, or a lifecycle rule, deleted it".to_owned()
        }
        ("InvalidObjectState", _) => {
            "it lies in an archive (Glacier): restore it first, or move `--since`".to_owned()
        }
        (_, Cause::Denied) => {
            let action = error.call.needs.first().map_or("", |need| need.action);
            format!(
                "access denied: the caller needs {action} here, and kms:Decrypt where the bucket has a key ({})",
                error.message
            )
        }
        _ => error.message.clone(),
    }
}

/// A folder, and where its next page begins.
struct List {
    prefix: String,
    token: Option<String>,
}

/// A page of a folder.
struct Page {
    list: List,
    whole: bool,
    answer: Result<Listed, CallError>,
}

struct Listed {
    /// With their sizes in bytes.
    keys: Vec<(String, u64)>,
    folders: Vec<String>,
    next: Option<String>,
}

enum Next {
    /// A key, and how many bytes it is listed with.
    Object(String, u64),
    Other(Found),
}

struct Walk {
    client: Client,
    address: Address,
    window: Window,
    total: Arc<Total>,
    waiting: Vec<List>,
    running: FuturesUnordered<Pin<Box<dyn Future<Output = Page> + Send>>>,
    ready: VecDeque<Next>,
}

impl Walk {
    async fn next(&mut self) -> Option<Next> {
        loop {
            if let Some(next) = self.ready.pop_front() {
                return Some(next);
            }
            // Nothing is ready, so that the lists never run far ahead of whoever reads.
            while self.running.len() < LISTS
                && let Some(list) = self.waiting.pop()
            {
                let folder = folder(&list.prefix, self.window);
                let page = page(
                    self.client.clone(),
                    self.address.bucket.clone(),
                    list,
                    folder == Folder::Whole,
                );
                self.running.push(Box::pin(page));
            }
            let Some(page) = self.running.next().await else {
                self.total.finish();
                return None;
            };
            self.take(page);
            if self.waiting.is_empty() && self.running.is_empty() {
                // Known before the last objects are read.
                self.total.finish();
            }
        }
    }

    fn take(&mut self, page: Page) {
        let listed = match page.answer {
            Ok(listed) => listed,
            Err(error) => {
                self.ready.push_back(Next::Other(Found::Lost(Loss {
                    name: self.address.url(&page.list.prefix),
                    problem: format!("not listed: {}", explained(&error)),
                    records_read: 0,
                })));
                return;
            }
        };
        for (key, bytes) in listed.keys {
            let below = key.strip_prefix(&self.address.prefix).unwrap_or(&key);
            // Some programs make empty objects for folders.
            if key.ends_with('/') {
                continue;
            }
            let skip = Skip::by_path(below)
                .or((!is_log(&key)).then_some(Skip::OtherName))
                .or((page.whole && folder(&key, self.window) == Folder::Outside)
                    .then_some(Skip::OutsideWindow));
            self.ready.push_back(match skip {
                Some(skip) => Next::Other(Found::Skipped(skip)),
                None => {
                    self.total.add(bytes);
                    Next::Object(key, bytes)
                }
            });
        }
        for prefix in listed.folders {
            let below = prefix.strip_prefix(&self.address.prefix).unwrap_or(&prefix);
            // A folder that is left out counts once, however much is in it: it is not listed.
            let skip = Skip::by_path(below)
                .or((folder(&prefix, self.window) == Folder::Outside)
                    .then_some(Skip::OutsideWindow));
            match skip {
                Some(skip) => self.ready.push_back(Next::Other(Found::Skipped(skip))),
                None => self.waiting.push(List {
                    prefix,
                    token: None,
                }),
            }
        }
        if let Some(token) = listed.next {
            self.waiting.push(List {
                token: Some(token),
                ..page.list
            });
        }
    }
}

async fn page(client: Client, bucket: String, list: List, whole: bool) -> Page {
    let request = client
        .list_objects_v2()
        .bucket(&bucket)
        .prefix(&list.prefix)
        .set_delimiter((!whole).then(|| "/".to_owned()))
        .set_continuation_token(list.token.clone());
    let resource = format!("s3://{bucket}/{}", list.prefix);
    let answer = LIST.send(resource, request.send()).await;
    let answer = answer.map(|answer| Listed {
        keys: answer
            .contents()
            .iter()
            .filter_map(|object| {
                let bytes = object.size().unwrap_or_default();
                Some((
                    object.key()?.to_owned(),
                    u64::try_from(bytes).unwrap_or_default(),
                ))
            })
            .collect(),
        folders: answer
            .common_prefixes()
            .iter()
            .filter_map(|folder| folder.prefix().map(str::to_owned))
            .collect(),
        next: answer.next_continuation_token().map(str::to_owned),
    });
    Page {
        list,
        whole,
        answer,
    }
}

/// What the window wants of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folder {
    /// Nothing of it is wanted.
    Outside,
    /// Everything below it: one list suffices.
    Whole,
    /// Its folders must be looked at one by one.
    Part,
}

/// Judges a folder by the date in its name: files lie at the day of their delivery, which is a few minutes after
/// their events, on the next day for some. Source: CloudTrail user guide, "Finding your CloudTrail log files".
fn folder(prefix: &str, window: Window) -> Folder {
    let Some((_, date)) = prefix.split_once("/CloudTrail/") else {
        return Folder::Part;
    };
    let mut parts = date.split('/').skip(1);
    let mut number = |digits: usize| {
        let part = parts.next()?;
        (part.len() == digits).then(|| part.parse::<u32>().ok())?
    };
    let Some(year) = number(4) else {
        let all = window == Window::default();
        return if all { Folder::Whole } else { Folder::Part };
    };
    let (month, day) = (number(2), number(2));
    let begin = |year: u32, month: u32, day: u32| {
        time::parse(&format!("{year:04}-{month:02}-{day:02}T00:00:00Z"))
    };
    let first = begin(year, month.unwrap_or(1), day.unwrap_or(1));
    let end = match (month, day) {
        (Some(_), Some(_)) => first.map(|first| first + SECONDS),
        (Some(month), None) if month < 12 => begin(year, month + 1, 1),
        _ => begin(year + 1, 1, 1),
    };
    let (Some(first), Some(end)) = (first, end) else {
        return Folder::Part;
    };
    // The last day of delivery is the one after the last of the window.
    let until = window.until.map(|until| until + SECONDS);
    if window.since.is_some_and(|since| end <= since) || until.is_some_and(|until| first >= until) {
        return Folder::Outside;
    }
    let inside =
        window.since.is_none_or(|since| since <= first) && until.is_none_or(|until| end <= until);
    if inside || day.is_some() {
        Folder::Whole
    } else {
        Folder::Part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_url_is_a_bucket_and_a_folder() {
        let parsed = |url| {
            let address = Address::parse(url)?;
            Some((address.bucket, address.prefix))
        };
        let some = |bucket: &str, prefix: &str| Some((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(parsed("s3://logs"), some("logs", ""));
        assert_eq!(parsed("s3://logs/"), some("logs", ""));
        assert_eq!(parsed("s3://logs/a/AWSLogs"), some("logs", "a/AWSLogs/"));
        assert_eq!(parsed("s3://logs/a/"), some("logs", "a/"));
        assert_eq!(parsed("s3://logs/a/x.json.gz"), some("logs", "a/x.json.gz"));
        assert_eq!(parsed("s3://"), None);
        assert_eq!(parsed("logs/a"), None);
    }

    #[test]
    fn only_the_days_of_the_window_are_listed() {
        let moment = |day: &str| time::parse(&format!("{day}T00:00:00Z"));
        let window = Window {
            since: moment("2026-01-30"),
            until: moment("2026-03-02"),
        };
        let at = |date: &str| {
            folder(
                &format!("p/AWSLogs/o-1/111122223333/CloudTrail/us-east-1/{date}"),
                window,
            )
        };
        for (date, expected) in [
            ("", Folder::Part),
            ("2025/", Folder::Outside),
            ("2026/", Folder::Part),
            ("2027/", Folder::Outside),
            ("2026/01/", Folder::Part),
            ("2026/02/", Folder::Whole),
            ("2026/03/", Folder::Part),
            ("2026/04/", Folder::Outside),
            ("2026/01/29/", Folder::Outside),
            ("2026/01/30/", Folder::Whole),
            // Some of its files hold the last minutes of the day before.
            ("2026/03/02/", Folder::Whole),
            ("2026/03/03/", Folder::Outside),
        ] {
            assert_eq!(at(date), expected, "{date}");
        }
        let everything = folder("AWSLogs/1/CloudTrail/us-east-1/", Window::default());
        assert_eq!(everything, Folder::Whole);
        assert_eq!(folder("AWSLogs/1/", window), Folder::Part);
    }
}
