//! Plays cassettes back.

use std::collections::HashMap;
use std::sync::Arc;

use timeslip_timeline::backend::{Reply, SessionId, SessionWords, UserReply, Words, WordsError};
use timeslip_timeline::conversation::ChatRequest;

use super::key::{Key, RequestParts, key_of_message, key_of_request};
use super::miss::{miss, question_miss, request_miss};
use super::{Cassette, RecordedChat, TokenSource};
use crate::digest::sha256_hex;
use crate::spoken::spoken;
use crate::tokenizer::Tokenizer;

/// Words from cassettes, one for each task.
///
/// Every session plays its task's cassette from the start. Equal requests are answered in the order
/// in which they were recorded, different ones in any order.
pub struct CassetteWords {
    cassettes: Vec<Arc<Cassette>>,
    tokenizer: Arc<Tokenizer>,
    sessions: HashMap<SessionId, Played>,
}

/// What a session has heard so far.
#[derive(Default)]
struct Played {
    chats: usize,
    answers: usize,
    by_key: HashMap<Key, usize>,
    by_question: HashMap<String, usize>,
}

impl CassetteWords {
    /// Words that play the cassette of this place for the task of this place.
    pub fn new(cassettes: Vec<Arc<Cassette>>, tokenizer: Arc<Tokenizer>) -> CassetteWords {
        CassetteWords { cassettes, tokenizer, sessions: HashMap::new() }
    }

    /// SHA-256 over the digests of the cassettes in order, in hexadecimal.
    pub fn digest(&self) -> String {
        let digests: Vec<&str> = self.cassettes.iter().map(|cassette| cassette.digest()).collect();
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
        let keys = request.messages.iter().map(key_of_message);
        let key = key_of_request(keys, &RequestParts::of(request), &cassette.header.key);
        let played = self.sessions.entry(session.session).or_default();
        played.chats += 1;
        let recorded = cassette.chats_by_key.get(&key).map_or(&[][..], Vec::as_slice);
        let served = played.by_key.entry(key).or_default();
        let Some(chat) = recorded.get(*served) else {
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
