//! The texts of a modelled reply's tokens.
//!
//! Words say how many tokens a reply has, not where each of them begins. So each token gets the same
//! part of the text, cut between characters.

/// Cuts a reply's text as its tokens come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyCut {
    output_tokens: u64,
    given_bytes: usize,
}

impl ReplyCut {
    /// For a reply of so many tokens, none of which is out.
    pub fn of(output_tokens: u64) -> ReplyCut {
        ReplyCut { output_tokens: output_tokens.max(1), given_bytes: 0 }
    }

    /// The text between what was given before and this many tokens; empty where that ends inside a
    /// character. The last token gives all that is left.
    pub fn up_to<'t>(&mut self, text: &'t str, output_tokens: u64) -> &'t str {
        let share = text.len() as u128 * u128::from(output_tokens.min(self.output_tokens));
        let start = self.given_bytes;
        let end = text.floor_char_boundary((share / u128::from(self.output_tokens)) as usize);
        self.given_bytes = end.max(start);
        &text[start..self.given_bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_gets_the_same_part_and_no_character_is_torn() {
        let text = "grüße";
        let mut cut = ReplyCut::of(4);
        let pieces: Vec<&str> = (1..=4).map(|tokens| cut.up_to(text, tokens)).collect();
        assert_eq!(pieces, ["g", "r", "ü", "ße"]);
        assert_eq!(cut.up_to(text, 9), "", "all of it was given");
        let mut cut = ReplyCut::of(2);
        assert_eq!([cut.up_to("ü", 1), cut.up_to("ü", 2)], ["", "ü"]);
    }

    #[test]
    fn tokens_that_come_together_have_one_text() {
        let mut cut = ReplyCut::of(3);
        assert_eq!(cut.up_to("abcdef", 2), "abcd");
        assert_eq!(cut.up_to("abcdef", 3), "ef");
    }
}
