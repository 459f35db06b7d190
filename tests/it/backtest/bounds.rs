//! What strangers or slips can make of logs costs no more than it should.

use iamwatch::backtest::{RuleTally, Sample};
use iamwatch::cloudtrail::Identity;
use serde_json::{Value, json};

use super::command::{made, numbered, report, write};
use crate::cli::TestEnv;

fn sample(number: u64) -> Sample {
    Sample {
        time: Some(format!("2026-01-05T{number:08}Z")),
        id: None,
        event: "iam:CreateUser".to_owned(),
        actor: String::new(),
        account: None,
        region: None,
        address: None,
        error: None,
        blob: String::new(),
        record: number,
    }
}

#[test]
fn the_earliest_alerts_are_kept_in_whatever_order_they_come() {
    // Every place of many, in an order of its own: steps that have no divisor in common with the number.
    const ALL: u64 = 50_000;
    let mut tally = RuleTally::default();
    for step in 0..ALL {
        tally.keep(|| sample(step * 7_919 % ALL), 20_000);
    }
    let kept: Vec<u64> = tally.samples.iter().map(|sample| sample.record).collect();
    assert_eq!(kept, (0..20_000).collect::<Vec<u64>>());
    let mut none = RuleTally::default();
    none.keep(|| panic!("nobody asked for one"), 0);
    assert!(none.samples.is_empty());
}

#[test]
fn as_many_alerts_are_shown_as_were_asked_for() {
    let env = TestEnv::new();
    let mut records: Vec<Value> = (0..300)
        .rev()
        .map(|n| {
            let time = format!("2026-01-05T08:{:02}:{:02}Z", n / 60, n % 60);
            made("signin:ConsoleLogin", Identity::Root, "us-east-1", &time)
        })
        .collect();
    numbered(&mut records);
    for (number, part) in records.chunks(50).enumerate() {
        let lines: String = part.iter().map(|record| format!("{record}\n")).collect();
        write(
            env.path(),
            &format!("logs/{number}.jsonl"),
            lines.as_bytes(),
        );
    }
    for (asked, shown) in [("7", 7), ("300", 300), ("18446744073709551615", 300)] {
        let (code, report, err) = report(&env, &["--events", asked, "logs"]);
        assert_eq!(code, 0, "{err}");
        let events = report["rules"][0]["events"].as_array().unwrap();
        assert_eq!(events.len(), shown);
        assert_eq!(events[0]["time"], "2026-01-05T08:00:00Z");
        assert!(events.is_sorted_by_key(|event| event["time"].as_str().unwrap()));
    }
}

#[test]
fn a_file_that_is_not_there_fails_before_anything_else() {
    let env = TestEnv::new();
    // Not even the rules file is looked at.
    std::fs::remove_file(env.path().join("iamwatch.yaml")).unwrap();
    write(env.path(), "log.jsonl", b"{}");
    for (args, named) in [
        (&["backtest", "nofile"][..], "nofile"),
        (
            &["backtest", "log.jsonl", "no/such/folder"],
            "no/such/folder",
        ),
        (&["plan", "--with-backtest", "nofile"], "nofile"),
    ] {
        let (code, out, err) = env.run(args);
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(
            err.contains(&format!("`{named}`: there is no such file or folder")),
            "{err}"
        );
    }
    // Whoever wants the rest all the same gets the word on the rules file.
    let (_, _, err) = env.run(&["backtest", "--keep-going", "nofile"]);
    assert!(err.contains("iamwatch.yaml"), "{err}");
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_instead_of_waited_for() {
    let env = TestEnv::new();
    let pipe = env.path().join("logs/pipe.json");
    write(env.path(), "logs/log.jsonl", b"[]");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let pipe = "logs/pipe.json";
    for args in [
        &["backtest", pipe][..],
        &["backtest", "--keep-going", pipe],
        &["backtest", "logs/log.jsonl", "/dev/zero"],
        &["explain", pipe],
        &["explain", "/dev/zero"],
        &["match", pipe, "{}"],
        &["match", "--vectors", pipe],
        &["backtest", "--pattern", pipe, "logs/log.jsonl"],
        &["apply", pipe],
    ] {
        let (code, out, err) = env.run(args);
        assert_ne!(code, 0, "{args:?}");
        let what = if args.contains(&"/dev/zero") {
            "a device"
        } else {
            "a named pipe"
        };
        let said = format!("it is {what} and not a file");
        assert!(
            err.contains(&said) || out.contains(&said),
            "{args:?}: {out}{err}"
        );
    }
    // In a folder it is none of the logs.
    let (code, report, err) = report(&env, &["logs"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(report["read"]["skipped"], json!({ "other_name": 1 }));
}

#[cfg(unix)]
#[test]
fn what_a_shell_hands_over_is_read() {
    let env = TestEnv::new();
    let record = made(
        "signin:ConsoleLogin",
        Identity::Root,
        "us-east-1",
        "2026-01-05T08:00:00Z",
    );
    let mut child = env
        .command(&["backtest", "--json", "/dev/stdin"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut pipe, record.to_string().as_bytes()).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["alerts"], 1, "{report:#}");
}

#[test]
fn a_log_that_inflates_like_no_log_is_named_and_left() {
    let env = TestEnv::new();
    // Members of a megabyte of spaces each, a thousandth of that in size.
    let space = super::command::gzipped(&" ".repeat(1 << 20));
    let mut bomb = super::command::gzipped("{\"Records\":[");
    for _ in 0..80 {
        bomb.extend_from_slice(&space);
    }
    bomb.extend(super::command::gzipped("]}"));
    write(env.path(), "logs/bomb.json.gz", &bomb);
    let good = made(
        "signin:ConsoleLogin",
        Identity::Root,
        "us-east-1",
        "2026-01-05T08:00:00Z",
    );
    write(env.path(), "logs/good.json", good.to_string().as_bytes());
    let (code, report, err) = report(&env, &["--keep-going", "logs"]);
    assert_eq!((code, &report["alerts"]), (1, &json!(1)), "{err}");
    let lost = &report["read"]["losses"][0];
    assert!(lost["name"].as_str().unwrap().ends_with("bomb.json.gz"));
    assert!(
        lost["problem"].as_str().unwrap().contains("times its size"),
        "{lost}"
    );
}

#[test]
fn one_role_name_that_is_noisy_in_many_accounts_is_one_suggestion() {
    for accounts in [3_u64, 12] {
        let env = TestEnv::new();
        let mut records = Vec::new();
        for number in 0..accounts * 5 {
            let time = format!("2026-01-05T08:{:02}:00Z", number % 60);
            let account = format!("1000000000{:02}", number % accounts);
            let record = made(
                "iam:AttachRolePolicy",
                Identity::AssumedRole,
                "us-east-1",
                &time,
            );
            let record = record.to_string().replace("111122223333", &account);
            records.push(serde_json::from_str(&record).unwrap());
        }
        for hour in 9..11 {
            let time = format!("2026-01-05T{hour:02}:00:00Z");
            records.push(made(
                "iam:AttachRolePolicy",
                Identity::IamUser,
                "us-east-1",
                &time,
            ));
        }
        numbered(&mut records);
        let log: String = records.iter().map(|record| format!("{record}\n")).collect();
        write(env.path(), "log.jsonl", log.as_bytes());
        let rules = |unless: &str| {
            format!(
                "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ mail: {{ email: a@example.com }} }}\nnotify: {{ default: [mail] }}\nrules:\n  - use: iam/auth-changes\n    {unless}\n"
            )
        };
        write(env.path(), "iamwatch.yaml", rules("").as_bytes());
        let (code, before, err) = report(&env, &["log.jsonl"]);
        assert_eq!(code, 0, "{err}");
        let noisiest = before["rules"][0]["noisiest"].as_array().unwrap();
        assert_eq!(noisiest.len(), 2, "{before:#}");
        let noisy = &noisiest[0];
        assert_eq!(
            (
                &noisy["value"],
                &noisy["accounts"],
                &noisy["alerts"],
                &noisy["remaining"]
            ),
            (
                &json!("arn:aws:iam::*:role/Deployer"),
                &json!(accounts),
                &json!(accounts * 5),
                &json!(2)
            )
        );
        let unless = noisy["unless"].as_str().unwrap();
        // Few accounts are named: nobody else can meet the exception.
        assert_eq!(noisy["any_account"], accounts > 5);
        assert_eq!(unless.contains('*'), accounts > 5, "{unless}");
        assert!(
            accounts <= 5 || unless.contains("::*:role/Deployer"),
            "{unless}"
        );
        let (_, out, _) = env.run(&["backtest", "log.jsonl"]);
        assert!(
            out.contains(&format!(
                "arn:aws:iam::*:role/Deployer in {accounts} accounts"
            )),
            "{out}"
        );
        assert_eq!(
            out.contains("it holds for that name in every account"),
            accounts > 5,
            "{out}"
        );
        // It leaves what it says that it leaves.
        write(env.path(), "iamwatch.yaml", rules(unless).as_bytes());
        let (code, after, err) = report(&env, &["log.jsonl"]);
        assert_eq!(code, 0, "{err}");
        assert_eq!(after["rules"][0]["alerts"], 2);
    }
}

#[test]
fn one_of_something_is_said_as_one() {
    let env = TestEnv::new();
    let record = made(
        "signin:ConsoleLogin",
        Identity::Root,
        "us-east-1",
        "2026-01-05T08:00:00Z",
    );
    let other = made(
        "signin:ConsoleLogin",
        Identity::Root,
        "us-east-1",
        "2026-02-05T08:00:00Z",
    );
    let digest = r#"{"awsAccountId":"1","digestS3Object":"o"}"#;
    write(
        env.path(),
        "log.jsonl",
        format!("{record}\n{other}\n").as_bytes(),
    );
    write(env.path(), "digest.json", digest.as_bytes());
    let (code, out, _) = env.run(&[
        "backtest",
        "--until",
        "2026-01-06",
        "log.jsonl",
        "digest.json",
    ]);
    assert_eq!(code, 0);
    assert!(
        out.starts_with("1 alert for 1 of 1 record in 1 file, "),
        "{out}"
    );
    assert!(
        out.contains("by 1 principal, in 1 account, from 1 address"),
        "{out}"
    );
    assert!(
        out.contains("Left out: 1 record outside the period asked for, 1 digest file."),
        "{out}"
    );
    // What says no time lies in no part of it, and counts only where all of it is asked for.
    let mut timeless = record.clone();
    timeless.as_object_mut().unwrap().remove("eventTime");
    timeless["eventID"] = json!("00000000-0000-4000-8000-00000000ffff");
    write(
        env.path(),
        "timeless.jsonl",
        format!("{record}\n{timeless}\n").as_bytes(),
    );
    let (_, out, _) = env.run(&["backtest", "--since", "2030-01-01", "timeless.jsonl"]);
    assert!(
        out.contains(
            "Left out: 1 record outside the period asked for, 1 record without a time, which may lie outside that period."
        ),
        "{out}"
    );
    let (_, out, _) = env.run(&["backtest", "timeless.jsonl"]);
    assert!(
        out.contains("for 2 of 2 records")
            && out.contains("1 record has no time: counted, and of no day or hour.")
            && !out.contains("Left out"),
        "{out}"
    );
    write(env.path(), "cut.jsonl", format!("{record}\n{{").as_bytes());
    let (_, out, _) = env.run(&["backtest", "cut.jsonl"]);
    assert!(out.contains("(1 record was read)"), "{out}");
}
