//! When in the week alerts come: a heat map of weekdays and hours.

use std::fmt::Write;

use super::{counted, number};
use crate::backtest::RuleReport;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const CELL: f64 = 38.0;
const ROW: f64 = 24.0;
const LEFT: f64 = 48.0;
const ABOVE: f64 = 18.0;

/// Draws the heat map of the alerts of some rules.
pub(super) fn draw(page: &mut String, rules: &[&RuleReport]) {
    let mut week = [[0_u64; 24]; 7];
    for (hour, alerts) in rules.iter().flat_map(|rule| &rule.hours) {
        // 1970 began on a Thursday.
        let weekday = (hour.div_euclid(24) + 3).rem_euclid(7) as usize;
        let of_day = hour.rem_euclid(24) as usize;
        if let Some(cell) = week.get_mut(weekday).and_then(|day| day.get_mut(of_day)) {
            *cell += alerts;
        }
    }
    let most = week.iter().flatten().copied().max().unwrap_or(0).max(1);
    let (width, height) = (LEFT + 24.0 * CELL, ABOVE + 7.0 * ROW);
    let _ = write!(
        page,
        "<h2>Alerts by weekday and hour</h2>\n<div class=\"wide\"><svg class=\"heat\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Alerts by weekday and hour\">"
    );
    for hour in (0..24).step_by(3) {
        let x = LEFT + f64::from(hour) * CELL;
        let _ = write!(page, "<text x=\"{x}\" y=\"12\">{hour:02}:00</text>");
    }
    for (row, (day, name)) in week.iter().zip(DAYS).enumerate() {
        let y = ABOVE + row as f64 * ROW;
        let _ = write!(
            page,
            "<text class=\"end\" x=\"{}\" y=\"{}\">{name}</text>",
            LEFT - 8.0,
            y + 16.0
        );
        for (hour, alerts) in day.iter().enumerate() {
            let x = LEFT + hour as f64 * CELL;
            // The root shows differences among the quiet hours too.
            let heat = (*alerts as f64 / most as f64).sqrt();
            let _ = write!(
                page,
                "<rect class=\"cell\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\"/>",
                CELL - 2.0,
                ROW - 2.0
            );
            if *alerts > 0 {
                let opacity = 0.12 + 0.88 * heat;
                let _ = write!(
                    page,
                    "<rect class=\"hot\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" opacity=\"{opacity:.2}\"><title>{name} {hour:02}:00: {}</title></rect>",
                    CELL - 2.0,
                    ROW - 2.0,
                    number(*alerts)
                );
            }
        }
    }
    let _ = writeln!(
        page,
        "</svg></div>\n<p class=\"quiet\">The strongest colour stands for {}.</p>",
        counted(most, "alert", "alerts")
    );
}
