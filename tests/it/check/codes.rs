//! Every code is explained by an example of wrong, which has it, and one of right, which has nothing.

use iamwatch::check;

use super::{checked, codes_of, shown};
use crate::cli::TestEnv;

/// Those whose examples are commands, or need an account.
const UNTRIED: [&str; 9] = [
    "E0101", "E0102", "E0103", "E0110", "E0802", "E0806", "E0808", "E0901", "W0807",
];

#[test]
fn every_code_has_an_example_that_is_true() {
    let mut wrong = String::new();
    for code in check::codes() {
        let (Some(bad), Some(good)) = (code.wrong, code.right) else {
            panic!("{} has no example", code.id);
        };
        if UNTRIED.contains(&code.id) {
            continue;
        }
        let found = checked(bad);
        if !codes_of(&found).contains(&code.id) {
            wrong.push_str(&format!(
                "{}: the wrong one has {}\n",
                code.id,
                shown(&found)
            ));
        }
        if good.starts_with("$ ") {
            continue;
        }
        let found = checked(good);
        if !found.diagnostics.is_empty() {
            wrong.push_str(&format!(
                "{}: the right one has {}\n",
                code.id,
                shown(&found)
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_code_is_explained_whatever_its_case_and_a_wrong_one_is_guessed() {
    let env = TestEnv::new();
    let (code, out, err) = env.run(&["explain-code", "w0713"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.starts_with("W0713: Here a `*` is an ordinary character"),
        "{out}"
    );
    assert!(
        out.contains("Wrong:\n    - id: a\n") && out.contains("Right:\n"),
        "{out}"
    );
    let (code, _, err) = env.run(&["explain-code", "E0713"]);
    assert_eq!(code, 1);
    assert!(err.contains("did you mean W0713?"), "{err}");
    let (code, _, err) = env.run(&["explain-code", "nonsense"]);
    assert_eq!(code, 1);
    assert!(err.contains("lists all of them"), "{err}");
}

#[test]
fn all_codes_are_listed() {
    let env = TestEnv::new();
    let (code, out, _) = env.run(&["explain-code"]);
    assert_eq!(code, 0);
    assert_eq!(out.lines().count(), check::codes().len());
    let (_, out, _) = env.run(&["explain-code", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(listed["format_version"], 1);
    assert_eq!(
        listed["codes"].as_array().unwrap().len(),
        check::codes().len()
    );
    let (_, out, _) = env.run(&["explain-code", "E0107", "--json"]);
    let one: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&one["format_version"], &one["code"]),
        (&1.into(), &"E0107".into())
    );
}
