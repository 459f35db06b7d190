//! What keeps a deployer from hurting, through the program as a user runs it.

mod adopt;
mod boundary;
mod buckets;
mod dead_letters;
mod destroy;
mod expected;
mod prune;
mod quotas;
mod region;
mod saved;
mod test_event;
mod trails;

use std::path::PathBuf;

use iamwatch::sandbox::Sandbox;
use serde_json::Value;

use crate::cli::TestEnv;

/// Two rules, a trail of our own.
pub(crate) const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
channels:
  security-mail: { email: security@example.com }
notify: { default: [security-mail] }
rules:
  - use: root/sign-in
  - use: signin/failed
"#;

/// A folder with a rules file and a sandbox.
pub(crate) struct Folder {
    env: TestEnv,
}

impl Folder {
    pub(crate) fn with(rules: &str) -> Self {
        let folder = Self {
            env: TestEnv::new(),
        };
        folder.rules(rules);
        folder
    }

    pub(crate) fn rules(&self, text: &str) {
        std::fs::write(self.path("iamwatch.yaml"), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.env.path().join(name)
    }

    /// Runs a command on the sandbox: exit code, output, errors.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        let args: Vec<&str> = args.iter().copied().chain(["--sandbox"]).collect();
        self.env.run(&args)
    }

    pub(crate) fn succeed(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        assert_eq!(code, 0, "{args:?}\n{out}{err}");
        out
    }

    /// What a command says when it fails; nothing may be written then.
    pub(crate) fn fail(&self, args: &[&str]) -> String {
        let before = self.world();
        let (code, out, err) = self.run(args);
        assert_eq!(code, 1, "{args:?}\n{out}{err}");
        assert!(self.world() == before, "{args:?} changed something: {err}");
        err
    }

    /// Lets somebody else do something to the AWS of this folder.
    pub(crate) fn meanwhile<T>(&self, act: impl FnOnce(&Sandbox) -> T) -> T {
        let path = self.path(".iamwatch-sandbox.json");
        let sandbox = Sandbox::load(&path).unwrap();
        let done = act(&sandbox);
        sandbox.save(&path).unwrap();
        done
    }

    /// Everything in AWS but the traces that each call leaves.
    fn world(&self) -> Value {
        let text = std::fs::read_to_string(self.path(".iamwatch-sandbox.json"));
        let mut world: Value = serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default();
        without_traces(&mut world);
        world
    }
}

/// Ids that were given out, and what CloudTrail recorded.
fn without_traces(value: &mut Value) {
    let traces = [
        "ids",
        "recorded",
        "history",
        "attempted",
        "delivered",
        "objects",
        "assumed",
    ];
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, _| !traces.contains(&key.as_str()));
        map.values_mut().for_each(without_traces);
    }
}

impl Folder {
    /// Lets somebody else call AWS.
    pub(crate) fn aws<F: Future<Output = ()>>(
        &self,
        act: impl FnOnce(iamwatch::aws::Clients) -> F,
    ) {
        self.meanwhile(|sandbox| {
            let config = sandbox.sdk_config(&sandbox.region(), sandbox.admin());
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let cloud = iamwatch::aws::Cloud::with_config(config).await.unwrap();
                act(cloud.at(&sandbox.region())).await;
            });
        })
    }
}
