//! What accounts wait for before they are changed: somewhere for their events to go.

use tokio::sync::watch;

/// What accounts wait for. Clones wait for the same.
#[derive(Debug, Clone)]
pub struct Gate(watch::Receiver<Option<bool>>);

/// Who opens a gate, or keeps it shut for good.
#[derive(Debug)]
pub struct Opener(watch::Sender<Option<bool>>);

impl Gate {
    /// One that is shut for now.
    pub fn shut() -> (Opener, Self) {
        let (opener, gate) = watch::channel(None);
        (Opener(opener), Self(gate))
    }

    /// Waits until it is known: whether it is open.
    pub async fn is_open(mut self) -> bool {
        let known = self.0.wait_for(Option::is_some).await;
        // Whoever should have opened it is gone.
        known.is_ok_and(|open| *open == Some(true))
    }
}

impl Opener {
    /// Lets everybody through, or nobody any more. What is decided once stays so.
    pub fn decide(&self, open: bool) {
        self.0.send_if_modified(|known| {
            let undecided = known.is_none();
            if undecided {
                *known = Some(open);
            }
            undecided
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_passes_before_it_is_open_and_nobody_if_it_never_is() {
        let (opener, gate) = Gate::shut();
        let waited = tokio::time::timeout(Duration::from_secs(9), gate.clone().is_open());
        assert!(waited.await.is_err(), "it is shut");
        opener.decide(true);
        opener.decide(false);
        assert!(gate.is_open().await, "what is open stays open");
        let (opener, gate) = Gate::shut();
        drop(opener);
        assert!(!gate.is_open().await, "nobody is left to open it");
    }
}
