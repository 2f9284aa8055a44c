//! A reply cut into its tokens' pieces: text first, then the arguments of each tool call.

use timeslip_timeline::conversation::Message;
use timeslip_timeline::cut::ReplyCut;

/// A reply's text and tool calls, handed out token by token.
pub(super) struct Pieces {
    /// The text and all arguments, one behind the other.
    whole: String,
    /// Where each of them ends.
    ends: Vec<usize>,
    cut: ReplyCut,
    given: usize,
    /// Tool calls that have begun.
    begun: usize,
    output_tokens: u64,
}

/// A part of what a token says.
pub(super) enum Piece<'p> {
    /// Text.
    Text(&'p str),
    /// Arguments of the tool call of this place; `begins` where they are its first.
    Arguments { call: usize, begins: bool, text: &'p str },
}

impl Pieces {
    pub(super) fn new(message: &Message, output_tokens: u64) -> Pieces {
        let mut whole = message.content.clone();
        let mut ends = vec![whole.len()];
        for call in &message.tool_calls {
            whole.push_str(&call.arguments);
            ends.push(whole.len());
        }
        let output_tokens = output_tokens.max(1);
        let cut = ReplyCut::of(output_tokens);
        Pieces { whole, ends, cut, given: 0, begun: 0, output_tokens }
    }

    /// Whether this is the last token.
    pub(super) fn is_last(&self, tokens: u64) -> bool {
        tokens >= self.output_tokens
    }

    /// What the token of this number says; perhaps nothing, where it ends inside a character.
    pub(super) fn token<'p>(&'p mut self, tokens: u64) -> Vec<Piece<'p>> {
        let is_last = self.is_last(tokens);
        let from = self.given;
        self.given += self.cut.up_to(&self.whole, tokens).len();
        let mut pieces = Vec::with_capacity(1);
        let mut start = 0;
        for (place, end) in self.ends.iter().enumerate() {
            let (low, high) = (from.max(start), self.given.min(*end));
            let text = if low < high { &self.whole[low..high] } else { "" };
            start = *end;
            match place.checked_sub(1) {
                None if !text.is_empty() => pieces.push(Piece::Text(text)),
                None => {}
                Some(call) => {
                    // A call without arguments begins with the last token.
                    let begins = call == self.begun && (!text.is_empty() || is_last);
                    self.begun += usize::from(begins);
                    if begins || !text.is_empty() {
                        pieces.push(Piece::Arguments { call, begins, text });
                    }
                }
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::conversation::{Role, ToolCall};

    use super::*;

    fn call(arguments: &str) -> ToolCall {
        ToolCall { id: "c".to_owned(), name: "n".to_owned(), arguments: arguments.to_owned() }
    }

    #[test]
    fn text_comes_before_arguments_and_every_call_begins_once() {
        let mut message = Message::text(Role::Assistant, "ab");
        message.tool_calls = vec![call("{1}"), call("")];
        let mut pieces = Pieces::new(&message, 3);
        let mut told = Vec::new();
        for tokens in 1..=3 {
            for piece in pieces.token(tokens) {
                told.push(match piece {
                    Piece::Text(text) => format!("{tokens} {text}"),
                    Piece::Arguments { call, begins, text } => {
                        format!("{tokens} {call} {begins} {text}")
                    }
                });
            }
        }
        assert_eq!(told, ["1 a", "2 b", "2 0 true {", "3 0 false 1}", "3 1 true "]);
    }
}
