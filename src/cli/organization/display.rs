//! How far a run over the accounts is, while it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::Ui;
use super::Org;
use crate::aws::Cloud;
use crate::fleet::{Event, Pass};
use crate::render::progress::Progress;

/// One line of progress, on a terminal only.
pub(super) struct Display {
    bar: indicatif::ProgressBar,
    progress: Progress,
    /// How many accounts are listed so far, while that goes on.
    listed: Option<Arc<AtomicUsize>>,
    /// Whose requests are held back.
    caller: Cloud,
    began: Instant,
}

impl Display {
    /// `length` accounts to work in, or as many as are listed.
    pub(super) fn new(pass: &Pass<'_>, length: Option<usize>, org: &Org, ui: &Ui) -> Self {
        let bar = if ui.progress && !ui.json {
            indicatif::ProgressBar::new_spinner()
        } else {
            indicatif::ProgressBar::hidden()
        };
        // Also while nothing ends, such as in a wait for AWS's rates.
        bar.enable_steady_tick(Duration::from_millis(120));
        let listing = org.listing.borrow();
        let listed = listing.as_ref().map(|listing| Arc::clone(&listing.so_far));
        let mut display = Self {
            bar,
            progress: Progress {
                changes: !matches!(pass, Pass::Look | Pass::Show),
                ..Progress::default()
            },
            listed: listed.filter(|_| length.is_none()),
            caller: org.caller.clone(),
            began: Instant::now(),
        };
        match length {
            Some(length) => display.is_known(length),
            None => display.style("{spinner} {wide_msg}"),
        }
        display
    }

    fn style(&self, template: &str) {
        if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    fn is_known(&mut self, all: usize) {
        self.progress.all = Some(all);
        self.listed = None;
        self.bar.set_length(all as u64);
        self.style("{spinner} {bar:16} {wide_msg}");
    }

    pub(super) fn show(&mut self, event: &Event<'_>) {
        let progress = &mut self.progress;
        match event {
            Event::Started { .. } => progress.under_way += 1,
            Event::Finished { outcome } => {
                progress.under_way = progress.under_way.saturating_sub(1);
                progress.failed += usize::from(outcome.has_failed());
                progress.done += 1;
            }
            Event::LeftOut { .. } => {}
            Event::Listed { accounts } => self.is_known(*accounts),
        }
        if self.bar.is_hidden() {
            return;
        }
        let listed = self.listed.as_ref();
        self.progress.listed = listed.map(|listed| listed.load(Ordering::Relaxed));
        self.progress.waiting = self.caller.held_back();
        self.progress.elapsed = self.began.elapsed();
        self.bar.set_position(self.progress.done as u64);
        self.bar.set_message(self.progress.line());
    }

    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}
