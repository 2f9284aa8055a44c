//! What a request goes through, from its head to its reply.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use timeslip_timeline::backend::{CallId, Reply, Said, Served, SessionId, Submission};
use timeslip_timeline::conversation::ChatRequest;
use timeslip_timeline::time::Instant;
use tokio::sync::Semaphore;

use crate::body::{BrokenBody, read_body};
use crate::clock::WallClock;
use crate::directory::{Directory, Taken};
use crate::error::ApiError;
use crate::faults::{Drawn, drawn, token_at};
use crate::guard::{CallGuard, InFlight};
use crate::keeper::{Call, Command, KeeperHandle, KeeperReport};
use crate::keys;
use crate::reply::body::StreamBody;
use crate::reply::{Api, Told};
use crate::request::{Asked, read_chat, read_completion, read_response};
use crate::settings::Settings;
use crate::slot::{CallEnd, CallFailure, End, FirstSign, ReplySlot};
use crate::stop::cut_before;
use crate::voice::SharedVoice;

/// Bodies above this are read and counted on threads that may take their time, so that they hold
/// nobody's tokens up.
const LARGE_BYTES: usize = 16 * 1024;

/// What all requests share.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) clock: WallClock,
    pub(crate) keeper: KeeperHandle,
    pub(crate) voice: SharedVoice,
    pub(crate) directory: Directory,
    pub(crate) requests: AtomicU64,
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) bodies: Arc<Semaphore>,
}

/// A request that has words, on its way to its machine.
struct Prepared {
    asked: Asked,
    chat: Arc<ChatRequest>,
    taken: Taken,
    session: SessionId,
    said: Said,
}

impl App {
    /// Answers a request of an API.
    pub(crate) async fn answer(self: Arc<App>, api: Api, request: Request<Body>) -> Response {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        match self.perform(api, number, request).await {
            Ok(response) => response,
            Err(error) => error.into_response(),
        }
    }

    async fn perform(
        self: &Arc<App>,
        api: Api,
        number: u64,
        request: Request<Body>,
    ) -> Result<Response, ApiError> {
        keys::check(&self.settings.keys, request.headers())?;
        let faults = drawn(&self.settings.faults, self.settings.seed, number);
        let in_flight = self.in_flight.clone().try_acquire_owned();
        let place = in_flight.map_err(|_| {
            let most = self.settings.limits.in_flight;
            let message = format!("{most} requests are in flight, which is as many as may be");
            ApiError::overloaded(StatusCode::SERVICE_UNAVAILABLE, message, 1)
        })?;
        let (body, bytes) = read_body(request, &self.settings.limits, &self.bodies).await?;
        let arrived = self.clock.now();
        let in_flight = Arc::new(InFlight { _place: place, _bytes: bytes });
        if let Some(status) = faults.status {
            return Err(ApiError::injected(status));
        }
        if faults.hangs {
            std::future::pending::<()>().await;
        }
        let is_large = body.len() > LARGE_BYTES;
        let app = self.clone();
        let prepare = move || app.prepare(api, &body);
        let prepared = match is_large {
            true => tokio::task::spawn_blocking(prepare)
                .await
                .map_err(|_| ApiError::internal("reading the request failed"))??,
            false => prepare()?,
        };
        let at = match faults.delay.is_zero() {
            true => arrived,
            false => {
                tokio::time::sleep(faults.delay).await;
                self.clock.now()
            }
        };
        self.say(api, number, at, prepared, faults, in_flight).await
    }

    /// Reads a body and finds the words.
    fn prepare(&self, api: Api, body: &[u8]) -> Result<Prepared, ApiError> {
        let asked = match api {
            Api::Chat => read_chat(body),
            Api::Completions => read_completion(body),
            Api::Responses => read_response(body),
        }?;
        let taken = self.directory.take(asked.model.as_deref())?;
        let mut chat = asked.chat.clone();
        chat.model = asked.model.is_some().then(|| taken.model.to_string());
        let answered = self.voice.answer(&taken.model, &chat);
        let (session, mut said) =
            answered.map_err(|error| ApiError::no_words(error.kind, error.message))?;
        if let Said::Reply(reply) = &mut said {
            cut_before(reply, &chat.options, |text| self.voice.count(text));
            if asked.is_bare_text {
                self.without_template(reply, &chat);
            }
        }
        Ok(Prepared { asked, chat: Arc::new(chat), taken, session, said })
    }

    /// Counts a prompt that no chat template stands around.
    fn without_template(&self, reply: &mut Reply, chat: &ChatRequest) {
        let tokens: u64 = chat.messages.iter().map(|one| self.voice.count(&one.content)).sum();
        let parts = reply.prompt.iter().map(|part| {
            let mut part = *part;
            part.tokens = tokens;
            part
        });
        reply.prompt = parts.collect();
        reply.input_tokens = tokens;
    }

    async fn say(
        &self,
        api: Api,
        number: u64,
        at: Instant,
        prepared: Prepared,
        faults: Drawn,
        in_flight: Arc<InFlight>,
    ) -> Result<Response, ApiError> {
        let Prepared { asked, chat, taken, session, said } = prepared;
        let reply = match said {
            Said::Reply(reply) => *reply,
            Said::Failed(failure) => {
                tokio::time::sleep(self.clock.wall(failure.after)).await;
                let error = failure.error;
                let failure = CallFailure { error, was_rejected: false, retry_after_seconds: 1 };
                return Err(ApiError::of_machine(failure));
            }
            Said::LeftToMachine(_) => {
                return Err(ApiError::internal("a modelled machine has no words of its own"));
            }
        };
        let slot = Arc::new(ReplySlot::default());
        let work = Submission::of_reply(session, taken.model.clone(), chat, &reply, asked.stream);
        let id = CallId(number);
        let finish_reason = reply.finish_reason;
        let call = Call { id, machine: taken.place, at, work, finish_reason, slot: slot.clone() };
        let mut guard = CallGuard::new(self.keeper.clone(), id, in_flight);
        if !self.keeper.tell(Command::Submit(Box::new(call))) {
            return Err(ApiError::internal("the modelled machines have stopped"));
        }
        let told = told(number, &asked, &taken, &reply);
        let mut response = match asked.stream {
            true => {
                if let Some(CallEnd::Failed(failure)) = FirstSign(slot.clone()).await {
                    guard.is_done();
                    return Err(ApiError::of_machine(failure));
                }
                streamed(api, told, slot, guard, faults)
            }
            false => {
                let end = End(slot).await;
                guard.is_done();
                match end {
                    CallEnd::Served(served) => whole(api, &told, &served, faults),
                    CallEnd::Failed(failure) => return Err(ApiError::of_machine(failure)),
                }
            }
        };
        let headers = response.headers_mut();
        set(headers, "x-timeslip-machine", &taken.machine);
        set(headers, "x-request-id", &format!("req_{number:016x}"));
        Ok(response)
    }

    /// The models that requests may name.
    pub(crate) fn models(&self) -> Vec<String> {
        self.directory.names()
    }

    /// What the machines have done so far.
    pub(crate) async fn report(&self) -> Result<KeeperReport, ApiError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let stopped = || ApiError::internal("the modelled machines have stopped");
        if !self.keeper.tell(Command::Report(reply)) {
            return Err(stopped());
        }
        answer.await.map_err(|_| stopped())
    }
}

fn told(number: u64, asked: &Asked, taken: &Taken, reply: &Reply) -> Told {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Told {
        number,
        created: since_1970.as_secs(),
        model: asked.model.clone().unwrap_or_else(|| taken.model.to_string()),
        message: reply.message.clone(),
        finish_reason: reply.finish_reason,
        output_tokens: reply.output_tokens.max(1),
        include_usage: asked.include_usage,
        echoed: asked.echoed.clone(),
    }
}

fn streamed(
    api: Api,
    told: Told,
    slot: Arc<ReplySlot>,
    guard: CallGuard,
    faults: Drawn,
) -> Response {
    let output_tokens = told.output_tokens;
    let place = |share: Option<f64>| share.map(|share| token_at(share, output_tokens));
    let body = StreamBody {
        slot,
        stream: api.stream(told),
        guard,
        output_tokens,
        written: 0,
        // A stream breaks after its first token at the earliest; one token alone comes whole.
        breaks_before: place(faults.cut_after).map(|token| token.max(2)),
        has_paused: false,
        garbles: place(faults.garbage_after),
        is_over: false,
    };
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    let events = HeaderValue::from_static("text/event-stream; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, events);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn whole(api: Api, told: &Told, served: &Served, faults: Drawn) -> Response {
    let mut text = api.whole(told, served).to_string().into_bytes();
    let json = HeaderValue::from_static("application/json");
    let share = |share: f64, text: &[u8]| (share * text.len() as f64) as usize;
    if let Some(after) = faults.garbage_after {
        text.truncate(share(after, &text));
        text.extend_from_slice(b"\xff\xfe");
    }
    let body = match faults.cut_after {
        Some(after) => {
            text.truncate(share(after, &text));
            Body::new(BrokenBody(Some(text.into())))
        }
        None => Body::from(text),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, json);
    let timing = &served.timing;
    let spans = [
        ("x-timeslip-queue-ns", timing.queue),
        ("x-timeslip-prefill-ns", timing.prefill),
        ("x-timeslip-transfer-ns", timing.transfer),
        ("x-timeslip-decode-ns", timing.decode),
        ("x-timeslip-ttft-ns", timing.time_to_first_token),
        ("x-timeslip-e2e-ns", timing.end_to_end()),
    ];
    for (name, span) in spans {
        headers.insert(HeaderName::from_static(name), span.as_nanos().into());
    }
    let known =
        [("x-timeslip-energy-j", served.energy_j), ("x-timeslip-cost-usd", served.cost_usd)];
    for (name, value) in known {
        if let Some(value) = value {
            set(headers, name, &value.to_string());
        }
    }
    response
}

/// Sets a header, unless its value can be none.
fn set(headers: &mut axum::http::HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
