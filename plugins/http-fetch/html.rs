//! From HTML to text: tags go, what they hold stays, and parts of the page stand on lines of their
//! own. No HTML is too wrong for it; what it does not understand is text.

use crate::entities;

/// Elements whose contents are no text of the page.
const UNSEEN: [&str; 8] =
    ["script", "style", "noscript", "template", "svg", "iframe", "object", "canvas"];

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 33] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "pre",
    "section",
    "table",
    "title",
    "tr",
    "ul",
];

/// Elements with an empty line before and behind.
const APART: [&str; 10] = ["p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "pre", "blockquote"];

/// The text of a page.
pub(crate) fn text(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        writer.text(&rest[..start]);
        rest = &rest[start..];
        rest = match markup(rest) {
            Markup::Comment(after) => after,
            Markup::Tag { name, is_end, after } => {
                let unseen = UNSEEN.contains(&name.as_str()) && !is_end;
                writer.tag(&name, is_end);
                match unseen {
                    true => after_element(after, &name),
                    false => after,
                }
            }
            Markup::None => {
                writer.text("<");
                &rest[1..]
            }
        };
    }
    writer.text(rest);
    writer.finish()
}

/// What begins with a `<`, and what follows it.
enum Markup<'h> {
    Comment(&'h str),
    Tag { name: String, is_end: bool, after: &'h str },
    None,
}

fn markup(html: &str) -> Markup<'_> {
    if let Some(inside) = html.strip_prefix("<!--") {
        return Markup::Comment(inside.find("-->").map_or("", |end| &inside[end + 3..]));
    }
    if html.starts_with("<!") || html.starts_with("<?") {
        return Markup::Comment(html.find('>').map_or("", |end| &html[end + 1..]));
    }
    let inside = &html[1..];
    let (is_end, inside) = match inside.strip_prefix('/') {
        Some(inside) => (true, inside),
        None => (false, inside),
    };
    if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Markup::None;
    }
    let length = inside.find(|c: char| c.is_whitespace() || c == '>' || c == '/');
    let name = inside[..length.unwrap_or(inside.len())].to_ascii_lowercase();
    Markup::Tag { name, is_end, after: after_tag(inside) }
}

/// What follows a tag; a `>` inside quotes is none.
fn after_tag(inside: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in inside.char_indices() {
        match (quote, character) {
            (None, '>') => return &inside[at + 1..],
            // Only behind `=` a quote begins a value.
            (None, '"' | '\'') if before == '=' => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
        if !character.is_whitespace() {
            before = character;
        }
    }
    ""
}

/// What follows the end of an element whose contents are no markup; nothing where it has no end.
fn after_element<'h>(html: &'h str, name: &str) -> &'h str {
    let mut from = 0;
    while let Some(start) = html[from..].find("</").map(|offset| from + offset) {
        let inside = &html[start + 2..];
        let is_same = inside.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name));
        let ends = inside.get(name.len()..).is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_whitespace() || c == '>' || c == '/')
        });
        if is_same && ends {
            return after_tag(inside);
        }
        from = start + 2;
    }
    ""
}

/// Writes lines with single blanks, and at most one empty line between two.
#[derive(Default)]
struct Writer {
    text: String,
    /// How many ends of lines stand before the next text.
    line_ends: usize,
    has_blank: bool,
    /// How many `pre` are open, in which blanks and lines stay.
    preformatted: usize,
}

impl Writer {
    fn text(&mut self, html: &str) {
        let mut decoded = String::with_capacity(html.len());
        entities::decode(html, &mut decoded);
        for character in decoded.chars() {
            if self.preformatted > 0 && matches!(character, '\n' | ' ' | '\t') {
                self.preformatted_blank(character);
            } else if character.is_whitespace() {
                self.has_blank = true;
            } else if !character.is_control() {
                self.begin();
                self.text.push(character);
            }
        }
    }

    fn preformatted_blank(&mut self, blank: char) {
        if blank == '\n' && self.line_ends > 0 {
            return;
        }
        if blank != '\n' {
            self.begin();
        }
        self.text.push(blank);
    }

    /// Writes what stands before the next text.
    fn begin(&mut self) {
        if self.line_ends > 0 && !self.text.is_empty() {
            let kept = self.text.trim_end().len();
            self.text.truncate(kept);
            self.text.extend(std::iter::repeat_n('\n', self.line_ends));
        } else if self.has_blank && !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
        self.line_ends = 0;
        self.has_blank = false;
    }

    fn tag(&mut self, name: &str, is_end: bool) {
        if APART.contains(&name) {
            self.line_ends = 2;
        } else if BLOCKS.contains(&name) {
            self.line_ends = self.line_ends.max(1);
        } else if matches!(name, "td" | "th") {
            self.has_blank = true;
        }
        match (name, is_end) {
            ("pre", false) => self.preformatted += 1,
            ("pre", true) => self.preformatted = self.preformatted.saturating_sub(1),
            ("li", false) => {
                self.begin();
                self.text.push_str("- ");
            }
            _ => {}
        }
    }

    fn finish(mut self) -> String {
        let kept = self.text.trim_end().len();
        self.text.truncate(kept);
        self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_reads_as_its_parts_on_lines_of_their_own() {
        let page = "<!DOCTYPE html><html><head><title>Fares</title><style>p > a { x: y }</style>\
                    </head><body><h1>Fares\n of  today</h1><p>From <b>Oslo</b> to&nbsp;<a \
                    href='/r?a=1&b>2'>Rome</a>:<ul><li>basic 120&euro;</li><li>full</li></ul>\
                    <!-- <p>not this</p> --><script>if (a < b) { \"</p>\" }</script>\
                    <table><tr><td>one</td><td>two</td></tr></table>the end</body></html>";
        let expected = "Fares\n\nFares of today\n\nFrom Oslo to Rome:\n- basic 120€\n- full\n\n\
                        one two\n\nthe end";
        assert_eq!(text(page), expected);
    }

    #[test]
    fn lines_of_preformatted_text_stay() {
        assert_eq!(
            text("<p>See:<pre>\nfn main() {\n    run();\n}</pre>done"),
            "See:\n\nfn main() {\n    run();\n}\n\ndone"
        );
    }

    #[test]
    fn what_is_no_markup_is_text() {
        for (html, expected) in [
            ("a < b and 1<2", "a < b and 1<2"),
            ("<p>open", "open"),
            ("<a href=\"x>y\">z", "z"),
            ("5 <", "5 <"),
            ("a<!--b", "a"),
            ("<script>a", ""),
            ("<SCRIPT>a</ScRiPt >b</scripture>c", "bc"),
            ("it's <b class=x>so</b>", "it's so"),
            ("&lt;p&gt;", "<p>"),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(html in "[<>/a-p!\"'= &;#\\-é\n]{0,60}") {
            let _ = text(&html);
        }

        #[test]
        fn plain_text_keeps_its_words(words in prop::collection::vec("[a-zé.]{1,6}", 0..8)) {
            prop_assert_eq!(text(&words.join("\n ")), words.join(" "));
        }
    }
}
