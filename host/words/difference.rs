//! The first difference of two texts, short enough to read in a message.

use std::fmt;

const CHARACTERS_BEFORE: usize = 30;
const CHARACTERS_AFTER: usize = 50;

/// Where two texts part, with an excerpt of each around that place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The first character that differs, counted from 1.
    pub character: usize,
    /// The recorded text there, as a quoted literal.
    pub recorded: String,
    /// The other text there, as a quoted literal.
    pub actual: String,
}

impl Difference {
    /// The first difference, or `None` when the texts are equal.
    pub fn between(recorded: &str, actual: &str) -> Option<Difference> {
        if recorded == actual {
            return None;
        }
        let equal = recorded.chars().zip(actual.chars()).take_while(|(a, b)| a == b).count();
        Some(Difference {
            character: equal + 1,
            recorded: excerpt(recorded, equal),
            actual: excerpt(actual, equal),
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "first difference at character {}", self.character)?;
        writeln!(f, "  recorded: {}", self.recorded)?;
        write!(f, "  now:      {}", self.actual)
    }
}

/// The beginning of a text as a quoted literal.
pub(crate) fn beginning(text: &str) -> String {
    excerpt(text, 0)
}

/// How alike two texts are, from 0 to 1000: the share of characters in their common beginning and
/// common end.
pub(crate) fn likeness(one: &str, other: &str) -> usize {
    let longer = one.chars().count().max(other.chars().count());
    let shorter = one.chars().count().min(other.chars().count());
    let head = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let tail = one
        .chars()
        .rev()
        .zip(other.chars().rev())
        .take(shorter - head)
        .take_while(|(a, b)| a == b)
        .count();
    1000 * (head + tail) / longer.max(1)
}

fn excerpt(text: &str, character: usize) -> String {
    let first = character.saturating_sub(CHARACTERS_BEFORE);
    let mut rest = text.chars().skip(first);
    let shown: String = rest.by_ref().take(character - first + CHARACTERS_AFTER).collect();
    let before = if first > 0 { "…" } else { "" };
    let after = if rest.next().is_some() { "…" } else { "" };
    format!("\"{before}{}{after}\"", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_place_is_named_and_shown_on_both_sides() {
        let recorded = format!("{}\"province\": \"TX\", \"zip\": \"78750\"}}", "a".repeat(100));
        let actual = recorded.replace("province", "state");
        let difference = Difference::between(&recorded, &actual).unwrap().to_string();
        insta::assert_snapshot!(difference, @r#"
        first difference at character 102
          recorded: "…aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"province\": \"TX\", \"zip\": \"78750\"}"
          now:      "…aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"state\": \"TX\", \"zip\": \"78750\"}"
        "#);
        assert_eq!(Difference::between("same", "same"), None);
    }

    #[test]
    fn a_text_that_goes_on_differs_after_its_end() {
        let difference = Difference::between("one", "one\ntwo").unwrap();
        assert_eq!(difference.character, 4);
        assert_eq!(difference.actual, r#""one\ntwo""#);
    }

    proptest! {
        #[test]
        fn any_two_texts_can_be_compared(one in any::<String>(), other in any::<String>()) {
            prop_assert_eq!(Difference::between(&one, &other).is_none(), one == other);
            prop_assert!(likeness(&one, &other) <= 1000);
        }
    }
}
