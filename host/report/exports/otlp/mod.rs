//! A slip as OpenTelemetry spans: one trace for each session, its agent's span at the root, and the
//! steps below it, those of a delegated task below the tool step that waits for them.
//!
//! Instants are those of the run's clock, laid on an epoch of one's choice. Identifiers follow from
//! the slip, so the same slip gives the same spans. What was said is in no slip, and so in no span.

mod json;
pub mod names;
mod protobuf;

use sha2::{Digest, Sha256};
use timeslip_gate::attribute::critical_steps;
use timeslip_gate::slip::{ComponentRole, Session, Slip};
use timeslip_gate::step::{ChatStep, Step, ToolStep};

use super::rows::finish;

/// 2026-01-01, in nanoseconds since 1970: where the run's clock begins unless it is said otherwise.
pub const EPOCH_NS: u64 = 1_767_225_600_000_000_000;

/// The spans of a slip.
#[derive(Clone, Debug, PartialEq)]
pub struct Spans {
    resource: Vec<Attribute>,
    version: String,
    spans: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq)]
struct Span {
    trace: [u8; 16],
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    name: String,
    kind: Kind,
    begin_ns: u64,
    end_ns: u64,
    attributes: Vec<Attribute>,
    /// Why there is no result.
    error: Option<String>,
}

/// What a span is to its trace, by its number in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Internal = 1,
    Client = 3,
}

type Attribute = (&'static str, Value);

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Whole(u64),
    Decimal(f64),
    Truth(bool),
    Texts(Vec<String>),
}

impl Spans {
    /// The spans of a slip whose clock begins at `epoch_ns`, in nanoseconds since 1970.
    pub fn of(slip: &Slip, epoch_ns: u64) -> Spans {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut spans = Vec::new();
        for (number, session) in slip.sessions.iter().enumerate() {
            SessionSpans { slip, session, number, epoch_ns }.add_to(&mut spans);
        }
        Spans {
            resource: vec![
                (names::SERVICE, text("timeslip")),
                (names::SERVICE_VERSION, text(&slip.timeslip)),
                (names::BENCH, text(&slip.bench.name)),
                (names::SEED, text(&slip.seed.to_string())),
            ],
            version: slip.timeslip.clone(),
            spans,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.spans.len()
    }

    /// In parts of so many spans at most, each of which a collector takes by itself.
    pub fn parts(self, most: usize) -> Vec<Spans> {
        let Spans { resource, version, spans } = self;
        let part = |spans: &[Span]| Spans {
            resource: resource.clone(),
            version: version.clone(),
            spans: spans.to_vec(),
        };
        spans.chunks(most.max(1)).map(part).collect()
    }

    /// As JSON, in the form of OTLP.
    pub fn to_json(&self) -> String {
        json::request(self).to_string() + "\n"
    }

    /// In the protocol's binary form, as `POST /v1/traces` takes it.
    pub fn to_protobuf(&self) -> Vec<u8> {
        protobuf::request(self)
    }
}

/// A session whose spans are made.
struct SessionSpans<'a> {
    slip: &'a Slip,
    session: &'a Session,
    number: usize,
    epoch_ns: u64,
}

impl SessionSpans<'_> {
    fn add_to(&self, spans: &mut Vec<Span>) {
        let root = self.root();
        let ids: Vec<[u8; 8]> =
            (0..self.session.steps.len()).map(|place| self.id(place as u64 + 1)).collect();
        let on_path = critical_steps(self.session);
        let parent = root.id;
        spans.push(root);
        for (place, step) in self.session.steps.iter().enumerate() {
            let parent = step.within().and_then(|outer| ids.get(outer).copied()).unwrap_or(parent);
            let mut span = self.step(step, ids[place], parent);
            span.attributes.push((names::ON_CRITICAL_PATH, Value::Truth(on_path[place])));
            spans.push(span);
        }
    }

    /// Digits that follow from the slip, the session and a number in it.
    fn digits(&self, place: u64) -> [u8; 32] {
        let slip = self.slip;
        let machines: Vec<&str> = slip.machines.iter().map(|one| one.name.as_str()).collect();
        let said = format!(
            "{} {} {} {} {place}",
            slip.bench.digest,
            slip.seed,
            machines.join("+"),
            self.number
        );
        Sha256::digest(said.as_bytes()).into()
    }

    fn id(&self, place: u64) -> [u8; 8] {
        self.digits(place)[..8].try_into().expect("there are eight")
    }

    fn span(&self, name: String, at_ns: u64, e2e_ns: u64) -> Span {
        let begin_ns = self.epoch_ns.saturating_add(at_ns);
        Span {
            trace: self.digits(u64::MAX)[..16].try_into().expect("there are sixteen"),
            id: self.id(0),
            parent: None,
            name,
            kind: Kind::Internal,
            begin_ns,
            end_ns: begin_ns.saturating_add(e2e_ns),
            attributes: Vec::new(),
            error: None,
        }
    }

    fn root(&self) -> Span {
        let session = self.session;
        let agents = self.slip.components.iter();
        let mut agents = agents.filter(|part| part.role == ComponentRole::Agent);
        let agent = agents.next().map_or("agent", |agent| agent.name.as_str());
        let mut span = self.span(format!("invoke_agent {agent}"), session.at_ns, session.e2e_ns);
        let conversation = format!("{}-{}", self.slip.bench.name, self.number);
        span.attributes = vec![
            (names::OPERATION, Value::Text("invoke_agent".to_owned())),
            (names::AGENT, Value::Text(agent.to_owned())),
            (names::CONVERSATION, Value::Text(conversation)),
            (names::TASK, Value::Text(session.task.clone())),
        ];
        if let Some(error) = &session.error {
            span.attributes.push((names::ERROR_TYPE, Value::Text(error.kind.clone())));
            span.error = Some(error.message.clone());
        }
        span
    }

    fn step(&self, step: &Step, id: [u8; 8], parent: [u8; 8]) -> Span {
        let (name, kind, attributes) = match step {
            Step::Chat(chat) => (format!("chat {}", chat.model), Kind::Client, self.chat(chat)),
            Step::Tool(tool) => {
                (format!("execute_tool {}", tool.tool), Kind::Internal, tool_attributes(tool))
            }
            Step::User(_) => ("user".to_owned(), Kind::Internal, Vec::new()),
            Step::Sleep(_) => ("sleep".to_owned(), Kind::Internal, Vec::new()),
        };
        let mut span = self.span(name, step.at_ns(), step.e2e_ns());
        (span.id, span.parent, span.kind, span.attributes) = (id, Some(parent), kind, attributes);
        if let Some(error) = step.error() {
            let kind = error.split(':').next().unwrap_or(error);
            span.attributes.push((names::ERROR_TYPE, Value::Text(kind.to_owned())));
            span.error = Some(error.to_owned());
        }
        span
    }

    fn chat(&self, chat: &ChatStep) -> Vec<Attribute> {
        let text = |text: &str| Value::Text(text.to_owned());
        let machine = self.slip.machines.iter().find(|machine| machine.name == chat.machine);
        let mut attributes = vec![
            (names::OPERATION, text("chat")),
            (names::PROVIDER, text("timeslip")),
            (names::REQUEST_MODEL, text(&chat.model)),
            (names::FINISH_REASONS, Value::Texts(vec![finish(chat.finish_reason).to_owned()])),
            (names::INPUT_TOKENS, Value::Whole(chat.input_tokens)),
            (names::OUTPUT_TOKENS, Value::Whole(chat.output_tokens)),
            (names::CACHE_READ_TOKENS, Value::Whole(chat.cached_input_tokens)),
            (names::MACHINE, text(&chat.machine)),
            (names::QUEUE, Value::Whole(chat.queue_ns)),
            (names::PREFILL, Value::Whole(chat.prefill_ns)),
            (names::TRANSFER, Value::Whole(chat.transfer_ns)),
            (names::DECODE, Value::Whole(chat.decode_ns)),
        ];
        if chat.is_answered() {
            let seconds = chat.ttft_ns as f64 / 1e9;
            attributes.push((names::TIME_TO_FIRST_CHUNK, Value::Decimal(seconds)));
        }
        let observed = chat.observed.as_deref();
        let served = observed.and_then(|observed| observed.served_model.as_deref());
        attributes.extend(served.map(|model| (names::RESPONSE_MODEL, text(model))));
        let reasoning = observed.and_then(|observed| observed.reasoning_output_tokens);
        attributes.extend(reasoning.map(|tokens| (names::REASONING_TOKENS, Value::Whole(tokens))));
        let estimated = machine.map(|machine| machine.estimated);
        attributes.extend(estimated.map(|yes| (names::ESTIMATED, Value::Truth(yes))));
        attributes.extend(chat.energy_j.map(|joules| (names::ENERGY, Value::Decimal(joules))));
        attributes.extend(chat.cost_usd.map(|dollars| (names::COST, Value::Decimal(dollars))));
        attributes
    }
}

fn tool_attributes(tool: &ToolStep) -> Vec<Attribute> {
    vec![
        (names::OPERATION, Value::Text("execute_tool".to_owned())),
        (names::TOOL, Value::Text(tool.tool.clone())),
        (names::COMPUTE, Value::Whole(tool.compute_ns)),
        (names::WAIT, Value::Whole(tool.wait_ns)),
    ]
}
