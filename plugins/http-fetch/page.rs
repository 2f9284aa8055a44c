//! From a body to a text that a model can read.

use crate::html;

/// The text of a body of this kind.
pub(crate) fn text(content_type: &str, body: &[u8]) -> String {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_html = matches!(kind.as_str(), "text/html" | "application/xhtml+xml");
    let is_text = is_html
        || kind.is_empty()
        || kind.starts_with("text/")
        || kind.ends_with("json")
        || kind.ends_with("xml")
        || kind.ends_with("javascript")
        || kind == "application/x-www-form-urlencoded";
    if !is_text {
        return format!("({} bytes of {kind}, which is no text)", body.len());
    }
    let text = decoded(content_type, body);
    match is_html {
        true => html::text(&text),
        false => text,
    }
}

/// The first characters of a text, with a sign where something is left out.
pub(crate) fn shortened(text: String, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The characters of a body. Its bytes are UTF-8, unless it says that they are Latin-1 or the code
/// page that browsers take for that; what cannot be read becomes U+FFFD.
fn decoded(content_type: &str, body: &[u8]) -> String {
    let lower = content_type.to_ascii_lowercase();
    let charset = lower.split("charset=").nth(1).unwrap_or_default();
    let charset = charset.split(';').next().unwrap_or_default().trim_matches([' ', '"', '\'']);
    match charset {
        "iso-8859-1" | "latin1" | "windows-1252" | "us-ascii" => {
            body.iter().map(|byte| windows_1252(*byte)).collect()
        }
        _ => {
            String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).into_owned()
        }
    }
}

fn windows_1252(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_80[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_html_loses_its_markup() {
        assert_eq!(text("text/html; charset=utf-8", b"<p>a &lt; b</p>"), "a < b");
        assert_eq!(text("application/json", b"{\"a\":\"<p>\"}"), "{\"a\":\"<p>\"}");
        assert_eq!(text("", "żółć".as_bytes()), "żółć");
        assert_eq!(text("image/png", b"\x89PNG"), "(4 bytes of image/png, which is no text)");
    }

    #[test]
    fn bytes_are_read_as_the_body_says() {
        assert_eq!(text("text/plain; charset=\"ISO-8859-1\"", b"caf\xe9 \x80"), "café €");
        assert_eq!(text("text/plain", b"\xef\xbb\xbfa\xff"), "a\u{fffd}");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened("żółć".to_owned(), 2), "żó…");
        assert_eq!(shortened("żółć".to_owned(), 4), "żółć");
    }
}
