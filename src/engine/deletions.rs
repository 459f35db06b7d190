//! What stands in the way of deletions, said before the first write.

use super::error::{Code, Error};
use super::session::Session;
use crate::plan::{Action, Change, Plan};
use crate::proof;
use crate::resources::{self, Kind, Live, Owner, Resource};

impl Session {
    /// What a plan would delete and AWS or good sense would not let go is said before the first write.
    pub(super) async fn check_deletions(&self, plan: &Plan) -> Result<(), Error> {
        let deleted = |kind: Kind| {
            let kind =
                move |change: &&Change| change.action == Action::Delete && change.key.kind == kind;
            plan.changes.iter().filter(kind)
        };
        for change in deleted(Kind::Bucket) {
            let name = &change.key.name;
            let writer = self.live.iter().find(|live| {
                let writes =
                    matches!(&live.resource, Resource::Trail(trail) if trail.bucket == *name);
                writes && !deleted(Kind::Trail).any(|change| change.key == live.key)
            });
            if let Some(trail) = writer {
                return Err(Error::new(
                    Code::NotReady,
                    format!("{} still writes into {}", trail.key, change.key),
                )
                .help("give `--delete log-bucket,trail`, or keep both"));
            }
            let contents =
                resources::bucket_contents(&self.cloud.at_place(&change.key.place), name).await?;
            if let Some(contents) = contents {
                return Err(Error::new(Code::NotReady, format!("{} is not empty: it holds {contents}", change.key)).help(
                    "log files are evidence, and never deleted here: leave `log-bucket` out of --delete, or delete the \
                     trail first, copy what you need, empty the bucket by hand, old versions too, and run this again",
                ));
            }
        }
        Ok(())
    }

    /// The temporary rules that killed tests left on buses that a plan deletes. AWS deletes no bus with a
    /// rule on it: what is somebody else's, or of a test under way, is named here.
    pub(super) async fn left_on_buses(&self, plan: &Plan) -> Result<Vec<Live>, Error> {
        let mut left = Vec::new();
        let deleted = |kind: Kind| {
            let changes = plan.changes.iter();
            changes.filter(move |c| c.action == Action::Delete && c.key.kind == kind)
        };
        for change in deleted(Kind::Bus) {
            let (place, bus) = (&change.key.place, change.key.name.as_str());
            let clients = self.cloud.at_place(place);
            let stack = &self.rules.file.name;
            let now = self.clock.now_ms() / 1000;
            let probes = proof::rules_of_probes(&clients, stack, place, bus, now).await?;
            if let Some(running) = probes.iter().find(|probe| !probe.is_expired) {
                let key = &running.live.key;
                return Err(Error::new(Code::InUse, format!("a test-event is under way: its {key} stands")).help(
                    "wait until it has ended and run this again; where it was killed, that is some minutes later",
                ));
            }
            let goes = |name: &str| {
                let key = resources::names::rule(bus, name);
                let known =
                    |other: &resources::ResourceKey| other.place == *place && other.name == key;
                deleted(Kind::Rule).any(|change| known(&change.key))
                    || probes.iter().any(|probe| known(&probe.live.key))
            };
            let standing = resources::bus_use(&clients, bus).await?.rules;
            let names = standing.iter().map(|(name, _)| name.as_str());
            let foreign: Vec<&str> = names.filter(|name| !goes(name)).collect();
            if !foreign.is_empty() {
                return Err(Error::new(Code::NotOurs, format!(
                    "{} holds rules that are not iamwatch's: {}",
                    change.key,
                    foreign.join(", ")
                ))
                .help(
                    "AWS deletes no bus with a rule on it: let their owner move or delete them \
                     (`aws events remove-targets`, then `aws events delete-rule`), and run this again",
                ));
            }
            left.extend(probes.into_iter().map(|probe| Live {
                owner: Owner::Ours,
                ..probe.live
            }));
        }
        Ok(left)
    }
}
