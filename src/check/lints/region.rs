//! Regions that nobody knows (W0726).

use super::speaker::Speaker;
use crate::check::clause::Clause;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::values::no_region;
use crate::diagnostic::{Span, shown};
use crate::place::Region;
use crate::rules::{Regions, RulesFile};

pub(in crate::check) const REGION: Lint = Lint {
    id: "W0726",
    explanation: "No Region of that name is known to this release. AWS may have opened it since; more often it is a slip.",
    wrong: r#"- id: a
  events: ["ec2:RunInstances"]
  when: { awsRegion: eu-centrl-1 }"#,
    right: r#"- id: a
  events: ["ec2:RunInstances"]
  when: { awsRegion: eu-central-1 }"#,
    is_fatal: true,
};

/// Warns of what the Region of an event is compared with.
pub(super) fn look(clauses: &[Clause<'_>], speaker: &mut Speaker<'_>) {
    for clause in clauses {
        let Some(glob) = clause.glob.as_deref().filter(|_| !clause.folds_case) else {
            continue;
        };
        let Some(found) = no_region(glob) else {
            continue;
        };
        let finding = finding(
            glob,
            if clause.is_negated {
                "this excepts nothing"
            } else {
                "no event comes from there"
            },
            found.near,
            found.certain,
        );
        speaker.say(finding, clause.certainty, clause.span);
    }
}

/// Warns of Regions that are listened to.
pub(super) fn look_at_file(file: &RulesFile, speaker: &mut Speaker<'_>) {
    let mut one = |region: &Region, span: Span| {
        if let Some(found) = no_region(region.as_str()) {
            let label = "AWS may have opened it since";
            speaker.warn(finding(region.as_str(), label, found.near, false), span);
        }
    };
    one(&file.home.region, file.home.span);
    if let Regions::Listed(listed) = &file.watch.regions {
        for (region, span) in listed {
            one(region, *span);
        }
    }
}

fn finding(name: &str, label: &str, near: Option<String>, certain: bool) -> Finding {
    Finding {
        lint: &REGION,
        message: format!("no Region {} is known", shown(name)),
        label: label.to_owned(),
        help: near.map_or_else(
            || "write the Region's code, such as `eu-central-1`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        ),
        certain,
    }
}
