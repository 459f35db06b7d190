//! Two who make the key of the topics at the same moment: one of them wins, nothing of the other's is left behind, and
//! nobody's key but ours is ever taken.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeyState, Tag};
use iamwatch::apply::Report;
use iamwatch::aws::Cause;
use iamwatch::resources::{EncryptionKey, Kind, Resource, STACK_TAG};

use super::{RULES, Turn, disturbed};
use crate::stage::{Stage, Wanted, region};

const ALIAS: &str = "alias/iamwatch-acme";

fn rules() -> String {
    RULES.replace("channels:", "topics: { kms_key: create }\nchannels:")
}

/// The key that an apply of these rules makes.
fn made_for(wanted: &Wanted) -> EncryptionKey {
    let mut resources = wanted.desired.resources.values();
    let key = resources.find_map(|resource| match resource {
        Resource::EncryptionKey(key) => Some(key.clone()),
        _ => None,
    });
    key.unwrap()
}

/// Somebody makes a key with this tag, just as we would make it, without an alias.
async fn makes(kms: &Client, key: &EncryptionKey, stack: Option<&str>) -> String {
    let tag = |stack: &str| Tag::builder().tag_key(STACK_TAG).tag_value(stack);
    let create = kms.create_key().description(&key.description);
    let create = create.policy(key.policy.to_string());
    let create = create.set_tags(stack.map(|stack| vec![tag(stack).build().unwrap()]));
    let made = create.send().await.unwrap().key_metadata.unwrap();
    let rotated = kms.enable_key_rotation().key_id(&made.key_id);
    rotated.send().await.unwrap();
    made.key_id
}

async fn names(kms: &Client, alias: &str, id: &str) {
    let named = kms.create_alias().alias_name(alias).target_key_id(id);
    named.send().await.unwrap();
}

/// A deployer who is overtaken right before it names its key.
async fn overtaken(
    stage: &Stage,
    kms: &Client,
    key: EncryptionKey,
    owner: Option<&'static str>,
    alias: &'static str,
) -> Stage {
    let (kms, turns) = (kms.clone(), AtomicUsize::new(0));
    disturbed(stage, move |seen| {
        let is_naming = seen.last().is_some_and(|last| last == "CreateAlias");
        let is_first = is_naming && turns.fetch_add(1, Ordering::Relaxed) == 0;
        let (kms, key) = (kms.clone(), key.clone());
        is_first.then(|| -> Turn {
            Box::pin(async move {
                let id = makes(&kms, &key, owner).await;
                names(&kms, alias, &id).await;
            })
        })
    })
    .await
}

/// Each key: its id, its state, whether it has an alias.
async fn keys(kms: &Client) -> Vec<(String, KeyState, bool)> {
    let listed = kms.list_keys().send().await.unwrap();
    let mut found = Vec::new();
    for key in listed.keys() {
        let id = key.key_id().unwrap().to_owned();
        let described = kms.describe_key().key_id(&id).send().await.unwrap();
        let state = described.key_metadata.unwrap().key_state.unwrap();
        let aliases = kms.list_aliases().key_id(&id).send().await.unwrap();
        found.push((id, state, !aliases.aliases().is_empty()));
    }
    found
}

async fn behind(kms: &Client, alias: &str) -> String {
    let described = kms.describe_key().key_id(alias).send().await.unwrap();
    described.key_metadata.unwrap().key_id
}

/// Of two keys the winner's is named and good, and ours goes, named by nobody.
async fn assert_lost(kms: &Client, report: &Report) {
    let failed = &report.failed[0];
    assert_eq!(failed.error.call.operation, "CreateAlias");
    assert_eq!(failed.error.cause, Cause::Conflict);
    let winner = behind(kms, ALIAS).await;
    let keys = keys(kms).await;
    assert_eq!(keys.len(), 2, "{keys:?}");
    for (id, state, is_named) in keys {
        let expected = match id == winner {
            true => (KeyState::Enabled, true),
            false => (KeyState::PendingDeletion, false),
        };
        assert_eq!((state, is_named), expected, "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_loser_of_a_race_uses_the_winners_key_the_next_time() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(&rules()).await;
    let kms = stage.clients.kms.clone();
    let key = made_for(&wanted);
    let ours = overtaken(&stage, &kms, key, Some("acme"), ALIAS).await;
    let plan = ours.plan(&wanted).await;
    let report = ours.apply(&plan).await;
    assert_lost(&kms, &report).await;
    // No topic was made that points to the key which goes.
    assert!(
        report.not_tried.iter().any(|key| key.kind == Kind::Topic),
        "{report:#?}"
    );
    stage.deploy(&wanted).await;
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
    assert_lost(&kms, &report).await;
}

/// A stranger's key under the name of ours is not ours, whatever it looks like: it stays as it is, and the next plan
/// says that the name is taken.
#[tokio::test(start_paused = true)]
async fn a_strangers_key_that_wins_is_not_taken_over() {
    for owner in [None, Some("other")] {
        let stage = Stage::sandbox().await;
        let wanted = stage.wanted(&rules()).await;
        let kms = stage.clients.kms.clone();
        let mut theirs = made_for(&wanted);
        theirs.description = "somebody's".to_owned();
        let ours = overtaken(&stage, &kms, theirs, owner, ALIAS).await;
        let plan = ours.plan(&wanted).await;
        let report = ours.apply(&plan).await;
        assert_lost(&kms, &report).await;
        let conflicts = stage.try_plan(&wanted, false).await.unwrap_err();
        let keys = conflicts.iter().map(|conflict| conflict.key.kind);
        assert_eq!(keys.collect::<Vec<_>>(), [Kind::EncryptionKey], "{owner:?}");
        let winner = behind(&kms, ALIAS).await;
        let described = kms.describe_key().key_id(&winner).send().await.unwrap();
        let description = described.key_metadata.unwrap().description;
        assert_eq!(description.as_deref(), Some("somebody's"), "{owner:?}");
        let tags = kms.list_resource_tags().key_id(&winner);
        let tags = tags.send().await.unwrap().tags.unwrap_or_default();
        let stack = tags.first().map(Tag::tag_value);
        assert_eq!(stack, owner);
    }
}

/// Applies of two rules files have nothing to do with each other, be the one's name the beginning of the other's.
#[tokio::test(start_paused = true)]
async fn applies_of_two_rules_files_do_not_disturb_each_other() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(&rules()).await;
    let kms = stage.clients.kms.clone();
    let other = rules().replace("name: acme", "name: acme-eu");
    let theirs = made_for(&stage.wanted(&other).await);
    // An interrupted run of the other one left a key without a name.
    let left = makes(&kms, &made_for(&wanted), Some("acme-eu")).await;
    let alias = "alias/iamwatch-acme-eu";
    let ours = overtaken(&stage, &kms, theirs, Some("acme-eu"), alias).await;
    ours.deploy(&wanted).await;
    assert_eq!(ours.plan(&wanted).await.changes, Vec::new());
    let (mine, theirs) = (behind(&kms, ALIAS).await, behind(&kms, alias).await);
    assert_ne!(mine, theirs);
    let keys = keys(&kms).await;
    assert_eq!(keys.len(), 3, "{keys:?}");
    for (id, state, is_named) in keys {
        assert_eq!((state, is_named), (KeyState::Enabled, id != left), "{id}");
    }
}

/// Names of keys are those of a Region: the race is lost where home is, and won where somebody names a key elsewhere.
#[tokio::test(start_paused = true)]
async fn a_race_in_another_region_is_one_of_that_region() {
    let frankfurt = "eu-central-1".parse().unwrap();
    let rules = rules().replace(
        "home: { region: us-east-1 }",
        "home: { region: eu-central-1 }",
    );
    for is_elsewhere in [false, true] {
        let stage = Stage::sandbox_in(&frankfurt).await;
        let wanted = stage.wanted(&rules).await;
        let at_home = stage.clients.kms.clone();
        let there = match is_elsewhere {
            true => stage.cloud.at(&region()).kms.clone(),
            false => at_home.clone(),
        };
        let key = made_for(&wanted);
        let ours = overtaken(&stage, &there, key, Some("acme"), ALIAS).await;
        let plan = ours.plan(&wanted).await;
        let report = ours.apply(&plan).await;
        if is_elsewhere {
            assert!(report.is_complete(), "{report:#?}");
            assert_ne!(behind(&at_home, ALIAS).await, behind(&there, ALIAS).await);
            assert_eq!(keys(&there).await.len(), 1);
        } else {
            assert_lost(&at_home, &report).await;
            stage.deploy(&wanted).await;
        }
        assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
    }
}
