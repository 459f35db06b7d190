//! Who is watched, and who is not.

use std::sync::Arc;

use super::error::{Code, Error};
use super::host::Host;
use super::organization::{Beyond, Org};
use super::session::Session;
use crate::fleet::{self, Breach, Coverage, Pass, Recording, Run};
use crate::health::{self, Weight};
use crate::plan::PlanOptions;
use crate::proof;

impl Session {
    /// Looks at every account of the organization, and says what is covered.
    ///
    /// # Errors
    /// Why accounts may be missing.
    pub async fn coverage(&self, host: &mut dyn Host) -> Result<Coverage, Error> {
        let org = self.organization()?;
        let look = Arc::new(self.fleet(org, &PlanOptions::default(), None));
        let home = self.desired.home.account();
        let mut run = org
            .go_through(&look, home, Beyond::Nothing, &Pass::Look, host)
            .await;
        whole(&run)?;
        org.listed(&run)?;
        let home = self.home_outcome()?;
        let deployment = self.deployment();
        let found = health::of_resources(deployment);
        let mut breaches = fleet::breaches(found, &self.desired);
        // What cannot be judged is not covered.
        let of_others = proof::of_others(&self.cloud, &self.desired).await;
        breaches.extend(of_others.into_iter().map(|(link, rules)| Breach {
            rules,
            problem: format!("{}: {}", link.link, link.problem),
            remedy: link.remedy,
            home_alone: false,
        }));
        let buses = health::default_buses(&self.cloud, deployment).await;
        let buses = buses
            .into_iter()
            .filter(|finding| finding.weight != Weight::Weakens);
        breaches.extend(buses.map(|finding| Breach {
            problem: match &finding.place {
                Some(place) => format!("{} ({place}): {}", finding.what, finding.problem),
                None => format!("{}: {}", finding.what, finding.problem),
            },
            rules: finding.rules,
            remedy: finding.remedy,
            home_alone: true,
        }));
        run.outcomes.push(home);
        run.outcomes.sort_by(|a, b| a.account().cmp(b.account()));
        let recording = Recording {
            home: health::gap(deployment, true),
            others: health::gap(deployment, false),
            beyond: &deployment.unrecorded(),
            partition: self.rules.file.home.region.partition().id(),
        };
        Ok(fleet::coverage(
            &run,
            &self.rules.patterns,
            &self.desired,
            &breaches,
            &recording,
        ))
    }

    /// The organization that is watched.
    ///
    /// # Errors
    /// A rules file that watches one account.
    pub fn organization(&self) -> Result<&Org, Error> {
        self.org.as_ref().ok_or_else(|| {
            Error::new(Code::NotForRules, "the rules file watches one account")
                .help("`iamwatch status` judges that; for an organization give --org")
        })
    }
}

/// That a run looked at every account.
///
/// # Errors
/// A run that somebody stopped before that.
pub fn whole(run: &Run) -> Result<(), Error> {
    if run.stopped {
        let message = "stopped before all accounts were looked at";
        return Err(Error::new(Code::Stopped, message));
    }
    Ok(())
}
