//! What calls of the Account service need.
//!
//! Actions and resource types are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use crate::sandbox::access::{Access, Needs, unknown};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;

pub(super) fn needs(site: &Site, operation: &str) -> Result<Needs, ApiError> {
    match operation {
        "ListRegions" | "GetRegionOptStatus" => {
            let account = format!("arn:aws:account::{}:account", site.account);
            Ok(Needs::one(
                Access::Read,
                format!("account:{operation}"),
                account,
            ))
        }
        _ => Err(unknown("account", operation)),
    }
}
