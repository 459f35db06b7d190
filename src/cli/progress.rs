//! How far the work is: one line on a terminal, while it goes on.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::apply;
use crate::diagnostic::printable;
use crate::engine::Progress;
use crate::fleet;
use crate::render::progress::Progress as Line;

/// The lines of progress.
#[derive(Default)]
pub(super) struct Bars {
    plan: Option<ProgressBar>,
    accounts: Option<Accounts>,
}

impl Bars {
    /// Shows how far the work is, if anybody watches.
    pub(super) fn show(&mut self, progress: &Progress<'_>, is_watched: bool) {
        match progress {
            Progress::PlanBegins(changes) if is_watched => {
                let bar = ProgressBar::hidden();
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.set_length(*changes as u64);
                self.plan = Some(bar);
            }
            Progress::AccountsBegin { changes, accounts } if is_watched => {
                self.accounts = Some(Accounts::new(*changes, *accounts));
            }
            Progress::PlanBegins(_) | Progress::AccountsBegin { .. } => {}
            Progress::Plan(event) => {
                if let Some(bar) = &self.plan {
                    match event {
                        apply::Event::Started { key, .. } => {
                            // The bar writes by itself.
                            bar.set_message(printable(&key.to_string()));
                        }
                        apply::Event::Done { .. } | apply::Event::Failed { .. } => bar.inc(1),
                    }
                }
            }
            Progress::Account {
                event,
                listed,
                held_back,
            } => {
                if let Some(accounts) = &mut self.accounts {
                    accounts.show(event, *listed, *held_back);
                }
            }
            Progress::PlanEnds => {
                if let Some(bar) = self.plan.take() {
                    bar.finish_and_clear();
                }
            }
            Progress::AccountsEnd => {
                if let Some(accounts) = self.accounts.take() {
                    accounts.bar.finish_and_clear();
                }
            }
        }
    }
}

/// The line of a run over accounts.
struct Accounts {
    bar: ProgressBar,
    line: Line,
    began: Instant,
}

impl Accounts {
    /// `length` accounts to work in, or as many as are listed.
    fn new(changes: bool, length: Option<usize>) -> Self {
        let bar = ProgressBar::new_spinner();
        // Also while nothing ends, such as in a wait for AWS's rates.
        bar.enable_steady_tick(Duration::from_millis(120));
        let mut accounts = Self {
            bar,
            line: Line {
                changes,
                ..Line::default()
            },
            began: Instant::now(),
        };
        match length {
            Some(length) => accounts.is_known(length),
            None => accounts.style("{spinner} {wide_msg}"),
        }
        accounts
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    fn is_known(&mut self, all: usize) {
        self.line.all = Some(all);
        self.bar.set_length(all as u64);
        self.style("{spinner} {bar:16} {wide_msg}");
    }

    fn show(&mut self, event: &fleet::Event<'_>, listed: Option<usize>, held_back: usize) {
        let line = &mut self.line;
        match event {
            fleet::Event::Started { .. } => line.under_way += 1,
            fleet::Event::Finished { outcome } => {
                line.under_way = line.under_way.saturating_sub(1);
                line.failed += usize::from(outcome.has_failed());
                line.done += 1;
            }
            fleet::Event::LeftOut { .. } => {}
            fleet::Event::Listed { accounts } => self.is_known(*accounts),
        }
        // Once all are known, how many are listed says nothing more.
        let is_listing = self.line.all.is_none();
        self.line.listed = listed.filter(|_| is_listing);
        self.line.waiting = held_back;
        self.line.elapsed = self.began.elapsed();
        self.bar.set_position(self.line.done as u64);
        self.bar.set_message(self.line.line());
    }
}
