//! Which rules can fire on a record, told before it is parsed.
//!
//! The record's `eventSource` and `eventName`, which the scan reads off, decide first: of each pair of them it is
//! asked once, of the matcher itself, which branches of which patterns accept it. A branch that accepts the pair
//! and asks for more is open only where one of its literals stands in the record
//! ([`crate::pattern::Branch::literals`]), for which all records are searched that are left, for all literals at
//! once. What cannot be told so is open: a record in which an escape may hide a name or a literal, and one whose
//! names are no texts or come twice.

use std::collections::HashMap;

use super::needles::Needles;
use super::scan::{Shape, Slot};
use crate::cloudtrail::source_of;
use crate::explain::Judge;
use crate::pattern::{Branch, EventPattern, Probe};

const SOURCE: &str = "detail.eventSource";
const NAME: &str = "detail.eventName";
/// So many pairs of source and name are remembered by each thread. AWS has some ten thousand.
const REMEMBERED: usize = 20_000;

/// The rules as far as a record's names and literals decide.
#[derive(Debug)]
pub struct Screen {
    /// For each branch of each pattern of each rule, in their order, the needles of which one stands where it holds;
    /// `None` where it has none.
    branches: Vec<Option<Vec<usize>>>,
    needles: Needles,
}

/// What one thread remembers of a screen.
#[derive(Debug, Default)]
pub struct Memory {
    pairs: HashMap<Box<[u8]>, Pair>,
    pair: Vec<u8>,
    found: Vec<bool>,
}

/// What follows from a source and a name.
#[derive(Debug, Clone, Default)]
struct Pair {
    /// Rules that may fire, whatever else the record holds; sorted.
    open: Vec<usize>,
    /// Rules that may fire where one of the needles stands in the record; sorted.
    asking: Vec<(usize, Vec<usize>)>,
}

/// The rules that may fire on a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidates {
    /// Any of them.
    All,
    /// These, sorted.
    Only(Vec<usize>),
}

impl Screen {
    /// The screen of some rules, in their order.
    pub fn new(judges: &[Judge<'_>]) -> Self {
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
                let literals = branch.literals("detail", &[SOURCE, NAME])?;
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
    pub fn candidates(
        &self,
        judges: &[Judge<'_>],
        text: &[u8],
        shape: &Shape,
        memory: &mut Memory,
    ) -> Candidates {
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
            }
            let Some(pair) = self.ask(judges, source, name) else {
                return Candidates::All;
            };
            memory.pairs.insert(memory.pair.as_slice().into(), pair);
        }
        let Some(pair) = memory.pairs.get(memory.pair.as_slice()) else {
            return Candidates::All;
        };
        let mut rules = pair.open.clone();
        if !pair.asking.is_empty() {
            self.needles.find(object, &mut memory.found);
            let stands = |needle: &usize| memory.found.get(*needle).copied().unwrap_or(true);
            for (rule, needles) in &pair.asking {
                if needles.iter().any(stands) {
                    rules.push(*rule);
                }
            }
            rules.sort_unstable();
        }
        Candidates::Only(rules)
    }

    /// What a source and a name leave open. `None` if they are no texts.
    fn ask(
        &self,
        judges: &[Judge<'_>],
        source: Option<&[u8]>,
        name: Option<&[u8]>,
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
