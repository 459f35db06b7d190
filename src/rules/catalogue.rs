//! The ready rules under `patterns/`, written in the rule language and embedded in the program.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::codes;
use super::keys::{CATALOGUE, PACK};
use super::load::{Loaded, loaded};
use super::model::{Home, Regions, Rule, RuleId, RulesFile, Severity, TopicKey, Trail, Watch};
use super::read::{Fields, list, text, texts};
use super::report::{Report, shown};
use super::rule::{Draft, Own, Setting, rule_id, rules};
use super::source::{Sources, Span};
use super::yaml;

/// The files of the catalogue: name to show, and text.
pub(super) const FILES: &[(&str, &str)] = &[
    ("patterns/iam.yaml", include_str!("../../patterns/iam.yaml")),
    (
        "patterns/pipeline.yaml",
        include_str!("../../patterns/pipeline.yaml"),
    ),
    (
        "patterns/root.yaml",
        include_str!("../../patterns/root.yaml"),
    ),
    (
        "patterns/signin.yaml",
        include_str!("../../patterns/signin.yaml"),
    ),
];

/// One rule or pack of the catalogue, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// What `use` names.
    pub id: RuleId,
    /// One line.
    pub title: String,
    /// What it means, and what to do first.
    pub description: String,
    /// How bad it is; `None` for a pack, whose rules have their own.
    pub severity: Option<Severity>,
    /// The rules of a pack; empty for a rule.
    pub rules: Vec<RuleId>,
}

/// The whole catalogue, sorted by id.
pub fn catalogue() -> &'static [CatalogueEntry] {
    static ENTRIES: OnceLock<Vec<CatalogueEntry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let catalogue = Catalogue::read(&mut Sources::default(), &mut Report::default());
        let rules = catalogue.rules.into_values().map(|own| CatalogueEntry {
            title: own.common.title.unwrap_or_else(|| own.id.value.0.clone()),
            id: own.id.value,
            description: own.description,
            severity: Some(own.common.severity.unwrap_or_default()),
            rules: Vec::new(),
        });
        let mut all: Vec<CatalogueEntry> = rules.chain(catalogue.packs.into_values()).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    })
}

/// The catalogue as a rules file that holds every rule, with the tests that the catalogue has for it.
/// Nobody hears of it: it is for looking at, compiling and testing.
pub fn whole_catalogue() -> Loaded {
    let mut sources = Sources::default();
    let mut report = Report::default();
    let catalogue = Catalogue::read(&mut sources, &mut report);
    let rules = catalogue.rules.into_values().filter_map(|own| {
        Some(Rule {
            title: own.common.title.unwrap_or_else(|| own.id.value.0.clone()),
            id: own.id.value,
            severity: own.common.severity.unwrap_or_default(),
            enabled: true,
            trigger: own.trigger?,
            channels: Vec::new(),
            tests: super::tests::finished(&own.common.tests),
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
            span,
        },
        trail: Trail::None,
        topic_key: TopicKey::None,
        test_events: true,
        channels: BTreeMap::new(),
        rules,
    });
    loaded(sources, report, file)
}

/// The catalogue as one load sees it: its spans point into that load's sources.
pub(super) struct Catalogue {
    pub rules: BTreeMap<String, Own>,
    pub packs: BTreeMap<String, CatalogueEntry>,
}

impl Catalogue {
    /// Reads the embedded files. What is wrong in them is reported like anything else.
    pub fn read(sources: &mut Sources, report: &mut Report) -> Self {
        let mut catalogue = Self {
            rules: BTreeMap::new(),
            packs: BTreeMap::new(),
        };
        for (name, text) in FILES {
            let source = sources.add(*name, *text);
            catalogue.file(source, text, report);
        }
        let Self { rules, packs } = &catalogue;
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

    fn file(&mut self, source: super::source::SourceId, text_of_file: &str, report: &mut Report) {
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
            let mut drafts = rules(node, setting, report);
            super::tests::read_files(&mut drafts, None, &mut 0, report);
            for draft in drafts {
                if let Draft::Own(own) = draft {
                    self.rules.insert(own.id.value.0.clone(), own);
                }
            }
        }
        let packs = fields
            .get("packs")
            .and_then(|node| list(node, "packs", report));
        for node in packs.unwrap_or_default() {
            let Some(fields) = Fields::read(node, PACK, "a pack", report) else {
                continue;
            };
            let mut word = |name: &str| {
                fields
                    .get(name)
                    .and_then(|n| text(n, name, report))
                    .unwrap_or_default()
                    .to_owned()
            };
            let (title, description) = (word("title"), word("description"));
            let rules = fields
                .get("rules")
                .and_then(|n| texts(n, "rules", "a rule's id", report));
            if let Some(id) = fields.get("id").and_then(|n| rule_id(n, report)) {
                let rules = rules
                    .unwrap_or_default()
                    .into_iter()
                    .map(|r| RuleId(r.value))
                    .collect();
                self.packs.insert(
                    id.0.clone(),
                    CatalogueEntry {
                        id,
                        title,
                        description,
                        severity: None,
                        rules,
                    },
                );
            }
        }
    }
}
