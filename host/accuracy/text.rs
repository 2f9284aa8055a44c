//! Figures and tables as text.

pub(crate) use timeslip_sim::text::count;

/// `+12.3 %`, or `-4.0 %`.
pub(crate) fn signed(fraction: f64) -> String {
    let percent = (fraction * 1000.0).round() / 10.0;
    // What rounds to nothing has no sign.
    match percent == 0.0 {
        true => "0.0 %".to_owned(),
        false => format!("{percent:+.1} %"),
    }
}

/// `12.3 %`.
pub(crate) fn share(fraction: f64) -> String {
    format!("{:.1} %", fraction * 100.0)
}

/// Milliseconds, with as many digits as tell apart what is measured: `5.32`, `48.3`, `1,692`.
pub(crate) fn milliseconds(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 1000.0 => format!("{value:.1}"),
        value => count(value.round() as u64),
    }
}

/// The text itself, or its beginning and an ellipsis where it is longer than `width`.
pub(crate) fn cut(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.to_owned(),
        false => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The text itself, or an ellipsis and its end where it is longer than `width`: what tells rows apart
/// stands at the end of their names.
pub(crate) fn cut_before(text: &str, width: usize) -> String {
    let length = text.chars().count();
    match length <= width {
        true => text.to_owned(),
        false => "…".chars().chain(text.chars().skip(length + 1 - width)).collect(),
    }
}

/// Lines of columns two blanks apart: the first `left` columns begin below each other, the others end
/// below each other.
pub(crate) fn table(rows: &[Vec<String>], left: usize) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            match column < left {
                true => format!("{cell:<width$}"),
                false => format!("{cell:>width$}"),
            }
        });
        let line = cells.collect::<Vec<String>>().join("  ");
        text.push_str(&format!("  {}\n", line.trim_end()));
    }
    text
}

/// What comes from a file, fit for a terminal: without signs that steer it.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}
