//! Plays cassettes back to whoever asks: a request is looked for in all of them.
//!
//! A server does not know which conversation a request belongs to, so what was recorded for it is
//! found by the request alone. Where it was recorded several times, its replies are given in their
//! order, and the last one again after that: a server that runs on is asked again.

use std::collections::HashMap;
use std::sync::Arc;

use timeslip_timeline::backend::{Reply, Said, SessionWords, UserReply, Words, WordsError};
use timeslip_timeline::conversation::ChatRequest;

use super::Cassette;
use super::key::Key;
use super::miss::{miss, nearness, unknown_request};
use super::words::{CassetteWords, Matching};
use crate::tokenizer::Tokenizer;

/// Words of cassettes that all are looked through.
#[derive(Clone)]
pub struct SharedCassettes {
    words: CassetteWords,
    cassettes: Vec<Arc<Cassette>>,
    /// How often what was recorded has been given, by cassette and key; as many as are recorded.
    given: HashMap<(usize, Key), usize>,
}

impl SharedCassettes {
    /// Words of these cassettes. With [`Matching::Turns`], requests are found by what user, model
    /// and tools said.
    pub fn new(
        cassettes: Vec<Arc<Cassette>>,
        matching: Matching,
        tokenizer: Arc<Tokenizer>,
    ) -> SharedCassettes {
        let words = CassetteWords::new(cassettes.clone(), matching, tokenizer);
        SharedCassettes { words, cassettes, given: HashMap::new() }
    }

    /// What was recorded for a request; of several times the next one.
    fn recorded(&mut self, request: &ChatRequest) -> Option<Said> {
        // Of cassettes that hold it, one whose replies were not all given goes first.
        let mut last = None;
        for place in 0..self.cassettes.len() {
            let Some((key, times)) = self.words.times_recorded(place, request) else {
                continue;
            };
            let given = self.given.get(&(place, key)).copied().unwrap_or(0);
            if given < times {
                self.given.insert((place, key), given + 1);
                return self.words.said_at(place, request, given);
            }
            last = Some((place, times - 1));
        }
        last.and_then(|(place, time)| self.words.said_at(place, request, time))
    }

    fn miss(&self, request: &ChatRequest) -> WordsError {
        let near = |cassette: &&Arc<Cassette>| nearness(cassette, &request.messages);
        // Of equally near ones `max_by_key` takes the last, hence the reversal.
        match self.cassettes.iter().rev().max_by_key(near) {
            Some(cassette) => unknown_request(cassette, request),
            None => miss("there is no cassette to look the request up in".to_owned()),
        }
    }
}

impl Words for SharedCassettes {
    fn reply(
        &mut self,
        session: &SessionWords,
        request: &ChatRequest,
    ) -> Result<Reply, WordsError> {
        match self.answer(session, "", request)? {
            Said::Reply(reply) => Ok(*reply),
            _ => Err(self.miss(request)),
        }
    }

    fn answer(
        &mut self,
        _session: &SessionWords,
        _model: &str,
        request: &ChatRequest,
    ) -> Result<Said, WordsError> {
        if let Some(said) = self.recorded(request) {
            return Ok(said);
        }
        // An agent may have asked for the run's own model, where a client has to name one.
        let unnamed = ChatRequest { model: None, ..request.clone() };
        self.recorded(&unnamed).ok_or_else(|| self.miss(request))
    }

    fn user_answer(
        &mut self,
        _session: &SessionWords,
        _question: &str,
    ) -> Result<UserReply, WordsError> {
        Ok(UserReply::Nobody)
    }
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::backend::SessionId;
    use timeslip_timeline::conversation::{ChatOptions, FinishReason, Message, Role};

    use super::super::{CassetteWriter, Header, KeyPart, SCHEMA, TokenSource};
    use super::*;

    /// A cassette with one request, answered by each of the replies.
    fn cassette(file: &str, text: &str, replies: &[&str]) -> Arc<Cassette> {
        let mut writer = CassetteWriter::new(Header {
            schema: SCHEMA.to_owned(),
            name: "talk".to_owned(),
            recorded_model: None,
            source: "a test".to_owned(),
            key: vec![KeyPart::Messages],
            tokens: TokenSource::Counted,
            rewrites: Vec::new(),
            redacted: false,
        });
        for reply in replies {
            let reply = Message::text(Role::Assistant, *reply);
            writer.chat(&request(text), &reply, FinishReason::Stop, None);
        }
        Arc::new(Cassette::parse(file, writer.into_text().as_bytes()).expect("it was just written"))
    }

    fn words() -> SharedCassettes {
        let cassettes = vec![
            cassette("one.jsonl", "Hello", &["first", "second"]),
            cassette("two.jsonl", "Goodbye", &["bye"]),
        ];
        SharedCassettes::new(cassettes, Matching::Exact, Arc::default())
    }

    fn request(text: &str) -> ChatRequest {
        ChatRequest {
            model: Some("m".to_owned()),
            messages: vec![Message::text(Role::User, text)],
            tools: Vec::new(),
            options: ChatOptions::default(),
        }
    }

    fn asked(words: &mut SharedCassettes, text: &str) -> Result<String, String> {
        let session = SessionWords { session: SessionId(0), task_index: 0, task_input: "".into() };
        match words.reply(&session, &request(text)) {
            Ok(reply) => Ok(reply.message.content),
            Err(error) => Err(error.message),
        }
    }

    #[test]
    fn a_request_is_found_in_any_cassette_and_its_last_reply_comes_again() {
        let mut words = words();
        let mut hear = |text| asked(&mut words, text).unwrap();
        assert_eq!([hear("Hello"), hear("Goodbye"), hear("Hello")], ["first", "bye", "second"]);
        assert_eq!([hear("Hello"), hear("Goodbye")], ["second", "bye"]);
    }

    #[test]
    fn a_miss_names_the_nearest_recorded_request() {
        let missed = asked(&mut words(), "Goodby").unwrap_err();
        assert!(
            missed.starts_with("the request was not recorded; two.jsonl is nearest."),
            "{missed}"
        );
        assert!(missed.contains("recorded: \"Goodbye\""), "{missed}");
    }
}
