//! What a trail is given, and what it shows of that.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::error;
use super::state::TrailSettings;
use crate::sandbox::common::Tag;
use crate::sandbox::wire::ApiError;

/// What CreateTrail and UpdateTrail are given besides the name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Given {
    pub(super) name: String,
    s3_bucket_name: Option<String>,
    s3_key_prefix: Option<String>,
    sns_topic_name: Option<String>,
    include_global_service_events: Option<bool>,
    is_multi_region_trail: Option<bool>,
    enable_log_file_validation: Option<bool>,
    cloud_watch_logs_log_group_arn: Option<String>,
    cloud_watch_logs_role_arn: Option<String>,
    kms_key_id: Option<String>,
    is_organization_trail: Option<bool>,
    #[serde(default)]
    pub(super) tags_list: Vec<Tag>,
}

impl Given {
    /// The settings as they are with what was given laid over them.
    pub(super) fn over(self, old: Option<&TrailSettings>) -> Result<TrailSettings, ApiError> {
        let text = |given: Option<String>, old: Option<&String>| match given {
            // An empty string removes what was set.
            Some(text) if text.is_empty() => None,
            Some(text) => Some(text),
            None => old.cloned(),
        };
        let bucket = text(self.s3_bucket_name, old.map(|o| &o.bucket)).ok_or_else(|| {
            let message = "S3 bucket name cannot be blank!";
            error("InvalidS3BucketNameException", message)
        })?;
        let settings = TrailSettings {
            bucket,
            prefix: text(self.s3_key_prefix, old.and_then(|o| o.prefix.as_ref())),
            topic: text(self.sns_topic_name, old.and_then(|o| o.topic.as_ref())),
            global_services: self
                .include_global_service_events
                .unwrap_or(old.is_none_or(|o| o.global_services)),
            multi_region: self
                .is_multi_region_trail
                .unwrap_or(old.is_some_and(|o| o.multi_region)),
            organization: self
                .is_organization_trail
                .unwrap_or(old.is_some_and(|o| o.organization)),
            validation: self
                .enable_log_file_validation
                .unwrap_or(old.is_some_and(|o| o.validation)),
            log_group: text(
                self.cloud_watch_logs_log_group_arn,
                old.and_then(|o| o.log_group.as_ref()),
            ),
            log_role: text(
                self.cloud_watch_logs_role_arn,
                old.and_then(|o| o.log_role.as_ref()),
            ),
            kms_key: text(self.kms_key_id, old.and_then(|o| o.kms_key.as_ref())),
        };
        settings.check()?;
        Ok(settings)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    pub(super) name: String,
}

impl TrailSettings {
    fn check(&self) -> Result<(), ApiError> {
        if self.multi_region && !self.global_services {
            let message = "Multi-Region trail must include global service events.";
            return Err(error("InvalidParameterCombinationException", message));
        }
        if self
            .prefix
            .as_ref()
            .is_some_and(|p| p.chars().count() > 200)
        {
            let message = "S3 prefix is longer than maximum length: 200";
            return Err(error("InvalidS3PrefixException", message));
        }
        if self.log_group.is_some() != self.log_role.is_some() {
            let message = "A log group needs a role that may write to it, and the role a group.";
            return Err(error("InvalidParameterCombinationException", message));
        }
        Ok(())
    }

    /// The fields that CreateTrail, UpdateTrail and GetTrail answer alike.
    pub(super) fn answer(&self, arn: &str, name: &str) -> Value {
        let mut answer = json!({
            "Name": name,
            "TrailARN": arn,
            "S3BucketName": self.bucket,
            "IncludeGlobalServiceEvents": self.global_services,
            "IsMultiRegionTrail": self.multi_region,
            "LogFileValidationEnabled": self.validation,
            "IsOrganizationTrail": self.organization,
        });
        let optional = [
            ("S3KeyPrefix", &self.prefix),
            ("SnsTopicName", &self.topic),
            ("CloudWatchLogsLogGroupArn", &self.log_group),
            ("CloudWatchLogsRoleArn", &self.log_role),
            ("KmsKeyId", &self.kms_key),
        ];
        if let Some(fields) = answer.as_object_mut() {
            let set = optional.into_iter();
            let set = set.filter_map(|(key, value)| Some((key.to_owned(), json!(value.as_ref()?))));
            fields.extend(set);
        }
        answer
    }
}
