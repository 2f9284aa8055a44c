//! Text and numbers as they stand in the file.

use timeslip_report::text::plain;

/// A text as it stands between tags and in attributes: nothing in it is markup, and nothing in it
/// turns or hides what is around it.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A coordinate with a decimal at most: a tenth of a pixel is not seen.
pub(super) fn place(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        assert_eq!(escaped("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
        assert_eq!(escaped("a\u{1b}b\u{202e}"), "a\\u{1b}b\\u{202e}");
        assert_eq!((place(1.0), place(1.26)), ("1".to_owned(), "1.3".to_owned()));
    }
}
