//! The names and ARNs of trails.

use super::error::error;
use crate::place::Region;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;

/// The ARN of a trail of that name here.
pub(super) fn trail_arn(site: &Site, name: &str) -> String {
    site.arn("cloudtrail", &format!("trail/{name}"))
}

/// What is meant by a name or an ARN; a name means a trail whose home is here.
pub(super) fn arn(site: &Site, given: &str) -> Result<String, ApiError> {
    if !given.starts_with("arn:") {
        check_name(given)?;
        return Ok(trail_arn(site, given));
    }
    let parts: Vec<&str> = given.splitn(6, ':').collect();
    let [_, _, "cloudtrail", region, _, resource] = parts.as_slice() else {
        return Err(bad_arn(given));
    };
    match (region.parse::<Region>(), resource.strip_prefix("trail/")) {
        (Ok(_), Some(name)) if check_name(name).is_ok() => Ok(given.to_owned()),
        _ => Err(bad_arn(given)),
    }
}

fn bad_arn(given: &str) -> ApiError {
    let message = format!("The CloudTrail ARN is not valid: {given}.");
    error("CloudTrailARNInvalidException", message)
}

/// Refuses what cannot be a trail's name.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html>
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let mark = |b: u8| b".-_".contains(&b);
    let bytes = name.as_bytes();
    let wrong = if !(3..=128).contains(&bytes.len()) {
        "be between 3 and 128 characters"
    } else if !bytes.iter().all(|b| b.is_ascii_alphanumeric() || mark(*b)) {
        "contain only letters, numbers, periods, underscores and dashes"
    } else if [bytes.first(), bytes.last()]
        .into_iter()
        .flatten()
        .any(|b| mark(*b))
    {
        "start and end with a letter or number"
    } else if bytes.windows(2).any(|pair| pair.iter().all(|b| mark(*b))) {
        "have no adjacent periods, underscores or dashes"
    } else if name.parse::<std::net::Ipv4Addr>().is_ok() {
        "not be in IP address format"
    } else {
        return Ok(());
    };
    let message = format!("Trail name must {wrong}: {name}.");
    Err(error("InvalidTrailNameException", message))
}

/// Refuses the ARN of another account, in the words that users of organization trails report.
pub(super) fn own(site: &Site, arn: &str) -> Result<(), ApiError> {
    if arn.split(':').nth(4) == Some(site.account.as_str()) {
        return Ok(());
    }
    let message = format!(
        "AccountID in ARN is wrong, you can only access resources with AccountID {}.",
        site.account
    );
    Err(error("CloudTrailARNInvalidException", message))
}
