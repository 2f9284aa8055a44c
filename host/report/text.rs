//! How numbers, names and messages are written, for all reports.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text on one line, with everything that could act on a terminal or hide in it written out:
/// control characters, and the invisible ones that turn or join text.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if acts_unseen(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn acts_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Columns that a text takes on a terminal. It is taken character by character, so that padding
/// holds on terminals that do not join characters either.
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The text, cut to at most `width` columns with `ellipsis` at its end if it is longer.
pub fn shortened(text: &str, width: usize, ellipsis: &str) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(ellipsis.width());
    let mut out = String::new();
    let mut taken = 0;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > room {
            break;
        }
        out.push(c);
    }
    if width >= ellipsis.width() {
        out.push_str(ellipsis);
    }
    out
}

/// The text with blanks after it, `width` columns in all.
pub fn left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The text with blanks before it, `width` columns in all.
pub fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The text in lines of at most `width` columns, broken at blanks where there are any. Its own
/// lines stay apart.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    for line in text.lines() {
        let shown = plain(&line.replace('\t', "    "));
        let mut rest = shown.as_str();
        while let Some(at) = break_at(rest, width) {
            let (head, tail) = rest.split_at(at);
            lines.push(head.trim_end().to_owned());
            rest = tail.trim_start();
        }
        if !rest.is_empty() || line.is_empty() {
            lines.push(rest.trim_end().to_owned());
        }
    }
    lines
}

/// Where to break a text of more than `width` columns, in bytes, always after some character; `None`
/// for one that fits. It looks no further than that, so a long line costs its length.
fn break_at(text: &str, width: usize) -> Option<usize> {
    let mut taken = 0;
    let mut after_blank = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        taken += c.width().unwrap_or(0);
        if taken > width && c != ' ' {
            let first = text.chars().next().map_or(0, char::len_utf8);
            return Some(if after_blank > 0 { after_blank } else { end.max(first) });
        }
        end = at + c.len_utf8();
        if c == ' ' && !text[..at].trim().is_empty() {
            after_blank = end;
        }
    }
    None
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

/// So many of something: `1 session`, `2 sessions`.
pub fn counted(value: u64, one: &str) -> String {
    format!("{} {one}{}", count(value), if value == 1 { "" } else { "s" })
}

/// Tokens a second: `1,523`, and below a hundred with a decimal, `42.5`.
pub fn rate(value: f64) -> String {
    match value {
        v if v < 99.95 => format!("{v:.1}"),
        v => count(v.round() as u64),
    }
}

/// Joules with three digits: `250 mJ`, `1.20 kJ`.
pub fn joules(value: f64) -> String {
    match value {
        v if v <= 0.0 => "0 J".to_owned(),
        v if v < 0.999_5e-3 => format!("{} µJ", three_digits(v * 1e6)),
        v if v < 0.999_5 => format!("{} mJ", three_digits(v * 1e3)),
        v if v < 999.5 => format!("{} J", three_digits(v)),
        v if v < 999.5e3 => format!("{} kJ", three_digits(v / 1e3)),
        v => format!("{} MJ", three_digits(v / 1e6)),
    }
}

/// Dollars: cents from a dollar up, three digits that count below it: `$1,204.50`, `$0.00310`.
pub fn dollars(value: f64) -> String {
    if value <= 0.0 {
        return "$0".to_owned();
    }
    if value >= 0.999_5 {
        let cents = (value * 100.0).round() as u64;
        return format!("${}.{:02}", count(cents / 100), cents % 100);
    }
    // The exponent as it is written after rounding: 0.09996 is 1.00e-1.
    let written = format!("{value:.2e}");
    let exponent = written.split_once("e-").and_then(|(_, digits)| digits.parse::<usize>().ok());
    format!("${value:.*}", exponent.unwrap_or(0) + 2)
}

/// Bytes with three digits: `64.0 KiB`.
pub fn bytes(value: f64) -> String {
    let (unit, size) = match value {
        v if v < 1023.5 => return format!("{v:.0} B"),
        v if v < 1023.5 * 1024.0 => ("KiB", 1024.0),
        v if v < 1023.5 * 1024.0 * 1024.0 => ("MiB", 1024.0 * 1024.0),
        _ => ("GiB", 1024.0 * 1024.0 * 1024.0),
    };
    format!("{} {unit}", three_digits(value / size))
}

/// The text of a report, made so that a log of a build service runs nothing of it: such services
/// take a line that begins with `::`, or holds `##[`, for a command to themselves, and a name or a
/// message could put it there. A backslash before it makes it none.
pub fn without_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let blank = line.len() - line.trim_start().len();
        let (indent, rest) = line.split_at(blank);
        out.push_str(indent);
        let rest = match rest.strip_prefix("::") {
            Some(after) => format!("\\::{after}"),
            None => rest.to_owned(),
        };
        out.push_str(&rest.replace("##[", "##\\[").replace("##vso[", "##vso\\["));
    }
    out
}

/// A part of a whole: `61.2 %`, and `under 0.1 %` for what would round to nothing.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "unknown".to_owned();
    }
    match part as f64 / whole as f64 * 100.0 {
        p if part > 0 && p < 0.05 => "<0.1 %".to_owned(),
        p => format!("{p:.1} %"),
    }
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
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
    fn numbers_read_as_a_person_would_write_them() {
        assert_eq!(count(65_536_000), "65,536,000");
        assert_eq!(
            (counted(1, "call"), counted(2000, "call")),
            ("1 call".into(), "2,000 calls".into())
        );
        assert_eq!((rate(42.46), rate(1523.4)), ("42.5".into(), "1,523".into()));
        assert_eq!((joules(0.25), joules(0.0)), ("250 mJ".into(), "0 J".into()));
        assert_eq!((joules(1204.0), joules(3e6)), ("1.20 kJ".into(), "3.00 MJ".into()));
        assert_eq!((dollars(0.0031), dollars(1204.5)), ("$0.00310".into(), "$1,204.50".into()));
        assert_eq!((dollars(0.099_96), dollars(0.999_7)), ("$0.100".into(), "$1.00".into()));
        assert_eq!((percent(612, 1000), percent(1, 1_000_000)), ("61.2 %".into(), "<0.1 %".into()));
        assert_eq!(percent(0, 0), "unknown");
    }

    #[test]
    fn what_acts_on_a_terminal_is_written_out() {
        assert_eq!(plain("a\u{1b}[31mb\nc\u{7}"), "a\\u{1b}[31mb\\nc\\u{7}");
        assert_eq!(plain("\u{202e}evil\u{9b}"), "\\u{202e}evil\\u{9b}");
        assert_eq!(plain("né 東京 🚀"), "né 東京 🚀");
    }

    #[test]
    fn a_log_finds_no_command_in_a_report() {
        assert_eq!(without_commands("a::b\n  ::error::c\n"), "a::b\n  \\::error::c\n");
        assert_eq!(without_commands("x ##[error]y"), "x ##\\[error]y");
    }

    #[test]
    fn wide_characters_count_as_the_columns_they_take() {
        assert_eq!(columns("東京"), 4);
        assert_eq!(shortened("東京タワー", 7, "…"), "東京タ…");
        assert_eq!(shortened("tower", 5, "…"), "tower");
        assert_eq!(shortened("tower", 4, "..."), "t...");
        assert_eq!(shortened("tower", 2, "..."), "");
        assert_eq!(left("東", 4), "東  ");
        assert_eq!(right("7", 3), "  7");
    }

    #[test]
    fn lines_break_at_blanks_and_where_there_are_none_anywhere() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("東京タワー", 3), ["東", "京", "タ", "ワ", "ー"]);
        assert_eq!(wrapped("a\n\n  b\u{1b}", 20), ["a", "", "  b\\u{1b}"]);
        assert_eq!(wrapped("東", 1), ["東"]);
    }
}
