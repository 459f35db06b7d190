//! What has moved since a plan was saved, for people.

use super::plan::differing;
use super::style::Painter;
use super::text::Text;
use crate::plan::Action;
use crate::plan::saved::Moved;

/// A few lines for each, a line end at the end.
pub fn moved(moved: &[Moved], paint: Painter) -> Text {
    let mut text = Text::default();
    for one in moved {
        let _ = writeln!(
            text,
            "{} {} at {} {}",
            paint.yellow("≠"),
            paint.bold(&one.key.to_string()),
            one.key.place,
            happened(one)
        );
        for attribute in &one.live {
            differing(&mut text, attribute, paint);
        }
        if one.live.is_empty() && !one.wanted.is_empty() {
            let _ = writeln!(text, "    wanted now, because the account is another:");
            for attribute in &one.wanted {
                differing(&mut text, attribute, paint);
            }
        }
    }
    text
}

fn happened(one: &Moved) -> &'static str {
    match (one.planned, one.needed) {
        (Some(Action::Create), None) => "was to be created, and is there now",
        (Some(Action::Delete), None) => "was to be deleted, and is gone or wanted now",
        (Some(_), None) => "was to be changed, and needs no change now",
        (None, Some(Action::Create)) => "was there, and is gone or was not wanted",
        (None, Some(Action::Delete)) => "was not to be deleted, and is now",
        (None, Some(_)) => "was as it should be, and differs now",
        (Some(Action::Create), Some(_)) => "was not there, and is now",
        (Some(_), Some(Action::Create)) => "was there, and is gone",
        _ => "has changed (was → is):",
    }
}
