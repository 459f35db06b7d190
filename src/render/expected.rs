//! How many alerts to expect of the rules that a plan changes, for people.

use super::style::Painter;
use super::text::Text;
use crate::backtest::Expected;

/// A line for each rule.
pub fn expected(expected: &Expected, paint: Painter) -> Text {
    let mut text = Text::default();
    if expected.rules.is_empty() {
        let _ = writeln!(text, "No rule changes, so neither do the alerts.");
        return text;
    }
    let head = format!(
        "expected alerts a day, by {:.1} days of logs:",
        expected.days
    );
    text.blank();
    let _ = writeln!(text, "{}", paint.bold(&head));
    for rule in &expected.rules {
        let _ = writeln!(text, "{:>9.1}  {}", rule.per_day, rule.rule);
    }
    if !expected.complete {
        let _ = writeln!(
            text,
            "Not all logs could be read: `iamwatch backtest` on them says which. There may be more."
        );
    }
    text
}
