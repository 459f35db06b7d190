//! An organization in this process, and command lines that run on it: no file is written, so that
//! hundreds of runs are cheap.

use iamwatch::check;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use iamwatch::aws::Cloud;
use iamwatch::cli::{self, Exit, Ui};
use iamwatch::engine::InProcessAws;
use iamwatch::place::{AccountId, Place};
use iamwatch::resources::{self, Live, Owner};
use iamwatch::sandbox::{Organization, Sandbox};
use tempfile::TempDir;

use super::{id, organized};

/// An AWS in this process, a rules file, and who runs the program.
pub(crate) struct Kit {
    pub sandbox: Sandbox,
    folder: Arc<TempDir>,
    rules: String,
}

/// What a command line said.
#[derive(Debug)]
pub(crate) struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// How an account stands: ours without what AWS chooses.
pub(crate) type End = BTreeMap<AccountId, Vec<Live>>;

impl Kit {
    /// The management account, and these others right below the root.
    pub(crate) fn with(rules: &str, members: &[(&str, &str)]) -> Self {
        let (sandbox, organization) = organized();
        for (account, name) in members {
            let made = organization.create_account_as(&id(account), &organization.root(), name);
            made.unwrap();
        }
        let kit = Self {
            sandbox,
            folder: Arc::new(tempfile::tempdir().unwrap()),
            rules: "iamwatch.yaml".to_owned(),
        };
        kit.rules(rules);
        kit
    }

    /// An AWS of its own that begins where this one stands, with the same rules file.
    pub(crate) fn fork(&self) -> Self {
        Self {
            sandbox: self.sandbox.fork(),
            folder: self.folder.clone(),
            rules: self.rules.clone(),
        }
    }

    pub(crate) fn rules(&self, text: &str) {
        self.write(&self.rules, text);
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// The path of a file beside the rules file.
    pub(crate) fn path(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn organization(&self) -> Organization {
        self.sandbox.organization().unwrap()
    }

    /// Runs a command line as an administrator of the management account.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.run_as(args, InProcessAws::administered(self.sandbox.clone()))
    }

    pub(crate) fn run_as(&self, args: &[&str], within: InProcessAws) -> Said {
        let (out, err) = (Shared::default(), Shared::default());
        let ui = Ui::new(out.clone(), err.clone());
        let rules = self.path(&self.rules);
        let line = ["iamwatch", "-f", &rules, "--color", "never"];
        let line = line.iter().chain(args).map(Into::into);
        let exit = cli::run_within(line, ui, Some(within));
        Said {
            code: match exit {
                Exit::Fine => 0,
                Exit::Error => 1,
                Exit::Verdict => 2,
                Exit::Code(code) => i32::from(code),
            },
            out: out.text(),
            err: err.text(),
        }
    }

    pub(crate) fn succeed(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, 0, "{args:?}\n{}{}", said.out, said.err);
        said.out
    }

    /// A command line that must fail; all that it said.
    pub(crate) fn fail(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, 1, "{args:?}\n{}{}", said.out, said.err);
        said.out + &said.err
    }

    /// The only JSON document of a command line that does not fail.
    pub(crate) fn json(&self, args: &[&str]) -> serde_json::Value {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let said = self.run(&args);
        assert!(said.code != 1, "{args:?}\n{}{}", said.out, said.err);
        serde_json::from_str(&said.out).unwrap()
    }

    /// Lets an administrator of an account act there.
    pub(crate) fn act<T>(
        &self,
        account: &str,
        region: &str,
        act: impl AsyncFnOnce(aws_types::SdkConfig) -> T,
    ) -> T {
        let admin = self.sandbox.admin_in(&id(account));
        let config = self.sandbox.sdk_config(&region.parse().unwrap(), admin);
        block_on(act(config))
    }

    /// Everything of ours in every account.
    pub(crate) fn end(&self) -> End {
        let file = std::fs::read_to_string(self.path(&self.rules)).unwrap();
        let file = check::load_text("iamwatch.yaml", &file).file.unwrap();
        let home = &file.home.region;
        let accounts = self.organization().accounts();
        block_on(async {
            let mut end = End::new();
            for account in accounts {
                let admin = self.sandbox.admin_in(&account);
                let config = self.sandbox.sdk_config(home, admin);
                let cloud = Cloud::with_config(config).await.unwrap();
                let account_facts = resources::account_facts(&cloud, &file.name, home)
                    .await
                    .unwrap();
                let place = Place::Regional {
                    account: account.clone(),
                    region: home.clone(),
                };
                let regions = ["us-east-1", "eu-central-1"];
                let regions = regions.map(|region| region.parse().unwrap()).into();
                let live =
                    resources::read_all(&cloud, &file.name, &place, &regions, &[], &account_facts);
                let mut live = live.await.unwrap();
                live.retain(|live| live.owner == Owner::Ours);
                for live in &mut live {
                    live.handle = None;
                }
                end.insert(account, live);
            }
            end
        })
    }

    /// The whole policy of the home bus, foreign statements included.
    pub(crate) fn bus_policy(&self, account: &str) -> serde_json::Value {
        let policy = self.act(account, "eu-central-1", async |config| {
            let events = aws_sdk_eventbridge::Client::new(&config);
            let bus = events.describe_event_bus().name("iamwatch-acme");
            bus.send().await.unwrap().policy.unwrap()
        });
        serde_json::from_str(&policy).unwrap()
    }

    /// Lets an account deny others its bus by a statement `x`, with these fields besides.
    pub(crate) fn deny(&self, account: &str, more: &serde_json::Value) {
        let mut policy = self.bus_policy(account);
        let mut statement = serde_json::json!({
            "Sid": "x",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "events:PutEvents",
            "Resource": policy["Statement"][0]["Resource"],
        });
        let fields = statement.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        policy["Statement"].as_array_mut().unwrap().push(statement);
        self.act(account, "eu-central-1", async |config| {
            let events = aws_sdk_eventbridge::Client::new(&config);
            let put = events.put_permission().event_bus_name("iamwatch-acme");
            put.policy(policy.to_string()).send().await.unwrap();
        });
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

/// Takes every permission from the role of members.
pub(crate) async fn empty_role(config: &aws_types::SdkConfig) {
    let iam = aws_sdk_iam::Client::new(config);
    let role = "OrganizationAccountAccessRole";
    let listed = iam.list_role_policies().role_name(role).send().await;
    for policy in listed.unwrap().policy_names() {
        let request = iam.delete_role_policy().role_name(role);
        request.policy_name(policy).send().await.unwrap();
    }
    let attached = iam.list_attached_role_policies().role_name(role);
    for policy in attached.send().await.unwrap().attached_policies() {
        let request = iam.detach_role_policy().role_name(role);
        let request = request.policy_arn(policy.policy_arn().unwrap());
        request.send().await.unwrap();
    }
}

/// What several writers write into.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
