//! Numbers as a person writes them, for messages and tables.

/// Bytes with three digits and a decimal unit: `70.6 GB`.
pub(crate) fn bytes(value: f64) -> String {
    scaled(value, "B", &[("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("KB", 1e3)])
}

/// Seconds with three digits: `4.86 µs`.
pub(crate) fn seconds(value: f64) -> String {
    match value {
        v if v <= 0.0 => "0 s".to_owned(),
        v if v < 0.999_5e-6 => format!("{} ns", three_digits(v * 1e9)),
        v if v < 0.999_5e-3 => format!("{} µs", three_digits(v * 1e6)),
        v if v < 0.999_5 => format!("{} ms", three_digits(v * 1e3)),
        v => format!("{} s", three_digits(v)),
    }
}

/// A large number with three digits and a letter: `1.20 P`.
pub(crate) fn quantity(value: f64) -> String {
    scaled(value, "", &[("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6)])
}

/// A whole number with its thousands apart: `1,343`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Lines of text in columns two blanks apart, those of `right` flush right. Headings
/// are a row like the others.
pub(crate) fn columns(rows: &[Vec<String>], right: &[usize]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
            match right.contains(&index) {
                true => line += &format!("{cell:>width$}  "),
                false => line += &format!("{cell:<width$}  "),
            }
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A text in lines of at most `width` columns, broken at blanks; lines after the first begin with
/// `indent`.
pub(crate) fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let begin = text.len() - text.trim_start().len();
    let mut lines = text[..begin].to_owned();
    let mut column = begin;
    for (index, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > width {
            lines.push('\n');
            lines += indent;
            column = indent.len();
        } else if index > 0 {
            lines.push(' ');
            column += 1;
        }
        lines += word;
        column += length;
    }
    lines.push('\n');
    lines
}

fn scaled(value: f64, unit: &str, steps: &[(&str, f64)]) -> String {
    match steps.iter().find(|(_, step)| value >= step * 0.999_5) {
        Some((prefix, step)) => format!("{} {prefix}", three_digits(value / step)),
        None if unit.is_empty() => three_digits(value),
        None => format!("{} {unit}", three_digits(value)),
    }
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        0.0 => 0,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["part", "time", "from"]), row(["a", "12 µs", ""]), row(["b", "1 s", "c"])];
        assert_eq!(columns(&rows, &[1]), "part   time  from\na     12 µs\nb       1 s  c\n");
    }

    #[test]
    fn long_texts_break_between_words() {
        assert_eq!(wrapped("  one two three", "    ", 11), "  one two\n    three\n");
    }

    #[test]
    fn numbers_read_as_a_person_would_write_them() {
        assert_eq!(bytes(70.554e9), "70.6 GB");
        assert_eq!(bytes(671e9), "671 GB");
        assert_eq!(bytes(12.0), "12.0 B");
        assert_eq!(seconds(4.86e-6), "4.86 µs");
        assert_eq!(seconds(0.0), "0 s");
        assert_eq!(count(1343), "1,343");
        assert_eq!(count(65_536_000), "65,536,000");
        assert_eq!(quantity(1.2e15), "1.20 P");
    }
}
