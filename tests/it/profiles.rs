//! `--profile` and `AWS_PROFILE`: one that does not exist is said to be none.

use crate::cli::TestEnv;

const CONFIG: &str =
    "[default]\nregion = eu-central-1\n[profile prod]\nregion = us-east-1\n[profile staging]\n";

fn env(config: Option<&str>, credentials: Option<&str>) -> TestEnv {
    let env = TestEnv::new();
    std::fs::create_dir(env.path().join(".aws")).unwrap();
    for (name, text) in [("config", config), ("credentials", credentials)] {
        if let Some(text) = text {
            std::fs::write(env.path().join(".aws").join(name), text).unwrap();
        }
    }
    env
}

fn said(env: &TestEnv, args: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = env.command(args);
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

#[test]
fn a_profile_that_does_not_exist_is_named_with_those_that_do() {
    let both = env(Some(CONFIG), Some("[ci]\naws_access_key_id = AKIA\n"));
    for (args, variables, message, help) in [
        (
            &["plan", "--profile", "nope"][..],
            &[][..],
            "the profile `nope` does not exist",
            "`ci`, `default`, `prod`, `staging`",
        ),
        (
            &["plan", "--profile", "prdo"],
            &[],
            "the profile `prdo` does not exist",
            "did you mean `prod`?",
        ),
        (
            &["status", "--profile", "Prod"],
            &[],
            "the profile `Prod` does not exist",
            "did you mean `prod`?",
        ),
        (
            &["apply", "--profile", "profile prod"],
            &[],
            "`profile prod` does not exist",
            "",
        ),
        (
            &["plan"],
            &[("AWS_PROFILE", "stagin")],
            "the profile `stagin`, which AWS_PROFILE names, does not exist",
            "did you mean `staging`?",
        ),
        (
            &["plan", "--profile", "nope"],
            &[("AWS_PROFILE", "prod")],
            "the profile `nope` does not exist",
            "",
        ),
    ] {
        let (code, text) = said(&both, args, variables);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains(message) && text.contains(help),
            "{args:?}\n{text}"
        );
    }
    let (_, text) = said(&both, &["plan", "--profile", "nope", "--json"], &[]);
    assert!(text.contains("\"code\":\"unknown-name\""), "{text}");
    let none = env(None, None);
    let (code, text) = said(&none, &["plan", "--profile", "nope"], &[]);
    assert_eq!(code, 1);
    assert!(
        text.contains("`nope` does not exist") && text.contains("aws configure sso"),
        "{text}"
    );
}

#[test]
fn one_that_exists_is_used_wherever_its_file_is() {
    let env = env(Some(CONFIG), None);
    let elsewhere = env.path().join("elsewhere");
    std::fs::write(&elsewhere, "[profile far]\n").unwrap();
    let elsewhere = elsewhere.to_str().unwrap();
    for (args, variables) in [
        (&["plan", "--profile", "prod"][..], &[][..]),
        (&["plan", "--profile", "default"], &[]),
        (
            &["plan", "--profile", "far"],
            &[("AWS_CONFIG_FILE", elsewhere)],
        ),
        (&["plan"], &[("AWS_PROFILE", "staging")]),
    ] {
        let (code, text) = said(&env, args, variables);
        assert_eq!(code, 1, "{text}");
        assert!(!text.contains("does not exist"), "{args:?}\n{text}");
        assert!(
            text.contains("no credentials") || text.contains("credentials"),
            "{text}"
        );
    }
    // The sandbox has no profiles.
    let (code, text) = said(&env, &["plan", "--sandbox", "--profile", "nope"], &[]);
    assert_eq!(code, 0, "{text}");
}
