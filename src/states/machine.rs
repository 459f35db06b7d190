//! What is a definition, once it is read?

use std::collections::BTreeMap;

use super::template::Template;

/// A state machine whose definition Step Functions would take.
#[derive(Debug)]
pub struct Machine {
    pub(super) flow: Flow,
    /// After how many seconds an execution ends as timed out.
    pub(super) timeout: Option<u64>,
}

/// States that lead to each other: those of the machine, of a branch, or of what a Map does with an item.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) start_at: String,
    pub(super) states: BTreeMap<String, State>,
}

#[derive(Debug)]
pub(super) enum State {
    Pass {
        exit: Exit,
    },
    Succeed {
        exit: Exit,
    },
    Fail {
        error: Option<Template>,
        cause: Option<Template>,
    },
    Wait {
        seconds: Template,
        exit: Exit,
    },
    Choice {
        choices: Vec<Choice>,
        default: Option<Exit>,
    },
    /// What can be tried again and caught.
    Work(Box<Work>),
}

/// How a state is left.
#[derive(Debug)]
pub(super) struct Exit {
    pub(super) assign: Vec<(String, Template)>,
    pub(super) output: Option<Template>,
    pub(super) then: Then,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    Next(String),
    End,
}

#[derive(Debug)]
pub(super) struct Choice {
    pub(super) condition: Template,
    pub(super) exit: Exit,
}

#[derive(Debug)]
pub(super) struct Work {
    pub(super) job: Job,
    pub(super) retry: Vec<Retrier>,
    pub(super) catch: Vec<Catcher>,
    pub(super) exit: Exit,
}

#[derive(Debug)]
pub(super) enum Job {
    Task {
        resource: String,
        arguments: Option<Template>,
    },
    Parallel {
        arguments: Option<Template>,
        branches: Vec<Flow>,
    },
    Map {
        items: Option<Template>,
        selector: Option<Template>,
        processor: Flow,
    },
}

#[derive(Debug)]
pub(super) struct Retrier {
    pub(super) errors: Vec<String>,
    /// Seconds before the first further attempt.
    pub(super) interval: u64,
    pub(super) most_attempts: u64,
    /// By how much each wait is longer than the one before.
    pub(super) backoff: f64,
    /// The most seconds of a wait.
    pub(super) most_delay: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Catcher {
    pub(super) errors: Vec<String>,
    pub(super) exit: Exit,
}

impl State {
    /// The state's type, as it stands in the definition.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Pass { .. } => "Pass",
            Self::Succeed { .. } => "Succeed",
            Self::Fail { .. } => "Fail",
            Self::Wait { .. } => "Wait",
            Self::Choice { .. } => "Choice",
            Self::Work(work) => work.job.kind(),
        }
    }

    /// The ways out of the state, with the field that names each target.
    pub(super) fn exits(&self) -> Vec<(String, &Exit)> {
        match self {
            Self::Fail { .. } => Vec::new(),
            Self::Pass { exit } | Self::Succeed { exit } | Self::Wait { exit, .. } => {
                vec![("Next".to_owned(), exit)]
            }
            Self::Choice { choices, default } => {
                let choices = choices.iter().enumerate();
                choices
                    .map(|(index, choice)| (format!("Choices[{index}]/Next"), &choice.exit))
                    .chain(default.iter().map(|exit| ("Default".to_owned(), exit)))
                    .collect()
            }
            Self::Work(work) => {
                let catch = work.catch.iter().enumerate();
                catch
                    .map(|(index, catcher)| (format!("Catch[{index}]/Next"), &catcher.exit))
                    .chain([("Next".to_owned(), &work.exit)])
                    .collect()
            }
        }
    }
}

impl Job {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Task { .. } => "Task",
            Self::Parallel { .. } => "Parallel",
            Self::Map { .. } => "Map",
        }
    }
}
