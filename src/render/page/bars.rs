//! Alerts over time: a bar for each day, or for each hour of a few days, with a layer for each rule.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{COLOURS, escape, number, shown};
use crate::backtest::RuleReport;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers on the left and the days below.
const LEFT: f64 = 48.0;
const BELOW: f64 = 22.0;
/// Logs of at most so many hours get a bar for each hour.
const BY_HOUR: i64 = 72;
/// More bars than this are too thin.
const BARS: i64 = 200;

/// The picture and its legend. The rules are in the order of their colours.
pub(super) fn draw(page: &mut String, rules: &[&RuleReport]) {
    let hours = rules.iter().flat_map(|rule| rule.hours.keys().copied());
    let (Some(first), Some(last)) = (hours.clone().min(), hours.max()) else {
        return;
    };
    let step = if last - first < BY_HOUR {
        1
    } else {
        // Whole days, and weeks and so on where there are too many of them.
        24 * ((last - first) / 24 / BARS + 1)
    };
    let begin = first.div_euclid(step);
    let count = last.div_euclid(step) - begin + 1;
    // bar → layer → alerts
    let mut bars: BTreeMap<i64, BTreeMap<usize, u64>> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        for (hour, alerts) in &rule.hours {
            let bar = bars.entry(hour.div_euclid(step)).or_default();
            *bar.entry(index.min(COLOURS)).or_default() += alerts;
        }
    }
    let most = bars.values().map(|bar| bar.values().sum::<u64>()).max();
    let top = round_up(most.unwrap_or(1));
    let what = match step {
        1 => "hour".to_owned(),
        24 => "day".to_owned(),
        _ => format!("{} days", step / 24),
    };
    let total = HEIGHT + BELOW;
    let _ = write!(
        page,
        "<h2>Alerts by {what}</h2>\n<div class=\"wide\"><svg class=\"bars\" viewBox=\"0 0 {WIDTH} {total}\" role=\"img\" aria-label=\"Alerts by {what} and rule\">"
    );
    axis(page, top);
    let width = (WIDTH - LEFT) / count as f64;
    let name = |layer: usize| match rules.get(layer) {
        Some(rule) if layer < COLOURS => escape(&rule.rule),
        _ => "other rules".to_owned(),
    };
    for (bar, layers) in &bars {
        let x = LEFT + (bar - begin) as f64 * width;
        let when = shown(
            bar * step * 3600,
            if step == 1 { "%a %F %H:00" } else { "%a %F" },
        );
        let sum: u64 = layers.values().sum();
        let mut y = HEIGHT;
        for (layer, alerts) in layers {
            let height = *alerts as f64 / top as f64 * (HEIGHT - 10.0);
            y -= height;
            let _ = write!(
                page,
                "<rect class=\"c{layer}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{when}: {} of {}, {}</title></rect>",
                (width * 0.86).max(0.6),
                number(*alerts),
                number(sum),
                name(*layer)
            );
        }
    }
    ticks(page, begin, count, step, width);
    page.push_str("</svg></div>\n<ul class=\"legend\">");
    for layer in 0..rules.len().min(COLOURS + 1) {
        let _ = write!(
            page,
            "<li><i class=\"key c{layer}\"></i>{}</li>",
            name(layer)
        );
    }
    page.push_str("</ul>\n");
}

fn axis(page: &mut String, top: u64) {
    // Small numbers have no halves.
    let parts = [4, 5, 3]
        .into_iter()
        .find(|parts| top.is_multiple_of(*parts));
    let parts = parts.unwrap_or(top.clamp(1, 5));
    for part in 0..=parts {
        let value = top * part / parts;
        let y = HEIGHT - value as f64 / top as f64 * (HEIGHT - 10.0);
        let _ = write!(
            page,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{WIDTH}\" y2=\"{y:.1}\"/><text class=\"end\" x=\"{}\" y=\"{:.1}\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            number(value)
        );
    }
}

fn ticks(page: &mut String, begin: i64, count: i64, step: i64, width: f64) {
    // A tick needs about 90 units of room.
    let every = ((90.0 / width).ceil() as i64).clamp(1, count.max(1));
    let form = if step == 1 { "%b %d %H:00" } else { "%b %d" };
    for bar in (0..count).step_by(every as usize) {
        let x = LEFT + bar as f64 * width;
        // The last one would be cut off.
        if x > WIDTH - 60.0 && bar > 0 {
            break;
        }
        let _ = write!(
            page,
            "<text x=\"{x:.1}\" y=\"{}\">{}</text>",
            HEIGHT + 16.0,
            shown((begin + bar) * step * 3600, form)
        );
    }
}

/// The next number that an axis looks well with.
fn round_up(most: u64) -> u64 {
    let mut unit = 1;
    loop {
        for factor in [1, 2, 3, 4, 5, 6, 8] {
            if unit * factor >= most {
                return unit * factor;
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::round_up;

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, top) in [
            (1, 1),
            (3, 3),
            (9, 10),
            (11, 20),
            (53, 60),
            (500, 500),
            (501, 600),
            (601, 800),
        ] {
            assert_eq!(round_up(most), top, "{most}");
        }
    }
}
