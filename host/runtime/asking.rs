//! What the host functions do, once for all worlds: check grants and budgets, lay the ask on the
//! desk, wait for the answer. This is the one place where a refusal is made.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use futures_channel::oneshot;
use timeslip_timeline::chance::Chance;
use timeslip_timeline::conversation::{ModelError, ToolError, UserError};
use timeslip_timeline::guest::{Answer, Ask, AskId, ChatAnswer, Happening};
use timeslip_timeline::time::{Instant, Span};
use wasmtime::AsContextMut;
use wasmtime::component::{Access, HasSelf};

use crate::bindings::agent::timeslip::agent::types as wit;
use crate::bindings::tool::timeslip::tool::http_types::HttpRequest;
use crate::context::Context;
use crate::convert;
use crate::desk::{Desk, Pieces};
use crate::fetching;

/// What a host function is called with.
pub(crate) type Caller<'a> = Access<'a, Context, HasSelf<Context>>;

/// An ask under way. Dropping it tells the loop that nobody waits any more.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub struct PendingAnswer {
    desk: Arc<Desk>,
    id: AskId,
    receiver: Option<oneshot::Receiver<Answer>>,
    /// Given at once, without asking: a refusal.
    refusal: Option<Answer>,
}

/// A streamed chat under way.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub struct ChatStream {
    desk: Arc<Desk>,
    id: AskId,
    pieces: Arc<Mutex<Pieces>>,
    sent_bytes: usize,
    whole: Option<Result<ChatAnswer, ModelError>>,
    state: StreamState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StreamState {
    Flowing,
    LastPieceGiven,
    Finished,
}

/// A part of the journal that ends when the guest drops it.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub struct JournalSpan {
    pub(crate) number: u64,
}

impl Drop for PendingAnswer {
    fn drop(&mut self) {
        if self.refusal.is_none() {
            self.desk.drop_ask(self.id);
        }
    }
}

impl Drop for ChatStream {
    fn drop(&mut self) {
        self.desk.drop_ask(self.id);
    }
}

/// Counts a host call and reads the fuel left.
pub(crate) fn enter(caller: &mut Caller<'_>) -> wasmtime::Result<u64> {
    caller.get().count_host_call()?;
    caller.as_context_mut().get_fuel()
}

fn lay_down(context: &Context, fuel: u64, ask: Ask) -> PendingAnswer {
    let (id, receiver) = context.desk.ask(fuel, ask);
    PendingAnswer { desk: context.desk.clone(), id, receiver: Some(receiver), refusal: None }
}

fn refuse(context: &Context, refusal: Answer) -> PendingAnswer {
    let desk = context.desk.clone();
    PendingAnswer { desk, id: AskId(u64::MAX), receiver: None, refusal: Some(refusal) }
}

/// Begins a chat.
pub(crate) fn chat(
    caller: &mut Caller<'_>,
    request: wit::ChatRequest,
) -> wasmtime::Result<PendingAnswer> {
    let fuel = enter(caller)?;
    let context = caller.get();
    Ok(match chat_ask(context, request, false) {
        Ok(ask) => lay_down(context, fuel, ask),
        Err(error) => refuse(context, Answer::Chat(Err(error))),
    })
}

/// Begins a streamed chat.
pub(crate) fn stream(
    caller: &mut Caller<'_>,
    request: wit::ChatRequest,
) -> wasmtime::Result<ChatStream> {
    let fuel = enter(caller)?;
    let context = caller.get();
    let desk = context.desk.clone();
    let (id, pieces, whole) = match chat_ask(context, request, true) {
        Ok(ask) => {
            let (id, pieces) = desk.ask_in_pieces(fuel, ask);
            (id, pieces, None)
        }
        Err(error) => (AskId(u64::MAX), Arc::default(), Some(Err(error))),
    };
    Ok(ChatStream { desk, id, pieces, sent_bytes: 0, whole, state: StreamState::Flowing })
}

fn chat_ask(
    context: &mut Context,
    request: wit::ChatRequest,
    stream: bool,
) -> Result<Ask, ModelError> {
    let request = convert::chat_request(request);
    if let Some(problem) = convert::request_problem(&request) {
        return Err(ModelError::InvalidRequest(problem));
    }
    let model = request.model.as_deref().unwrap_or(&context.setup.default_model);
    context.setup.models.check(model, &context.setup.table).map_err(ModelError::Refused)?;
    let mut left = context.session.left();
    if left.output_tokens == Some(0) {
        let limit = context.setup.budgets.output_tokens.unwrap_or(0);
        let text = format!("the session's {limit} output tokens are used up");
        return Err(ModelError::OverBudget(text));
    }
    let limit = context.setup.budgets.model_calls;
    take_one(&mut left.model_calls, limit, "model calls").map_err(ModelError::OverBudget)?;
    Ok(Ask::Chat { request: Arc::new(request), stream })
}

fn take_one(left: &mut Option<u64>, limit: Option<u64>, what: &str) -> Result<(), String> {
    match left {
        Some(0) => Err(format!("the session's {} {what} are used up", limit.unwrap_or(0))),
        Some(left) => {
            *left -= 1;
            Ok(())
        }
        None => Ok(()),
    }
}

/// Begins a tool call.
pub(crate) fn call_tool(
    caller: &mut Caller<'_>,
    name: String,
    arguments: String,
) -> wasmtime::Result<PendingAnswer> {
    let fuel = enter(caller)?;
    let context = caller.get();
    let limit = context.setup.budgets.tool_calls;
    let taken = take_one(&mut context.session.left().tool_calls, limit, "tool calls");
    Ok(match taken {
        Ok(()) => {
            let ask = Ask::Tool { name: name.into(), arguments: arguments.into() };
            lay_down(context, fuel, ask)
        }
        Err(text) => refuse(context, Answer::Tool(Err(ToolError::OverBudget(text)))),
    })
}

/// Begins a question to the user.
pub(crate) fn ask_user(
    caller: &mut Caller<'_>,
    message: String,
) -> wasmtime::Result<PendingAnswer> {
    let fuel = enter(caller)?;
    Ok(lay_down(caller.get(), fuel, Ask::User { message }))
}

/// Begins a sleep.
pub(crate) fn sleep(caller: &mut Caller<'_>, duration_ns: u64) -> wasmtime::Result<PendingAnswer> {
    let fuel = enter(caller)?;
    Ok(lay_down(caller.get(), fuel, Ask::Sleep(Span::from_nanos(duration_ns))))
}

/// Begins a fetch.
pub(crate) fn fetch(
    caller: &mut Caller<'_>,
    request: HttpRequest,
) -> wasmtime::Result<PendingAnswer> {
    let fuel = enter(caller)?;
    let context = caller.get();
    let setup = &context.setup;
    Ok(match fetching::granted(&setup.name, &setup.http, request) {
        Ok(request) => lay_down(context, fuel, Ask::Fetch(request)),
        Err(error) => refuse(context, Answer::Fetched(Err(error))),
    })
}

impl PendingAnswer {
    /// Waits for the answer; `None` when it has been taken before.
    pub(crate) async fn wait(&mut self) -> Option<Answer> {
        if self.refusal.is_some() {
            return self.refusal.clone();
        }
        let receiver = self.receiver.as_mut()?;
        let answer = receiver.await.ok();
        self.receiver = None;
        answer
    }
}

/// The model's reply, with its tokens taken off the budget.
pub(crate) fn chat_result(
    context: &mut Context,
    answer: Option<Answer>,
) -> Result<wit::ChatReply, wit::ModelError> {
    let result = match answer {
        Some(Answer::Chat(result)) => result,
        _ => Err(ModelError::InvalidRequest("the reply has been taken already".to_owned())),
    };
    if let (Ok(reply), Some(left)) = (&result, &mut context.session.left().output_tokens) {
        *left = left.saturating_sub(reply.usage.output_tokens);
    }
    result.map(convert::wit_chat_reply).map_err(convert::wit_model_error)
}

/// The tool's output.
pub(crate) fn tool_result(answer: Option<Answer>) -> Result<String, wit::ToolError> {
    match answer {
        Some(Answer::Tool(Ok(output))) => Ok(output.to_string()),
        Some(Answer::Tool(Err(error))) => Err(convert::wit_tool_error(error)),
        _ => Err(wit::ToolError::Failed("the output has been taken already".to_owned())),
    }
}

/// The user's answer.
pub(crate) fn user_result(answer: Option<Answer>) -> Result<String, wit::UserError> {
    let result = match answer {
        Some(Answer::User(result)) => result,
        _ => Err(UserError::Gone("the answer has been taken already".to_owned())),
    };
    result.map_err(convert::wit_user_error)
}

impl ChatStream {
    /// The next piece, `None` after the last; or a promise to wake the guest.
    pub(crate) fn poll_next(
        &mut self,
        waker: &std::task::Waker,
    ) -> Poll<Result<Option<wit::ChatChunk>, wit::ModelError>> {
        if self.state != StreamState::Flowing {
            return Poll::Ready(Ok(None));
        }
        match self.poll_piece(waker) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some((content, output_tokens))) => {
                self.sent_bytes += content.len();
                Poll::Ready(Ok(Some(wit::ChatChunk { content, output_tokens })))
            }
            Poll::Ready(None) => {
                self.state = StreamState::LastPieceGiven;
                Poll::Ready(match &self.whole {
                    Some(Ok(answer)) => Ok(Some(wit::ChatChunk {
                        content: answer.message.content[self.sent_bytes..].to_owned(),
                        output_tokens: answer.usage.output_tokens,
                    })),
                    Some(Err(error)) => Err(convert::wit_model_error(error.clone())),
                    None => Ok(None),
                })
            }
        }
    }

    /// Waits until the whole reply is there, passing over pieces.
    pub(crate) fn poll_finish(
        &mut self,
        waker: &std::task::Waker,
    ) -> Poll<Option<Result<ChatAnswer, ModelError>>> {
        if self.state == StreamState::Finished {
            return Poll::Ready(None);
        }
        while self.whole.is_none() {
            if self.poll_piece(waker).is_pending() {
                return Poll::Pending;
            }
        }
        self.state = StreamState::Finished;
        Poll::Ready(self.whole.clone())
    }

    /// The next piece that is not the last; `None` when the whole reply is there.
    fn poll_piece(&mut self, waker: &std::task::Waker) -> Poll<Option<(String, u64)>> {
        if self.whole.is_some() {
            return Poll::Ready(None);
        }
        let mut pieces = self.pieces.lock().expect("no guest panics while it holds its pieces");
        match pieces.queue.pop_front() {
            Some(Answer::Chunk { content, output_tokens }) => {
                Poll::Ready(Some((content, output_tokens)))
            }
            Some(Answer::Chat(result)) => {
                pieces.queue = VecDeque::new();
                self.whole = Some(result);
                Poll::Ready(None)
            }
            _ => {
                pieces.waker = Some(waker.clone());
                Poll::Pending
            }
        }
    }
}

/// Writes a line to the journal.
pub(crate) fn log(
    caller: &mut Caller<'_>,
    level: wit::LogLevel,
    message: String,
) -> wasmtime::Result<()> {
    let fuel = enter(caller)?;
    let context = caller.get();
    context.count_journal_line(message.len())?;
    context.desk.note_fuel(fuel);
    context.desk.happened(Happening::Logged(convert::log_level(level), message));
    Ok(())
}

/// Begins a part of the journal.
pub(crate) fn begin_span(caller: &mut Caller<'_>, name: String) -> wasmtime::Result<JournalSpan> {
    let fuel = enter(caller)?;
    let context = caller.get();
    context.count_journal_line(name.len())?;
    context.desk.note_fuel(fuel);
    let number = context.number_span();
    context.desk.happened(Happening::SpanBegan(number, name));
    Ok(JournalSpan { number })
}

/// Ends a part of the journal.
pub(crate) fn end_span(caller: &mut Caller<'_>, span: JournalSpan) -> wasmtime::Result<()> {
    let fuel = enter(caller)?;
    let desk = &caller.get().desk;
    desk.note_fuel(fuel);
    desk.happened(Happening::SpanEnded(span.number));
    Ok(())
}

/// The session's clock.
pub(crate) fn now(caller: &mut Caller<'_>) -> wasmtime::Result<Span> {
    let fuel = enter(caller)?;
    Ok(caller.get().desk.session_time(fuel))
}

/// The instant of the run, for the times of files.
pub(crate) fn instant(caller: &mut Caller<'_>) -> wasmtime::Result<Instant> {
    let fuel = enter(caller)?;
    let desk = &caller.get().desk;
    Ok(desk.session_began() + desk.session_time(fuel))
}

/// The most random bytes that one call gives.
pub(crate) const RANDOM_BYTES_MAX: u32 = 65_536;

/// Random bytes of the session.
pub(crate) fn random_bytes(caller: &mut Caller<'_>, length: u32) -> wasmtime::Result<Vec<u8>> {
    enter(caller)?;
    let length = length.min(RANDOM_BYTES_MAX) as usize;
    Ok(draw_bytes(&mut caller.get().chance, length))
}

/// So many bytes of a chance.
pub(crate) fn draw_bytes(chance: &mut Chance, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&chance.next_u64().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// What is left of the session's budgets.
pub(crate) fn budget_left(caller: &mut Caller<'_>) -> wasmtime::Result<wit::Budget> {
    let now = now(caller)?;
    let context = caller.get();
    let time = context.setup.deadline.map(|deadline| deadline.saturating_sub(now).as_nanos());
    Ok(convert::wit_budget(time, *context.session.left()))
}
