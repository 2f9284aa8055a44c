//! What the models say: the words, asked by any thread, off the keeper's.
//!
//! A request is a session of its own unless it goes on with a conversation that this server answered
//! before; then it is the next chat of that session, so that words which count a session's chats or
//! tool calls know where it stands. Conversations are known again by a hash of their messages up to
//! the model's last. The oldest are forgotten first.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use timeslip_timeline::backend::{Said, SessionId, SessionWords, Words, WordsError};
use timeslip_timeline::conversation::{ChatRequest, Message, Role};

/// Conversations that are known again, at some 100 bytes each and what the words know of them.
const CONVERSATIONS_MAX: usize = 10_000;

/// What the models say, and how tokens are counted.
pub struct Voice {
    /// What the models say.
    pub words: Box<dyn Words + Send>,
    /// The tokens of a text.
    pub count: Box<dyn Fn(&str) -> u64 + Send + Sync>,
    /// Counts a request's prompt, so that the words find it counted. It is called on many threads at
    /// once, and the words are not.
    pub count_prompt: Box<dyn Fn(&ChatRequest) + Send + Sync>,
}

/// The words behind their lock.
pub(crate) struct SharedVoice {
    count: Box<dyn Fn(&str) -> u64 + Send + Sync>,
    count_prompt: Box<dyn Fn(&ChatRequest) + Send + Sync>,
    speaking: Mutex<Speaking>,
}

struct Speaking {
    words: Box<dyn Words + Send>,
    conversations: Conversations,
}

impl SharedVoice {
    pub(crate) fn new(voice: Voice) -> SharedVoice {
        let conversations = Conversations::new(CONVERSATIONS_MAX);
        SharedVoice {
            count: voice.count,
            count_prompt: voice.count_prompt,
            speaking: Mutex::new(Speaking { words: voice.words, conversations }),
        }
    }

    /// The tokens of a text.
    pub(crate) fn count(&self, text: &str) -> u64 {
        (self.count)(text)
    }

    /// What a request meets, and the session that it belongs to.
    pub(crate) fn answer(
        &self,
        model: &str,
        request: &ChatRequest,
    ) -> Result<(SessionId, Said), WordsError> {
        (self.count_prompt)(request);
        let known = known_part(&request.messages);
        let before = known.map(|part| hash_of(part, DefaultHasher::new()).finish());
        let whole = hash_of(&request.messages, DefaultHasher::new());
        let mut speaking = self.speaking.lock().expect("words do not panic");
        let Speaking { words, conversations } = &mut *speaking;
        let session = conversations.session_of(before);
        let input = request.messages.iter().find(|message| message.role == Role::User);
        let input: Arc<str> = input.map_or("", |message| &message.content).into();
        let asks = SessionWords { session, task_index: 0, task_input: input };
        let said = words.answer(&asks, model, request);
        match &said {
            Ok(Said::Reply(reply)) => {
                let after = hash_of(std::slice::from_ref(&reply.message), whole).finish();
                for oldest in conversations.remember(after, session) {
                    words.forget(oldest);
                }
            }
            _ => words.forget(session),
        }
        Ok((session, said?))
    }
}

/// The messages that a conversation had when the model last spoke.
fn known_part(messages: &[Message]) -> Option<&[Message]> {
    let last = messages.iter().rposition(|message| message.role == Role::Assistant)?;
    Some(&messages[..=last])
}

fn hash_of(messages: &[Message], mut hasher: DefaultHasher) -> DefaultHasher {
    for message in messages {
        message.hash(&mut hasher);
    }
    hasher
}

/// The conversations that this server has answered.
struct Conversations {
    most: usize,
    next: u32,
    sessions: HashMap<u64, SessionId>,
    /// The oldest first; some may have gone on since, and are no more in the table.
    ages: VecDeque<u64>,
}

impl Conversations {
    fn new(most: usize) -> Conversations {
        Conversations { most, next: 0, sessions: HashMap::new(), ages: VecDeque::new() }
    }

    /// The session of a request.
    fn session_of(&mut self, before: Option<u64>) -> SessionId {
        if let Some(session) = before.and_then(|key| self.sessions.remove(&key)) {
            return session;
        }
        let session = SessionId(self.next);
        self.next = self.next.wrapping_add(1);
        session
    }

    /// Notes how far a session's conversation is; gives the sessions that are to be forgotten.
    fn remember(&mut self, key: u64, session: SessionId) -> Vec<SessionId> {
        let replaced = self.sessions.insert(key, session);
        self.ages.push_back(key);
        let mut forgotten: Vec<SessionId> =
            replaced.into_iter().filter(|other| *other != session).collect();
        while self.ages.len() > self.most {
            let oldest = self.ages.pop_front().expect("it is longer than it may be");
            // A key that came twice is as old as its first time.
            forgotten.extend(self.sessions.remove(&oldest));
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_that_goes_on_is_one_session_and_the_oldest_is_forgotten() {
        let mut conversations = Conversations::new(2);
        let first = conversations.session_of(None);
        assert_eq!(conversations.remember(10, first), []);
        assert_eq!(conversations.session_of(Some(10)), first, "it goes on");
        assert_eq!(conversations.remember(11, first), []);
        let second = conversations.session_of(Some(99));
        assert_ne!(second, first, "nobody said that");
        assert_eq!(conversations.remember(20, second), []);
        let third = conversations.session_of(None);
        assert_eq!(conversations.remember(30, third), [first]);
        assert_eq!(conversations.sessions.len(), 2);
    }

    #[test]
    fn a_conversation_is_known_up_to_what_the_model_said_last() {
        let message = |role| Message::text(role, "x");
        let messages = [Role::System, Role::User].map(message);
        assert_eq!(known_part(&messages), None);
        let messages = [Role::User, Role::Assistant, Role::Tool, Role::User].map(message);
        assert_eq!(known_part(&messages).map(<[Message]>::len), Some(2));
    }
}
