//! The ready rules under `patterns/`, written in the rule language and embedded in the program.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::parsed::{Parsed, Resolved};
use super::test_files;
use crate::cloudtrail;
use crate::diagnostic::{Report, SourceId, Sources, Span, codes, shown};
use crate::pattern::EventPattern;
use crate::rules::decode::draft::{Draft, LONGEST_TITLE, Own, Setting, finished};
use crate::rules::decode::reading::Reading;
use crate::rules::decode::rule::{rule_id, rules};
use crate::rules::model::{
    Delivery, EventGlob, FieldCondition, Home, Regions, Rule, RuleId, RulesFile, Severity,
    TopicKey, Trail, Trigger, Watch,
};
use crate::rules::syntax::keys::{CATALOGUE, NOT_EXPRESSIBLE, PACK};
use crate::rules::syntax::read::{Fields, line, list, text, texts};
use crate::rules::syntax::yaml::{self, Node, Value};

/// The files of the catalogue: name to show, and text.
macro_rules! files {
    ($($name:literal)*) => {
        &[$((
            concat!("patterns/", $name, ".yaml"),
            include_str!(concat!("../../../patterns/", $name, ".yaml")),
        )),*]
    };
}

const FILES: &[(&str, &str)] = files! {
    "account" "calls" "compute" "detection" "iam" "identity-center" "logging" "network" "organizations"
    "packs" "pipeline" "root" "signin" "storage" "sts"
};

/// One rule or pack of the catalogue, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The id by which `use` names it.
    pub id: RuleId,
    /// The title, one line.
    pub title: String,
    /// What it means, and what to do first.
    pub description: String,
    /// How bad it is; `None` for a pack, whose rules have their own.
    pub severity: Option<Severity>,
    /// The rules of a pack; empty for a rule.
    pub rules: Vec<RuleId>,
    /// ATT&CK techniques, such as `T1098.003`.
    pub mitre: Vec<String>,
    /// Numbers of CIS AWS Foundations v1.4, section 4, such as `4.4`.
    pub cis: Vec<String>,
    /// Controls that it serves, by framework: `nist-800-53`, `apra-cps-234`, `mas-trm`.
    pub compliance: BTreeMap<&'static str, Vec<String>>,
    /// What it listens to, as `service:EventName`; empty for a pack or a raw pattern.
    pub events: Vec<String>,
    /// Whether calls that were refused fire it too; [`WENT_THROUGH`] beside a `use` leaves them out, unless it is a raw
    /// pattern.
    pub hears_refusals: bool,
    /// Whether it stands apart from the other rules, and hears of home alone.
    pub apart: bool,
    /// How many events it is tested with.
    pub tests: usize,
    /// The rule as it stands in its file, as an item of a list.
    pub yaml: String,
}

/// What to write beside a `use` to hear only of calls that went through: any credential can make calls that are
/// refused, even one without any right, and each of them alerts.
pub const WENT_THROUGH: &str = "when: { errorCode: { exists: false } }";

impl CatalogueEntry {
    /// What the id begins with: the service, or `pack`.
    pub fn group(&self) -> &str {
        self.id.0.split('/').next().unwrap_or_default()
    }

    /// Whether it is a set of rules.
    pub fn is_pack(&self) -> bool {
        self.severity.is_none()
    }

    /// The packs that hold it.
    pub fn packs(&self) -> impl Iterator<Item = &'static CatalogueEntry> {
        catalogue()
            .iter()
            .filter(|entry| entry.rules.contains(&self.id))
    }
}

/// An alert that people ask for and no event pattern can express.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotExpressible {
    /// What it would be called.
    pub id: RuleId,
    /// What it would tell.
    pub title: String,
    /// Why it cannot be, and what comes nearest.
    pub reason: String,
}

/// The whole catalogue, sorted by id.
pub fn catalogue() -> &'static [CatalogueEntry] {
    &shown_to_people().0
}

/// What the catalogue cannot hold, sorted by id.
pub fn not_expressible() -> &'static [NotExpressible] {
    &shown_to_people().1
}

fn shown_to_people() -> &'static (Vec<CatalogueEntry>, Vec<NotExpressible>) {
    static ENTRIES: OnceLock<(Vec<CatalogueEntry>, Vec<NotExpressible>)> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let catalogue = Catalogue::read(&mut Sources::default(), &mut Reading::default());
        let mut written = catalogue.written;
        let rules = catalogue.rules.into_values().map(|own| {
            let (yaml, tests) = written.remove(&own.id.value.0).unwrap_or_default();
            CatalogueEntry {
                hears_refusals: own.trigger.as_ref().is_some_and(hears_refusals),
                apart: own.common.apart.unwrap_or_default(),
                title: own.common.title.unwrap_or_else(|| own.id.value.0.clone()),
                id: own.id.value,
                description: own.about.description,
                severity: Some(own.common.severity.unwrap_or_default()),
                rules: Vec::new(),
                mitre: own.about.mitre,
                cis: own.about.cis,
                compliance: own.about.compliance,
                events: match own.trigger {
                    Some(Trigger::Events(events)) => events
                        .globs
                        .iter()
                        .map(|glob| format!("{}:{}", glob.service, glob.name))
                        .collect(),
                    _ => Vec::new(),
                },
                tests,
                yaml,
            }
        });
        let mut all: Vec<CatalogueEntry> = rules.chain(catalogue.packs.into_values()).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        let mut others = catalogue.not_expressible;
        others.sort_by(|a, b| a.id.cmp(&b.id));
        (all, others)
    })
}

/// Whether some event of a rule is a call that can be refused, and no condition asks how it ended. Sign-ins say that
/// otherwise, and events of services are no calls.
fn hears_refusals(trigger: &Trigger) -> bool {
    let events = match trigger {
        Trigger::Events(events) => events,
        Trigger::Raw { pattern, .. } => {
            let pattern = EventPattern::from_value(pattern);
            return pattern.is_ok_and(|pattern| {
                let mut branches = pattern.branches();
                branches.any(|branch| !branch.tests("detail.errorCode"))
            });
        }
    };
    let is_of_service = |service: &str, name: &str| {
        let known = cloudtrail::table().get(&format!("{service}:{name}"));
        let kind = known.and_then(|fields| fields.get("eventType"));
        kind.is_some_and(|kind| kind == "AwsServiceEvent")
    };
    let is_call = |glob: &EventGlob| {
        // Identity Center's sign-ins come from there and from sources of its own.
        let services = ["signin", glob.service.as_str()];
        let mut services = services.into_iter();
        glob.service != "signin" && !services.any(|service| is_of_service(service, &glob.name))
    };
    let asks_for_outcome = |field: &FieldCondition| {
        let outcomes = [
            "errorCode",
            "errorMessage",
            "responseElements",
            "serviceEventDetails",
        ];
        field
            .path
            .first()
            .is_some_and(|step| outcomes.contains(&step.as_str()))
    };
    let conditions = events.when.iter().chain(&events.unless);
    events.globs.iter().any(is_call)
        && !conditions
            .flat_map(|all_of| &all_of.fields)
            .any(asks_for_outcome)
}

/// The catalogue as a rules file that holds every rule, with the tests that the catalogue has for it.
/// Nobody hears of it: it is for looking at, compiling and testing.
pub fn parse_catalogue() -> Parsed {
    let mut sources = Sources::default();
    let mut reading = Reading::default();
    let catalogue = Catalogue::read(&mut sources, &mut reading);
    let rules = catalogue.rules.into_values().filter_map(|own| {
        Some(Rule {
            title: own.common.title.unwrap_or_else(|| own.id.value.0.clone()),
            id: own.id.value,
            severity: own.common.severity.unwrap_or_default(),
            description: own.common.words.description,
            runbook: own.common.words.runbook,
            headline: own.common.words.headline,
            enabled: true,
            trigger: own.trigger?,
            channels: Vec::new(),
            apart: own.common.apart.unwrap_or_default(),
            tests: finished(&own.common.tests),
            accepted: own.common.accepted,
            span: own.id.span,
        })
    });
    let rules: Vec<Rule> = rules.collect();
    let span = Span::default();
    let named = "catalogue".parse().ok().zip("us-east-1".parse().ok());
    let file = named.map(|(name, region)| RulesFile {
        name,
        home: Home {
            region,
            account: None,
            span,
        },
        watch: Watch {
            regions: Regions::Home,
            organization: None,
            span,
        },
        trail: Trail::None,
        topic_key: TopicKey::None,
        role_boundary: None,
        delivery: Delivery::Direct,
        account_names: BTreeMap::new(),
        zone: None,
        test_events: true,
        channels: BTreeMap::new(),
        rules,
    });
    let resolved = Resolved {
        file: file.filter(|_| reading.errors() == 0),
        ..Resolved::default()
    };
    Parsed::new(sources, reading, Some(resolved))
}

/// The catalogue as one load sees it: its spans point into that load's sources.
#[derive(Default)]
pub(crate) struct Catalogue {
    pub rules: BTreeMap<String, Own>,
    pub packs: BTreeMap<String, CatalogueEntry>,
    /// Packs that hold every rule.
    whole: BTreeSet<RuleId>,
    not_expressible: Vec<NotExpressible>,
    /// Each rule as it stands in its file, and how many tests it has.
    written: BTreeMap<String, (String, usize)>,
}

impl Catalogue {
    /// The catalogue for a load. One that has read one file so far, as nearly all have, shares it with others: the
    /// catalogue is longer than most rules files, and its spans are then the same.
    pub(crate) fn shared(sources: &mut Sources, report: &mut Report) -> Arc<Self> {
        static BEHIND_ONE_FILE: OnceLock<Arc<Catalogue>> = OnceLock::new();
        let alone = sources.iter().count() == 1;
        if let (true, Some(catalogue)) = (alone, BEHIND_ONE_FILE.get()) {
            for (name, text) in FILES {
                sources.add(*name, *text);
            }
            return Arc::clone(catalogue);
        }
        // What lints say of it is looked at when it is changed, and not whenever it is used.
        let mut reading = Reading::default();
        let catalogue = Arc::new(Self::read(sources, &mut reading));
        let (own, ..) = reading.into_parts();
        let is_good = own.said() == 0;
        // What is wrong in it every load must say.
        report.take_in(own);
        if alone && is_good {
            return Arc::clone(BEHIND_ONE_FILE.get_or_init(|| catalogue));
        }
        catalogue
    }

    /// Reads the embedded files. What is wrong in them is reported like anything else.
    pub(crate) fn read(sources: &mut Sources, report: &mut Reading) -> Self {
        let mut catalogue = Self::default();
        for (name, text) in FILES {
            let source = sources.add(*name, *text);
            catalogue.file(source, text, report);
        }
        let Self {
            rules,
            packs,
            whole,
            ..
        } = &mut catalogue;
        for pack in packs.values_mut().filter(|pack| whole.contains(&pack.id)) {
            pack.rules = rules.keys().cloned().map(RuleId).collect();
        }
        for pack in packs.values() {
            for rule in pack
                .rules
                .iter()
                .filter(|rule| !rules.contains_key(&rule.0))
            {
                report
                    .error(codes::UNKNOWN_RULE, Span::default())
                    .message(format!(
                        "{} names the unknown rule {}",
                        shown(&pack.id.0),
                        shown(&rule.0)
                    ));
            }
        }
        catalogue
    }

    fn file(&mut self, source: SourceId, text_of_file: &str, report: &mut Reading) {
        let Some(root) = yaml::parse(source, text_of_file, report) else {
            return;
        };
        let Some(fields) = Fields::read(&root, CATALOGUE, "a catalogue file", report) else {
            return;
        };
        let setting = Setting {
            channels: &BTreeMap::new(),
            catalogue: true,
        };
        if let Some(node) = fields.get("rules") {
            self.written.extend(written(node, text_of_file));
            let mut drafts = rules(node, setting, report);
            test_files::read(&mut drafts, None, &mut 0, &mut report.of_tests);
            for draft in drafts {
                let Draft::Own(own) = draft else { continue };
                let (id, span) = (own.id.value.0.clone(), own.id.span);
                if self.rules.insert(id.clone(), own).is_some() {
                    report
                        .error(codes::DUPLICATE_ID, span)
                        .message(format!("two rules have the id {}", shown(&id)));
                }
            }
        }
        let mut items = |name| {
            fields
                .get(name)
                .and_then(|node| list(node, name, report))
                .unwrap_or_default()
        };
        let (packs, others) = (items("packs"), items("not_expressible"));
        for (pack, is_whole) in packs.iter().filter_map(|node| pack(node, report)) {
            if is_whole {
                self.whole.insert(pack.id.clone());
            }
            self.packs.insert(pack.id.0.clone(), pack);
        }
        let others = others.iter().filter_map(|node| other(node, report));
        self.not_expressible.extend(others);
    }
}

/// Each rule's own lines, without the indentation of the list, and how many tests are among them.
fn written(rules: &Node, text: &str) -> BTreeMap<String, (String, usize)> {
    let items = rules.items().unwrap_or_default();
    let item = |item: &Node| {
        let Value::Map(entries) = &item.value else {
            return None;
        };
        let value = |name: &str| {
            let mut entries = entries.iter();
            entries.find(|(key, _)| key.scalar().is_some_and(|(key, _)| key == name))
        };
        let (key, id) = value("id")?;
        let tests = match value("tests") {
            Some((_, node)) => node.items().map_or(0, <[Node]>::len),
            None => 0,
        };
        let begin = text.get(..key.span.start)?.rfind('\n').map_or(0, |n| n + 1);
        let mut lines = text.get(begin..)?.lines();
        let mut own = vec![lines.next()?.trim_start()];
        own.extend(lines.map_while(|line| line.strip_prefix("  ").filter(|l| l.starts_with("  "))));
        Some((id.scalar()?.0.to_owned(), (own.join("\n"), tests)))
    };
    items.iter().filter_map(item).collect()
}

/// A pack, and whether it holds every rule of the catalogue: those are not known yet.
fn pack(node: &Node, report: &mut Report) -> Option<(CatalogueEntry, bool)> {
    let fields = Fields::read(node, PACK, "a pack", report)?;
    let mut word = |name: &str| {
        let found = fields.get(name).and_then(|n| text(n, name, report));
        found.unwrap_or_default().trim().to_owned()
    };
    let (title, description) = (word("title"), word("description"));
    let rules = fields.get("rules");
    let is_whole = rules.and_then(Node::scalar).map(|(text, _)| text) == Some("all");
    let rules = rules
        .filter(|_| !is_whole)
        .and_then(|n| texts(n, "rules", "a rule's id", report));
    let id = fields
        .get("id")
        .and_then(|n| text(n, "a pack's id", report))?;
    if !id.starts_with("pack/") {
        report
            .error(codes::RULE_ID, node.span)
            .message(format!("{} is not a pack's id", shown(id)))
            .label("expected `pack/…`");
        return None;
    }
    let pack = CatalogueEntry {
        id: RuleId(id.to_owned()),
        title,
        description,
        severity: None,
        rules: rules
            .unwrap_or_default()
            .into_iter()
            .map(|rule| RuleId(rule.value))
            .collect(),
        mitre: Vec::new(),
        cis: Vec::new(),
        compliance: BTreeMap::new(),
        events: Vec::new(),
        hears_refusals: false,
        apart: false,
        tests: 0,
        yaml: String::new(),
    };
    Some((pack, is_whole))
}

fn other(node: &Node, report: &mut Report) -> Option<NotExpressible> {
    let what = "an alert that cannot be expressed";
    let fields = Fields::read(node, NOT_EXPRESSIBLE, what, report)?;
    let id = fields.get("id").and_then(|n| rule_id(n, report));
    let title = fields
        .get("title")
        .and_then(|n| line(n, "a title", LONGEST_TITLE, report));
    let reason = fields
        .get("reason")
        .and_then(|n| text(n, "a reason", report));
    Some(NotExpressible {
        id: id?,
        title: title?.to_owned(),
        reason: reason?.trim().to_owned(),
    })
}
