//! Where the logs of a backtest come from, as the command line names them.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::stream;

use super::error::{Code, Error};
use super::host::{Host, Message};
use super::target::{Connection, Target};
use crate::aws::{Cloud, bucket_region};
use crate::backtest::source::{files, lookup, s3};
use crate::backtest::{Source, Window};
use crate::place::Region;
use crate::regular_file;
use crate::resources;
use crate::rules::{Regions, RulesFile};

/// Whether the files and folders that are named are there, which is known before anything else is done.
///
/// # Errors
/// The first that is not there, or is neither a file nor a folder.
pub fn are_there(paths: &[PathBuf]) -> Result<(), Error> {
    for path in paths {
        let elsewhere = path.as_os_str() == "-" || path.to_string_lossy().starts_with("s3://");
        if elsewhere || path.is_dir() {
            continue;
        }
        if let Err(error) = regular_file::check(path) {
            let problem = match error.kind() {
                io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
                _ => error.to_string(),
            };
            let message = format!("`{}`: {problem}", path.display());
            return Err(Error::new(Code::Input, message)
                .help("give files, folders, `s3://BUCKET/PREFIX`, or `-` for standard input"));
        }
    }
    Ok(())
}

/// Everything that is named: files, folders, buckets, the event history. `file` is the rules file, if there is one.
///
/// # Errors
/// What is no log, and what AWS says.
pub async fn source(
    paths: &[PathBuf],
    history: bool,
    window: Window,
    file: Option<&RulesFile>,
    home: &Region,
    target: &Target,
    host: &mut dyn Host,
) -> Result<Source, Error> {
    let mut here = Vec::new();
    let mut buckets = Vec::new();
    for path in paths {
        let text = path.to_string_lossy();
        if !text.starts_with("s3://") {
            here.push(path.clone());
            continue;
        }
        let address = s3::Address::parse(&text).ok_or_else(|| {
            Error::new(Code::CommandLine, format!("`{text}` names no bucket"))
                .help("write s3://BUCKET or s3://BUCKET/FOLDER")
        })?;
        buckets.push(address);
    }
    let mut sources = Vec::new();
    if !here.is_empty() {
        sources.push(files::source(&here));
    }
    if !buckets.is_empty() || history {
        let Connection { config, pace, .. } = target.connect(file, home).await?;
        let (cloud, ()) = Cloud::with_config_while(config, pace, async |_| ()).await?;
        for address in buckets {
            let said = bucket_region(&cloud.at(home), &address.bucket).await;
            let region = said.unwrap_or_else(|| home.clone());
            sources.push(s3::source((*cloud.at(&region).s3).clone(), address, window));
        }
        if history {
            sources.push(look_up(&cloud, window, file, home, host).await?);
        }
    }
    Ok(joined(sources))
}

/// The event history of every Region that is watched, after saying how long that takes.
async fn look_up(
    cloud: &Cloud,
    window: Window,
    file: Option<&RulesFile>,
    home: &Region,
    host: &mut dyn Host,
) -> Result<Source, Error> {
    let watched = file.map_or(&Regions::Home, |file| &file.watch.regions);
    let enabled = match watched {
        Regions::All => resources::enabled_regions(cloud).await?,
        Regions::Home | Regions::Listed(_) => BTreeSet::new(),
    };
    let regions = watched.listening(home, &enabled);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.as_secs() as i64);
    let oldest = now - lookup::HISTORY;
    if window.until.is_some_and(|until| until <= oldest) {
        return Err(Error::new(
            Code::CommandLine,
            "the event history reaches back 90 days only",
        )
        .help("read the log files of older days: s3://BUCKET/PREFIX"));
    }
    if window.since.is_some_and(|since| since < oldest) {
        host.notify(Message::HistoryIsShort)?;
    }
    let window = Window {
        since: Some(window.since.map_or(oldest, |since| since.max(oldest))),
        until: window.until,
    };
    let clients: Vec<_> = regions
        .into_iter()
        .map(|region| {
            let client = (*cloud.at(&region).cloudtrail).clone();
            (region, client)
        })
        .collect();
    let estimate = lookup::estimate(&clients, window, now).await;
    host.notify(Message::ReadingHistory {
        regions: clients.len(),
        longest: estimate.map(|(region, time)| (region.clone(), time)),
    })?;
    Ok(lookup::source(clients, window))
}

fn joined(mut sources: Vec<Source>) -> Source {
    if sources.len() == 1
        && let Some(source) = sources.pop()
    {
        return source;
    }
    Source {
        totals: sources
            .iter_mut()
            .flat_map(|source| source.totals.drain(..))
            .collect(),
        feed: Box::pin(stream::select_all(
            sources.into_iter().map(|source| source.feed),
        )),
    }
}
