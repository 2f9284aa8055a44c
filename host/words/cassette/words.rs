//! Plays cassettes back.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use timeslip_timeline::backend::{
    Reply, Said, SessionId, SessionWords, UserReply, Words, WordsError,
};
use timeslip_timeline::conversation::{ChatRequest, Message, Role, Usage};
use timeslip_timeline::http::{FetchSaid, HttpRequest};
use timeslip_timeline::observed::{RecordedFailure, RecordedTiming};
use timeslip_timeline::time::Span;

use super::key::{Key, RequestParts, key_of_message, key_of_request};
use super::miss::{miss, question_miss, request_miss};
use super::{Cassette, RecordedChat, RecordedOutcome, TokenSource};
use crate::digest::sha256_hex;
use crate::redact::{redact, redacted_request};
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
    tasks: usize,
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
    fetches: HashMap<Key, usize>,
}

impl CassetteWords {
    /// Words that play the cassette of this place for the task of this place.
    pub fn new(
        cassettes: Vec<Arc<Cassette>>,
        matching: Matching,
        tokenizer: Arc<Tokenizer>,
    ) -> CassetteWords {
        CassetteWords::in_rounds(cassettes.len(), cassettes, matching, tokenizer)
    }

    /// Words with several cassettes for each of so many tasks: of all tasks the first, then of all
    /// the second, and so on. A session plays that of the round in which it takes its task; after
    /// the last round the first comes again.
    pub fn in_rounds(
        tasks: usize,
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
            tasks: tasks.max(1),
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

    /// What was recorded for this request, once more than the session has heard it; `None` where
    /// nothing was.
    ///
    /// # Errors
    /// When the session's task has no cassette.
    pub fn recorded(
        &mut self,
        session: &SessionWords,
        request: &ChatRequest,
    ) -> Result<Option<Said>, WordsError> {
        let place = self.place_of(session)?;
        let cassette = self.cassettes[place].clone();
        let redacted = cassette.header.redacted.then(|| redacted_request(request));
        let (key, recorded) = self.find(place, redacted.as_ref().unwrap_or(request));
        let again = recorded.last().copied().filter(|_| self.matching == Matching::Turns);
        let recorded = recorded.get(self.heard(session, key)).copied().or(again);
        let played = self.sessions.entry(session.session).or_default();
        played.chats += 1;
        let Some(chat) = recorded else {
            return Ok(None);
        };
        *played.by_key.entry(key).or_default() += 1;
        Ok(Some(self.said(&cassette, &cassette.chats[chat], request)))
    }

    /// What was recorded for this question, once more than the session has heard it; `None` where
    /// nothing was.
    ///
    /// # Errors
    /// When the session's task has no cassette.
    pub fn recorded_answer(
        &mut self,
        session: &SessionWords,
        question: &str,
    ) -> Result<Option<UserReply>, WordsError> {
        let cassette = self.cassettes[self.place_of(session)?].clone();
        let question = cassette.without_secrets(question);
        let played = self.sessions.entry(session.session).or_default();
        let served = played.by_question.entry(question.clone().into_owned()).or_default();
        let mut recorded = cassette.answers.iter().filter(|answer| answer.question == question);
        let Some(answer) = recorded.nth(*served) else {
            return Ok(None);
        };
        *served += 1;
        played.answers += 1;
        let text = cassette.messages[answer.answer].content.clone();
        Ok(Some(UserReply::Answer { text, after: answer.after }))
    }

    /// The session's cassette.
    pub(super) fn cassette_of(&self, session: &SessionWords) -> Result<Arc<Cassette>, WordsError> {
        self.place_of(session).map(|place| self.cassettes[place].clone())
    }

    /// When a recorded reply answers a request.
    pub(super) fn matching(&self) -> Matching {
        self.matching
    }

    /// How often the session has fetched what was recorded, by the keys of its requests.
    pub(super) fn fetches_played(&mut self, session: SessionId) -> &mut HashMap<Key, usize> {
        &mut self.sessions.entry(session).or_default().fetches
    }

    /// The place of the session's cassette.
    fn place_of(&self, session: &SessionWords) -> Result<usize, WordsError> {
        let rounds = (self.cassettes.len() / self.tasks).max(1);
        let round = session.session.0 as usize / self.tasks % rounds;
        let place = round * self.tasks + session.task_index;
        match session.task_index < self.tasks && place < self.cassettes.len() {
            true => Ok(place),
            false => Err(miss(format!(
                "task {} has no cassette: there are {}. Give the bench one cassette per task.",
                session.task_index + 1,
                self.cassettes.len()
            ))),
        }
    }

    /// The key of a request, and the chats that were recorded for it, in their order.
    fn find(&self, place: usize, request: &ChatRequest) -> (Key, &[usize]) {
        let cassette = &self.cassettes[place];
        let (key, chats) = match self.matching {
            Matching::Exact => (cassette.header.key_of(request), &cassette.chats_by_key),
            Matching::Turns => {
                let key = key_of_turns(request.messages.iter().map(|m| (key_of_message(m), m)));
                (key, &self.turns[place])
            }
        };
        (key, chats.get(&key).map_or(&[][..], Vec::as_slice))
    }

    /// The key of a request in the cassette of a place, and how often it was recorded there, if it
    /// was.
    pub(super) fn times_recorded(
        &self,
        place: usize,
        request: &ChatRequest,
    ) -> Option<(Key, usize)> {
        let redacted = self.cassettes[place].header.redacted.then(|| redacted_request(request));
        let (key, chats) = self.find(place, redacted.as_ref().unwrap_or(request));
        (!chats.is_empty()).then_some((key, chats.len()))
    }

    /// What was recorded for a request in the cassette of a place; of several times the one that
    /// `time` says, from 0.
    pub(super) fn said_at(&self, place: usize, request: &ChatRequest, time: usize) -> Option<Said> {
        let cassette = &self.cassettes[place];
        let redacted = cassette.header.redacted.then(|| redacted_request(request));
        let (_, chats) = self.find(place, redacted.as_ref().unwrap_or(request));
        let chat = *chats.get(time)?;
        Some(self.said(cassette, &cassette.chats[chat], request))
    }

    /// How often the session has heard replies to this request.
    fn heard(&self, session: &SessionWords, key: Key) -> usize {
        let played = self.sessions.get(&session.session);
        played.and_then(|played| played.by_key.get(&key)).copied().unwrap_or(0)
    }

    /// Why a request has no reply here.
    fn miss(&self, session: &SessionWords, request: &ChatRequest) -> WordsError {
        let place = match self.place_of(session) {
            Ok(place) => place,
            Err(error) => return error,
        };
        let cassette = &self.cassettes[place];
        let redacted = cassette.header.redacted.then(|| redacted_request(request));
        let request = redacted.as_ref().unwrap_or(request);
        let chats = self.sessions.get(&session.session).map_or(0, |played| played.chats);
        request_miss(cassette, chats, request, self.find(place, request).1.len())
    }

    /// What was recorded: the reply with its tokens, cut where the request says, or the failure.
    fn said(&self, cassette: &Cassette, chat: &RecordedChat, request: &ChatRequest) -> Said {
        let (place, finish_reason) = match &chat.outcome {
            RecordedOutcome::Reply(place, finish_reason) => (*place, *finish_reason),
            RecordedOutcome::Error(error) => {
                let after = chat.timing.map_or(Span::ZERO, |(_, timing)| timing.end_to_end());
                let observed = chat.observed.clone();
                let error = error.clone();
                return Said::Failed(Box::new(RecordedFailure { error, after, observed }));
            }
        };
        let message = cassette.messages[place].clone();
        let usage = chat.usage.filter(|_| cassette.header.tokens == TokenSource::Recorded);
        let mut reply = spoken(&self.tokenizer, request, message, finish_reason, usage);
        // A reply that is cut here took another time than the whole one did.
        let is_whole = reply.finish_reason == finish_reason;
        reply.recorded = chat.timing.filter(|_| is_whole).map(|(_, timing)| {
            let usage = chat.usage.unwrap_or(Usage {
                input_tokens: reply.input_tokens,
                cached_input_tokens: 0,
                output_tokens: reply.output_tokens,
            });
            Arc::new(RecordedTiming { usage, timing, observed: chat.observed.clone() })
        });
        Said::Reply(Box::new(reply))
    }
}

impl Words for CassetteWords {
    fn reply(
        &mut self,
        session: &SessionWords,
        request: &ChatRequest,
    ) -> Result<Reply, WordsError> {
        match self.recorded(session, request)? {
            Some(Said::Reply(reply)) => Ok(*reply),
            _ => Err(self.miss(session, request)),
        }
    }

    fn answer(
        &mut self,
        session: &SessionWords,
        _model: &str,
        request: &ChatRequest,
    ) -> Result<Said, WordsError> {
        let recorded = self.recorded(session, request)?;
        recorded.ok_or_else(|| self.miss(session, request))
    }

    fn user_answer(
        &mut self,
        session: &SessionWords,
        question: &str,
    ) -> Result<UserReply, WordsError> {
        if let Some(answer) = self.recorded_answer(session, question)? {
            return Ok(answer);
        }
        let cassette = &self.cassettes[self.place_of(session)?];
        let played = self.sessions.get(&session.session).cloned().unwrap_or_default();
        if cassette.answers.is_empty() {
            return Ok(UserReply::Nobody);
        }
        if played.answers == cassette.answers.len() {
            return Ok(UserReply::Gone);
        }
        let question = cassette.without_secrets(question);
        let served = played.by_question.get(&*question).copied().unwrap_or(0);
        Err(question_miss(cassette, &question, served))
    }

    fn fetch(
        &mut self,
        session: &SessionWords,
        request: &HttpRequest,
    ) -> Result<FetchSaid, WordsError> {
        let recorded = self.recorded_fetch(session, request)?;
        recorded.ok_or_else(|| self.miss_of_fetch(session, request))
    }

    fn forget(&mut self, session: SessionId) {
        self.sessions.remove(&session);
    }
}

impl Cassette {
    /// A text as it would stand in the cassette.
    fn without_secrets<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.header.redacted {
            true => redact(text),
            false => Cow::Borrowed(text),
        }
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
