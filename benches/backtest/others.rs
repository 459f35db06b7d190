//! The same patterns for jq and DuckDB. They are translated as far as the typical ones go.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::ways::log_files;

/// A field of a record and what it may be.
type Wish = (Vec<String>, Vec<Value>);

/// The fields that a pattern asks for, as they stand in a record.
fn wishes(pattern: &Value) -> Result<Vec<Wish>, String> {
    let mut found = Vec::new();
    let mut waiting = vec![(Vec::new(), pattern)];
    while let Some((path, here)) = waiting.pop() {
        for (name, wanted) in here.as_object().ok_or("no object")? {
            let mut path: Vec<String> = path.clone();
            path.push(name.clone());
            match wanted {
                Value::Array(wanted) => found.push((path, wanted.clone())),
                inner => waiting.push((path, inner)),
            }
        }
    }
    // The source of every record begins so.
    found.retain(|(path, wanted)| {
        path.join(".") != "source" || *wanted != [json!({ "prefix": "aws." })]
    });
    for (path, wanted) in &mut found {
        if path.first().is_some_and(|name| name == "detail") {
            path.remove(0);
        } else if path.join(".") == "source" {
            *path = vec!["eventSource".to_owned()];
            for value in wanted {
                let service = value
                    .as_str()
                    .and_then(|source| source.strip_prefix("aws."));
                *value = Value::from(format!("{}.amazonaws.com", service.ok_or("no service")?));
            }
        } else {
            return Err(format!("{path:?} stands in no record"));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// `exact`, `prefix` or `anything-but` with a text.
fn operator(value: &Value) -> Result<(&str, &str), String> {
    if let Some(text) = value.as_str() {
        return Ok(("exact", text));
    }
    let (name, argument) = value
        .as_object()
        .and_then(|object| object.iter().next())
        .ok_or("no operator")?;
    let text = argument.as_str().ok_or("no text")?;
    Ok((name, text))
}

fn condition(
    pattern: &Value,
    field: impl Fn(&[String]) -> String,
    test: impl Fn(&str, &str, &str) -> Result<String, String>,
) -> Result<String, String> {
    let mut all = Vec::new();
    for (path, wanted) in wishes(pattern)? {
        let field = field(&path);
        let any = wanted.iter().map(|value| {
            let (name, text) = operator(value)?;
            test(name, &field, text)
        });
        let any: Vec<String> = any.collect::<Result<_, String>>()?;
        all.push(format!("({})", any.join(" or ")));
    }
    Ok(all.join(" and "))
}

/// One jq behind one zcat, whose CPU time counts as well.
pub(crate) fn jq(
    patterns: &[(String, Value)],
    logs: &Path,
) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let quoted = |text: &str| Value::from(text).to_string();
    let mut conditions = Vec::new();
    for (name, pattern) in patterns {
        let condition = condition(
            pattern,
            |path| format!(".{}", path.join(".")),
            |operator, field, text| match operator {
                "exact" => Ok(format!("{field} == {}", quoted(text))),
                "prefix" => Ok(format!(
                    "(({field} // \"\") | startswith({}))",
                    quoted(text)
                )),
                "anything-but" => Ok(format!("({field} != null and {field} != {})", quoted(text))),
                other => Err(format!("no translation of {other}")),
            },
        )?;
        conditions.push(format!(
            "(if {condition} then {} else empty end)",
            quoted(name)
        ));
    }
    let program = format!(
        "reduce (inputs.Records[] | ({})) as $rule ({{}}; .[$rule] += 1)",
        conditions.join(", ")
    );
    let version = Command::new("jq").arg("--version").output();
    version.map_err(|_| "jq is not installed")?;
    let mut zcat = Command::new("sh")
        .args([
            "-c",
            "find \"$0\" -path '*/CloudTrail/*' -name '*.gz' -print0 | xargs -0 zcat",
        ])
        .arg(logs)
        .stdout(Stdio::piped())
        .spawn()?;
    let input = zcat.stdout.take().ok_or("no pipe")?;
    let output = Command::new("jq")
        .args(["-n", &program])
        .stdin(input)
        .output()?;
    zcat.wait()?;
    counts(patterns, &output)
}

/// DuckDB with one thread, told beforehand which fields there are: it need not look for them, nor keep others.
pub(crate) fn duckdb(
    patterns: &[(String, Value)],
    logs: &Path,
) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut columns = Vec::new();
    let mut paths: BTreeSet<Vec<String>> = BTreeSet::new();
    for (name, pattern) in patterns {
        paths.extend(wishes(pattern)?.into_iter().map(|(path, _)| path));
        let condition = condition(
            pattern,
            |path| format!("r.{}", path.join(".")),
            |operator, field, text| match operator {
                "exact" => Ok(format!("{field} = {}", quoted(text))),
                "prefix" => Ok(format!("starts_with({field}, {})", quoted(text))),
                "anything-but" => Ok(format!("{field} <> {}", quoted(text))),
                other => Err(format!("no translation of {other}")),
            },
        )?;
        columns.push(format!("count(*) FILTER (WHERE {condition}) AS \"{name}\""));
    }
    let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in &paths {
        let (first, rest) = path.split_first().ok_or("no path")?;
        let inner = members.entry(first).or_default();
        inner.extend(rest.iter().map(String::as_str));
    }
    let members: Vec<String> = members
        .iter()
        .map(|(name, inner)| {
            if inner.is_empty() {
                return format!("{name} VARCHAR");
            }
            let inner: Vec<String> = inner.iter().map(|name| format!("{name} VARCHAR")).collect();
            format!("{name} STRUCT({})", inner.join(", "))
        })
        .collect();
    let files: Vec<String> = log_files(logs)?
        .iter()
        .map(|path| quoted(&path.display().to_string()))
        .collect();
    let query = format!(
        "SELECT {} FROM (SELECT unnest(Records) AS r FROM read_json([{}], format='unstructured', compression='gzip', \
         columns={{Records: 'STRUCT({})[]'}}))",
        columns.join(", "),
        files.join(", "),
        members.join(", "),
    );
    let script = "import sys, json, duckdb\n\
                  db = duckdb.connect()\n\
                  db.execute('SET threads = 1; SET preserve_insertion_order = false; SET enable_progress_bar = false')\n\
                  result = db.execute(sys.stdin.read())\n\
                  names = [column[0] for column in result.description]\n\
                  print(json.dumps(dict(zip(names, result.fetchone()))))";
    let python = std::env::var("IAMWATCH_DUCKDB").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python).args(["-c", "import duckdb"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        return Err(format!("{python} has no duckdb").into());
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("query.sql");
    std::fs::write(&file, query)?;
    let output = Command::new(&python)
        .args(["-c", script])
        .stdin(std::fs::File::open(file)?)
        .output()?;
    counts(patterns, &output)
}

fn counts(
    patterns: &[(String, Value)],
    output: &std::process::Output,
) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let said: BTreeMap<String, u64> = serde_json::from_slice(&output.stdout)?;
    let counts = patterns.iter().map(|(name, _)| {
        let count = said.get(name).copied().unwrap_or_default();
        (name.clone(), count)
    });
    Ok(counts.collect())
}
