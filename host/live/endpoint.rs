//! A real server as a machine of the loop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant as WallInstant;

use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, FailedChat, MachineTotals, Submission,
};
use timeslip_timeline::conversation::{ChatRequest, Message, ModelError, Usage};
use timeslip_timeline::observed::{CountedBy, Observed, ObservedAttempt, Origin};
use timeslip_timeline::playback::BusyTime;
use timeslip_timeline::price::TokenPrice;
use timeslip_timeline::time::{Instant, Span};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::attempt::Attempt;
use crate::body::Delivery;
use crate::calls::Calls;
use crate::client::Client;
use crate::error::{FailedCall, SetupError};
use crate::exchange::span;
use crate::fetcher::LiveFetcher;
use crate::pace::WallPace;
use crate::purse::{Purse, most_usd};
use crate::reply::{LiveReply, TokenSource};

/// Counts the tokens of a text that a model wrote, where the server does not say.
pub type CountText = Arc<dyn Fn(&Message, &str) -> u64 + Send + Sync>;

/// What a run has to do with real servers: the threads on which their answers are waited for, and
/// the calls under way. Dropping it closes every connection.
#[derive(Debug)]
pub struct LiveRun {
    /// Nothing where another run has the threads.
    runtime: Option<Runtime>,
    handle: Handle,
    calls: Arc<Calls>,
}

/// Ends a run's waiting.
#[derive(Clone, Debug)]
pub struct StopWaiting {
    calls: Arc<Calls>,
}

impl StopWaiting {
    /// From here on nothing comes from outside, and what the run waits for never will.
    pub fn stop(&self) {
        self.calls.change(|table| table.is_stopped = true);
    }
}

/// What is to be done with a server's chats.
#[derive(Clone)]
pub struct EndpointOptions {
    /// How replies are wanted.
    pub delivery: Delivery,
    /// The limit on output tokens of requests that set none.
    pub max_output_tokens: Option<u32>,
    /// What tokens cost, if that is known.
    pub price: Option<TokenPrice>,
    /// What may be spent; without a price nothing is taken from it.
    pub purse: Option<Arc<Purse>>,
    /// Counts the tokens of a reply (and of the reasoning before it) where the server does not.
    pub count_text: CountText,
}

impl LiveRun {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start() -> Result<LiveRun, SetupError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| SetupError::System { reason: error.to_string() })?;
        let handle = runtime.handle().clone();
        Ok(LiveRun { runtime: Some(runtime), handle, calls: Arc::default() })
    }

    /// Another run on the same threads, which knows nothing of the calls of this one. It must end
    /// before this one does.
    pub fn beside(&self) -> LiveRun {
        LiveRun { runtime: None, handle: self.handle.clone(), calls: Arc::default() }
    }

    /// What ends this run's waiting from another thread.
    pub fn stop_waiting(&self) -> StopWaiting {
        StopWaiting { calls: self.calls.clone() }
    }

    /// The threads.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The pace of the run's clock.
    pub fn pace(&self) -> WallPace {
        WallPace::new(self.calls.clone())
    }

    /// A machine that asks this server.
    pub fn machine(&self, client: Arc<Client>, options: EndpointOptions) -> Endpoint {
        Endpoint {
            place: self.calls.add_machine(),
            calls: self.calls.clone(),
            client,
            options,
            runtime: self.handle.clone(),
            asked: BTreeMap::new(),
            busy: BusyTime::default(),
        }
    }

    /// What asks real servers for tools.
    pub fn fetcher(&self) -> LiveFetcher {
        LiveFetcher::new(self.calls.clone(), self.handle.clone())
    }

    /// Waits for what a future gives, on the threads of the run.
    pub fn wait_for<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle.block_on(future)
    }
}

impl Drop for LiveRun {
    fn drop(&mut self) {
        // A connection that does not close must keep nobody.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A real server as a machine: it has its own words, and answers in its own time.
pub struct Endpoint {
    place: usize,
    calls: Arc<Calls>,
    client: Arc<Client>,
    options: EndpointOptions,
    runtime: Handle,
    asked: BTreeMap<CallId, Asked>,
    busy: BusyTime,
}

/// A call that was submitted and has not ended.
struct Asked {
    /// What stops it; nothing where it is played back.
    task: Option<AbortHandle>,
    /// What was set aside for it.
    reserved_usd: f64,
    /// Whether a server may charge for it although there is no reply.
    may_be_charged: Arc<AtomicBool>,
}

impl Endpoint {
    /// The request as it is sent: with a limit on the reply where money depends on it.
    fn limited(&self, request: &Arc<ChatRequest>) -> Arc<ChatRequest> {
        match (request.options.max_output_tokens, self.options.max_output_tokens) {
            (None, Some(limit)) => {
                let mut request = (**request).clone();
                request.options.max_output_tokens = Some(limit);
                Arc::new(request)
            }
            _ => request.clone(),
        }
    }

    /// Sets aside the most that a chat can cost.
    fn reserve(&self, work: &Submission, request: &ChatRequest) -> Result<f64, ModelError> {
        let (Some(purse), Some(price)) = (&self.options.purse, &self.options.price) else {
            return Ok(0.0);
        };
        let Some(limit) = request.options.max_output_tokens else {
            return Err(ModelError::OverBudget(
                "a run with a budget needs a limit on each reply; set max_output_tokens in the \
                 request or for the endpoint"
                    .to_owned(),
            ));
        };
        let most = most_usd(price, work.counted_input_tokens, u64::from(limit));
        purse.reserve(most).map(|()| most)
    }

    fn ask(
        &self,
        call: CallId,
        work: Submission,
        request: Arc<ChatRequest>,
        may_be_charged: Arc<AtomicBool>,
    ) -> AbortHandle {
        let (calls, client) = (self.calls.clone(), self.client.clone());
        let EndpointOptions { delivery, count_text, .. } = self.options.clone();
        let task = async move {
            let began = WallInstant::now();
            calls.began(call, began);
            let mut ending = Ending { calls: calls.clone(), call, began, is_told: false };
            let outcome = client.chat(&work.model, &request, delivery, |progress| {
                if work.stream {
                    let (output_tokens, text) = (progress.chunks, Some(progress.text.to_owned()));
                    let timing = Default::default();
                    let event = CompletionEvent::Progress { output_tokens, timing, text };
                    calls.came(call, progress.at, false, event);
                }
            });
            let (after, event) = match outcome.await {
                Ok(reply) => served(&reply, work.counted_input_tokens, &count_text),
                Err(failed) => {
                    may_be_charged.store(failed.error.may_be_charged(), Ordering::Relaxed);
                    (span(began.elapsed()), failed_chat(&failed))
                }
            };
            ending.tell(after, event);
        };
        self.runtime.spawn(task).abort_handle()
    }

    /// Notes that a call is over, and takes what it cost out of the purse: where it has no reply,
    /// the most that it may cost if a server may charge for it.
    fn ended(&mut self, at: Instant, call: CallId, spent_usd: Option<f64>) {
        let Some(asked) = self.asked.remove(&call) else {
            return;
        };
        self.busy.end(at);
        let most = match asked.may_be_charged.load(Ordering::Relaxed) {
            true => asked.reserved_usd,
            false => 0.0,
        };
        if let Some(purse) = &self.options.purse {
            purse.settle(asked.reserved_usd, spent_usd.unwrap_or(most));
        }
    }
}

impl Backend for Endpoint {
    fn submit(&mut self, at: Instant, call: CallId, work: Submission) {
        self.busy.begin(at);
        let mut asked = Asked { task: None, reserved_usd: 0.0, may_be_charged: Arc::default() };
        let request = self.limited(&work.request);
        if let Some(recorded) = &work.recorded {
            self.calls.lock().agenda(self.place).plan_recorded(at, call, recorded, work.stream);
        } else {
            match self.reserve(&work, &request) {
                Ok(reserved_usd) => {
                    asked.reserved_usd = reserved_usd;
                    self.calls.asked(self.place, call, at);
                    let charged = asked.may_be_charged.clone();
                    asked.task = Some(self.ask(call, work, request, charged));
                }
                Err(error) => {
                    let event = CompletionEvent::Failed(error.into());
                    self.calls.lock().agenda(self.place).plan(Completion { at, call, event });
                }
            }
        }
        self.asked.insert(call, asked);
    }

    fn cancel(&mut self, at: Instant, call: CallId) {
        self.calls.forget(self.place, call);
        if let Some(Asked { task: Some(task), may_be_charged, .. }) = self.asked.get(&call) {
            task.abort();
            may_be_charged.store(true, Ordering::Relaxed);
        }
        self.ended(at, call, None);
    }

    fn next_event_at(&self) -> Option<Instant> {
        // The pace of the run knows, since it waits for it.
        None
    }

    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        let mut completion = self.calls.lock().agenda(self.place).take_by(deadline)?;
        let late = deadline.map_or(Span::ZERO, |at| at.since(completion.at));
        let at = completion.at + late;
        match &mut completion.event {
            CompletionEvent::Progress { .. } => {}
            CompletionEvent::Served(served) => {
                // What was still on its way when the clock moved on comes a moment late.
                served.timing.decode += late;
                served.cost_usd = self.options.price.as_ref().map(|price| price.usd(&served.usage));
                let spent = served.cost_usd.unwrap_or(0.0);
                self.ended(at, completion.call, Some(spent));
            }
            CompletionEvent::Failed(_) => self.ended(at, completion.call, None),
        }
        Some(completion)
    }

    fn totals(&self, at: Instant) -> MachineTotals {
        MachineTotals { busy: self.busy.until(at), ..MachineTotals::default() }
    }
}

/// The end of a call, which is told once, whatever becomes of the code that waits for it: a run
/// would wait for ever for a call that nobody ends.
struct Ending {
    calls: Arc<Calls>,
    call: CallId,
    began: WallInstant,
    is_told: bool,
}

impl Ending {
    fn tell(&mut self, after: Span, event: CompletionEvent) {
        self.is_told = true;
        self.calls.came(self.call, after, true, event);
    }
}

impl Drop for Ending {
    /// A call that was given up is forgotten already, and nothing comes of this.
    fn drop(&mut self) {
        if !self.is_told {
            let error = "timeslip itself failed here, not the server; please report it".to_owned();
            let event = CompletionEvent::Failed(ModelError::Unavailable(error).into());
            self.tell(span(self.began.elapsed()), event);
        }
    }
}

fn served(
    reply: &LiveReply,
    counted_input_tokens: u64,
    count_text: &CountText,
) -> (Span, CompletionEvent) {
    let written = &reply.written;
    let counted = Usage {
        input_tokens: counted_input_tokens,
        cached_input_tokens: 0,
        output_tokens: match written.tokens.source {
            TokenSource::Server => 0,
            _ => count_text(&written.message, &written.reasoning).max(1),
        },
    };
    let mut served = reply.served(counted);
    served.observed = Some(Arc::new(Observed {
        origin: Origin::Server,
        attempts: attempts(&reply.attempts),
        chunks: written.times.chunks.iter().map(|at| reply.queue + *at).collect(),
        reasoning_tokens: written.tokens.reasoning_output,
        counted_by: match written.tokens.source {
            TokenSource::Server => CountedBy::Server,
            _ => CountedBy::Tokenizer,
        },
        served_model: written.model.clone(),
    }));
    (served.timing.end_to_end(), CompletionEvent::Served(served))
}

fn failed_chat(failed: &FailedCall) -> CompletionEvent {
    CompletionEvent::Failed(FailedChat {
        error: ModelError::from(failed),
        observed: Some(Arc::new(Observed {
            origin: Origin::Server,
            attempts: attempts(&failed.attempts),
            chunks: Vec::new(),
            reasoning_tokens: None,
            counted_by: CountedBy::Tokenizer,
            served_model: None,
        })),
    })
}

fn attempts(attempts: &[Attempt]) -> Vec<ObservedAttempt> {
    let attempts = attempts.iter().map(|attempt| ObservedAttempt {
        at: attempt.at,
        lasted: attempt.lasted,
        error: attempt.error.as_ref().map(ToString::to_string),
    });
    attempts.collect()
}
