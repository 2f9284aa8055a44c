//! The client: a place for each call, its attempts, and the account of all calls.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use timeslip_timeline::conversation::{ChatRequest, Message};
use timeslip_timeline::time::Span;
use tokio::sync::Semaphore;

use crate::attempt::{Attempt, Pauses};
use crate::body::{Delivery, request_body};
use crate::connection;
use crate::error::{FailedCall, LiveError, SetupError};
use crate::exchange::{Exchange, span};
use crate::key::ApiKey;
use crate::reply::LiveReply;
use crate::settings::Settings;
use crate::written::Written;

/// A server that is asked. Share it: the limit on calls at once is the client's.
#[derive(Debug)]
pub struct Client {
    pub(crate) settings: Settings,
    endpoint: Url,
    pub(crate) models: Url,
    /// The address as errors show it.
    server: String,
    pub(crate) key: Option<ApiKey>,
    pub(crate) pool: reqwest::Client,
    places: Semaphore,
    pauses: Mutex<Pauses>,
    account: Mutex<Account>,
}

/// A stream under way, at a chunk with words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'t> {
    /// Chunks with words so far.
    pub chunks: u64,
    /// From the call until the last of them came.
    pub at: Span,
    /// The assistant's content in it; empty beside reasoning or a part of a tool call alone. Where
    /// a server writes anew what it had sent, the reply alone says so.
    pub text: &'t str,
}

/// What became of all calls of a client: those asked are answered, failed, cancelled or under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Calls that were made.
    pub asked: u64,
    /// Of those, with a reply.
    pub answered: u64,
    /// Of those, without one.
    pub failed: u64,
    /// Of those, given up by who made them.
    pub cancelled: u64,
}

impl Client {
    /// A client of the server that the settings name. Reads the key, and sends nothing.
    ///
    /// # Errors
    /// When the address, the key or the certificates cannot be used.
    pub fn new(settings: Settings) -> Result<Client, SetupError> {
        let endpoint = settings.endpoint()?;
        let mut server = endpoint.clone();
        server.set_query(None);
        Ok(Client {
            key: settings.key.read()?,
            pool: connection::pool(&settings, &endpoint)?,
            server: server.to_string(),
            endpoint,
            models: settings.models_url()?,
            places: Semaphore::new(settings.limits.calls.clamp(1, Semaphore::MAX_PERMITS)),
            pauses: Mutex::new(Pauses::new(settings.retries)),
            account: Mutex::default(),
            settings,
        })
    }

    /// Asks, and waits for the reply; `progress` is told of each chunk with words as it comes.
    ///
    /// Waits for a place, sends, and sends again where an attempt failed by what may pass before
    /// the first byte of its answer came. Runs in a tokio runtime with time and input enabled.
    /// Dropping the future closes the connection and gives the place back; the call then counts as
    /// cancelled.
    ///
    /// # Errors
    /// Why there is no reply, with every attempt.
    pub async fn chat(
        &self,
        model: &str,
        request: &ChatRequest,
        delivery: Delivery,
        progress: impl FnMut(Progress<'_>),
    ) -> Result<LiveReply, FailedCall> {
        let called = Instant::now();
        let mut entry = Entry::begin(&self.account);
        let outcome = self.ask(called, model, request, delivery, progress).await;
        entry.outcome = match outcome {
            Ok(_) => Outcome::Answered,
            Err(_) => Outcome::Failed,
        };
        outcome
    }

    /// The address, as it may be shown.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// What became of all calls so far.
    pub fn account(&self) -> Account {
        *locked(&self.account)
    }

    async fn ask(
        &self,
        called: Instant,
        model: &str,
        request: &ChatRequest,
        delivery: Delivery,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<LiveReply, FailedCall> {
        let request = self
            .request(model, request, delivery)
            .map_err(|error| self.failed(error, Vec::new()))?;
        let _place = self.places.acquire().await.expect("the places are never closed");
        let began = Instant::now();
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut pause = Span::ZERO;
        loop {
            let sent = Instant::now();
            let at = span(sent - called);
            let (pool, settings) = (&self.pool, &self.settings);
            let exchange = Exchange { pool, settings, delivery, sent, began };
            let mut seen = |chunks, since, text: &str| {
                progress(Progress { chunks, at: at + since, text });
            };
            let again = request.try_clone().expect("a body of bytes can be copied");
            let outcome = exchange.run(again, &mut seen).await;
            let outcome = outcome.map_err(|error| error.with_texts(|text| self.make_plain(text)));
            let lasted = span(sent.elapsed());
            let error = outcome.as_ref().err().cloned();
            attempts.push(Attempt { at, pause, lasted, error });
            match outcome {
                Ok(written) => {
                    let written = self.without_key(written);
                    return Ok(LiveReply { written, queue: at, attempts });
                }
                Err(error) => match self.pause(attempts.len(), &error, began) {
                    None => return Err(self.failed(error, attempts)),
                    Some(next) => pause = next,
                },
            }
            tokio::time::sleep(Duration::from_nanos(pause.as_nanos())).await;
        }
    }

    fn request(
        &self,
        model: &str,
        request: &ChatRequest,
        delivery: Delivery,
    ) -> Result<Request, LiveError> {
        let Settings { api, limit_field, .. } = self.settings;
        let body = request_body(api, model, request, delivery, limit_field)?;
        let (bytes, limit) = (body.len(), self.settings.limits.request_bytes);
        if bytes > limit {
            return Err(LiveError::LongRequest { bytes, limit });
        }
        let mut request = Request::new(Method::POST, self.endpoint.clone());
        let json = HeaderValue::from_static("application/json");
        let accepted = match delivery {
            Delivery::Stream => HeaderValue::from_static("text/event-stream"),
            Delivery::Whole => json.clone(),
        };
        let headers = request.headers_mut();
        headers.insert(ACCEPT, accepted);
        headers.insert(CONTENT_TYPE, json);
        if let Some(key) = &self.key {
            headers.insert(AUTHORIZATION, key.header());
        }
        *request.body_mut() = Some(body.into());
        Ok(request)
    }

    /// The pause before the next attempt; none where there is none, or no time for it.
    fn pause(&self, attempts: usize, error: &LiveError, began: Instant) -> Option<Span> {
        let pause = locked(&self.pauses).before_next(attempts, error)?;
        let left = self.settings.timeouts.whole.saturating_sub(span(began.elapsed()));
        (pause < left).then_some(pause)
    }

    fn failed(&self, error: LiveError, attempts: Vec<Attempt>) -> FailedCall {
        FailedCall { server: self.server.clone(), error, attempts }
    }

    /// The reply without the key, should a server repeat what it was sent: a reply is kept in
    /// recordings and goes back to servers, other ones too.
    fn without_key(&self, mut written: Written) -> Written {
        if let Some(key) = &self.key {
            let Message { content, tool_calls, .. } = &mut written.message;
            let arguments = tool_calls.iter_mut().map(|call| &mut call.arguments);
            let texts: [&mut String; 2] = [content, &mut written.reasoning];
            for text in texts.into_iter().chain(arguments) {
                if let Cow::Owned(redacted) = key.redact(text) {
                    *text = redacted;
                }
            }
        }
        written
    }

    /// Makes a text of the server fit to be shown: without the key, without control characters,
    /// and short. The key goes first, since a cut one would not be found.
    fn make_plain(&self, text: &mut String) {
        const SHOWN_CHARACTERS_MAX: usize = 300;
        let redacted = match &self.key {
            Some(key) => key.redact(text),
            None => text.as_str().into(),
        };
        let mut plain = String::new();
        for (place, character) in redacted.trim().chars().enumerate() {
            match character {
                _ if place == SHOWN_CHARACTERS_MAX => {
                    plain.push('…');
                    break;
                }
                character if character.is_control() => plain.push(' '),
                character => plain.push(character),
            }
        }
        *text = plain;
    }
}

enum Outcome {
    Answered,
    Failed,
    Cancelled,
}

/// A call's place in the account. It is cancelled unless it ends otherwise: a dropped future says
/// nothing more.
struct Entry<'a> {
    account: &'a Mutex<Account>,
    outcome: Outcome,
}

impl Entry<'_> {
    fn begin(account: &Mutex<Account>) -> Entry<'_> {
        locked(account).asked += 1;
        Entry { account, outcome: Outcome::Cancelled }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut account = locked(self.account);
        match self.outcome {
            Outcome::Answered => account.answered += 1,
            Outcome::Failed => account.failed += 1,
            Outcome::Cancelled => account.cancelled += 1,
        }
    }
}

/// Counts and draws are whole after every statement, so a panic elsewhere spoils none.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
