//! The rules of the house, as data. What still breaks one stands under "still to mend": those lists may only
//! shrink, and an entry that is no longer needed fails the test.

/// Rooms from the ground up. A room may name rooms on floors below its own, and none beside or above it.
pub(crate) const FLOORS: &[&[&str]] = &[
    &[
        "jsonata",
        "pattern",
        "regular_file",
        "secrets",
        "threads",
        "wildcard",
        "zones",
    ],
    &["place", "states"],
    &["diagnostic", "role_names", "sandbox"],
    &["aws", "cloudtrail"],
    &["alert", "rules"],
    &["dispatcher"],
    &["compile"],
    &["explain", "organization"],
    &["backtest", "check", "resources"],
    &["placement"],
    &["permissions", "plan"],
    &["ledger"],
    &["apply", "dead_letters", "proof"],
    &["health"],
    &["fleet"],
    &["engine"],
    &["render"],
    &["cli"],
    &["main"],
];

/// What a room must do without though it lies below, and why.
pub(crate) struct Ban {
    pub room: &'static str,
    pub named: &'static [&'static str],
    pub because: &'static str,
}

pub(crate) const BANS: &[Ban] = &[Ban {
    room: "sandbox",
    named: &["threads"],
    because: "it stands for AWS: what it shared with the product, tests would compare with itself",
}];

/// Who alone may name a room, and why.
pub(crate) struct Reserved {
    pub room: &'static str,
    pub to: &'static [&'static str],
    pub because: &'static str,
}

pub(crate) const RESERVED: &[Reserved] = &[Reserved {
    room: "sandbox",
    to: &["engine", "cli"],
    because: "the product must not know on which AWS it works",
}];

/// Arrows that run up, and who mends them. (from, to)
pub(crate) const ARROWS_TO_MEND: &[(&str, &str)] = &[];

/// Where the SDK's clients may be named: a file, or a folder with `/` at its end; `*` stands for one name.
pub(crate) const SDK: &[(&str, &str)] = &[
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
    ("dead_letters/redrive.rs", "sends dead letters again"),
    ("ledger/again.rs", "starts the dispatcher again"),
    ("ledger/read.rs", "reads what was told"),
    ("health/leftovers.rs", "looks for what a run left behind"),
    (
        "organization/list.rs",
        "lists the accounts of an organization",
    ),
    ("organization/lookup.rs", "looks an organization up"),
    ("organization/units.rs", "walks through its units"),
    (
        "proof/probe.rs",
        "makes a temporary queue that hears an alert",
    ),
    (
        "proof/real.rs",
        "makes a call that AWS refuses, and records",
    ),
    (
        "proof/runs.rs",
        "looks at runs of the dispatcher, and starts one for a probe",
    ),
    ("proof/watch.rs", "receives from that queue"),
];

pub(crate) const SDK_TO_MEND: &[&str] = &[];

/// Who may print or read standard input besides the rooms that speak to a person.
pub(crate) const SPEAKERS: &[&str] = &["cli", "main"];

pub(crate) const STREAMS: &[(&str, &str)] = &[(
    "backtest/open.rs",
    "reads logs from standard input where the caller names it as their source",
)];

/// Words that lead past what keeps the words of others from a terminal, or a secret from everybody, and the files that
/// may have them.
pub(crate) const DOORS: &[(&str, &[(&str, &str)])] = &[
    (
        "stdout",
        &[(
            "cli/ui.rs",
            "hands the stream to a screen, and asks whether it is a terminal",
        )],
    ),
    (
        "stderr",
        &[
            (
                "cli/ui.rs",
                "hands the stream to a screen, and asks whether it is a terminal",
            ),
            ("cli/trace.rs", "hands the stream to a screen"),
            (
                "cli/progress.rs",
                "draws bars, whose words are made printable",
            ),
            ("cli/backtest.rs", "draws a bar, which shows numbers alone"),
        ],
    ),
    (
        "set_message",
        &[
            ("cli/progress.rs", "makes its words printable"),
            ("cli/backtest.rs", "shows numbers alone"),
        ],
    ),
    ("with_message", &[]),
    ("set_prefix", &[]),
    ("with_prefix", &[]),
    (
        "drawn",
        &[
            ("render/text.rs", "is where it is"),
            (
                "render/diagnostic.rs",
                "hands the library printable words alone",
            ),
            ("cli/run.rs", "hands the library printable arguments alone"),
        ],
    ),
    (
        "revealed",
        &[
            ("resources/subscription/address.rs", "is where it is"),
            ("resources/subscription/aws.rs", "tells AWS the address"),
        ],
    ),
];

/// The most files that may reach each other in a loop inside a room.
pub(crate) const LARGEST_LOOP: usize = 4;

/// Rooms with a larger loop, and its size.
pub(crate) const LOOPS_TO_MEND: &[(&str, usize)] = &[];

/// Files with doc comments that lean on the one before ("The same for …"), and how many. Those of `permissions` are help
/// that a person reads below the word that they speak of.
pub(crate) const DOCS_TO_MEND: &[(&str, usize)] = &[("cli/permissions.rs", 2)];

/// Folders that the map does not name yet.
pub(crate) const FOLDERS_TO_MEND: &[&str] = &[];

/// Paths in the map that do not exist yet.
pub(crate) const PATHS_TO_MEND: &[&str] = &[];
