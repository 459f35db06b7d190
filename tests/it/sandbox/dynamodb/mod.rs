//! DynamoDB in the sandbox, asked on the wire: no SDK crate of it is among the dependencies.

mod expressions;
mod items;
mod memory;
mod pages;
mod permissions;
mod tables;
mod values;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use iamwatch::sandbox::{Clock, Options, Sandbox};
use serde_json::{Value, json};

use super::ACCOUNT;

/// A caller of DynamoDB.
struct Db {
    sandbox: Sandbox,
    caller: Credentials,
}

/// A refusal: the code, the message, and all of the body.
#[derive(Debug)]
struct Refused {
    code: String,
    message: String,
    body: Value,
}

impl Db {
    /// An administrator's, in a new world.
    fn new() -> Self {
        let sandbox = Sandbox::new(Options {
            account: ACCOUNT.parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            clock: Clock::FIXED,
        });
        let caller = sandbox.admin();
        Self { sandbox, caller }
    }

    /// With a table `seen`, whose partition key `k` is text.
    fn with_table() -> Self {
        let db = Self::new();
        db.ok("CreateTable", on_demand("seen", &[("k", "S")]));
        db.settle();
        db
    }

    /// With a table `seen`, whose sort key `r` is a number.
    fn with_sorted() -> Self {
        let db = Self::new();
        db.ok("CreateTable", on_demand("seen", &[("k", "S"), ("r", "N")]));
        db.settle();
        db
    }

    /// Waits until no table is being changed.
    fn settle(&self) {
        self.sandbox.advance(Duration::from_secs(10));
    }

    fn ask(&self, operation: &str, input: Value) -> Result<Value, Refused> {
        let mut request = HttpRequest::new(SdkBody::from(input.to_string()));
        request.set_method("POST").unwrap();
        let uri = "https://dynamodb.us-east-1.amazonaws.com/";
        request.set_uri(uri).unwrap();
        let key = self.caller.access_key_id();
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260302/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
        );
        let headers = request.headers_mut();
        headers.insert("authorization", scope);
        headers.insert("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let response = self.sandbox.answer(&request).unwrap();
        let body = response.body().bytes().unwrap();
        let body: Value = serde_json::from_slice(body).unwrap();
        if response.status().as_u16() == 200 {
            return Ok(body);
        }
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Err(Refused {
            code: text("__type"),
            message: text("message"),
            body,
        })
    }

    #[track_caller]
    fn ok(&self, operation: &str, input: Value) -> Value {
        self.ask(operation, input).unwrap()
    }

    #[track_caller]
    fn refused(&self, operation: &str, input: Value) -> Refused {
        self.ask(operation, input).unwrap_err()
    }

    /// What a request is refused with that AWS calls invalid.
    #[track_caller]
    fn invalid(&self, operation: &str, input: Value) -> String {
        let refused = self.refused(operation, input);
        assert_eq!(refused.code, "ValidationException", "{refused:?}");
        refused.message
    }

    fn put(&self, item: Value) {
        self.ok("PutItem", json!({"TableName": "seen", "Item": item}));
    }

    /// The item of a key; null if there is none.
    fn get(&self, key: Value) -> Value {
        let mut got = self.ok("GetItem", json!({"TableName": "seen", "Key": key}));
        got["Item"].take()
    }
}

/// What makes a table that pays for each request, with these key attributes.
fn on_demand(name: &str, keys: &[(&str, &str)]) -> Value {
    let kinds = ["HASH", "RANGE"];
    let definitions = keys.iter();
    let definitions: Vec<Value> = definitions
        .map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind}))
        .collect();
    let schema = keys.iter().zip(kinds);
    let schema: Vec<Value> = schema
        .map(|((name, _), kind)| json!({"AttributeName": name, "KeyType": kind}))
        .collect();
    json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": definitions, "KeySchema": schema})
}

fn table_arn(name: &str) -> String {
    format!("arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{name}")
}

/// An object with the fields of two.
fn and(mut one: Value, other: Value) -> Value {
    let fields = other.as_object().unwrap().clone();
    one.as_object_mut().unwrap().extend(fields);
    one
}
