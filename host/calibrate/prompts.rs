//! Prompts of which only the number of cached tokens is known, as parts that a modelled cache finds
//! again.
//!
//! A session's prompts are taken for beginnings of one growing text: what the endpoint served from
//! its cache is what a prompt has in common with the session's prompt and reply before it. Requests
//! without a session are taken to begin alike as far as the cache served them. A boundary between
//! parts stands wherever the cache ended for any of them, so that parts are shared whole.

use std::collections::BTreeMap;

use timeslip_timeline::backend::{ReplyLength, ReplyPart};
use timeslip_timeline::conversation::{PromptPart, PromptPartKind, Role};
use xxhash_rust::xxh3::xxh3_64;

use crate::observation::Observation;

/// What a request's prompt is made of, and what its reply will be in a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) parts: Vec<PromptPart>,
    pub(crate) reply: Option<ReplyPart>,
}

/// Who wrote a stretch of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// All requests without a session.
    Everybody,
    /// The request of this number, as a part of its prompt.
    Request(usize),
    /// The model, in reply to the request of this number.
    Reply(usize),
}

/// Tokens of a text from the end of the stretch before it.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    end: u64,
    writer: Writer,
}

/// The prompts of requests, in the order in which they were sent.
pub(crate) fn prompts(requests: &[Observation]) -> Vec<Prompt> {
    let mut boundaries: BTreeMap<Option<&str>, Vec<u64>> = BTreeMap::new();
    for request in requests {
        let places = boundaries.entry(request.session.as_deref()).or_default();
        places.push(cached(request));
    }
    for places in boundaries.values_mut() {
        places.sort_unstable();
        places.dedup();
    }
    let mut texts: BTreeMap<&str, Vec<Stretch>> = BTreeMap::new();
    let mut prompts = Vec::with_capacity(requests.len());
    for (number, request) in requests.iter().enumerate() {
        let session = request.session.as_deref();
        let before = match session {
            Some(session) => texts.remove(session).unwrap_or_default(),
            None => vec![Stretch { end: cached(request), writer: Writer::Everybody }],
        };
        let mut text = common(before, cached(request), request.input_tokens);
        text.push(Stretch { end: request.input_tokens, writer: Writer::Request(number) });
        let parts = parts(&text, &boundaries[&session], session);
        let reply = session.map(|session| {
            let (writer, tokens) = (Writer::Reply(number), request.output_tokens);
            text.push(Stretch { end: request.input_tokens.saturating_add(tokens), writer });
            texts.insert(session, text);
            let part = part(Some(session), writer, request.input_tokens, tokens);
            ReplyPart::of(part, ReplyLength::of(tokens))
        });
        prompts.push(Prompt { parts, reply });
    }
    prompts
}

/// The tokens that were served by a cache; the last one is always read, since it gives the first
/// of the reply.
fn cached(request: &Observation) -> u64 {
    request.cached_input_tokens.min(request.input_tokens.saturating_sub(1))
}

/// What a prompt of so many tokens has in common with the text before it, which a cache served up
/// to `cached`. A cache ends at a block, so a reply that it ended in is taken whole where it fits.
fn common(before: Vec<Stretch>, cached: u64, input_tokens: u64) -> Vec<Stretch> {
    let mut kept = Vec::new();
    let mut start = 0;
    for stretch in before.into_iter().take_while(|stretch| stretch.end > 0) {
        match (start < cached, stretch.end <= cached, stretch.writer) {
            (false, _, _) => break,
            (true, true, _) => kept.push(stretch),
            (true, false, Writer::Reply(_)) if stretch.end <= input_tokens => kept.push(stretch),
            (true, false, Writer::Reply(_)) => break,
            (true, false, _) => kept.push(Stretch { end: cached, ..stretch }),
        }
        start = stretch.end;
    }
    kept
}

/// The parts of a text: its stretches, divided at the boundaries. A reply is one part.
fn parts(text: &[Stretch], boundaries: &[u64], session: Option<&str>) -> Vec<PromptPart> {
    let mut parts = Vec::new();
    let mut start = 0;
    for stretch in text {
        let inside = boundaries.iter().copied().filter(|at| (start + 1..stretch.end).contains(at));
        let inside: Vec<u64> = match stretch.writer {
            Writer::Reply(_) => Vec::new(),
            Writer::Everybody | Writer::Request(_) => inside.collect(),
        };
        for end in inside.into_iter().chain([stretch.end]) {
            if end == start {
                continue;
            }
            parts.push(part(session, stretch.writer, start, end - start));
            start = end;
        }
    }
    parts
}

fn part(session: Option<&str>, writer: Writer, start: u64, tokens: u64) -> PromptPart {
    let role = match writer {
        Writer::Everybody => Role::System,
        Writer::Request(_) => Role::User,
        Writer::Reply(_) => Role::Assistant,
    };
    let digest = xxh3_64(format!("{session:?} {writer:?} {start}").as_bytes());
    PromptPart { kind: PromptPartKind::Message(role), tokens, digest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::observed;

    /// How many tokens at the beginning of two prompts are the same parts.
    fn in_common(one: &Prompt, other: &Prompt) -> u64 {
        let same = one.parts.iter().zip(&other.parts).take_while(|(one, other)| one == other);
        same.map(|(part, _)| part.tokens).sum()
    }

    fn of_session(input_tokens: u64, cached: u64, output_tokens: u64) -> Observation {
        Observation {
            cached_input_tokens: cached,
            session: Some("a".to_owned()),
            ..observed(0, input_tokens, output_tokens)
        }
    }

    #[test]
    fn a_session_shares_what_its_cache_served_and_nothing_beyond() {
        let requests = [of_session(1_000, 0, 50), of_session(1_200, 640, 50)];
        let prompts = prompts(&requests);
        assert_eq!(in_common(&prompts[0], &prompts[1]), 640);
        let tokens = |prompt: &Prompt| prompt.parts.iter().map(|part| part.tokens).sum::<u64>();
        assert_eq!(prompts.iter().map(tokens).collect::<Vec<_>>(), [1_000, 1_200]);
    }

    #[test]
    fn a_reply_stands_whole_in_the_prompt_after_it() {
        // The cache served the prompt before and all whole blocks of its reply.
        let requests = [of_session(1_000, 0, 50), of_session(1_200, 1_040, 50)];
        let prompts = prompts(&requests);
        let reply = prompts[0].reply.unwrap().once_complete(50).unwrap();
        assert_eq!(in_common(&prompts[0], &prompts[1]), 1_000);
        assert_eq!(prompts[1].parts[1], reply);
    }

    #[test]
    fn requests_without_a_session_begin_alike_as_far_as_the_cache_served_them() {
        let request = |cached| Observation { cached_input_tokens: cached, ..observed(0, 900, 1) };
        let prompts = prompts(&[request(0), request(512), request(512), request(256)]);
        let common = |one: usize, other: usize| in_common(&prompts[one], &prompts[other]);
        assert_eq!([common(0, 1), common(1, 2), common(2, 3)], [0, 512, 256]);
        assert!(prompts[1].reply.is_none());
    }

    #[test]
    fn the_last_token_of_a_prompt_is_always_read() {
        let request = Observation { cached_input_tokens: 900, ..observed(0, 900, 1) };
        assert_eq!(prompts(&[request])[0].parts.last().unwrap().tokens, 1);
    }
}
