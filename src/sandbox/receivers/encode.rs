//! How are texts written in addresses and forms?

/// A text with everything but RFC 3986's unreserved characters written as `%XX`.
pub(crate) fn percent(text: &str) -> String {
    let mut written = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

/// Pairs as `application/x-www-form-urlencoded`, which is also how a query is written.
pub(crate) fn form(pairs: &[(String, String)]) -> String {
    let pairs = pairs
        .iter()
        .map(|(key, value)| format!("{}={}", percent(key), percent(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The pairs of a form or a query.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (plain(key), plain(value))
        })
        .collect()
}

/// A text without `%XX` and `+`. What is no such code stays as it is.
fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, behind @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high * 16 + low);
                    rest = behind;
                }
                _ => bytes.push(b'%'),
            },
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let given = vec![
            ("sig".to_owned(), "a+b/c=% ü".to_owned()),
            ("x".to_owned(), String::new()),
        ];
        assert_eq!(form(&given), "sig=a%2Bb%2Fc%3D%25%20%C3%BC&x=");
        assert_eq!(pairs(&form(&given)), given);
        assert_eq!(pairs("a=%zz%4"), [("a".to_owned(), "%zz%4".to_owned())]);
    }
}
