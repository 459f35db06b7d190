//! Texts in which a star stands for any text.

/// Whether a name fits a pattern in which `*` stands for any text.
pub(crate) fn matches_star(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match name.find(part) {
            Some(at) => name = name.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    name.ends_with(last)
}

/// Whether a text fits a pattern of IAM, in which `*` stands for any text and `?` for any one character. Whoever writes
/// the pattern may mean harm: time is at most the one length times the other.
pub(crate) fn matches_glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Behind the last star: what of the pattern, and of the text, is tried again from there.
    let mut again: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let rest = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                again = Some((pattern.clone(), rest.clone()));
                text = rest;
            }
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                // The star takes one character more.
                let Some((behind, mut skipped)) = again.take() else {
                    return false;
                };
                if skipped.next().is_none() {
                    return false;
                }
                again = Some((behind.clone(), skipped.clone()));
                (pattern, text) = (behind, skipped);
            }
        }
    }
}

/// Whether an ARN fits a pattern of IAM's ARN operators: its six parts are matched one by one, so that no star crosses
/// them. Source: IAM, condition operators.
pub(crate) fn matches_arn(pattern: &str, arn: &str) -> bool {
    arn_parts_fit(pattern, arn, matches_glob)
}

/// Whether two ARNs, or patterns of them, have as many parts as each other, and each pair of parts fits.
pub(crate) fn arn_parts_fit(one: &str, other: &str, fits: impl Fn(&str, &str) -> bool) -> bool {
    let (one, other) = (one.splitn(6, ':'), other.splitn(6, ':'));
    one.clone().count() == other.clone().count()
        && one.zip(other).all(|(one, other)| fits(one, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_iam_is_matched_as_iam_does() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("**", "abc", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*b?d", "axxbcd", true),
            ("a*b", "abc", false),
            ("a*a", "a", false),
            ("*ab*ab", "abab", true),
            ("*ab?", "ababc", true),
            (
                "arn:aws:sns:*:*:iamwatch-*",
                "arn:aws:sns:us-east-1:111122223333:iamwatch-acme",
                true,
            ),
        ] {
            assert_eq!(matches_glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_bounded_time_and_match_what_they_match() {
        let text = "a".repeat(2_000);
        assert!(!matches_glob(&format!("{}b", "*a".repeat(500)), &text));
        assert!(matches_glob(&"*a".repeat(500), &text));
        assert!(matches_glob("*e*e*e*e*e*e*e*", "eeeeeee"));
    }
}
