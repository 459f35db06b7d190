//! With which key is a table encrypted?
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html>

use serde::Deserialize;

use super::error::{bad_value, listed};
use crate::sandbox::kms::using;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Encryption {
    #[serde(rename = "Enabled")]
    enabled: Option<bool>,
    #[serde(rename = "SSEType")]
    kind: Option<String>,
    #[serde(rename = "KMSMasterKeyId")]
    key: Option<String>,
}

/// The ARN of the key that a request asks for; `None` is a key of AWS's own, which no account sees.
pub(super) fn key_for(
    world: &mut World,
    site: &Site,
    asked: Option<&Encryption>,
) -> Result<Option<String>, ApiError> {
    let Some(asked) = asked else {
        return Ok(None);
    };
    if let Some(kind) = &asked.kind {
        listed(kind, "sSESpecification.sSEType", &["AES256", "KMS"])?;
    }
    match (asked.enabled.unwrap_or_default(), &asked.key) {
        (false, None) => Ok(None),
        // How AWS words this and the next refusal is not known.
        (false, Some(_)) => Err(bad_value(
            "KMSMasterKeyId can only be specified when SSE is enabled",
        )),
        (true, Some(given)) => match using::arn_of(world, site, given) {
            Some(key) => Ok(Some(key)),
            None => Err(bad_value(format_args!("KMS key {given} does not exist"))),
        },
        // The key that AWS manages in the account.
        (true, None) => {
            let id = world.uuid();
            Ok(Some(site.arn("kms", &format!("key/{id}"))))
        }
    }
}
