//! Numbers of things, as a sentence has them.

/// `1 account`, `2 accounts`, `0 copies`: a number and the word for one of them, which ends with its noun.
pub(crate) fn counted(count: impl TryInto<u64>, one: &str) -> String {
    // No number of things is larger.
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {}", noun(count, one))
}

/// `account` for one, `accounts` for any other number.
fn noun(count: u64, one: &str) -> String {
    if count == 1 {
        return one.to_owned();
    }
    let hisses = ["s", "x", "ch", "sh"].iter().any(|end| one.ends_with(end));
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if hisses => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_every_other_number_is_many() {
        for (count, one, said) in [
            (0, "account", "0 accounts"),
            (1, "account", "1 account"),
            (2, "account", "2 accounts"),
            (1, "dead letter", "1 dead letter"),
            (3, "copy", "3 copies"),
            (3, "day", "3 days"),
            (2, "address", "2 addresses"),
            (2, "branch", "2 branches"),
            (2, "late alert", "2 late alerts"),
        ] {
            assert_eq!(counted(count as u64, one), said);
        }
        assert_eq!(counted(1_usize, "rule"), "1 rule");
    }
}
