//! The same on an emulator that we did not write.
//!
//! It has no Account API, so that the Regions are listed.

use std::process::Stdio;

use super::RULES;
use crate::cli::TestEnv;

/// A management account of its own, and the program as its user runs it.
struct Emulated {
    env: TestEnv,
    endpoint: String,
    account: String,
}

impl Emulated {
    fn new() -> Option<Self> {
        let Ok(endpoint) = std::env::var("IAMWATCH_LOCALEMU") else {
            eprintln!("skipped: IAMWATCH_LOCALEMU names no emulator");
            return None;
        };
        let env = TestEnv::new();
        std::fs::write(env.path().join("iamwatch.yaml"), RULES).unwrap();
        // A 12-digit access key is its own account there.
        let account = format!("{:06}900001", std::process::id() % 900_000 + 100_000);
        Some(Self {
            env,
            endpoint,
            account,
        })
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        let mut command = self.env.command(args);
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.account)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.code().unwrap_or(-1), text)
    }

    async fn organizations(&self) -> aws_sdk_organizations::Client {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let credentials = aws_credential_types::Credentials::new(
            self.account.clone(),
            "secret",
            None,
            None,
            "test",
        );
        let config = aws_types::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .endpoint_url(&self.endpoint)
            .http_client(http)
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            .region(aws_config::Region::new("us-east-1"))
            .credentials_provider(
                aws_credential_types::provider::SharedCredentialsProvider::new(credentials),
            )
            .build();
        aws_sdk_organizations::Client::new(&config)
    }
}

#[tokio::test(start_paused = true)]
async fn localemu_five_accounts_go_from_empty_to_covered() {
    let Some(emulated) = Emulated::new() else {
        return;
    };
    let organizations = emulated.organizations().await;
    organizations.create_organization().send().await.unwrap();
    // Where the emulator knows trusted access, it is given.
    let trust = organizations.enable_aws_service_access();
    let trust = trust.service_principal("cloudtrail.amazonaws.com");
    let _ = trust.send().await;
    let join = async |name: &str| {
        let request = organizations.create_account().account_name(name);
        let request = request.email(format!("{name}@example.com"));
        request.send().await.unwrap();
    };
    for name in ["security", "payments", "shop", "lab"] {
        join(name).await;
    }
    let (code, text) = emulated.run(&["apply", "--auto-approve"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("Applied to 4 of 4 accounts"), "{text}");
    let (code, text) = emulated.run(&["coverage"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("5 of 5 accounts"), "{text}");
    let (code, text) = emulated.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = emulated.run(&["test-event", "--all-accounts", "--wait"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("15 of 15 ways home good"), "{text}");

    join("young").await;
    let (code, text) = emulated.run(&["coverage"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("5 of 6 accounts"), "{text}");
    let (code, text) = emulated.run(&["apply", "--auto-approve"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = emulated.run(&["coverage"]);
    assert_eq!(code, 0, "{text}");
}
