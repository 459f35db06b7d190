//! Rules files and rules as they stand in a file, before their names are resolved.

use std::collections::BTreeMap;

use super::about::About;
use super::delivery::DeliveryDraft;
use super::words::Words;
use crate::diagnostic::Span;
use crate::place::StackName;
use crate::rules::model::{
    Accepted, AllOf, Change, Channel, ChannelName, Expect, Given, Home, RuleId, RuleTest, Severity,
    TopicKey, Trail, Trigger, Watch,
};
use crate::rules::syntax::read::Spanned;

/// Longest title, in characters.
pub(crate) const LONGEST_TITLE: usize = 120;

/// The channels by name. A channel whose address is wrong is left out of the result but not of `known`.
pub(crate) struct Channels {
    pub good: BTreeMap<ChannelName, Channel>,
    /// Every name that stands in the file, and where.
    pub known: BTreeMap<String, Span>,
}

/// A rules file as it stands, before its names are resolved.
pub(crate) struct FileDraft {
    pub name: Option<StackName>,
    pub home: Option<Home>,
    pub watch: Option<Watch>,
    pub trail: Trail,
    pub topic_key: TopicKey,
    pub role_boundary: Option<String>,
    pub test_events: bool,
    pub channels: Channels,
    pub delivery: DeliveryDraft,
    pub notify: BTreeMap<&'static str, Vec<Spanned<ChannelName>>>,
    pub include: Vec<Spanned<String>>,
    pub rules: Vec<Draft>,
    /// Where `rules` stands, or would stand.
    pub rules_span: Span,
    /// Where what rules depend on stands.
    pub sections: Sections,
    /// The channels that entries of `rules` name, also those of which nothing could be made.
    pub named: Vec<ChannelName>,
}

/// Where the parts of a file stand that all rules depend on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sections {
    /// What stands under `channels`: a mistake there concerns those who name the channel.
    pub channels: Option<Span>,
    /// What stands under `notify`: a mistake there concerns any rule.
    pub notify: Option<Span>,
    /// What stands under `include`: behind a mistake there may be any rule.
    pub include: Option<Span>,
    /// What stands under `rules`: a mistake outside of every entry may hide any rule.
    pub rules: Option<Span>,
}

/// An entry of `rules`.
#[derive(Debug)]
pub(crate) enum Draft {
    Own(Own),
    Use(Use),
}

impl Draft {
    /// What its alerts say besides what happened.
    pub(crate) fn words(&self) -> &Words {
        match self {
            Self::Own(own) => &own.common.words,
            Self::Use(using) => &using.common.words,
        }
    }

    /// The tests of the entry.
    pub(crate) fn tests(&mut self) -> &mut Vec<TestDraft> {
        match self {
            Self::Own(own) => &mut own.common.tests,
            Self::Use(using) => &mut using.common.tests,
        }
    }
}

/// A rule with events or a pattern.
#[derive(Debug)]
pub(crate) struct Own {
    pub id: Spanned<RuleId>,
    /// Where all of it stands.
    pub whole: Span,
    /// `None` where nothing usable stands there: the load has failed then.
    pub trigger: Option<Trigger>,
    pub about: About,
    pub common: Common,
}

/// A reference to the catalogue.
#[derive(Debug)]
pub(crate) struct Use {
    pub id: Spanned<String>,
    pub except: Vec<Spanned<String>>,
    pub when: Vec<AllOf>,
    pub unless: Vec<AllOf>,
    pub unless_services: Vec<Spanned<String>>,
    /// Where `title` stands, which fits a rule but not a pack.
    pub title_key: Option<Span>,
    pub common: Common,
}

/// What both can say.
#[derive(Debug)]
pub(crate) struct Common {
    pub title: Option<String>,
    pub severity: Option<Severity>,
    pub enabled: Option<bool>,
    pub channels: Option<Vec<Spanned<ChannelName>>>,
    pub apart: Option<bool>,
    pub words: Words,
    pub tests: Vec<TestDraft>,
    pub accepted: Vec<Accepted>,
    /// Where `tests` stands, which fits a rule but not a pack.
    pub tests_key: Option<Span>,
}

/// What is being read, a user's file or the catalogue, and the channels that it knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'c> {
    /// The names under `channels`.
    pub channels: &'c BTreeMap<String, Span>,
    /// Catalogue rules carry descriptions, and use nothing.
    pub catalogue: bool,
}

/// A test as it stands in the file. What is `None` has been reported.
#[derive(Debug, Clone)]
pub(crate) struct TestDraft {
    pub name: Option<String>,
    pub given: Option<Given>,
    /// A file that holds the event and has not been read.
    pub file: Option<Spanned<String>>,
    pub changes: Vec<Change>,
    pub expect: Option<Spanned<Expect>>,
}

/// The tests that came through whole; where one did not, there is an error.
pub(crate) fn finished(drafts: &[TestDraft]) -> Vec<RuleTest> {
    let whole = |draft: &TestDraft| {
        let expect = draft.expect.as_ref()?;
        Some(RuleTest {
            name: draft.name.clone()?,
            given: draft.given.clone()?,
            changes: draft.changes.clone(),
            expect: expect.value,
            span: expect.span,
        })
    };
    drafts.iter().filter_map(whole).collect()
}
