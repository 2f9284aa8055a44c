//! The steps of a slip as rows of one table, which CSV and Parquet write.

use timeslip_gate::attribute::critical_steps;
use timeslip_gate::slip::{Session, Slip};
use timeslip_gate::step::{ChatFinish, Step};

/// A value of a row; absent where the step has none, or where it is unknown.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Whole(Option<u64>),
    Decimal(Option<f64>),
    Text(Option<String>),
}

/// The columns, in the order of [`row`].
pub(super) const COLUMNS: [&str; 27] = [
    "session",
    "task",
    "step",
    "within",
    "kind",
    "tool",
    "machine",
    "model",
    "at_ns",
    "e2e_ns",
    "queue_ns",
    "prefill_ns",
    "transfer_ns",
    "decode_ns",
    "ttft_ns",
    "inter_token_ns",
    "tokens_per_second",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "energy_j",
    "cost_usd",
    "compute_ns",
    "wait_ns",
    "outcome",
    "error",
    "on_critical_path",
];

/// Calls `each` with the row of every step, in the order of the slip.
pub(super) fn for_each_row(slip: &Slip, mut each: impl FnMut(Vec<Value>)) {
    for (number, session) in slip.sessions.iter().enumerate() {
        let on_path = critical_steps(session);
        for (place, step) in session.steps.iter().enumerate() {
            each(row(number, session, place, step, on_path[place]));
        }
    }
}

fn row(
    number: usize,
    session: &Session,
    place: usize,
    step: &Step,
    is_on_path: bool,
) -> Vec<Value> {
    let whole = |value: usize| Value::Whole(Some(value as u64));
    let text = |text: &str| Value::Text(Some(text.to_owned()));
    let chat = match step {
        Step::Chat(chat) => Some(chat),
        _ => None,
    };
    let tool = match step {
        Step::Tool(tool) => Some(tool),
        _ => None,
    };
    let nanos = |of: fn(&timeslip_gate::step::ChatStep) -> u64| Value::Whole(chat.map(of));
    vec![
        whole(number),
        text(&session.task),
        whole(place),
        Value::Whole(step.within().map(|outer| outer as u64)),
        text(kind(step)),
        Value::Text(tool.map(|tool| tool.tool.clone())),
        Value::Text(chat.map(|chat| chat.machine.clone())),
        Value::Text(chat.map(|chat| chat.model.clone())),
        Value::Whole(Some(step.at_ns())),
        Value::Whole(Some(step.e2e_ns())),
        nanos(|chat| chat.queue_ns),
        nanos(|chat| chat.prefill_ns),
        nanos(|chat| chat.transfer_ns),
        nanos(|chat| chat.decode_ns),
        nanos(|chat| chat.ttft_ns),
        Value::Whole(chat.and_then(|chat| chat.inter_token_latency_ns())),
        Value::Decimal(chat.and_then(|chat| chat.output_tokens_per_second())),
        nanos(|chat| chat.input_tokens),
        nanos(|chat| chat.cached_input_tokens),
        nanos(|chat| chat.output_tokens),
        Value::Decimal(chat.and_then(|chat| chat.energy_j)),
        Value::Decimal(chat.and_then(|chat| chat.cost_usd)),
        Value::Whole(tool.map(|tool| tool.compute_ns)),
        Value::Whole(tool.map(|tool| tool.wait_ns)),
        text(outcome(step)),
        Value::Text(step.error().map(str::to_owned)),
        whole(usize::from(is_on_path)),
    ]
}

/// The word for what a step is, as a slip has it.
pub(super) fn kind(step: &Step) -> &'static str {
    match step {
        Step::Chat(_) => "chat",
        Step::Tool(_) => "tool",
        Step::User(_) => "user",
        Step::Sleep(_) => "sleep",
    }
}

/// How a step ended: of a chat its finish reason, of others `ok` or `failed`.
pub(super) fn outcome(step: &Step) -> &'static str {
    let ok = match step {
        Step::Chat(chat) => return finish(chat.finish_reason),
        Step::Tool(tool) => tool.ok,
        Step::User(user) => user.ok,
        Step::Sleep(_) => true,
    };
    if ok { "ok" } else { "failed" }
}

/// The word for a finish reason, as a slip has it.
pub(super) fn finish(reason: ChatFinish) -> &'static str {
    match reason {
        ChatFinish::Stop => "stop",
        ChatFinish::Length => "length",
        ChatFinish::ToolCalls => "tool_calls",
        ChatFinish::ContentFilter => "content_filter",
        ChatFinish::Error => "error",
        ChatFinish::Cancelled => "cancelled",
    }
}
