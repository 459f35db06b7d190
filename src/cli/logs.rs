//! Where the logs of a backtest come from, as the command line names them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::stream;

use super::session::open_sandbox;
use super::{Failure, Global, Ui};
use crate::aws::{Access, Cloud, bucket_region};
use crate::backtest::source::{files, lookup, s3};
use crate::backtest::{Source, Window};
use crate::place::Region;
use crate::resources;
use crate::rules::{Regions, RulesFile};

/// Everything that is named: files, folders, buckets, the event history.
pub(super) async fn source(
    paths: &[PathBuf],
    history: bool,
    window: Window,
    file: Option<&RulesFile>,
    home: &Region,
    global: &Global,
    ui: &mut Ui,
) -> Result<Source, Failure> {
    let mut here = Vec::new();
    let mut buckets = Vec::new();
    for path in paths {
        let text = path.to_string_lossy();
        if !text.starts_with("s3://") {
            here.push(path.clone());
            continue;
        }
        let address = s3::Address::parse(&text).ok_or_else(|| {
            Failure::new(format!("`{text}` names no bucket"))
                .help("write s3://BUCKET or s3://BUCKET/FOLDER")
        })?;
        buckets.push(address);
    }
    let mut sources = Vec::new();
    if !here.is_empty() {
        sources.push(files::source(&here));
    }
    if !buckets.is_empty() || history {
        let cloud = cloud(file, home, global).await?;
        for address in buckets {
            let said = bucket_region(&cloud.at(home), &address.bucket).await;
            let region = said.unwrap_or_else(|| home.clone());
            sources.push(s3::source((*cloud.at(&region).s3).clone(), address, window));
        }
        if history {
            sources.push(look_up(&cloud, window, file, home, ui).await?);
        }
    }
    Ok(joined(sources))
}

async fn cloud(
    file: Option<&RulesFile>,
    region: &Region,
    global: &Global,
) -> Result<Cloud, Failure> {
    if let Some(path) = &global.sandbox {
        let file = file.ok_or_else(|| Failure::new("a sandbox belongs to a rules file"))?;
        let sandbox = open_sandbox(path, file)?;
        let config = sandbox.sdk_config(region, sandbox.admin());
        return Ok(Cloud::with_config(config).await?);
    }
    let access = Access {
        profile: global.profile.clone(),
    };
    Ok(Cloud::connect(&access, region).await?)
}

/// The event history of every Region that is watched, after saying how long that takes.
async fn look_up(
    cloud: &Cloud,
    window: Window,
    file: Option<&RulesFile>,
    home: &Region,
    ui: &mut Ui,
) -> Result<Source, Failure> {
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
        return Err(Failure::new("the event history reaches back 90 days only")
            .help("read the log files of older days: s3://BUCKET/PREFIX"));
    }
    if window.since.is_some_and(|since| since < oldest) {
        writeln!(
            ui.err,
            "The event history reaches back 90 days only: older events are not counted."
        )?;
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
    let guess = match estimate {
        None => String::new(),
        Some((_, time)) if time <= Duration::from_secs(10) => {
            ", which takes some seconds".to_owned()
        }
        Some((region, time)) => format!(
            ", which takes about {}: {region} has most, going by its latest events",
            spoken(time)
        ),
    };
    writeln!(
        ui.err,
        "Reading the event history of {} at AWS's rate of 2 requests a second and Region{guess}. Ctrl-C ends it and \
         shows what is counted.",
        match clients.len() {
            1 => "1 Region".to_owned(),
            more => format!("{more} Regions"),
        },
    )?;
    Ok(lookup::source(clients, window))
}

fn spoken(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    match minutes {
        0..=1 => "a minute".to_owned(),
        2..=120 => format!("{minutes} minutes"),
        _ => format!("{} hours", minutes.div_ceil(60)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up() {
        let spoken = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!(spoken(59), "a minute");
        assert_eq!(spoken(61), "2 minutes");
        assert_eq!(spoken(3 * 3600 + 1), "4 hours");
    }
}
