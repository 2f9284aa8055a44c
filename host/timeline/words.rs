//! What a modelled machine's model says, what the user says, and what servers give to tools.

use std::sync::Arc;

use crate::backend::SessionId;
use crate::conversation::{ChatRequest, FinishReason, Message, PromptPart};
use crate::http::{FetchSaid, HttpRequest, no_recordings};
use crate::observed::{RecordedFailure, RecordedTiming};
use crate::time::Span;

/// What a modelled machine's model says, what the user says, and what servers give to tools.
///
/// Called on the loop's own thread, in the order of the clock, so that words are the same on any
/// number of threads.
pub trait Words {
    /// What the model replies to this request.
    ///
    /// # Errors
    /// When these words have no reply: the session ends there, since a made-up or stale reply would
    /// be worse than none.
    fn reply(&mut self, session: &SessionWords, request: &ChatRequest)
    -> Result<Reply, WordsError>;

    /// What a request to this model meets: the reply of these words, unless they know better.
    ///
    /// # Errors
    /// As for `reply`.
    fn answer(
        &mut self,
        session: &SessionWords,
        _model: &str,
        request: &ChatRequest,
    ) -> Result<Said, WordsError> {
        self.reply(session, request).map(|reply| Said::Reply(Box::new(reply)))
    }

    /// What the user answers.
    ///
    /// # Errors
    /// As for `reply`.
    fn user_answer(
        &mut self,
        session: &SessionWords,
        question: &str,
    ) -> Result<UserReply, WordsError>;

    /// What a tool plugin's request over HTTP meets: a refusal, unless these words have responses.
    ///
    /// # Errors
    /// As for `reply`.
    fn fetch(
        &mut self,
        _session: &SessionWords,
        _request: &HttpRequest,
    ) -> Result<FetchSaid, WordsError> {
        Ok(no_recordings())
    }

    /// The session asks for nothing more: what is known of it alone can be forgotten.
    fn forget(&mut self, _session: SessionId) {}
}

/// Which session asks for words.
#[derive(Clone, Debug)]
pub struct SessionWords {
    /// The session.
    pub session: SessionId,
    /// The task's place in the bench.
    pub task_index: usize,
    /// The task's input.
    pub task_input: Arc<str>,
}

/// What a request meets.
#[derive(Clone, Debug)]
pub enum Said {
    /// A reply, to which the machine gives a time.
    Reply(Box<Reply>),
    /// No reply: it was recorded that there was none. No machine is asked; the agent is told after
    /// the recorded time.
    Failed(Box<RecordedFailure>),
    /// Nothing: the machine has its own words. The prompt, as the run's tokenizer counts it.
    LeftToMachine(CountedPrompt),
}

/// A prompt's tokens.
#[derive(Clone, Debug)]
pub struct CountedPrompt {
    /// All of them.
    pub tokens: u64,
    /// Its parts, in the order in which a model reads them.
    pub parts: Arc<[PromptPart]>,
}

/// A model's reply, before a machine has given it a time.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The assistant message.
    pub message: Message,
    /// Why it ends.
    pub finish_reason: FinishReason,
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the reply.
    pub output_tokens: u64,
    /// The prompt's parts, in the order in which the model reads them.
    pub prompt: Arc<[PromptPart]>,
    /// The reply as it will stand in a later prompt, where that is known.
    pub reply_part: Option<PromptPart>,
    /// How the chat went when it was recorded, if it was, with its times.
    pub recorded: Option<Arc<RecordedTiming>>,
}

/// What the user does when asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserReply {
    /// Answers, after thinking for some time.
    Answer {
        /// The words.
        text: String,
        /// The time it takes.
        after: Span,
    },
    /// Nobody is there.
    Nobody,
    /// The conversation is over for the user.
    Gone,
}

/// Why there are no words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WordsError {
    /// One word for the slip: `cassette_miss`, `script_error`, …
    pub kind: &'static str,
    /// For a person: what was asked, what is nearest, what to do.
    pub message: String,
}
