//! Writing HTML in which no text becomes markup.
//!
//! Names of elements and attributes are part of the program; whatever comes from outside is a text or
//! the value of an attribute, and is written out. Nothing else can be added, so a hostile summary has
//! no way to an element.

use reqwest::Url;

/// The values of an element's attributes by their names.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// A piece of HTML that grows.
#[derive(Debug, Default)]
pub(super) struct Html {
    written: String,
    open: Vec<&'static str>,
}

impl Html {
    /// Opens an element.
    pub(super) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.tag(name, attributes);
        self.open.push(name);
    }

    /// Closes the element that was opened last.
    pub(super) fn close(&mut self) {
        let name = self.open.pop().expect("what is closed was opened");
        self.written.push_str("</");
        self.written.push_str(name);
        self.written.push('>');
    }

    /// An element with whatever is written inside it.
    pub(super) fn inside(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        write: impl FnOnce(&mut Html),
    ) {
        self.open(name, attributes);
        write(self);
        self.close();
    }

    /// An element with a text.
    pub(super) fn element(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.inside(name, attributes, |html| html.text(text));
    }

    /// An element that never has anything inside it, such as `meta`.
    pub(super) fn tag(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.written.push('<');
        self.written.push_str(name);
        for (attribute, value) in attributes {
            self.written.push(' ');
            self.written.push_str(attribute);
            self.written.push_str("=\"");
            push_escaped(&mut self.written, value, Lines::WrittenOut);
            self.written.push('"');
        }
        self.written.push('>');
    }

    /// A text, on one line.
    pub(super) fn text(&mut self, text: &str) {
        push_escaped(&mut self.written, text, Lines::WrittenOut);
    }

    /// A text that has lines.
    pub(super) fn lines(&mut self, text: &str) {
        push_escaped(&mut self.written, text, Lines::Kept);
    }

    /// A line's end between elements, so that the source can be read.
    pub(super) fn line_end(&mut self) {
        self.written.push('\n');
    }

    /// An address as a link where a browser may follow it, and as a text where not.
    pub(super) fn address(&mut self, address: &str) {
        match is_followed(address) {
            true => {
                let attributes = [("href", address), ("rel", "noopener noreferrer nofollow")];
                self.element("a", &attributes, address);
            }
            false => self.text(address),
        }
    }

    /// What was written, once everything is closed.
    pub(super) fn finish(self) -> String {
        assert!(self.open.is_empty(), "everything that was opened is closed");
        self.written
    }
}

/// Whether an address leads to a page of the web, to a host that can be read in it.
fn is_followed(address: &str) -> bool {
    // What a browser takes out of an address before it follows it is not what a reader sees.
    let is_plain = address.chars().all(|c| c.is_ascii_graphic());
    let Ok(url) = Url::parse(address) else { return false };
    is_plain
        && ["http://", "https://"].iter().any(|scheme| address.starts_with(scheme))
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
}

/// What becomes of the ends of lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    Kept,
    WrittenOut,
}

fn push_escaped(written: &mut String, text: &str, lines: Lines) {
    for c in text.chars() {
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            '\n' | '\t' if lines == Lines::Kept => written.push(c),
            c if acts_unseen(c) => written.extend(c.escape_unicode()),
            c => written.push(c),
        }
    }
}

/// Control characters, and the invisible ones that turn, join or hide what is around them.
pub(super) fn acts_unseen(c: char) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Html)) -> String {
        let mut html = Html::default();
        write(&mut html);
        html.finish()
    }

    #[test]
    fn texts_and_values_become_no_markup() {
        let attack = "</p><script>alert(1)</script> & \" ' \u{202e}\n";
        assert_eq!(
            written(|html| html.element("p", &[("title", attack)], attack)),
            "<p title=\"&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot; &#39; \
             \\u{202e}\\u{a}\">&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot; &#39; \
             \\u{202e}\\u{a}</p>"
        );
        assert_eq!(written(|html| html.lines("a\n\tb<\r")), "a\n\tb&lt;\\u{d}");
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        let is_link = |address: &str| written(|html| html.address(address)).starts_with("<a href");
        assert!(is_link("https://example.org/a?b=c#d") && is_link("http://example.org"));
        for wrong in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " https://example.org",
            "java\nscript:alert(1)",
            "https://example.org\u{202e}",
            "https://someone@example.org/",
            "https:///",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:a",
            "file:///etc/passwd",
            "//example.org",
            "example.org",
            "",
        ] {
            assert!(!is_link(wrong), "{wrong}");
        }
    }
}
