//! A file of account ids in place of listing: one a line, `#` begins a comment, a name may follow the id.
//! A byte order mark and a line of headings, as spreadsheets write them, are passed over.

use std::collections::BTreeMap;

use super::Member;
use crate::place::AccountId;

/// The accounts that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsFile {
    /// Each account once, in the order of the file.
    pub members: Vec<Member>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// It does not begin with an account id.
    #[error("line {line}: `{found}` is not an account id: expected 12 digits, then perhaps a name")]
    NotAnAccount {
        /// Which line of the file it is, from 1.
        line: usize,
        /// What stands there, harmless to show.
        found: String,
    },
    /// Digits, but too few: spreadsheets take ids for numbers.
    #[error(
        "line {line}: `{found}` has {} digits and not 12: is a zero missing in front, as where a spreadsheet takes it for a number?",
        found.len()
    )]
    TooShort {
        /// Which line of the file it is, from 1.
        line: usize,
        /// The digits that stand there: fewer than twelve.
        found: String,
    },
    /// The account was named before.
    #[error(
        "line {line}: account {account} stands in line {before} already: remove one of the two"
    )]
    Twice {
        /// Which line of the file it is, from 1.
        line: usize,
        /// Where it was named before.
        before: usize,
        /// The account that is named twice.
        account: AccountId,
    },
    /// No account at all.
    #[error("the file names no account: write one id a line")]
    Empty,
}

impl AccountsFile {
    /// Reads the text of such a file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<FileProblem>> {
        let mut members = Vec::new();
        let mut lines: BTreeMap<AccountId, usize> = BTreeMap::new();
        let mut problems = Vec::new();
        let mut is_first = true;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (index, text) in text.lines().enumerate() {
            let line = index + 1;
            let text = text.split('#').next().unwrap_or_default().trim();
            let mut words = text
                .split([',', ';', ' ', '\t'])
                .filter(|word| !word.is_empty());
            let Some(id) = words.next() else { continue };
            // As spreadsheets and JSON write it.
            let id = id.trim_matches('"');
            if std::mem::take(&mut is_first) && is_heading(id) {
                continue;
            }
            match id.parse::<AccountId>() {
                Ok(account) => match lines.get(&account) {
                    Some(before) => problems.push(FileProblem::Twice {
                        line,
                        before: *before,
                        account,
                    }),
                    None => {
                        lines.insert(account.clone(), line);
                        members.push(Member {
                            name: words
                                .collect::<Vec<_>>()
                                .join(" ")
                                .trim_matches('"')
                                .to_owned(),
                            ..Member::known_by_id(account)
                        });
                    }
                },
                Err(_) if (9..12).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit()) => {
                    problems.push(FileProblem::TooShort {
                        line,
                        found: id.to_owned(),
                    });
                }
                Err(_) => problems.push(FileProblem::NotAnAccount {
                    line,
                    found: crate::diagnostic::printable(&id.chars().take(40).collect::<String>()),
                }),
            }
        }
        if members.is_empty() && problems.is_empty() {
            problems.push(FileProblem::Empty);
        }
        if problems.is_empty() {
            Ok(Self { members })
        } else {
            Err(problems)
        }
    }
}

/// Whether the first word of a file stands over a column of account ids.
fn is_heading(word: &str) -> bool {
    let letters = word.chars().filter(char::is_ascii_alphabetic);
    let letters: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    let digits = word.bytes().any(|b| b.is_ascii_digit());
    !digits
        && matches!(
            letters.as_str(),
            "account" | "accountid" | "accounts" | "id"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_names_and_comments_are_read() {
        let text =
            "# ours\n111111111111 the first\n\n\"222222222222\",second # by comma\n333333333333\n";
        let file = AccountsFile::parse(text).unwrap();
        let named: Vec<String> = file.members.iter().map(ToString::to_string).collect();
        assert_eq!(
            named,
            [
                "111111111111 (the first)",
                "222222222222 (second)",
                "333333333333"
            ]
        );
    }

    #[test]
    fn what_spreadsheets_put_in_front_is_passed_over_once() {
        let text = "\u{feff}\"Account ID\",Name\r\n111111111111,first\r\n";
        let named = AccountsFile::parse(text).unwrap().members;
        assert_eq!(named[0].to_string(), "111111111111 (first)");
        let text = "111111111111\nid\n";
        assert_eq!(AccountsFile::parse(text).unwrap_err().len(), 1);
    }

    #[test]
    fn every_slip_is_named_with_its_line() {
        let text = "111111111111\n11111111111\nprod\n111111111111 again\n";
        let problems = AccountsFile::parse(text).unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "line 2: `11111111111` has 11 digits and not 12: is a zero missing in front, as where a spreadsheet takes it for a number?",
                "line 3: `prod` is not an account id: expected 12 digits, then perhaps a name",
                "line 4: account 111111111111 stands in line 1 already: remove one of the two",
            ]
        );
        assert_eq!(
            AccountsFile::parse("# nothing\n"),
            Err(vec![FileProblem::Empty])
        );
    }
}
