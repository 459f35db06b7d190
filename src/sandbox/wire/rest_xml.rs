//! REST with XML bodies, as S3 speaks it: method, host, path and query name the operation.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::http::{decode_form, path_and_query, plain};
use super::query::escape;

fn host(request: &HttpRequest) -> &str {
    let uri = request.uri();
    let (_, rest) = uri.split_once("://").unwrap_or(("", uri));
    let in_uri = rest.split(['/', '?']).next().unwrap_or_default();
    request.headers().get("host").unwrap_or(in_uri)
}

/// The bucket stands before `.s3.` in the host, or else first in the path.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
fn bucket_and_key(request: &HttpRequest) -> (String, String) {
    let (path, _) = path_and_query(request);
    let path = decode_form(&path.trim_start_matches('/').replace('+', "%2B"));
    let host = host(request);
    let at = host.rfind(".s3.").or_else(|| host.rfind(".s3-"));
    if let Some(bucket) = at.and_then(|at| host.get(..at)) {
        return (bucket.to_owned(), path);
    }
    let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
    (bucket.to_owned(), key.to_owned())
}

/// What a method does to a part of a bucket that the query names.
const PARTS: [(&str, &str); 8] = [
    ("policy", "BucketPolicy"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("encryption", "BucketEncryption"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("versioning", "BucketVersioning"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("tagging", "BucketTagging"),
    ("location", "BucketLocation"),
];

/// Parameters of listings, with their names in the API model.
const PARAMETERS: [(&str, &str); 12] = [
    ("prefix", "Prefix"),
    ("delimiter", "Delimiter"),
    ("max-keys", "MaxKeys"),
    ("max-buckets", "MaxBuckets"),
    ("continuation-token", "ContinuationToken"),
    ("bucket-region", "BucketRegion"),
    ("start-after", "StartAfter"),
    ("key-marker", "KeyMarker"),
    ("version-id-marker", "VersionIdMarker"),
    ("encoding-type", "EncodingType"),
    ("fetch-owner", "FetchOwner"),
    // Only repeats the operation's name.
    ("x-id", ""),
];

/// Headers that are input. Checksums are not verified, as signatures are not.
const HEADERS: [(&str, &str); 5] = [
    ("x-amz-object-ownership", "ObjectOwnership"),
    ("x-amz-acl", "ACL"),
    ("x-amz-expected-bucket-owner", "ExpectedBucketOwner"),
    (
        "x-amz-bucket-object-lock-enabled",
        "ObjectLockEnabledForBucket",
    ),
    ("x-amz-bucket-namespace", "BucketNamespace"),
];

/// Method, host, path and query tell which operation it is. The bucket is called as CloudTrail
/// calls it; a document in XML stands under the name of its root.
pub(super) fn read(request: &HttpRequest, body: &[u8]) -> Result<(String, Value), ApiError> {
    let (_, query) = path_and_query(request);
    let (bucket, key) = bucket_and_key(request);
    let mut input = Map::new();
    let mut part = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode_form(name), decode_form(value));
        let known = |list: &[(&str, &'static str)]| {
            let found = list.iter().find(|(known, _)| *known == name);
            found.map(|(_, meant)| *meant)
        };
        match (known(&PARTS), known(&PARAMETERS), name.as_str()) {
            (Some(meant), _, _) => part = Some(meant),
            (_, Some(""), _) => {}
            (_, Some(meant), _) => {
                input.insert(meant.to_owned(), json!(value));
            }
            (_, _, "list-type") if value == "2" => part = Some("ListObjectsV2"),
            (_, _, "versions") => part = Some("ListObjectVersions"),
            _ => return Err(unsupported(request, &name)),
        }
    }
    let verb = match (request.method(), part) {
        ("GET", Some("ListObjectsV2" | "ListObjectVersions") | None) => "",
        ("GET", _) => "Get",
        ("PUT", _) => "Put",
        ("DELETE", _) => "Delete",
        ("HEAD", None) => "Head",
        _ => return Err(unsupported(request, part.unwrap_or_default())),
    };
    let operation = match (verb, part, bucket.as_str()) {
        _ if !key.is_empty() => return Err(unsupported(request, &key)),
        ("", None, "") => "ListBuckets".to_owned(),
        (_, _, "") | ("", None, _) => return Err(unsupported(request, "")),
        ("Put", None, _) => "CreateBucket".to_owned(),
        // The one name that does not say `Configuration`.
        ("Delete", Some("BucketLifecycleConfiguration"), _) => "DeleteBucketLifecycle".to_owned(),
        (verb, None, _) => format!("{verb}Bucket"),
        (verb, Some(part), _) => format!("{verb}{part}"),
    };
    if !bucket.is_empty() {
        input.insert("BucketName".to_owned(), json!(bucket));
    }
    for (header, name) in HEADERS {
        if let Some(value) = request.headers().get(header) {
            input.insert(name.to_owned(), json!(value));
        }
    }
    if operation == "PutBucketPolicy" {
        let text = String::from_utf8_lossy(body).into_owned();
        input.insert("Policy".to_owned(), Value::String(text));
    } else if !body.is_empty() {
        let (root, document) = parse_xml(body)?;
        input.insert(root, document);
    }
    Ok((operation, Value::Object(input)))
}

fn unsupported(request: &HttpRequest, what: &str) -> ApiError {
    let (path, _) = path_and_query(request);
    ApiError::unsupported(format_args!("`{} {path}` {what}", request.method()))
}

/// Elements that are lists even where one stands alone.
const LISTS: [&str; 6] = [
    "TagSet/Tag",
    "Tags/Tag",
    "And/Tag",
    "LifecycleConfiguration/Rule",
    "OwnershipControls/Rule",
    "ServerSideEncryptionConfiguration/Rule",
];

/// Elements that are lists wherever they stand.
const LISTS_ANYWHERE: [&str; 3] = [
    "Transition",
    "NoncurrentVersionTransition",
    "EncryptionType",
];

/// The root's name and what is in it: objects, lists of what is repeated, and text.
fn parse_xml(body: &[u8]) -> Result<(String, Value), ApiError> {
    let malformed = || {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        ApiError::new("MalformedXML", message)
    };
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    let options = roxmltree::ParsingOptions {
        nodes_limit: 20_000,
        ..roxmltree::ParsingOptions::default()
    };
    let document =
        roxmltree::Document::parse_with_options(text, options).map_err(|_| malformed())?;
    let root = document.root_element();
    let value = element(root, 0).ok_or_else(malformed)?;
    Ok((root.tag_name().name().to_owned(), value))
}

/// `None` where elements are nested deeper than any document of S3.
fn element(node: roxmltree::Node<'_, '_>, depth: usize) -> Option<Value> {
    if depth > 16 {
        return None;
    }
    let parent = node.tag_name().name();
    let mut fields = Map::new();
    for child in node.children().filter(roxmltree::Node::is_element) {
        let name = child.tag_name().name();
        let value = element(child, depth + 1)?;
        let path = format!("{parent}/{name}");
        let listed = LISTS_ANYWHERE.contains(&name) || LISTS.contains(&path.as_str());
        match fields.get_mut(name) {
            Some(Value::Array(items)) => items.push(value),
            Some(other) => *other = json!([other.take(), value]),
            None if listed => drop(fields.insert(name.to_owned(), json!([value]))),
            None => drop(fields.insert(name.to_owned(), value)),
        }
    }
    Some(if fields.is_empty() {
        json!(node.text().unwrap_or_default())
    } else {
        Value::Object(fields)
    })
}

/// The answer of S3: a document without a wrapper, a policy's text, or headers alone.
pub(super) fn respond(
    operation: &str,
    outcome: &Result<Value, ApiError>,
    id: &str,
) -> HttpResponse {
    let mut headers = Vec::new();
    let (status, body) = match outcome {
        Err(error) => {
            headers.extend(
                error
                    .bucket_region
                    .clone()
                    .map(|r| ("x-amz-bucket-region", r)),
            );
            let fields = json!({"Code": error.code, "Message": error.message, "RequestId": id});
            let mut body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
            write_xml(&mut body, "Error", &fields, None);
            // Answers to HEAD have no body, so that the status alone tells.
            let body = if operation == "HeadBucket" {
                String::new()
            } else {
                body
            };
            (error.status, body)
        }
        Ok(value) => {
            let text = |name: &str| {
                let text = value.get(name).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            };
            match operation {
                "GetBucketPolicy" => (200, text("Policy")),
                "HeadBucket" => {
                    headers.push(("x-amz-bucket-region", text("BucketRegion")));
                    headers.push(("x-amz-access-point-alias", "false".to_owned()));
                    (200, String::new())
                }
                "CreateBucket" => {
                    headers.push(("location", text("Location")));
                    headers.push(("x-amz-bucket-arn", text("BucketArn")));
                    (200, String::new())
                }
                "PutBucketPolicy" | "PutBucketTagging" => (204, String::new()),
                _ if operation.starts_with("Delete") => (204, String::new()),
                _ => (200, documents(value)),
            }
        }
    };
    let mut response = plain(status, body, id);
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
        .headers_mut()
        .insert("x-amz-request-id", id.to_owned());
    response
        .headers_mut()
        .insert("content-type", "application/xml");
    response
}

fn documents(value: &Value) -> String {
    let mut body = String::new();
    for (root, fields) in value.as_object().into_iter().flatten() {
        body.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
        write_xml(&mut body, root, fields, Some(namespace));
    }
    body
}

/// A list is an element repeated.
fn write_xml(out: &mut String, name: &str, value: &Value, namespace: Option<&str>) {
    if let Value::Array(items) = value {
        items
            .iter()
            .for_each(|item| write_xml(out, name, item, None));
        return;
    }
    if value.is_null() {
        return;
    }
    match namespace {
        Some(namespace) => out.push_str(&format!("<{name} xmlns=\"{namespace}\">")),
        None => out.push_str(&format!("<{name}>")),
    }
    match value {
        Value::Object(fields) => {
            let fields = fields.iter();
            fields.for_each(|(key, field)| write_xml(out, key, field, None));
        }
        Value::Null | Value::Array(_) => {}
        Value::String(text) => escape(out, text),
        other => out.push_str(&other.to_string()),
    }
    out.push_str(&format!("</{name}>"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_element_of_a_list_is_a_list_and_text_is_text() {
        let xml = "<Tagging xmlns=\"x\"><TagSet><Tag><Key>a</Key><Value/></Tag></TagSet></Tagging>";
        let (root, value) = parse_xml(xml.as_bytes()).unwrap();
        assert_eq!(root, "Tagging");
        assert_eq!(
            value,
            json!({"TagSet": {"Tag": [{"Key": "a", "Value": ""}]}})
        );
    }

    #[test]
    fn hostile_documents_are_refused() {
        let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        assert!(parse_xml(deep(10).as_bytes()).is_ok());
        let wide = format!("<a>{}</a>", "<b/>".repeat(30_000));
        let entity = "<!DOCTYPE a [<!ENTITY e \"ee\">]><a>&e;</a>".to_owned();
        for bad in [
            deep(100),
            deep(100_000),
            wide,
            entity,
            "<a>".to_owned(),
            String::new(),
        ] {
            let error = parse_xml(bad.as_bytes()).unwrap_err();
            assert_eq!(error.code, "MalformedXML");
        }
    }
}
