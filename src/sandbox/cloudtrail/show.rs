//! CloudTrail: trails, listed and described, and whether they log.

use serde::Deserialize;
use serde_json::{Value, json};

use super::find;
use super::names;
use super::page::PAGE;
use super::selectors::Selectors;
use super::settings::Named;
use super::state::Trail;
use crate::sandbox::clock::iso;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Describe {
    #[serde(default)]
    trail_name_list: Vec<String>,
    include_shadow_trails: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Page {
    next_token: Option<String>,
}

fn whole(arn: &str, trail: &Trail) -> Value {
    let mut answer = trail.settings.answer(arn, &trail.name);
    if let Some(fields) = answer.as_object_mut() {
        let custom = trail.selectors != Selectors::default();
        fields.insert("HomeRegion".to_owned(), json!(trail.home));
        fields.insert("HasCustomEventSelectors".to_owned(), json!(custom));
        fields.insert("HasInsightSelectors".to_owned(), json!(false));
    }
    answer
}

pub(super) fn get(world: &World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let (arn, trail) = find::to_read(world, site, &named.name)?;
    Ok(json!({"Trail": whole(&arn, trail)}))
}

/// Trails that are asked for by name and do not exist are left out without a word.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html>
pub(super) fn describe(world: &World, site: &Site, asked: &Describe) -> Result<Value, ApiError> {
    let shadows = asked.include_shadow_trails.unwrap_or(true);
    // What members see of an organization trail is a shadow, too.
    let at_home = |trail: &Trail| trail.home == site.region && trail.account == site.account;
    let found: Vec<Value> = if asked.trail_name_list.is_empty() {
        find::seen(world, site)
            .filter(|(_, trail)| shadows || at_home(trail))
            .map(|(arn, trail)| whole(arn, trail))
            .collect()
    } else {
        let mut found = Vec::new();
        for given in &asked.trail_name_list {
            let arn = names::arn(site, given)?;
            if let Some(trail) = world.cloudtrail.trails.get(&arn)
                && find::shows(world, trail, &site.account)
                && (shadows || at_home(trail))
            {
                found.push(whole(&arn, trail));
            }
        }
        found
    };
    Ok(json!({"trailList": found}))
}

/// All trails of the account, whatever their home.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTrails.html>
pub(super) fn list(world: &World, site: &Site, page: &Page) -> Result<Value, ApiError> {
    let after = page.next_token.as_deref().unwrap_or_default();
    let mut rest = world
        .cloudtrail
        .trails
        .iter()
        .filter(|(arn, trail)| trail.account == site.account && arn.as_str() > after);
    let trails: Vec<_> = rest.by_ref().take(PAGE).collect();
    let mut answer = json!({"Trails": trails.iter().map(|(arn, trail)| json!({
        "TrailARN": arn, "Name": trail.name, "HomeRegion": trail.home,
    })).collect::<Vec<_>>()});
    if let (Some((last, _)), Some(_), Some(fields)) =
        (trails.last(), rest.next(), answer.as_object_mut())
    {
        fields.insert("NextToken".to_owned(), json!(last));
    }
    Ok(answer)
}

/// Times are seconds since 1970, and once more, in fields no longer in use, text.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>
pub(super) fn status(world: &World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let (_, trail) = find::to_read(world, site, &named.name)?;
    let text = |time: Option<i64>| time.map(iso).unwrap_or_default();
    let succeeded = trail.delivered.filter(|_| trail.delivery_error.is_none());
    let mut answer = json!({
        "IsLogging": trail.logging,
        "LatestDeliveryAttemptTime": text(trail.attempted),
        "LatestDeliveryAttemptSucceeded": text(succeeded),
        "LatestNotificationAttemptTime": "",
        "LatestNotificationAttemptSucceeded": "",
        "TimeLoggingStarted": text(trail.started),
        "TimeLoggingStopped": text(trail.stopped),
    });
    if let Some(fields) = answer.as_object_mut() {
        let times = [
            ("LatestDeliveryTime", trail.delivered),
            ("StartLoggingTime", trail.started),
            ("StopLoggingTime", trail.stopped),
        ];
        for (name, time) in times {
            if let Some(time) = time {
                fields.insert(name.to_owned(), json!(time.div_euclid(1000)));
            }
        }
        if let Some(error) = &trail.delivery_error {
            fields.insert("LatestDeliveryError".to_owned(), json!(error));
        }
    }
    Ok(answer)
}
