//! The page of a backtest: it holds what the report says, fetches nothing, and takes no name for markup.

use iamwatch::cloudtrail::Identity;
use serde_json::Value;

use crate::backtest::command::{made, report, write};
use crate::cli::TestEnv;

#[test]
fn a_page_shows_the_report_and_needs_no_network() {
    let env = TestEnv::new();
    let times = [
        "2026-01-05T08:30:00Z",
        "2026-01-05T08:40:00Z",
        "2026-02-07T23:00:00Z",
    ];
    let records = times.map(|time| {
        let mut record = made("signin:ConsoleLogin", Identity::Root, "us-east-1", time);
        record["userIdentity"]["arn"] = Value::from("<script>alert(1)</script>\"'&");
        record.to_string()
    });
    write(env.path(), "logs.jsonl", records.join("\n").as_bytes());
    write(env.path(), "bad/<b>.json.gz", b"\x1f\x8b\x08\x00");
    let args = ["--keep-going", "--html", "page.html", "logs.jsonl", "bad"];
    let (code, report, err) = report(&env, &args);
    assert_eq!(code, 1, "{err}");
    let page = std::fs::read_to_string(env.path().join("page.html")).unwrap();
    for address in [
        "http://", "https://", "src=", "url(", "@import", "<script", "<link", "<b>.json",
    ] {
        assert!(!page.contains(address), "{address}");
    }
    let rule = &report["rules"][0];
    assert_eq!(rule["alerts"], 3, "{report:#}");
    assert!(page.contains(rule["rule"].as_str().unwrap()));
    // The first bar holds two alerts, a later one the third; so do two cells of the week.
    assert!(page.contains("Mon 2026-01-05: 2 of 2, "), "{page}");
    assert!(page.contains("Sat 2026-02-07: 1 of 1, "));
    assert!(page.contains("Mon 08:00: 2") && page.contains("Sat 23:00: 1"));
    assert!(page.contains("could not be read") && page.contains("bad/&lt;b&gt;.json.gz"));
    assert!(page.contains("signin/failed"), "a rule that never fired");
}
