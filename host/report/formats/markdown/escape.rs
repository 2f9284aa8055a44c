//! Texts from outside, as text in markdown.

use crate::text::{plain, shortened};

/// Columns up to which a text in a table or a list is shown.
const CELL: usize = 240;

/// The text for a table's cell or a list's item: short, and without what would end it.
pub(super) fn cell(from_outside: &str) -> String {
    text(&shortened(&plain(from_outside), CELL, "…"))
}

/// The text as it reads, wherever it stands in a line: what markdown or HTML would take for markup
/// is escaped, and what GitHub and GitLab would take for a mention of a person or an issue is kept
/// from being one.
fn text(from_outside: &str) -> String {
    let mut out = String::new();
    let from_outside = plain(from_outside);
    let mut rest = from_outside.chars();
    while let Some(c) = rest.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A backslash before it is taken differently inside and outside of tables.
            '|' => out.push_str("&#124;"),
            '\\' => out.push_str("&#92;"),
            '`' => out.push_str("&#96;"),
            // Nothing seen between the sign and the name, but enough to make it no mention.
            '@' | '#' => out.extend(['\\', c].into_iter().chain("&#8203;".chars())),
            '!' | '~' | '*' | '_' | '[' | ']' | '(' | ')' | '{' | '}' | '$' => {
                out.extend(['\\', c]);
            }
            // It makes a link of what stands before it, or with another a picture of a name.
            ':' if !rest.as_str().starts_with(' ') => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    escaped_dots(&out)
}

/// Escapes the dots of what would be a link without markup, `www.`, and what would begin a list.
/// Other dots and signs read better as they are.
fn escaped_dots(text: &str) -> String {
    let text = text.replace("www.", "www\\.");
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '$');
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = text.split_at(digits);
    match rest.strip_prefix('.') {
        Some(rest) if digits > 0 && ends(rest) => format!("{number}\\.{rest}"),
        _ if text.starts_with(['-', '+', '=']) && ends(&text[1..]) => format!("\\{text}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(text("a|b <b>&"), "a&#124;b &lt;b&gt;&amp;");
        assert_eq!(text("*x* _y_ `z` \\|"), "\\*x\\* \\_y\\_ &#96;z&#96; &#92;&#124;");
        assert_eq!(text("@me #1"), "\\@&#8203;me \\#&#8203;1");
        assert_eq!(text("http://www.x"), "http\\://www\\.x");
        assert_eq!((text("1. a"), text("- a")), ("1\\. a".into(), "\\- a".into()));
        assert_eq!((text("1.18 s"), text("+50")), ("1.18 s".into(), "+50".into()));
        assert_eq!(text("a\nb\u{1b}"), "a&#92;nb&#92;u\\{1b\\}");
    }

    #[test]
    fn a_cell_is_short() {
        assert!(cell(&"x".repeat(1000)).chars().count() <= CELL);
    }
}
