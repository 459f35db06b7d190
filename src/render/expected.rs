//! How many alerts to expect of the rules that a plan changes, for people.

use super::style::Painter;
use crate::backtest::Expected;

/// A line for each rule.
pub fn expected(expected: &Expected, paint: Painter) -> String {
    if expected.rules.is_empty() {
        return "No rule changes, so neither do the alerts.\n".to_owned();
    }
    let head = format!(
        "expected alerts a day, by {:.1} days of logs:",
        expected.days
    );
    let mut text = format!("\n{}\n", paint.bold(&head));
    for rule in &expected.rules {
        text.push_str(&format!("{:>9.1}  {}\n", rule.per_day, rule.rule));
    }
    if !expected.complete {
        text.push_str("Not all logs could be read: `iamwatch backtest` on them says which. There may be more.\n");
    }
    text
}
