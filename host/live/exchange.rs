//! One request and its answer, with the instant of each piece.
//!
//! An instant is taken as soon as the connection gives a piece, before anything is read in it.

use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Request, Response, StatusCode};
use timeslip_timeline::time::Span;

use crate::attempt::retry_after;
use crate::body::Delivery;
use crate::connection::broken;
use crate::error::{LiveError, Waiting};
use crate::reply::ReplyTimes;
use crate::settings::Settings;
use crate::sse::{SseEvent, SseReader};
use crate::wire::ServerError;
use crate::written::{ReplyBuilder, Written, WrittenError, whole_reply};

/// The most that is read of an answer that is no reply; a person reads its beginning.
const NO_REPLY_BYTES_MAX: usize = 64 << 10;

/// A request under way.
pub(crate) struct Exchange<'c> {
    pub(crate) pool: &'c reqwest::Client,
    pub(crate) settings: &'c Settings,
    pub(crate) delivery: Delivery,
    /// When it was given to the connection.
    pub(crate) sent: Instant,
    /// When the call began; its `whole` timeout runs from here.
    pub(crate) began: Instant,
}

impl Exchange<'_> {
    /// Sends the request and reads the reply. `seen` is told how many chunks with words there are,
    /// when the last of them came, and the content in it.
    pub(crate) async fn run(
        &self,
        request: Request,
        seen: &mut impl FnMut(u64, Span, &str),
    ) -> Result<Written, LiveError> {
        let answer = self.within(Waiting::FirstByte, 0, self.pool.execute(request)).await?;
        let connect = self.settings.timeouts.connect;
        let response = answer.map_err(|error| broken(&error, 0, connect))?;
        let head = self.elapsed();
        let status = response.status();
        if status.is_redirection() {
            return Err(redirect(status, response.headers()));
        }
        if !status.is_success() {
            return Err(self.refused(status, response).await);
        }
        let found = content_type(response.headers());
        let is_expected = match self.delivery {
            Delivery::Stream => found == "text/event-stream",
            Delivery::Whole => found == "application/json" || found.ends_with("+json"),
        };
        match (is_expected, self.delivery) {
            (false, _) => Err(self.unexpected(found, response).await),
            (true, Delivery::Stream) => self.read_stream(head, response, seen).await,
            (true, Delivery::Whole) => self.read_whole(head, response).await,
        }
    }

    async fn read_stream(
        &self,
        head: Span,
        response: Response,
        seen: &mut impl FnMut(u64, Span, &str),
    ) -> Result<Written, LiveError> {
        let limits = &self.settings.limits;
        let mut pieces = Pieces::new(self, response, limits.reply_bytes);
        let mut piece = Vec::new();
        let mut at = pieces.first(&mut piece).await?;
        let mut reader = SseReader::new(limits.events);
        let mut builder = ReplyBuilder::new(self.settings.api, head, at);
        let mut events = Vec::new();
        loop {
            let read = reader.push(&piece, &mut events);
            add(&mut builder, &mut events, at, seen)
                .map_err(|error| no_reply(error, builder.chunks()))?;
            read?;
            if builder.is_done() {
                break;
            }
            piece.clear();
            match pieces.next(&mut piece).await? {
                Some(next) => at = next,
                None => break,
            }
        }
        let chunks = builder.chunks();
        if builder.is_done() {
            pieces.finish().await;
        } else if !reader.is_between_events() {
            // Some servers leave out the line that ends the last event; a cut one is no JSON.
            let ended = reader.push(b"\n\n", &mut events).is_ok();
            match add(&mut builder, &mut events, at, seen) {
                Ok(()) if ended => {}
                Ok(()) | Err(WrittenError::NotAReply { .. }) => {
                    return Err(LiveError::Truncated { chunks });
                }
                Err(error) => return Err(no_reply(error, chunks)),
            }
        }
        builder.finish().map_err(|error| no_reply(error, chunks))
    }

    async fn read_whole(&self, head: Span, response: Response) -> Result<Written, LiveError> {
        let mut pieces = Pieces::new(self, response, self.settings.limits.reply_bytes);
        let mut body = Vec::new();
        let first_byte = pieces.first(&mut body).await?;
        let mut last = first_byte;
        while let Some(next) = pieces.next(&mut body).await? {
            last = next;
        }
        let times = ReplyTimes { head, first_byte, last, ..ReplyTimes::default() };
        match std::str::from_utf8(&body) {
            Ok(text) => {
                whole_reply(self.settings.api, text, times).map_err(|error| no_reply(error, 0))
            }
            Err(error) => Err(LiveError::NotAReply {
                reason: format!("byte {} is not UTF-8", error.valid_up_to()),
                text: String::from_utf8_lossy(&body).into_owned(),
            }),
        }
    }

    /// What a status other than success means.
    async fn refused(&self, status: StatusCode, response: Response) -> LiveError {
        let retry_after = retry_after(response.headers(), SystemTime::now());
        let text = self.beginning(response).await;
        let error = server_error(&text)
            .unwrap_or_else(|| ServerError { message: text, ..ServerError::default() });
        LiveError::Status { status: status.as_u16(), error, retry_after }
    }

    /// What a success of another kind than was asked means.
    async fn unexpected(&self, found: String, response: Response) -> LiveError {
        let text = self.beginning(response).await;
        let wanted = match self.delivery {
            Delivery::Stream => "text/event-stream",
            Delivery::Whole => "application/json",
        };
        match server_error(&text) {
            Some(error) => LiveError::Failed { error },
            None => LiveError::ContentType { found, wanted, text },
        }
    }

    /// The beginning of a body that is no reply, as much of it as comes.
    async fn beginning(&self, response: Response) -> String {
        let mut pieces = Pieces::new(self, response, NO_REPLY_BYTES_MAX);
        let mut body = Vec::new();
        while let Ok(Some(_)) = pieces.next(&mut body).await {}
        String::from_utf8_lossy(&body).into_owned()
    }

    /// Since the request was given to the connection.
    fn elapsed(&self) -> Span {
        span(self.sent.elapsed())
    }

    /// What comes of a wait, or that it took too long.
    async fn within<T>(
        &self,
        waiting: Waiting,
        received_bytes: u64,
        wait: impl Future<Output = T>,
    ) -> Result<T, LiveError> {
        let timeouts = &self.settings.timeouts;
        let (since, limit) = match waiting {
            Waiting::FirstByte => (self.sent, timeouts.first_byte),
            Waiting::NextChunk => (Instant::now(), timeouts.between_chunks),
            Waiting::Whole => (self.began, timeouts.whole),
        };
        let ends = since + Duration::from_nanos(limit.as_nanos());
        let whole_ends = self.began + Duration::from_nanos(timeouts.whole.as_nanos());
        let (ends, waiting, limit) = match ends <= whole_ends {
            true => (ends, waiting, limit),
            false => (whole_ends, Waiting::Whole, timeouts.whole),
        };
        let outcome = tokio::time::timeout_at(ends.into(), wait).await;
        outcome.map_err(|_| LiveError::Timeout { waiting, limit, received_bytes })
    }
}

/// Adds events to a reply, and tells of those with words.
fn add(
    builder: &mut ReplyBuilder,
    events: &mut Vec<SseEvent>,
    at: Span,
    seen: &mut impl FnMut(u64, Span, &str),
) -> Result<(), WrittenError> {
    for event in events.drain(..) {
        if let Some(text) = builder.read(&event, at)? {
            seen(builder.chunks(), at, &text);
        }
    }
    Ok(())
}

/// The pieces of an answer's body, as the connection gives them.
struct Pieces<'e> {
    exchange: &'e Exchange<'e>,
    response: Response,
    received_bytes: u64,
    limit: usize,
}

impl<'e> Pieces<'e> {
    fn new(exchange: &'e Exchange<'e>, response: Response, limit: usize) -> Pieces<'e> {
        Pieces { exchange, response, received_bytes: 0, limit }
    }

    /// Adds the first piece to `body`, and says when it came.
    async fn first(&mut self, body: &mut Vec<u8>) -> Result<Span, LiveError> {
        self.next(body).await?.ok_or_else(|| LiveError::Broken {
            received_bytes: 0,
            reason: "the answer has no body".to_owned(),
        })
    }

    /// Reads what follows the end of a reply, so that the connection can serve another call: one
    /// that is dropped before its end is closed, and the next call would have to make its own.
    async fn finish(mut self) {
        /// The end is on its way when the reply is; a server that sends none loses a connection.
        const PATIENCE: Duration = Duration::from_millis(100);
        let mut rest = Vec::new();
        let read = async {
            while let Ok(Some(_)) = self.next(&mut rest).await {
                rest.clear();
            }
        };
        let _ = tokio::time::timeout(PATIENCE, read).await;
    }

    /// Adds the next piece to `body`, and says when it came; none after the last.
    async fn next(&mut self, body: &mut Vec<u8>) -> Result<Option<Span>, LiveError> {
        let waiting = match self.received_bytes {
            0 => Waiting::FirstByte,
            _ => Waiting::NextChunk,
        };
        loop {
            let received_bytes = self.received_bytes;
            let piece = self.response.chunk();
            let piece = self.exchange.within(waiting, received_bytes, piece).await?;
            let at = self.exchange.elapsed();
            let connect = self.exchange.settings.timeouts.connect;
            match piece.map_err(|error| broken(&error, received_bytes, connect))? {
                None => return Ok(None),
                Some(piece) if piece.is_empty() => {}
                Some(piece) => {
                    self.received_bytes += piece.len() as u64;
                    if self.received_bytes > self.limit as u64 {
                        return Err(LiveError::LongReply { limit: self.limit });
                    }
                    body.extend_from_slice(&piece);
                    return Ok(Some(at));
                }
            }
        }
    }
}

pub(crate) fn span(duration: Duration) -> Span {
    Span::from_nanos(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

/// The kind of a body, without its parameters.
fn content_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = text.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    match kind {
        "" => "no content type".to_owned(),
        kind => kind.to_ascii_lowercase(),
    }
}

fn redirect(status: StatusCode, headers: &HeaderMap) -> LiveError {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    // What follows a question mark may be secret.
    let location = location.and_then(|text| text.split('?').next()).unwrap_or("nowhere");
    LiveError::Redirect { status: status.as_u16(), location: location.to_owned() }
}

fn server_error(text: &str) -> Option<ServerError> {
    serde_json::from_str(text).ok().and_then(|body| ServerError::of(&body))
}

fn no_reply(error: WrittenError, chunks: u64) -> LiveError {
    match error {
        WrittenError::NotAReply { reason, text } => LiveError::NotAReply { reason, text },
        WrittenError::Failed(error) => LiveError::Failed { error },
        WrittenError::UnknownFinish(word) => LiveError::UnknownFinish(word),
        WrittenError::Truncated => LiveError::Truncated { chunks },
    }
}
