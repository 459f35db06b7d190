//! The same sequences against an emulator that we did not write (`IAMWATCH_LOCALEMU` names its endpoint).
//!
//! What only the sandbox can show, and why: broken policies (localemu enforces none), confirmation (it lists
//! mail subscriptions as confirmed at once), silence of a disabled rule (it delivers all the same; that
//! test-event names the rule is tested here too), the exact text of an alert (it re-encodes templates of
//! several lines), and dead letters (it retries for an hour and a half first).
//!
//! What the whole account does otherwise here: it lists its Regions (localemu has no Account API), the key of
//! its bus stays (localemu has no UpdateEventBus), and no rule of the home bus has a `.` in its name (localemu then looks for the rule to tag on the default bus).

use crate::deploy;
use crate::drift;
use crate::everything;
use crate::stage::Stage;

#[tokio::test]
async fn a_rules_file_lives_and_dies() {
    if let Some(stage) = Stage::emulator().await {
        deploy::a_whole_life(&stage).await;
    }
}

#[tokio::test]
async fn what_is_not_ours_is_never_touched() {
    if let Some(stage) = Stage::emulator().await {
        deploy::foreign_things_stay(&stage).await;
    }
}

#[tokio::test]
async fn what_lacks_our_tag_is_never_overwritten() {
    if let Some(stage) = Stage::emulator().await {
        deploy::a_same_named_foreign_resource_stops_the_plan(&stage).await;
    }
}

#[tokio::test]
async fn test_events_arrive() {
    if let Some(stage) = Stage::emulator().await {
        deploy::every_alert_arrives(&stage).await;
    }
}

#[tokio::test]
async fn every_field_that_drifts_is_repaired() {
    if let Some(stage) = Stage::emulator().await {
        drift::every_field_is_repaired(&stage).await;
    }
}

#[tokio::test]
async fn what_was_deleted_or_added_is_repaired() {
    if let Some(stage) = Stage::emulator().await {
        drift::what_is_gone_comes_back(&stage).await;
    }
}

#[tokio::test]
async fn test_event_names_what_is_broken() {
    if let Some(stage) = Stage::emulator().await {
        deploy::a_broken_link_is_named(&stage).await;
    }
}

#[tokio::test]
async fn a_whole_account_of_four_regions_lives_and_dies() {
    if let Some(stage) = Stage::emulator_in(&everything::home()).await {
        everything::furnish(&stage).await;
        let rules = everything::rules_for_the_emulator();
        drift::whole::a_whole_account_lives_and_dies(&stage, &rules, drift::Pace::Once).await;
    }
}

#[tokio::test]
async fn a_real_call_says_that_cloudtrail_did_not_come() {
    if let Some(stage) = Stage::emulator().await {
        crate::real::the_missing_part_is_named(&stage).await;
    }
}

#[tokio::test]
async fn logs_are_read_from_a_bucket() {
    if let Some(stage) = Stage::emulator().await {
        crate::afar::two_thousand_objects_and_one_that_vanishes(&stage).await;
    }
}
