//! The policy of a log bucket of ours, and who reads there besides.

use serde_json::{Value, json};

use super::canonical::canonical;
use super::statements::{SID_PREFIX, trail_statements};
use crate::place::{AccountId, Arn};

/// A log bucket, as its policy speaks of it.
#[derive(Debug)]
pub struct LogBucket<'a> {
    /// The name of the bucket.
    pub name: &'a str,
    /// The account of the trail.
    pub account: &'a AccountId,
    /// The organization whose trail it is, if it is one's.
    pub organization: Option<&'a str>,
    /// The trail that writes.
    pub trail: &'a Arn,
    /// Whether Access Analyzer of each account of the organization reads.
    pub access_analyzer: bool,
}

/// The whole policy of a log bucket of ours: CloudTrail writes, and nobody comes without TLS.
pub fn log_bucket(bucket: &LogBucket<'_>) -> Value {
    let LogBucket {
        name,
        account,
        organization,
        trail,
        access_analyzer,
    } = *bucket;
    let arn = format!("arn:{}:s3:::{name}", trail.partition());
    let [acl, write] = trail_statements(name, None, account, organization, trail);
    let mut statements = vec![
        acl,
        write,
        json!({
            "Sid": format!("{SID_PREFIX}TlsOnly"),
            "Effect": "Deny",
            "Principal": { "AWS": "*" },
            "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }),
    ];
    if let (true, Some(organization)) = (access_analyzer, organization) {
        statements.push(analyzer_statement(&arn, organization, trail.partition()));
    }
    canonical(&json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// What lets the role of Access Analyzer read an account's own part of an organization's log files.
/// Source: IAM user guide, `access-analyzer-policy-generation`, CloudTrail data in another account.
fn analyzer_statement(bucket: &str, organization: &str, partition: &str) -> Value {
    json!({
        "Sid": format!("{SID_PREFIX}AccessAnalyzer"),
        "Effect": "Allow",
        "Principal": { "AWS": "*" },
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [
            bucket,
            format!("{bucket}/AWSLogs/{organization}/${{aws:PrincipalAccount}}/*"),
        ],
        "Condition": {
            "StringEquals": { "aws:PrincipalOrgID": organization },
            "ArnLike": {
                "aws:PrincipalArn": format!(
                    "arn:{partition}:iam::${{aws:PrincipalAccount}}:role/service-role/AccessAnalyzerMonitorServiceRole*"
                ),
            },
        },
    })
}

/// The statement that a key which encrypts the log files needs for the same; keys of others are never edited.
pub fn analyzer_key_statement(organization: &str, trail: &Arn) -> Value {
    json!({
        "Sid": "IamwatchAccessAnalyzer",
        "Effect": "Allow",
        "Principal": { "AWS": "*" },
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "aws:PrincipalOrgID": organization,
                "kms:EncryptionContext:aws:cloudtrail:arn": trail,
            },
            "ArnLike": {
                "aws:PrincipalArn": format!(
                    "arn:{}:iam::${{aws:PrincipalAccount}}:role/service-role/AccessAnalyzerMonitorServiceRole*",
                    trail.partition()
                ),
            },
        },
    })
}
