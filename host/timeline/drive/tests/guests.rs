//! Guests of plain Rust: agents that follow a list of moves, and plugins that obey their arguments.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use crate::conversation::{ChatOptions, ChatRequest, LogLevel, Message, Role, ToolError};
use crate::guest::{
    Answer, Ask, AskId, Burst, Delivery, Guest, GuestState, GuestUse, Happening, StopCause,
};
use crate::http::HttpRequest;
use crate::time::{Instant, Span};

/// One move of an agent.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// Computes for this many nanoseconds.
    Compute(u64),
    /// Asks for something and goes on.
    Ask(Ask),
    /// Gives up the oldest ask that it still waits for.
    DropOldest,
    /// Waits until every ask has its answer.
    WaitForAll,
    /// Waits until anything comes.
    WaitForAny,
    /// Writes to the journal.
    Log(&'static str),
    /// Begins a part of the journal that it never ends.
    BeginSpan(&'static str),
    /// Ends.
    End(GuestState),
    /// Fails inside the host.
    Panic,
}

/// What an agent was told: when, and what.
pub(super) type Diary = Arc<Mutex<Vec<(u64, Vec<String>)>>>;

/// An agent that makes its moves and then answers "done".
pub(super) struct Agent {
    moves: VecDeque<Move>,
    open: BTreeSet<AskId>,
    asked: u64,
    heard_anything: bool,
    diary: Diary,
}

impl Agent {
    pub(super) fn new(moves: &[Move], diary: Diary) -> Agent {
        let moves = moves.iter().cloned().collect();
        Agent { moves, open: BTreeSet::new(), asked: 0, heard_anything: false, diary }
    }

    fn hear(&mut self, now: Instant, deliveries: Vec<Delivery>) {
        let mut entry = Vec::new();
        for delivery in deliveries {
            if let Delivery::Answer(ask, answer) = &delivery {
                self.heard_anything |= self.open.contains(ask);
                if !matches!(answer, Answer::Chunk { .. }) {
                    self.open.remove(ask);
                }
            }
            entry.push(told(&delivery));
        }
        self.diary.lock().unwrap().push((now.as_nanos(), entry));
    }

    fn drop_oldest(&mut self) -> Option<Happening> {
        self.open.pop_first().map(Happening::Dropped)
    }
}

impl Guest for Agent {
    fn resume(&mut self, now: Instant, deliveries: Vec<Delivery>) -> Burst {
        self.hear(now, deliveries);
        let mut compute = Span::ZERO;
        let mut happenings = Vec::new();
        let state = loop {
            match self.moves.front() {
                Some(Move::WaitForAll) if !self.open.is_empty() => break GuestState::Waiting,
                Some(Move::WaitForAny) if !self.heard_anything => break GuestState::Waiting,
                _ => self.heard_anything = false,
            }
            match self.moves.pop_front() {
                None => break GuestState::Finished(Ok("done".to_owned())),
                Some(Move::End(state)) => break state,
                // Without a hook's line for each of many runs.
                Some(Move::Panic) => std::panic::resume_unwind(Box::new("a defect")),
                Some(Move::Compute(nanos)) => compute += Span::from_nanos(nanos),
                Some(Move::Ask(ask)) => {
                    let id = AskId(self.asked);
                    self.asked += 1;
                    self.open.insert(id);
                    happenings.push((compute, Happening::Asked(id, ask)));
                }
                Some(Move::DropOldest) => {
                    happenings.extend(self.drop_oldest().map(|dropped| (compute, dropped)));
                }
                Some(Move::Log(text)) => {
                    happenings.push((compute, Happening::Logged(LogLevel::Info, text.to_owned())));
                }
                Some(Move::BeginSpan(name)) => {
                    happenings.push((compute, Happening::SpanBegan(0, name.to_owned())));
                }
                Some(Move::WaitForAll | Move::WaitForAny) => {}
            }
        };
        Burst { happenings, compute, state, used: GuestUse::default() }
    }
}

fn told(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Start => "start".to_owned(),
        Delivery::ToolCall { name, .. } => format!("call {name}"),
        Delivery::Answer(AskId(ask), answer) => match answer {
            Answer::Chat(Ok(chat)) => format!("{ask}: {}", chat.message.content),
            Answer::Chat(Err(error)) => format!("{ask}: {error}"),
            Answer::Chunk { content, output_tokens } => {
                format!("{ask}: …{content} {output_tokens}")
            }
            Answer::Tool(Ok(output)) => format!("{ask}: {output}"),
            Answer::Tool(Err(error)) => format!("{ask}: {error}"),
            Answer::User(Ok(text)) => format!("{ask}: {text}"),
            Answer::User(Err(error)) => format!("{ask}: {error}"),
            Answer::Slept => format!("{ask}: slept"),
            Answer::Fetched(answer) => format!("{ask}: {answer:?}"),
        },
    }
}

/// What a plugin does about a call. The arguments are its name, a blank and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// Computes for so long and answers.
    Compute,
    /// Sleeps for so long and answers.
    Sleep,
    /// Fetches something that takes so long, and answers with it.
    Fetch,
    /// Computes for so long and answers with an error.
    Fail,
    /// Computes for so long and traps.
    Trap,
    /// Computes for so long and returns.
    Return,
    /// Computes for so long and never answers.
    Forget,
}

/// A plugin that obeys the arguments of each call.
#[derive(Default)]
pub(super) struct Plugin {
    asked: u64,
    /// Calls that sleep or fetch, by the ask.
    waiting: BTreeMap<AskId, u64>,
}

impl Guest for Plugin {
    fn resume(&mut self, _: Instant, deliveries: Vec<Delivery>) -> Burst {
        let mut compute = Span::ZERO;
        let mut happenings = Vec::new();
        let mut state = GuestState::Waiting;
        for delivery in deliveries {
            match delivery {
                Delivery::ToolCall { call, arguments, .. } => {
                    let (behaviour, span) = order(&arguments);
                    let wanted = match behaviour {
                        Behaviour::Sleep => Some(Ask::Sleep(span)),
                        Behaviour::Fetch => Some(fetch(span)),
                        _ => None,
                    };
                    if let Some(wanted) = wanted {
                        let ask = AskId(self.asked);
                        self.asked += 1;
                        self.waiting.insert(ask, call);
                        happenings.push((compute, Happening::Asked(ask, wanted)));
                        continue;
                    }
                    compute += span;
                    let output = match behaviour {
                        Behaviour::Fail => Err(ToolError::Failed("as told".to_owned())),
                        _ => Ok(arguments.clone()),
                    };
                    match behaviour {
                        Behaviour::Trap => state = trap(),
                        Behaviour::Return => state = GuestState::Finished(Ok(String::new())),
                        Behaviour::Forget => {}
                        _ => happenings.push((compute, Happening::ToolAnswer { call, output })),
                    }
                }
                Delivery::Answer(ask, answer) => {
                    let call = self.waiting.remove(&ask).expect("it waits");
                    let output = match answer {
                        Answer::Fetched(Ok(response)) => {
                            Ok(String::from_utf8_lossy(&response.body).into())
                        }
                        Answer::Fetched(Err(error)) => Err(ToolError::Failed(error.to_string())),
                        _ => Ok(Arc::from("slept")),
                    };
                    happenings.push((compute, Happening::ToolAnswer { call, output }));
                }
                Delivery::Start => unreachable!("plugins are not started"),
            }
        }
        Burst { happenings, compute, state, used: GuestUse::default() }
    }
}

pub(super) fn plugin() -> Box<dyn Guest> {
    Box::new(Plugin::default())
}

fn order(arguments: &str) -> (Behaviour, Span) {
    let (name, nanos) = arguments.split_once(' ').expect("a behaviour and a number");
    let behaviour = match name {
        "Compute" => Behaviour::Compute,
        "Sleep" => Behaviour::Sleep,
        "Fetch" => Behaviour::Fetch,
        "Fail" => Behaviour::Fail,
        "Trap" => Behaviour::Trap,
        "Return" => Behaviour::Return,
        _ => Behaviour::Forget,
    };
    (behaviour, Span::from_nanos(nanos.parse().expect("nanoseconds")))
}

/// A page that comes after so long.
fn fetch(span: Span) -> Ask {
    Ask::Fetch(Arc::new(HttpRequest {
        method: "GET".to_owned(),
        url: format!("http://h/{}", span.as_nanos()),
        headers: Vec::new(),
        body: Vec::new(),
    }))
}

pub(super) fn trap() -> GuestState {
    GuestState::Stopped(StopCause { kind: "trap", message: "unreachable".to_owned() })
}

/// A chat about a text; [`super::machines::Script`] says what is read out of it.
pub(super) fn chat(text: &str) -> Move {
    chat_with(None, text, false)
}

pub(super) fn chat_with(model: Option<&str>, text: &str, stream: bool) -> Move {
    let request = ChatRequest {
        model: model.map(str::to_owned),
        messages: vec![Message::text(Role::User, text)],
        tools: Vec::new(),
        options: ChatOptions::default(),
    };
    Move::Ask(Ask::Chat { request: Arc::new(request), stream })
}

pub(super) fn tool(name: &str, behaviour: Behaviour, nanos: u64) -> Move {
    let arguments = Arc::from(format!("{behaviour:?} {nanos}"));
    Move::Ask(Ask::Tool { name: Arc::from(name), arguments })
}

/// A task for the deputy.
pub(super) fn deputy(task: usize) -> Move {
    let arguments = Arc::from(format!(r#"{{"task":"{task}"}}"#));
    Move::Ask(Ask::Tool { name: Arc::from("deputy"), arguments })
}

pub(super) fn sleep(nanos: u64) -> Move {
    Move::Ask(Ask::Sleep(Span::from_nanos(nanos)))
}

pub(super) fn user(message: &str) -> Move {
    Move::Ask(Ask::User { message: message.to_owned() })
}
