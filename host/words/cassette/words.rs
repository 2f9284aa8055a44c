//! Plays cassettes back.

use std::collections::HashMap;
use std::sync::Arc;

use timeslip_timeline::backend::{Reply, SessionId, SessionWords, UserReply, Words, WordsError};
use timeslip_timeline::conversation::{ChatRequest, Message, Role};

use super::key::{Key, RequestParts, key_of_message, key_of_request};
use super::miss::{miss, question_miss, request_miss};
use super::{Cassette, RecordedChat, TokenSource};
use crate::digest::sha256_hex;
use crate::spoken::spoken;
use crate::tokenizer::Tokenizer;

/// When a recorded reply answers a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// When the request is the recorded one, by the parts that the cassette's header names. Each
    /// recorded reply is given once.
    #[default]
    Exact,
    /// When what user, model and tools have said so far is what was recorded, whatever the agent's
    /// own instructions, tools and options are. A request that is made again gets its reply again.
    /// It is for comparing versions of an agent: the recorded model did not read the new
    /// instructions, so its words say nothing about them, and the run says so.
    Turns,
}

/// Words from cassettes, one for each task.
///
/// Every session plays its task's cassette from the start. Equal requests are answered in the order
/// in which they were recorded, different ones in any order.
#[derive(Clone)]
pub struct CassetteWords {
    cassettes: Vec<Arc<Cassette>>,
    matching: Matching,
    /// With [`Matching::Turns`], each cassette's chats by the key of their turns.
    turns: Arc<Vec<HashMap<Key, Vec<usize>>>>,
    tokenizer: Arc<Tokenizer>,
    sessions: HashMap<SessionId, Played>,
}

/// What a session has heard so far.
#[derive(Clone, Default)]
struct Played {
    chats: usize,
    answers: usize,
    by_key: HashMap<Key, usize>,
    by_question: HashMap<String, usize>,
}

impl CassetteWords {
    /// Words that play the cassette of this place for the task of this place.
    pub fn new(
        cassettes: Vec<Arc<Cassette>>,
        matching: Matching,
        tokenizer: Arc<Tokenizer>,
    ) -> CassetteWords {
        let turns = match matching {
            Matching::Exact => Vec::new(),
            Matching::Turns => cassettes.iter().map(|cassette| chats_by_turns(cassette)).collect(),
        };
        CassetteWords {
            cassettes,
            matching,
            turns: Arc::new(turns),
            tokenizer,
            sessions: HashMap::new(),
        }
    }

    /// SHA-256 over the digests of the cassettes in order, in hexadecimal.
    pub fn digest(&self) -> String {
        let mut digests: Vec<&str> =
            self.cassettes.iter().map(|cassette| cassette.digest()).collect();
        if self.matching == Matching::Turns {
            digests.push("turns");
        }
        sha256_hex(digests.join("\n").as_bytes())
    }

    fn cassette_of(&self, session: &SessionWords) -> Result<Arc<Cassette>, WordsError> {
        self.cassettes.get(session.task_index).cloned().ok_or_else(|| {
            miss(format!(
                "task {} has no cassette: there are {}. Give the bench one cassette per task.",
                session.task_index + 1,
                self.cassettes.len()
            ))
        })
    }
}

impl Words for CassetteWords {
    fn reply(
        &mut self,
        session: &SessionWords,
        request: &ChatRequest,
    ) -> Result<Reply, WordsError> {
        let cassette = self.cassette_of(session)?;
        let (key, recorded) = match self.matching {
            Matching::Exact => {
                let keys = request.messages.iter().map(key_of_message);
                let key = key_of_request(keys, &RequestParts::of(request), &cassette.header.key);
                (key, cassette.chats_by_key.get(&key))
            }
            Matching::Turns => {
                let key = key_of_turns(request.messages.iter().map(|m| (key_of_message(m), m)));
                (key, self.turns[session.task_index].get(&key))
            }
        };
        let recorded = recorded.map_or(&[][..], Vec::as_slice);
        let played = self.sessions.entry(session.session).or_default();
        played.chats += 1;
        let served = played.by_key.entry(key).or_default();
        let again = recorded.last().filter(|_| self.matching == Matching::Turns);
        let Some(chat) = recorded.get(*served).or(again) else {
            return Err(request_miss(&cassette, played.chats, request, recorded.len()));
        };
        *served += 1;
        Ok(self.spoken(&cassette, &cassette.chats[*chat], request))
    }

    fn user_answer(
        &mut self,
        session: &SessionWords,
        question: &str,
    ) -> Result<UserReply, WordsError> {
        let cassette = self.cassette_of(session)?;
        if cassette.answers.is_empty() {
            return Ok(UserReply::Nobody);
        }
        let played = self.sessions.entry(session.session).or_default();
        if played.answers == cassette.answers.len() {
            return Ok(UserReply::Gone);
        }
        let served = played.by_question.entry(question.to_owned()).or_default();
        let mut recorded = cassette.answers.iter().filter(|answer| answer.question == question);
        let Some(answer) = recorded.nth(*served) else {
            return Err(question_miss(&cassette, question, *served));
        };
        *served += 1;
        played.answers += 1;
        let text = cassette.messages[answer.answer].content.clone();
        Ok(UserReply::Answer { text, after: answer.after })
    }
}

impl CassetteWords {
    /// The recorded reply, with its tokens, cut where the request says.
    fn spoken(&self, cassette: &Cassette, chat: &RecordedChat, request: &ChatRequest) -> Reply {
        let message = &cassette.messages[chat.reply];
        let usage = chat.usage.filter(|_| cassette.header.tokens == TokenSource::Recorded);
        spoken(&self.tokenizer, request, message.clone(), chat.finish_reason, usage)
    }
}

/// The key of what user, model and tools have said.
fn key_of_turns<'m>(messages: impl Iterator<Item = (Key, &'m Message)>) -> Key {
    let turns = messages.filter(|(_, message)| message.role != Role::System);
    key_of_request(turns.map(|(key, _)| key), &RequestParts::default(), &[])
}

fn chats_by_turns(cassette: &Cassette) -> HashMap<Key, Vec<usize>> {
    let mut chats: HashMap<Key, Vec<usize>> = HashMap::new();
    for (place, chat) in cassette.chats.iter().enumerate() {
        chats.entry(key_of_turns(cassette.request_of(chat))).or_default().push(place);
    }
    chats
}
