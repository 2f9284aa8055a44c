//! What came back for a chat: the words, their tokens, and when each piece came.

use timeslip_timeline::backend::{ChatTiming, Served};
use timeslip_timeline::conversation::Usage;
use timeslip_timeline::time::Span;

use crate::attempt::Attempt;
use crate::written::Written;

/// A complete reply.
#[derive(Clone, Debug)]
pub struct LiveReply {
    /// What the server wrote, with the times of the attempt that was answered.
    pub written: Written,
    /// From the call until that attempt was sent: waiting for a place, failed attempts, and the
    /// pauses after them.
    pub queue: Span,
    /// Every attempt, the answered one last.
    pub attempts: Vec<Attempt>,
}

impl LiveReply {
    /// The reply as a machine of the loop gives it.
    ///
    /// `counted` stands in for each count that the server did not give, since a chunk is not a token;
    /// a server that says nothing of its cache is taken to have served nothing from it. Joules and dollars are unknown: no
    /// server tells them.
    pub fn served(&self, counted: Usage) -> Served {
        let Written { message, finish_reason, tokens, .. } = &self.written;
        let usage = Usage {
            input_tokens: tokens.input.unwrap_or(counted.input_tokens),
            cached_input_tokens: tokens.cached_input.unwrap_or(0),
            output_tokens: match tokens.source {
                TokenSource::Server => tokens.output.unwrap_or(counted.output_tokens),
                _ => counted.output_tokens,
            },
        };
        let words = Some((message.clone(), *finish_reason));
        Served {
            usage,
            timing: self.timing(),
            energy_j: None,
            cost_usd: None,
            words,
            observed: None,
        }
    }

    /// Where the call's time went: all before the first token of the answered attempt counts as
    /// prefill, the network included, since nothing outside the server can tell them apart. The
    /// first token of a whole reply is seen when all of it is.
    pub fn timing(&self) -> ChatTiming {
        let times = &self.written.times;
        let first = times.first_token.unwrap_or(times.last);
        ChatTiming {
            queue: self.queue,
            prefill: first,
            transfer: Span::ZERO,
            decode: times.last - first,
            time_to_first_token: self.queue + first,
        }
    }
}

/// When the pieces of a reply came, from the moment the request was given to the connection. A
/// first request to a server includes the making of the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyTimes {
    /// The answer's status and headers.
    pub head: Span,
    /// The first byte of the answer's body.
    pub first_byte: Span,
    /// The first chunk with words: text, reasoning or a part of a tool call. Absent where the reply
    /// came in one piece, or without words.
    pub first_token: Option<Span>,
    /// Each chunk with words. A chunk may hold many tokens, and several may come at once.
    pub chunks: Vec<Span>,
    /// What ended the reply: the chunk with the finish reason, the last event of the Responses API,
    /// or the last byte of a whole reply.
    pub last: Span,
}

impl ReplyTimes {
    /// The gaps between chunks: `inter_chunk_latency`.
    pub fn between_chunks(&self) -> impl Iterator<Item = Span> + '_ {
        self.chunks.windows(2).map(|pair| pair[1] - pair[0])
    }

    /// (Request latency − time to first token) / (output tokens − 1), where tokens and times allow
    /// it: `inter_token_latency`.
    pub fn inter_token(&self, output_tokens: u64) -> Option<Span> {
        let written = self.last - self.first_token?;
        let gaps = output_tokens.checked_sub(1).filter(|gaps| *gaps > 0)?;
        Some(Span::from_nanos(written.as_nanos() / gaps))
    }
}

/// How many tokens a chat had. What nobody told is absent, never 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCounts {
    /// Tokens of the prompt.
    pub input: Option<u64>,
    /// Of those, served by the server's cache.
    pub cached_input: Option<u64>,
    /// Tokens of the reply, those of reasoning included.
    pub output: Option<u64>,
    /// Of those, reasoning.
    pub reasoning_output: Option<u64>,
    /// Who says so.
    pub source: TokenSource,
}

impl TokenCounts {
    /// The counts where the server gave none that can be used. `chunks` with words came, if the
    /// reply came in chunks.
    pub(crate) fn without_usage(why: NoUsage, chunks: Option<u64>) -> TokenCounts {
        let source = match chunks {
            Some(_) => TokenSource::Chunks(why),
            None => TokenSource::Nobody(why),
        };
        TokenCounts {
            input: None,
            cached_input: None,
            output: chunks,
            reasoning_output: None,
            source,
        }
    }
}

/// Who counted the tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// The server's `usage`.
    Server,
    /// Nobody: each chunk with words was taken for one token, which is too few where a server puts
    /// several into one.
    Chunks(NoUsage),
    /// Nobody, and there were no chunks to count.
    Nobody(NoUsage),
}

/// For a person: `by the server`, `by chunks, since the server sent no usage`.
impl std::fmt::Display for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TokenSource::Server => f.write_str("by the server"),
            TokenSource::Chunks(why) => write!(f, "by chunks, since {why}"),
            TokenSource::Nobody(why) => write!(f, "by nobody, since {why}"),
        }
    }
}

/// Why the server's own counts are not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoUsage {
    /// It gave none.
    #[error("the server sent no usage")]
    Absent,
    /// They cannot be true.
    #[error("the server's usage cannot be true: {0}")]
    Wrong(String),
}
