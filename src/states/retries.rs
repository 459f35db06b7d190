//! When is a failed state tried again?

use super::failure::Failure;
use super::machine::Retrier;

/// How often each retrier of a state was used since the state was entered.
pub(super) struct Retries<'m> {
    retriers: Vec<(&'m Retrier, u64)>,
}

impl<'m> Retries<'m> {
    pub(super) fn new(retriers: &'m [Retrier]) -> Self {
        let retriers = retriers.iter().map(|retrier| (retrier, 0)).collect();
        Self { retriers }
    }

    /// After how many seconds to try again, if at all. The first retrier that names the error decides: where it has no
    /// attempts left, none of the others is asked.
    pub(super) fn after(&mut self, failure: &Failure) -> Option<u64> {
        let mut retriers = self.retriers.iter_mut();
        let (retrier, used) = retriers.find(|(retrier, _)| failure.is_among(&retrier.errors))?;
        if *used >= retrier.most_attempts {
            return None;
        }
        let delay = delay(retrier, *used);
        *used += 1;
        Some(delay)
    }
}

/// The seconds before an attempt; jitter would only make them fewer.
fn delay(retrier: &Retrier, used: u64) -> u64 {
    let power = i32::try_from(used).unwrap_or(i32::MAX);
    // A number that is too large for whole seconds becomes the largest there is.
    let delay = (retrier.interval as f64 * retrier.backoff.powi(power)).round() as u64;
    delay.min(retrier.most_delay.unwrap_or(u64::MAX))
}
