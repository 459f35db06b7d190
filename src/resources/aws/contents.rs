//! What a bucket still holds.

use std::fmt;

use crate::aws::{CallError, Cause, Clients, calls};
use crate::diagnostic::counted;

/// So many versions are counted; more are not needed to know that a bucket is not empty.
const COUNTED: usize = 1000;

/// What a bucket holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketContents {
    /// Versions of objects, and marks of deleted ones.
    pub versions: usize,
    /// Whether there are more than were counted.
    pub more: bool,
    /// The key of one of the objects.
    pub example: String,
}

impl fmt::Display for BucketContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.more { "more than " } else { "" };
        let versions = counted(self.versions, "version");
        write!(f, "{more}{versions} of objects, such as `{}`", self.example)
    }
}

/// Looks into a bucket; `None` if it is empty, or gone.
///
/// # Errors
/// What AWS says.
pub async fn bucket_contents(
    clients: &Clients,
    bucket: &str,
) -> Result<Option<BucketContents>, CallError> {
    let mut contents = BucketContents {
        versions: 0,
        more: false,
        example: String::new(),
    };
    let (mut key, mut version) = (None, None);
    loop {
        let request = clients
            .s3
            .list_object_versions()
            .bucket(bucket)
            .set_key_marker(key)
            .set_version_id_marker(version);
        let page = match calls::LIST_VERSIONS.send(bucket, request.send()).await {
            Err(error) if error.cause == Cause::NotFound => return Ok(None),
            page => page?,
        };
        let versions = page.versions().iter().filter_map(|version| version.key());
        let marks = page.delete_markers().iter().filter_map(|mark| mark.key());
        for name in versions.chain(marks) {
            contents.versions += 1;
            if contents.example.is_empty() {
                contents.example = name.to_owned();
            }
        }
        contents.more = page.is_truncated() == Some(true);
        if !contents.more || contents.versions >= COUNTED {
            return Ok((contents.versions > 0).then_some(contents));
        }
        key = page.next_key_marker().map(str::to_owned);
        version = page.next_version_id_marker().map(str::to_owned);
    }
}
