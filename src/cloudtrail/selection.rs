//! Whether the conditions of a trail on the ARNs of resources select those of some events.
//!
//! Source: CloudTrail API reference, `AdvancedFieldSelector` and `DataResource`.

use std::ops::{BitAnd, BitOr};

use crate::wildcard::matches_star;

/// How much of something is selected. Ordered: more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selected {
    /// None of it.
    Nothing,
    /// It cannot be told: the selectors may not be looked at.
    Unknown,
    /// A part of it, which its selectors choose in one way or another.
    Partly,
    /// All of it.
    Wholly,
}

/// What two selectors select together, as far as each shows it.
impl BitOr for Selected {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.max(other)
    }
}

/// What is selected where both must hold.
impl BitAnd for Selected {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.min(other)
    }
}

/// One operator of a selector, and the text that it compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection<'s> {
    /// Exactly this text.
    Equals(&'s str),
    /// Every text that begins so. The values of basic event selectors are such beginnings.
    StartsWith(&'s str),
    /// Every text that ends so.
    EndsWith(&'s str),
}

impl Selection<'_> {
    /// How many of the ARNs it selects that fit one in which `*` stands for any text.
    pub fn of_arns(self, arns: &str) -> Selected {
        let (can, all) = match self {
            Self::Equals(text) => (is_one_of(arns, text), arns == text),
            Self::StartsWith(text) => begins(arns, text),
            Self::EndsWith(text) => ends(arns, text),
        };
        match (can, all) {
            (_, true) => Selected::Wholly,
            (true, false) => Selected::Partly,
            (false, false) => Selected::Nothing,
        }
    }

    /// Whether it selects a text.
    pub fn of_text(self, given: &str) -> bool {
        match self {
            Self::Equals(text) => given == text,
            Self::StartsWith(text) => given.starts_with(text),
            Self::EndsWith(text) => given.ends_with(text),
        }
    }
}

/// The parts of an ARN: a star stands for text within one of them. The last holds colons of its own.
fn parts(arn: &str) -> Vec<&str> {
    arn.splitn(6, ':').collect()
}

fn is_one_of(arns: &str, arn: &str) -> bool {
    let (arns, arn) = (parts(arns), parts(arn));
    arns.len() == arn.len()
        && arns
            .iter()
            .zip(&arn)
            .all(|(glob, part)| matches_star(glob, part))
}

/// Whether some of the ARNs begin so, and whether all do.
fn begins(arns: &str, text: &str) -> (bool, bool) {
    let (arns, text) = (parts(arns), parts(text));
    let Some((last, whole)) = text.split_last() else {
        return (true, true);
    };
    let Some(glob) = arns.get(whole.len()) else {
        return (false, false);
    };
    let pairs = || whole.iter().zip(&arns);
    let head = glob.split('*').next().unwrap_or_default();
    let some = if glob.contains('*') {
        head.starts_with(last) || last.starts_with(head)
    } else {
        glob.starts_with(last)
    };
    (
        some && pairs().all(|(part, glob)| matches_star(glob, part)),
        head.starts_with(last) && pairs().all(|(part, glob)| part == glob),
    )
}

/// Whether some of the ARNs end so, and whether all do.
fn ends(arns: &str, text: &str) -> (bool, bool) {
    let Some((_, tail)) = arns.rsplit_once('*') else {
        let is_so = arns.ends_with(text);
        return (is_so, is_so);
    };
    let all = tail.ends_with(text);
    (all || text.ends_with(tail), all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_on_arns_select_some_all_or_none() {
        use Selected::{Nothing, Partly, Wholly};
        use Selection::{EndsWith, Equals, StartsWith};
        let secrets = "arn:aws:s3:::secrets/*";
        let pay = "arn:aws:lambda:*:*:function:pay";
        let here = "arn:aws:lambda:us-east-1:111122223333:function:pay";
        for (selection, arns, selected) in [
            (StartsWith("arn:aws:s3"), secrets, Wholly),
            (StartsWith("arn:aws:s3:::"), secrets, Wholly),
            (StartsWith("arn:aws:s3:::secrets/"), secrets, Wholly),
            (StartsWith("arn:aws:s3:::sec"), secrets, Wholly),
            (StartsWith("arn:aws:s3:::secrets/a/"), secrets, Partly),
            (StartsWith("arn:aws:s3:::other/"), secrets, Nothing),
            (StartsWith("arn:aws:s3:::secrets2/"), secrets, Nothing),
            (StartsWith("arn:aws-cn:s3:::secrets/"), secrets, Nothing),
            (StartsWith("arn:aws:s3:::one/"), "arn:aws:s3:::*/*", Partly),
            (StartsWith("arn:aws:lambda"), pay, Wholly),
            (StartsWith(here), pay, Partly),
            (Equals(here), pay, Partly),
            (
                Equals("arn:aws:lambda:us-east-1:1:function:other"),
                pay,
                Nothing,
            ),
            (StartsWith("arn:aws:lambda:us-east-1"), pay, Partly),
            (Equals(here), here, Wholly),
            (EndsWith(":pay"), pay, Wholly),
            (EndsWith(":other"), pay, Nothing),
            (EndsWith(".key"), secrets, Partly),
        ] {
            assert_eq!(selection.of_arns(arns), selected, "{selection:?} {arns}");
        }
    }
}
