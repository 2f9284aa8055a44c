//! Holds one recording against another: which chats are the same, and where requests part.

use std::collections::{HashMap, VecDeque};

use timeslip_timeline::conversation::{Message, Role};

use super::key::{Key, key_of_request};
use super::lines::KeyPart;
use super::miss::{differences_of_parts, written};
use super::{Cassette, RecordedChat};
use crate::difference::Difference;

/// The chats of two recordings, side by side. Chats are counted from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairedChats {
    /// Chats of both, in the order of the first.
    pub pairs: Vec<ChatPair>,
    /// Chats that only the first has.
    pub only_before: Vec<usize>,
    /// Chats that only the second has.
    pub only_now: Vec<usize>,
}

/// A chat of each of two recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatPair {
    /// The chat of the first.
    pub before: usize,
    /// The chat of the second.
    pub now: usize,
    /// How their requests differ, if they do.
    pub request: Option<RequestDifference>,
}

/// Where two requests part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestDifference {
    /// At a message.
    Message {
        /// The message, counted from 1.
        number: usize,
        /// What the first has there; nothing where it has ended.
        before: Option<ComparedMessage>,
        /// What the second has there.
        now: Option<ComparedMessage>,
        /// Where the two texts part.
        difference: Option<Difference>,
    },
    /// In a part of the key beside the messages.
    Part {
        /// Its name in the header.
        name: &'static str,
        /// Where the two part.
        difference: Difference,
    },
}

/// A message that another lacks or has otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedMessage {
    /// Who wrote it.
    pub role: Role,
    /// Its text, and then its calls of tools.
    pub text: String,
}

impl Cassette {
    /// Pairs the chats of this recording with those of another.
    ///
    /// Chats with the same request go together, equal ones in their order; then those that are left,
    /// in their order. Requests are the same by the parts that both headers name.
    pub fn paired_with(&self, now: &Cassette) -> PairedChats {
        let is_common = |part: &&KeyPart| now.header.key.contains(part);
        let key: Vec<KeyPart> = self.header.key.iter().filter(is_common).copied().collect();
        let mut open: HashMap<Key, VecDeque<usize>> = HashMap::new();
        for (place, chat) in now.chats.iter().enumerate() {
            open.entry(now.key_by(chat, &key)).or_default().push_back(place);
        }
        let same: Vec<Option<usize>> = self
            .chats
            .iter()
            .map(|chat| open.get_mut(&self.key_by(chat, &key)).and_then(VecDeque::pop_front))
            .collect();
        let mut left: Vec<usize> = open.into_values().flatten().collect();
        left.sort_unstable();
        let mut left = VecDeque::from(left);
        let mut paired = PairedChats::default();
        for (before, same) in same.into_iter().enumerate() {
            match same.or_else(|| left.pop_front()) {
                None => paired.only_before.push(before),
                Some(place) => {
                    let chats = (&self.chats[before], &now.chats[place]);
                    let request = match same {
                        Some(_) => None,
                        None => self.request_difference(chats.0, now, chats.1, &key),
                    };
                    paired.pairs.push(ChatPair { before, now: place, request });
                }
            }
        }
        paired.only_now = left.into();
        paired
    }

    fn key_by(&self, chat: &RecordedChat, key: &[KeyPart]) -> Key {
        key_of_request(self.request_of(chat).map(|(key, _)| key), &self.parts_of(chat), key)
    }

    fn request_difference(
        &self,
        chat: &RecordedChat,
        now: &Cassette,
        chat_now: &RecordedChat,
        key: &[KeyPart],
    ) -> Option<RequestDifference> {
        let (mut before, mut after) = (self.request_of(chat), now.request_of(chat_now));
        for number in 1.. {
            match (before.next(), after.next()) {
                (None, None) => break,
                (Some((one, _)), Some((other, _))) if one == other => {}
                (one, other) => {
                    return Some(difference_of_messages(
                        number,
                        one.map(|(_, message)| message),
                        other.map(|(_, message)| message),
                    ));
                }
            }
        }
        let parts = differences_of_parts(key, &self.parts_of(chat), &now.parts_of(chat_now));
        parts
            .into_iter()
            .next()
            .map(|(name, difference)| RequestDifference::Part { name, difference })
    }
}

fn difference_of_messages(
    number: usize,
    before: Option<&Message>,
    now: Option<&Message>,
) -> RequestDifference {
    let compared =
        |message: &Message| ComparedMessage { role: message.role, text: written(message) };
    let (before, now) = (before.map(compared), now.map(compared));
    let difference = match (&before, &now) {
        (Some(before), Some(now)) => Difference::between(&before.text, &now.text),
        _ => None,
    };
    RequestDifference::Message { number, before, now, difference }
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::conversation::{ChatOptions, ChatRequest, FinishReason};

    use super::super::{CassetteWriter, Header, SCHEMA, TokenSource};
    use super::*;

    /// A cassette in which each of these is asked and answered.
    fn asked(texts: &[&str]) -> Cassette {
        let mut writer = CassetteWriter::new(Header {
            schema: SCHEMA.to_owned(),
            name: String::new(),
            recorded_model: None,
            source: "a test".to_owned(),
            key: vec![KeyPart::Messages],
            tokens: TokenSource::Counted,
            rewrites: Vec::new(),
            redacted: false,
        });
        for text in texts {
            let messages = vec![Message::text(Role::User, *text)];
            let options = ChatOptions::default();
            let request = ChatRequest { model: None, messages, tools: Vec::new(), options };
            let reply = Message::text(Role::Assistant, "Yes");
            writer.chat(&request, &reply, FinishReason::Stop, None);
        }
        Cassette::parse("a.jsonl", writer.into_text().as_bytes()).unwrap()
    }

    fn places(paired: &PairedChats) -> Vec<(usize, usize, bool)> {
        let pairs = paired.pairs.iter();
        pairs.map(|pair| (pair.before, pair.now, pair.request.is_none())).collect()
    }

    #[test]
    fn the_same_requests_go_together_and_then_the_rest_in_order() {
        let before = asked(&["a", "b", "a", "c"]);
        let paired = before.paired_with(&asked(&["a", "x", "c", "a", "y"]));
        let expected = [(0, 0, true), (1, 1, false), (2, 3, true), (3, 2, true)];
        assert_eq!(places(&paired), expected);
        assert_eq!((paired.only_before, paired.only_now), (vec![], vec![4]));
        let paired = before.paired_with(&asked(&["c"]));
        assert_eq!(places(&paired), [(3, 0, true)]);
        assert_eq!(paired.only_before, [0, 1, 2]);
    }

    #[test]
    fn a_request_that_differs_says_where() {
        let paired = asked(&["a b"]).paired_with(&asked(&["a c"]));
        let Some(RequestDifference::Message { number, difference, .. }) = &paired.pairs[0].request
        else {
            panic!("{paired:?}");
        };
        assert_eq!((*number, difference.as_ref().unwrap().character), (1, 3));
    }
}
