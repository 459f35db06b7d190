//! How CloudTrail reads and writes trails.

use std::time::Duration;

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::primitives::{DateTime, DateTimeFormat as Format};
use aws_sdk_cloudtrail::types;
use aws_sdk_cloudtrail::types::Tag;
use serde_json::{Map, Value, json};

use super::selectors::{in_order, texts};
use super::{Step, Trail, TrailFacts, steps};
use crate::aws::{CallError, Cause, Clients, calls};
use crate::place::{AccountId, Arn, Region, StackName};
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};

/// A bucket policy takes a moment until CloudTrail sees it. Source: users' reports on CreateTrail.
const POLICY_DELAYS: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Reads every trail that records something in a Region; `at` gives the clients of another.
pub(crate) async fn read(
    region: &Region,
    at: impl Fn(&Region) -> Clients,
    stack: &StackName,
    account: &AccountId,
) -> Result<Vec<TrailFacts>, CallError> {
    let client = at(region).cloudtrail;
    let request = client.describe_trails().include_shadow_trails(true);
    let answer = calls::DESCRIBE_TRAILS.send("*", request.send()).await?;
    let mut trails = Vec::new();
    for listed in answer.trail_list() {
        let Some(arn) = listed.trail_arn().and_then(|arn| arn.parse::<Arn>().ok()) else {
            continue;
        };
        let home = listed.home_region().and_then(|home| home.parse().ok());
        let home: Region = home.unwrap_or_else(|| region.clone());
        // A trail tells of itself where it lives.
        let client = at(&home).cloudtrail;
        // An organization's trail is its management account's: members see that it is there, and get
        // various refusals when they look into it, `CloudTrailARNInvalidException` among them.
        let hidden = |error: &CallError| {
            arn.account() != account.as_str()
                && !matches!(
                    error.cause,
                    Cause::Network | Cause::Throttled | Cause::Expired | Cause::Clock
                )
        };
        let request = client.get_trail_status().name(arn.as_str());
        let status = calls::TRAIL_STATUS.send(arn.as_str(), request.send()).await;
        let status = match status {
            Ok(status) => Some(status),
            Err(error) if hidden(&error) => None,
            Err(error) if error.cause == Cause::NotFound => continue,
            Err(error) => return Err(error),
        };
        let request = client.get_event_selectors().trail_name(arn.as_str());
        let selectors = calls::GET_SELECTORS
            .send(arn.as_str(), request.send())
            .await;
        let organization = listed.is_organization_trail() == Some(true);
        let selectors = match selectors {
            Ok(answer) => canonical(&answer),
            Err(error) if hidden(&error) || (organization && error.cause == Cause::Denied) => {
                Value::Null
            }
            Err(error) => return Err(error),
        };
        let owner = if arn.account() == account.as_str() {
            owner(&client, stack, &arn).await?
        } else {
            Owner::Nobody
        };
        let unknown = status.is_none() || selectors.is_null();
        let error = status.as_ref().and_then(|s| s.latest_delivery_error());
        let delivered = status.as_ref().and_then(|s| s.latest_delivery_time());
        let stopped = status.as_ref().and_then(|s| s.stop_logging_time());
        let time = |time: Option<&DateTime>| time?.fmt(Format::DateTime).ok();
        let some = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(str::to_owned);
        trails.push(TrailFacts {
            arn,
            home,
            trail: Trail {
                name: listed.name().unwrap_or_default().to_owned(),
                bucket: listed.s3_bucket_name().unwrap_or_default().to_owned(),
                key_prefix: some(listed.s3_key_prefix()),
                organization,
                multi_region: listed.is_multi_region_trail() == Some(true),
                global_events: listed.include_global_service_events() == Some(true),
                validated: listed.log_file_validation_enabled() == Some(true),
                kms_key: some(listed.kms_key_id()),
                // What cannot be seen is not called a fault: `unknown` says so.
                logging: status.as_ref().is_none_or(|s| s.is_logging() == Some(true)),
                selectors,
            },
            insights: listed.has_insight_selectors() == Some(true),
            unknown,
            owner,
            delivery_error: some(error),
            delivery_failing_since: time(delivered).filter(|_| some(error).is_some()),
            stopped_since: time(stopped),
        });
    }
    trails.sort_by(|a, b| a.arn.cmp(&b.arn));
    Ok(trails)
}

/// How many trails record a Region, those of other Regions included: all of them count against its quota.
///
/// # Errors
/// What AWS says.
pub async fn recording(clients: &Clients) -> Result<usize, CallError> {
    let request = clients.cloudtrail.describe_trails();
    let request = request.include_shadow_trails(true);
    let answer = calls::DESCRIBE_TRAILS.send("*", request.send()).await?;
    Ok(answer.trail_list().len())
}

async fn owner(
    client: &aws_sdk_cloudtrail::Client,
    stack: &StackName,
    arn: &Arn,
) -> Result<Owner, CallError> {
    let request = client.list_tags().resource_id_list(arn.as_str());
    let answer = calls::LIST_TRAIL_TAGS
        .send(arn.as_str(), request.send())
        .await?;
    let tags = answer.resource_tag_list().iter();
    let tag = tags
        .flat_map(|resource| resource.tags_list())
        .find(|tag| tag.key() == STACK_TAG);
    // Its name may be one of the rules file: whoever knows that decides.
    Ok(Owner::of(tag.and_then(Tag::value), stack, true))
}

/// Creates a trail, and starts it last: nothing is recorded before all else is as it should be.
pub(crate) async fn create(at: &Creation<'_>, trail: &Trail) -> Result<(), CallError> {
    let client = &at.clients.cloudtrail;
    let tags = tag(at.stack).map(|tag| vec![tag]);
    let mut delays = POLICY_DELAYS.iter();
    loop {
        let request = client
            .create_trail()
            .name(&trail.name)
            .s3_bucket_name(&trail.bucket)
            .set_s3_key_prefix(trail.key_prefix.clone())
            .is_multi_region_trail(trail.multi_region)
            .set_is_organization_trail(trail.organization.then_some(true))
            .include_global_service_events(trail.global_events)
            .enable_log_file_validation(trail.validated)
            .set_kms_key_id(trail.kms_key.clone())
            .set_tags_list(tags.clone());
        let created = calls::CREATE_TRAIL.send(&trail.name, request.send()).await;
        match (created, delays.next()) {
            (Ok(_), _) => break,
            (Err(error), Some(delay))
                if error.code.as_deref() == Some("InsufficientS3BucketPolicyException") =>
            {
                tokio::time::sleep(*delay).await;
            }
            (Err(error), _) => return Err(error),
        }
    }
    put_selectors(client, trail).await?;
    start(client, trail).await
}

async fn put_selectors(
    client: &aws_sdk_cloudtrail::Client,
    trail: &Trail,
) -> Result<(), CallError> {
    let request = client.put_event_selectors().trail_name(&trail.name);
    let advanced = advanced_to_aws(&trail.selectors);
    let request = if advanced.is_empty() {
        request.set_event_selectors(Some(to_aws(&trail.selectors)))
    } else {
        request.set_advanced_event_selectors(Some(advanced))
    };
    calls::PUT_SELECTORS
        .send(&trail.name, request.send())
        .await
        .map(drop)
}

async fn start(client: &aws_sdk_cloudtrail::Client, trail: &Trail) -> Result<(), CallError> {
    let request = client.start_logging().name(&trail.name);
    calls::START_LOGGING
        .send(&trail.name, request.send())
        .await
        .map(drop)
}

fn tag(stack: &StackName) -> Option<Tag> {
    let tag = Tag::builder().key(STACK_TAG).value(stack.as_str());
    tag.build().ok()
}

pub(crate) async fn update(
    clients: &Clients,
    _: &str,
    before: &Trail,
    trail: &Trail,
) -> Result<(), CallError> {
    let client = &clients.cloudtrail;
    for step in steps(before, trail) {
        match step {
            Step::Update => {
                let request = client
                    .update_trail()
                    .name(&trail.name)
                    .s3_bucket_name(&trail.bucket)
                    // An empty text takes a prefix or key away. Source: UpdateTrail.
                    .s3_key_prefix(trail.key_prefix.clone().unwrap_or_default())
                    .is_multi_region_trail(trail.multi_region)
                    // Only whoever may make an organization's trail may say so.
                    .set_is_organization_trail(
                        (trail.organization != before.organization).then_some(trail.organization),
                    )
                    .include_global_service_events(trail.global_events)
                    .enable_log_file_validation(trail.validated)
                    .kms_key_id(trail.kms_key.clone().unwrap_or_default());
                calls::UPDATE_TRAIL
                    .send(&trail.name, request.send())
                    .await?;
            }
            Step::Selectors => put_selectors(client, trail).await?,
            Step::Start => start(client, trail).await?,
        }
    }
    Ok(())
}

/// The log files of a trail stay.
pub(crate) async fn delete(clients: &Clients, _: &str, trail: &Trail) -> Result<(), CallError> {
    let request = clients.cloudtrail.delete_trail().name(&trail.name);
    let deleted = calls::DELETE_TRAIL.send(&trail.name, request.send()).await;
    deleted.map(drop)
}

pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    arn: &str,
    _: &Trail,
) -> Result<(), CallError> {
    let request = clients.cloudtrail.add_tags().resource_id(arn);
    let request = request.set_tags_list(tag(stack).map(|tag| vec![tag]));
    let tagged = calls::TAG_TRAIL.send(arn, request.send()).await;
    tagged.map(drop)
}

/// The canonical form of what CloudTrail answers.
fn canonical(answer: &GetEventSelectorsOutput) -> Value {
    let advanced = answer.advanced_event_selectors();
    if !advanced.is_empty() {
        return in_order(advanced.iter().map(advanced_selector).collect());
    }
    let list: Vec<Value> = answer
        .event_selectors()
        .iter()
        .map(|selector| {
            let data = selector.data_resources().iter().map(|resource| {
                let mut values = resource.values().to_vec();
                values.sort();
                json!({ "type": resource.r#type(), "values": values })
            });
            let mut excluded = selector.exclude_management_event_sources().to_vec();
            excluded.sort();
            json!({
                "read_write": selector.read_write_type().map(types::ReadWriteType::as_str),
                "management": selector.include_management_events(),
                "excluded": excluded,
                "data": data.collect::<Vec<Value>>(),
            })
        })
        .collect();
    json!({ "basic": list })
}

fn advanced_selector(selector: &types::AdvancedEventSelector) -> Value {
    let fields: Vec<Value> = selector
        .field_selectors()
        .iter()
        .map(|field| {
            let tests = [
                ("equals", field.equals()),
                ("not_equals", field.not_equals()),
                ("starts_with", field.starts_with()),
                ("not_starts_with", field.not_starts_with()),
                ("ends_with", field.ends_with()),
                ("not_ends_with", field.not_ends_with()),
            ];
            let mut object = Map::from_iter([("field".to_owned(), json!(field.field()))]);
            for (name, values) in tests {
                if !values.is_empty() {
                    object.insert(name.to_owned(), json!(values));
                }
            }
            Value::Object(object)
        })
        .collect();
    json!({ "fields": fields })
}

/// The advanced selectors in CloudTrail's form. Ours only compare as `with_data_events` writes it.
fn advanced_to_aws(selectors: &Value) -> Vec<types::AdvancedEventSelector> {
    let list = selectors.get("advanced").and_then(Value::as_array);
    let field = |field: &Value| {
        let list = |name: &str| {
            let values = texts(field.get(name));
            (!values.is_empty()).then_some(values)
        };
        types::AdvancedFieldSelector::builder()
            .field(field.get("field").and_then(Value::as_str)?)
            .set_equals(list("equals"))
            .set_starts_with(list("starts_with"))
            .build()
            .ok()
    };
    let selector = |selector: &Value| {
        let fields = selector.get("fields").and_then(Value::as_array)?;
        types::AdvancedEventSelector::builder()
            .set_field_selectors(Some(fields.iter().filter_map(field).collect()))
            .build()
            .ok()
    };
    list.into_iter().flatten().filter_map(selector).collect()
}

/// The basic selectors in CloudTrail's form.
fn to_aws(selectors: &Value) -> Vec<types::EventSelector> {
    let list = selectors.get("basic").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map(|selector| {
            let text = |field: &str| selector.get(field).and_then(Value::as_str);
            types::EventSelector::builder()
                .read_write_type(types::ReadWriteType::from(
                    text("read_write").unwrap_or("All"),
                ))
                .include_management_events(
                    selector.get("management").and_then(Value::as_bool) == Some(true),
                )
                .set_exclude_management_event_sources(Some(texts(selector.get("excluded"))))
                .set_data_resources(Some(Vec::new()))
                .build()
        })
        .collect()
}
