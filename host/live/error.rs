//! What can go wrong with a server, and what to do about it.

use timeslip_timeline::conversation::ModelError;
use timeslip_timeline::time::Span;

use crate::attempt::Attempt;
use crate::body::BodyError;
use crate::sse::SseError;
use crate::wire::ServerError;

/// Why a client cannot be made. No request was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The address is none. It is not shown, since it may hold a password.
    #[error("the server's address cannot be used: {reason}; write it as http://127.0.0.1:8000/v1")]
    BadUrl {
        /// What is wrong.
        reason: String,
    },
    /// The key is not where the settings say.
    #[error("no key in {place}: {reason}; put the key there, or name another place")]
    NoKey {
        /// Where it was looked for.
        place: String,
        /// What was found.
        reason: String,
    },
    /// The certificates to trust cannot be read.
    #[error("cannot trust the certificates of {place}: {reason}; name a PEM file of certificates")]
    Certificates {
        /// The file, or the system.
        place: String,
        /// What was found.
        reason: String,
    },
    /// The system lets no connections be made.
    #[error("cannot prepare connections: {reason}; this system lacks what they need")]
    System {
        /// What the system says.
        reason: String,
    },
}

/// What a wait was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The first byte of the answer's body.
    FirstByte,
    /// The next piece of the answer.
    NextChunk,
    /// The end of the call.
    Whole,
}

impl Waiting {
    /// The setting that says how long.
    fn setting(self) -> &'static str {
        match self {
            Waiting::FirstByte => "first_byte",
            Waiting::NextChunk => "between_chunks",
            Waiting::Whole => "whole",
        }
    }
}

/// Why an attempt gave no reply. Texts of the server are cut, and the key is taken out of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// The request cannot be written down.
    #[error("{0}")]
    Body(#[from] BodyError),
    /// The request is too long to send.
    #[error(
        "the request has {bytes} bytes, and {limit} may be sent; shorten it, or raise the limit"
    )]
    LongRequest {
        /// What it has.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// No connection.
    #[error("cannot connect: {reason}; see whether the server runs and its address is right")]
    Connect {
        /// What the system says.
        reason: String,
    },
    /// The server is not who it says, as far as this system knows.
    #[error(
        "the server's certificate is not trusted: {reason}; if the server is yours, name its \
         certificate in the settings"
    )]
    Certificate {
        /// What is wrong with it.
        reason: String,
    },
    /// It took too long.
    #[error(
        "no answer within {limit} (timeout `{}`) after {received_bytes} bytes; raise the timeout, \
         or see what keeps the server",
        waiting.setting()
    )]
    Timeout {
        /// What the wait was for.
        waiting: Waiting,
        /// How long it may take.
        limit: Span,
        /// What had come of the body.
        received_bytes: u64,
    },
    /// The connection broke.
    #[error("the connection broke after {received_bytes} bytes: {reason}; see the server's log")]
    Broken {
        /// What had come of the body.
        received_bytes: u64,
        /// What the system says.
        reason: String,
    },
    /// The stream ended before the reply did.
    #[error("the stream ended after {chunks} chunks, before its reply did; see the server's log")]
    Truncated {
        /// How many chunks with words came.
        chunks: u64,
    },
    /// The server sends its callers elsewhere. Nobody follows: the key was meant for this server.
    #[error("the server answered {status} and points to {location}; write that into the address")]
    Redirect {
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// The server refused the request or failed.
    #[error("the server answered {status}: {error}; {}", fix(*status, error))]
    Status {
        /// The status.
        status: u16,
        /// What it says.
        error: ServerError,
        /// How long it asks to wait.
        retry_after: Option<Span>,
    },
    /// The server began a reply and failed.
    #[error("the server failed inside its reply: {error}; see the server's log")]
    Failed {
        /// What it says.
        error: ServerError,
    },
    /// It is no reply to what was asked.
    #[error(
        "the server answered with {found}, and {wanted} was asked: {text}; see whether the server \
         speaks the API that is set, and whether it can stream"
    )]
    ContentType {
        /// What came.
        found: String,
        /// What was asked.
        wanted: &'static str,
        /// The beginning of it.
        text: String,
    },
    /// The reply is not as the format says.
    #[error("the server's reply cannot be read: {reason}: {text}; report this to its makers")]
    NotAReply {
        /// What is wrong.
        reason: String,
        /// The beginning of what came.
        text: String,
    },
    /// The stream is not as the format says.
    #[error("the server's stream cannot be read: {0}; report this to its makers")]
    Stream(#[from] SseError),
    /// Nobody can say whether the reply is whole.
    #[error("the reply ended with `{0}`, which is no finish reason that is known; see the log")]
    UnknownFinish(String),
    /// The reply may never end.
    #[error("the reply has more than {limit} bytes; lower max_output_tokens, or raise the limit")]
    LongReply {
        /// The limit.
        limit: usize,
    },
}

/// What to do about a status.
fn fix(status: u16, error: &ServerError) -> &'static str {
    match status {
        401 | 403 => "see whether the key is right and may use the model",
        404 => {
            "see whether the address ends as the server wants it (/v1), whether the server speaks \
             the API that is set, and the model's name"
        }
        400 | 413 | 422 => "change the request as it says",
        429 if is_quota(error) => "add credit, or use another key",
        429 => "ask less at once, or allow more retries",
        _ => "see the server's log, or try again later",
    }
}

/// Whether what was paid for is used up: waiting does not help.
fn is_quota(error: &ServerError) -> bool {
    error.mentions(&["insufficient_quota", "billing"])
}

impl LiveError {
    /// Whether the same request may be answered a little later. Never so once a byte of the reply
    /// came, and not when the server was too slow: a second request would only add to its work.
    pub fn is_passing(&self) -> bool {
        match self {
            LiveError::Connect { .. } => true,
            LiveError::Broken { received_bytes, .. } => *received_bytes == 0,
            LiveError::Status { status, error, .. } => {
                matches!(status, 429 | 500 | 502 | 503 | 504) && !is_quota(error)
            }
            _ => false,
        }
    }

    /// Whether the server may have worked for the call, and may charge for it.
    pub fn may_be_charged(&self) -> bool {
        match self {
            LiveError::Body(_)
            | LiveError::LongRequest { .. }
            | LiveError::Connect { .. }
            | LiveError::Certificate { .. }
            | LiveError::Redirect { .. }
            | LiveError::Status { .. }
            | LiveError::ContentType { .. } => false,
            LiveError::Timeout { .. }
            | LiveError::Broken { .. }
            | LiveError::Truncated { .. }
            | LiveError::Failed { .. }
            | LiveError::NotAReply { .. }
            | LiveError::Stream(_)
            | LiveError::UnknownFinish(_)
            | LiveError::LongReply { .. } => true,
        }
    }

    /// How long the server asks to wait, if it does.
    pub fn retry_after(&self) -> Option<Span> {
        match self {
            LiveError::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The error with every text of the server, and of the system, gone through `change`.
    pub(crate) fn with_texts(mut self, change: impl Fn(&mut String)) -> LiveError {
        match &mut self {
            LiveError::Connect { reason }
            | LiveError::Certificate { reason }
            | LiveError::Broken { reason, .. } => change(reason),
            LiveError::Redirect { location, .. } => change(location),
            LiveError::Status { error, .. } | LiveError::Failed { error } => {
                change(&mut error.message);
                error.kind.iter_mut().for_each(&change);
                error.code.iter_mut().for_each(&change);
            }
            LiveError::ContentType { found, text, .. } => {
                change(found);
                change(text);
            }
            LiveError::NotAReply { reason, text } => {
                change(reason);
                change(text);
            }
            LiveError::UnknownFinish(word) => change(word),
            LiveError::Body(_)
            | LiveError::LongRequest { .. }
            | LiveError::Timeout { .. }
            | LiveError::Truncated { .. }
            | LiveError::Stream(_)
            | LiveError::LongReply { .. } => {}
        }
        self
    }
}

/// Why a call gave no reply, with all that was tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{server}: {error}{}", tried(attempts))]
pub struct FailedCall {
    /// The server's address, without what may be secret in it.
    pub server: String,
    /// What ended the last attempt.
    pub error: LiveError,
    /// Every attempt; none where nothing was sent.
    pub attempts: Vec<Attempt>,
}

/// ` (after 3 attempts in 1.20 s)`.
fn tried(attempts: &[Attempt]) -> String {
    match attempts {
        [] | [_] => String::new(),
        [first, .., last] => {
            let took = (last.at + last.lasted).saturating_sub(first.at);
            format!(" (after {} attempts in {took})", attempts.len())
        }
    }
}

impl From<&FailedCall> for ModelError {
    /// The error as an agent gets it.
    fn from(failed: &FailedCall) -> ModelError {
        let text = failed.to_string();
        match &failed.error {
            LiveError::Body(_) | LiveError::LongRequest { .. } => ModelError::InvalidRequest(text),
            LiveError::Status { status, error, .. } => match status {
                _ if is_too_long(error) => ModelError::ContextTooLong(text),
                401 | 403 => ModelError::Refused(text),
                404 if error.mentions(&["model"]) => ModelError::UnknownModel(text),
                400 | 413 | 422 => ModelError::InvalidRequest(text),
                _ => ModelError::Unavailable(text),
            },
            LiveError::Failed { error } if is_too_long(error) => ModelError::ContextTooLong(text),
            _ => ModelError::Unavailable(text),
        }
    }
}

/// Whether prompt and reply do not fit, in the words of several servers.
fn is_too_long(error: &ServerError) -> bool {
    error.mentions(&[
        // OpenAI, vLLM, SGLang, llama.cpp, TensorRT-LLM.
        "context_length_exceeded",
        "maximum context length",
        "exceed_context_size",
        "context length",
        "max_seq_len",
    ])
}
