//! In which Region a bucket is.

use super::{Clients, calls};
use crate::place::Region;

/// The Region of a bucket, whoever owns it; `None` where there is no such bucket. S3 names it in every answer, those
/// included that refuse.
/// Source: S3 API reference, HeadBucket.
pub async fn bucket_region(clients: &Clients, bucket: &str) -> Option<Region> {
    let request = clients.s3.head_bucket().bucket(bucket);
    let named = match calls::HEAD_BUCKET.ask(request.send()).await {
        Ok(answer) => answer.bucket_region().map(str::to_owned),
        Err(error) => error
            .raw_response()
            .and_then(|response| response.headers().get("x-amz-bucket-region"))
            .map(str::to_owned),
    };
    named?.parse().ok()
}
