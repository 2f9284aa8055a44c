//! Characters that a server cuts in two.
//!
//! JSON escapes a character above U+FFFF as a pair of surrogates, `\ud83d\ude80` (RFC 8259, 7).
//! Servers whose language counts texts in such halves, as JavaScript does, may put the first half
//! into one chunk and the second into the next. A half alone is no character, and a Rust text cannot
//! hold it, so it is kept as three noncharacters, which Unicode sets aside for a program's own use
//! (section 23.7), until both halves stand side by side.

use std::borrow::Cow;

const HIGH: char = '\u{FFFE}';
const LOW: char = '\u{FFFF}';
/// Stands for the number 0; 31 more follow.
const DIGITS: u32 = 0xFDD0;

/// The JSON text with each half that stands alone kept as noncharacters.
pub(crate) fn with_halves_kept(json: &str) -> String {
    let mut kept = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let (taken, is_half) = match (escaped(rest), rest.get(6..).and_then(escaped)) {
            (Some(first), Some(second)) if is_high(first) && is_low(second) => (12, None),
            (Some(unit), _) if is_high(unit) || is_low(unit) => (6, Some(unit)),
            // A backslash and what it escapes, which may be another backslash.
            _ => (1 + rest[1..].chars().next().map_or(0, char::len_utf8), None),
        };
        match is_half {
            Some(unit) => kept.extend(noncharacters(unit)),
            None => kept.push_str(&rest[..taken]),
        }
        rest = &rest[taken..];
    }
    kept.push_str(rest);
    kept
}

/// The text with halves that stand side by side put together, and U+FFFD for each that has stayed
/// alone.
pub(crate) fn joined(text: &str) -> Cow<'_, str> {
    if !text.contains([HIGH, LOW]) {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match (half(rest), rest.get(HALF_BYTES..).and_then(half)) {
            (Some(high), Some(low)) if is_high(high) && is_low(low) => {
                let pair = char::decode_utf16([high, low]).next();
                whole.push(pair.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = &rest[2 * HALF_BYTES..];
            }
            (Some(_), _) => {
                whole.push(char::REPLACEMENT_CHARACTER);
                rest = &rest[HALF_BYTES..];
            }
            (None, _) => {
                whole.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    Cow::Owned(whole)
}

/// Three characters of three bytes each.
const HALF_BYTES: usize = 9;

fn is_high(unit: u16) -> bool {
    (0xD800..0xDC00).contains(&unit)
}

fn is_low(unit: u16) -> bool {
    (0xDC00..0xE000).contains(&unit)
}

/// What `\uXXXX` at the beginning of a text stands for.
fn escaped(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}

fn noncharacters(unit: u16) -> [char; 3] {
    let number = u32::from(unit & 0x3FF);
    let digit = |digit: u32| char::from_u32(DIGITS + digit).expect("U+FDD0 to U+FDEF are there");
    let kind = if is_high(unit) { HIGH } else { LOW };
    [kind, digit(number >> 5), digit(number & 31)]
}

/// The half that a text begins with.
fn half(text: &str) -> Option<u16> {
    let mut characters = text.chars();
    let base = match characters.next()? {
        HIGH => 0xD800,
        LOW => 0xDC00,
        _ => return None,
    };
    let mut digit = || {
        let digit = u32::from(characters.next()?).checked_sub(DIGITS)?;
        (digit < 32).then_some(digit as u16)
    };
    Some(base + digit()? * 32 + digit()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_half_alone_is_kept_until_the_other_comes() {
        let first = with_halves_kept(r#"{"content":"go \ud83d"}"#);
        let second = with_halves_kept(r#"{"content":"\uDE80!"}"#);
        let text = |json: &str| {
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            value["content"].as_str().unwrap().to_owned()
        };
        assert_eq!(joined(&(text(&first) + &text(&second))), "go 🚀!");
        assert_eq!(joined(&text(&first)), "go \u{FFFD}");
        assert_eq!(joined(&text(&second)), "\u{FFFD}!");
    }

    #[test]
    fn what_is_whole_stays_as_it_is() {
        for json in [r#""\ud83d\ude80""#, r#""\\ud83d""#, r#""\n\u0041\"""#, r#""\u12""#, "\\"] {
            assert_eq!(with_halves_kept(json), json);
        }
        assert_eq!(joined("🚀 as it is"), "🚀 as it is");
    }

    proptest! {
        /// Wherever a text is cut in halves, it comes together again.
        #[test]
        fn any_text_survives_any_cut(text in "\\PC{0,12}", cut in 0usize..24) {
            let units: Vec<u16> = text.encode_utf16().collect();
            let (first, second) = units.split_at(cut.min(units.len()));
            let read = |units: &[u16]| -> String {
                let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
                serde_json::from_str(&with_halves_kept(&format!("\"{escapes}\""))).unwrap()
            };
            let read = read(first) + &read(second);
            prop_assert_eq!(joined(&read), text);
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,12}", json in "[\\\\ud8cDE0\u{FFFE}\u{FDD1}a]{0,20}") {
            let _ = (joined(&text), joined(&json), with_halves_kept(&json));
        }
    }
}
