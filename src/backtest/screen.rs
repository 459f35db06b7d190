//! Which rules can fire on a record, told before it is parsed.
//!
//! The record's `eventSource` and `eventName`, which the scan reads off, decide first: of each pair of them it is
//! asked once, of the matcher itself, which branches of which patterns accept it. A branch that accepts the pair
//! and asks for more is open only where one of its literals stands in the record
//! ([`crate::pattern::Branch::literals`]), for which all records are searched that are left, for all literals at
//! once. What cannot be told so is open: a record in which an escape may hide a name or a literal, and one whose
//! names are no texts or come twice.

use std::collections::HashMap;
use std::rc::Rc;

use super::needles::{Needles, Search};
use super::scan::{Shape, Slot};
use crate::cloudtrail::source_of;
use crate::explain::Judge;
use crate::pattern::{Branch, EventPattern, Probe};

const SOURCE: &str = "detail.eventSource";
const NAME: &str = "detail.eventName";
/// Names that CloudTrail writes into nearly every record: that they are there says little.
const EVERYWHERE: &[&str] = &[
    "accountId",
    "arn",
    "awsRegion",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "managementEvent",
    "principalId",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "responseElements",
    "sourceIPAddress",
    "type",
    "userAgent",
    "userName",
];
/// So many pairs of source and name are remembered by each thread. AWS has some ten thousand.
const REMEMBERED: usize = 20_000;

/// The rules as far as a record's names and literals decide.
#[derive(Debug)]
pub(crate) struct Screen {
    /// For each branch of each pattern of each rule, in their order, the needles of which one stands where it holds;
    /// `None` where it has none.
    branches: Vec<Option<Vec<usize>>>,
    needles: Needles,
}

/// What one thread remembers of a screen.
#[derive(Debug, Default)]
pub struct Memory {
    pairs: HashMap<Box<[u8]>, Pair>,
    /// By the needles. Many pairs look for the same ones.
    searches: HashMap<Vec<usize>, Rc<Search>>,
    pair: Vec<u8>,
    found: Vec<bool>,
    rules: Vec<usize>,
}

/// What follows from a source and a name.
#[derive(Debug, Default)]
struct Pair {
    /// Rules that may fire, whatever else the record holds; sorted.
    open: Vec<usize>,
    /// Rules that may fire where one of some needles stands in the record, by their places in the search; sorted.
    asking: Vec<(usize, Vec<usize>)>,
    /// The search for the needles that `asking` names; `None` where nothing is asked.
    search: Option<Rc<Search>>,
}

/// The rules that may fire on a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Candidates<'m> {
    /// Any of the rules may fire.
    All,
    /// Only the rules with these indices may fire; sorted.
    Only(&'m [usize]),
}

impl Screen {
    /// The screen of some rules, in their order.
    pub(crate) fn new(judges: &[Judge<'_>]) -> Self {
        let mut needles: Vec<String> = Vec::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut number = |literal: String| {
            *numbers.entry(literal).or_insert_with_key(|literal| {
                needles.push(literal.clone());
                needles.len() - 1
            })
        };
        let branches = branches(judges)
            .map(|(_, branch)| {
                let literals = branch.literals("detail", &[SOURCE, NAME], EVERYWHERE)?;
                Some(literals.into_iter().map(&mut number).collect())
            })
            .collect();
        Self {
            branches,
            needles: Needles::new(needles),
        }
    }

    /// The rules that may fire on a bare record, which `shape` is the shape of.
    /// `judges` are those that the screen was made from.
    pub(crate) fn candidates<'m>(
        &self,
        judges: &[Judge<'_>],
        text: &[u8],
        shape: &Shape,
        memory: &'m mut Memory,
    ) -> Candidates<'m> {
        let object = text.get(shape.range.clone()).unwrap_or_default();
        let (Some(source), Some(name)) = (read(&shape.source, text), read(&shape.name, text))
        else {
            return Candidates::All;
        };
        if shape.escapes && self.needles.may_hide(object) {
            return Candidates::All;
        }
        memory.pair.clear();
        for part in [source, name] {
            // No text has this byte, so that what is missing differs from what is empty.
            memory.pair.push(if part.is_some() { b'+' } else { 0xff });
            memory.pair.extend_from_slice(part.unwrap_or_default());
            memory.pair.push(0xff);
        }
        if !memory.pairs.contains_key(memory.pair.as_slice()) {
            if memory.pairs.len() >= REMEMBERED {
                memory.pairs.clear();
                memory.searches.clear();
            }
            let Some(pair) = self.ask(judges, source, name, &mut memory.searches) else {
                return Candidates::All;
            };
            memory.pairs.insert(memory.pair.as_slice().into(), pair);
        }
        let Some(pair) = memory.pairs.get(memory.pair.as_slice()) else {
            return Candidates::All;
        };
        let Some(search) = &pair.search else {
            return Candidates::Only(&pair.open);
        };
        search.find(object, &mut memory.found);
        let stands = |place: &usize| memory.found.get(*place).copied().unwrap_or(true);
        let asking = pair.asking.iter();
        let met = asking.filter(|(_, places)| places.iter().any(stands));
        memory.rules.clear();
        memory.rules.extend(met.map(|(rule, _)| *rule));
        if memory.rules.is_empty() {
            return Candidates::Only(&pair.open);
        }
        memory.rules.extend(&pair.open);
        memory.rules.sort_unstable();
        Candidates::Only(&memory.rules)
    }

    /// What a source and a name leave open. `None` if they are no texts.
    fn ask(
        &self,
        judges: &[Judge<'_>],
        source: Option<&[u8]>,
        name: Option<&[u8]>,
        searches: &mut HashMap<Vec<usize>, Rc<Search>>,
    ) -> Option<Pair> {
        let probe = |bytes: Option<&[u8]>| match bytes.map(std::str::from_utf8) {
            None => Some(None),
            Some(Ok(text)) => Some(Some(Probe::text(text)?)),
            Some(Err(_)) => None,
        };
        let written = std::str::from_utf8(source.unwrap_or_default()).ok()?;
        let envelope = Probe::text(&source_of(written))?;
        let (source, name) = (probe(source)?, probe(name)?);
        let mut pair = Pair::default();
        for ((rule, branch), needles) in branches(judges).zip(&self.branches) {
            let accepts = |path: &str, value: &Option<Probe>| match value {
                Some(value) => branch.accepts_text(path, value),
                None => !branch.tests(path) || branch.accepts_absence(path),
            };
            let open = pair.open.last() == Some(&rule);
            if open
                || !accepts(SOURCE, &source)
                || !accepts(NAME, &name)
                || !branch.accepts_text("source", &envelope)
            {
                continue;
            }
            match needles {
                None => {
                    pair.asking.retain(|(asking, _)| *asking != rule);
                    pair.open.push(rule);
                }
                Some(needles) => match pair.asking.last_mut() {
                    Some((asking, known)) if *asking == rule => known.extend(needles),
                    _ => pair.asking.push((rule, needles.clone())),
                },
            }
        }
        let mut wanted: Vec<usize> = Vec::new();
        for (_, needles) in &pair.asking {
            wanted.extend(needles);
        }
        wanted.sort_unstable();
        wanted.dedup();
        for (_, needles) in &mut pair.asking {
            needles.sort_unstable();
            needles.dedup();
            for needle in needles {
                *needle = wanted.partition_point(|other| other < needle);
            }
        }
        if !wanted.is_empty() {
            let search = searches.entry(wanted);
            let search = search.or_insert_with_key(|wanted| Rc::new(self.needles.search(wanted)));
            pair.search = Some(Rc::clone(search));
        }
        Some(pair)
    }
}

/// Every branch of every pattern, with the number of its rule.
fn branches<'j>(judges: &'j [Judge<'_>]) -> impl Iterator<Item = (usize, Branch<'j>)> {
    judges.iter().enumerate().flat_map(|(rule, judge)| {
        let branches = judge.patterns().flat_map(EventPattern::branches);
        branches.map(move |branch| (rule, branch))
    })
}

/// A text without escapes, or that there is none; `None` where it cannot be told.
fn read<'t>(slot: &Slot, text: &'t [u8]) -> Option<Option<&'t [u8]>> {
    match slot {
        Slot::Missing => Some(None),
        other => other.plain(text).map(Some),
    }
}
