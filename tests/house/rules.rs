//! The rules of the house, as data. What still breaks one stands under "still to mend": those lists may only
//! shrink, and an entry that is no longer needed fails the test.

/// Rooms from the ground up. A room may name rooms on floors below its own, and none beside or above it.
pub const FLOORS: &[&[&str]] = &[
    &["pattern", "threads"],
    &["place"],
    &["diagnostic", "sandbox"],
    &["aws", "cloudtrail"],
    &["rules"],
    &["compile"],
    &["explain", "organization"],
    &["backtest", "check", "resources"],
    &["placement"],
    &["dead_letters", "permissions", "plan"],
    &["apply", "proof"],
    &["fleet", "health"],
    &["render"],
    &["engine"],
    &["cli"],
    &["main"],
];

/// What a room must do without though it lies below, and why.
pub struct Ban {
    pub room: &'static str,
    pub named: &'static [&'static str],
    pub because: &'static str,
}

pub const BANS: &[Ban] = &[
    Ban {
        room: "pattern",
        named: &["threads"],
        because: "it is a crate of its own, for others too",
    },
    Ban {
        room: "sandbox",
        named: &["threads"],
        because: "it stands for AWS: what it shared with the product, tests would compare with itself",
    },
];

/// Who alone may name a room, and why.
pub struct Reserved {
    pub room: &'static str,
    pub to: &'static [&'static str],
    pub because: &'static str,
}

pub const RESERVED: &[Reserved] = &[Reserved {
    room: "sandbox",
    to: &["engine", "cli"],
    because: "the product must not know on which AWS it works",
}];

/// Arrows that run up, and who mends them. (from, to)
pub const ARROWS_TO_MEND: &[(&str, &str)] = &[("check", "plan"), ("explain", "placement")];

/// Where the SDK's clients may be named: a file, or a folder with `/` at its end; `*` stands for one name.
pub const SDK: &[(&str, &str)] = &[
    ("aws/", "makes the clients"),
    (
        "resources/*/aws.rs",
        "reads and writes one kind of resource",
    ),
    ("resources/aws/", "reads what belongs to no single kind"),
    ("sandbox/", "is the other end of the SDK"),
    ("backtest/source/s3.rs", "reads log files from a bucket"),
    ("backtest/source/lookup.rs", "reads the event history"),
    ("dead_letters/read.rs", "reads dead-letter queues"),
    ("health/leftovers.rs", "looks for what a run left behind"),
    (
        "organization/list.rs",
        "lists the accounts of an organization",
    ),
    (
        "proof/probe.rs",
        "makes a temporary queue that hears an alert",
    ),
    ("proof/watch.rs", "receives from that queue"),
];

pub const SDK_TO_MEND: &[&str] = &[
    "resources/account_facts.rs",
    "resources/adopt.rs",
    "resources/buses.rs",
    "resources/cloudtrail/mod.rs",
    "resources/cloudtrail/selectors.rs",
    "resources/events.rs",
    "resources/iam.rs",
    "resources/kms.rs",
    "resources/name_guard.rs",
    "resources/s3.rs",
    "resources/sns.rs",
    "resources/sqs.rs",
];

/// Who may print or read standard input besides the rooms that speak to a person.
pub const SPEAKERS: &[&str] = &["cli", "main"];

pub const STREAMS: &[(&str, &str)] = &[(
    "backtest/open.rs",
    "reads logs from standard input where the caller names it as their source",
)];

/// The most files that may reach each other in a loop inside a room.
pub const LARGEST_LOOP: usize = 4;

/// Rooms with a larger loop, and its size.
pub const LOOPS_TO_MEND: &[(&str, usize)] = &[
    ("cli", 26),
    ("resources", 11),
    ("rules", 28),
    ("sandbox", 44),
];

/// Files with doc comments that lean on the one before ("The same for …"), and how many.
pub const DOCS_TO_MEND: &[(&str, usize)] = &[
    ("aws/calls.rs", 1),
    ("aws/member.rs", 1),
    ("aws/mod.rs", 2),
    ("backtest/run.rs", 1),
    ("check/overlap.rs", 1),
    ("cli/everywhere.rs", 1),
    ("cli/exit.rs", 1),
    ("cli/mod.rs", 1),
    ("cli/organization.rs", 2),
    ("cli/permissions.rs", 2),
    ("cli/session.rs", 2),
    ("cloudtrail/mod.rs", 1),
    ("compile/conditions.rs", 2),
    ("compile/events.rs", 1),
    ("compile/mod.rs", 1),
    ("compile/spelt_out.rs", 1),
    ("explain/input.rs", 1),
    ("explain/mod.rs", 1),
    ("fleet/account.rs", 1),
    ("permissions/member.rs", 1),
    ("plan/foreign_statements.rs", 1),
    ("proof/path.rs", 1),
    ("resources/account_facts.rs", 1),
    ("resources/names.rs", 1),
    ("resources/policy.rs", 1),
    ("rules/catalogue.rs", 1),
    ("rules/codes.rs", 1),
    ("rules/fields.rs", 2),
    ("rules/keys.rs", 1),
    ("rules/levels.rs", 1),
    ("rules/load.rs", 1),
    ("rules/model.rs", 1),
    ("rules/read.rs", 1),
    ("rules/report.rs", 1),
    ("sandbox/faults.rs", 1),
    ("sandbox/hands.rs", 3),
    ("sandbox/organizations/build.rs", 1),
    ("sandbox/policy.rs", 1),
    ("sandbox/principal.rs", 1),
    ("sandbox/socket.rs", 1),
    ("sandbox/wire/rest.rs", 1),
    ("sandbox/world.rs", 1),
];

/// Folders that the map does not name yet.
pub const FOLDERS_TO_MEND: &[&str] = &["src/cli/organization", "src/sandbox/trail"];

/// Paths in the map that do not exist yet.
pub const PATHS_TO_MEND: &[&str] = &[
    "src/check/compiled",
    "src/check/lints",
    "src/check/lints/mod.rs",
    "src/cli/args",
    "src/cli/demo",
    "src/diagnostic",
    "src/diagnostic/codes.rs",
    "src/engine",
    "src/engine/host.rs",
    "src/engine/organization",
    "src/resources/*/aws.rs",
    "src/resources/aws",
    "src/resources/bucket",
    "src/resources/bus",
    "src/resources/key",
    "src/resources/kinds.rs",
    "src/resources/queue",
    "src/resources/role",
    "src/resources/rule",
    "src/resources/subscription",
    "src/resources/topic",
    "src/resources/trail",
    "src/rules/decode",
    "src/rules/resolve",
    "src/rules/syntax",
    "src/sandbox/account",
    "src/sandbox/recorder",
    "src/sandbox/server.rs",
    "src/sandbox/store",
    "src/sandbox/sts",
];
