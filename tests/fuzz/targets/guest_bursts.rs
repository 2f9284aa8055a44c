//! Guests that ask for anything in any order: the loop must keep the laws, whatever they do.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use timeslip_fuzz::{page, request};
use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::account::critical_path;
use timeslip_timeline::conversation::{LogLevel, ToolError};
use timeslip_timeline::drive::{
    self, Load, Machine, RunUntil, SessionGuests, SessionPlan, Stage, ToolAgent, ToolProvider, Tools,
};
use timeslip_timeline::guest::{
    Ask, AskId, Burst, Delivery, Guest, GuestState, GuestUse, Happening, StopCause,
};
use timeslip_timeline::pace::Jumping;
use timeslip_timeline::time::{Instant, Span};
use timeslip_words::synthetic::{SyntheticSpec, SyntheticWords};
use timeslip_words::tokenizer::Tokenizer;

/// What a guest does in one burst.
#[derive(Arbitrary, Clone, Debug)]
enum Act {
    Chat { text: String, known_model: bool, stream: bool },
    Tool { known: bool, arguments: String },
    User(String),
    Sleep(u64),
    Fetch,
    Drop(u8),
    AnswerCall,
    AnswerWrongCall(u64),
    Log(String),
    Begin(u8, String),
    End(u8),
}

/// One burst.
#[derive(Arbitrary, Clone, Debug)]
struct Script {
    acts: Vec<(u32, Act)>,
    ends: Option<End>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum End {
    Answered,
    GaveUp,
    Stopped,
}

/// A whole run.
#[derive(Arbitrary, Debug)]
struct Run {
    agents: Vec<Vec<Script>>,
    deputy: Vec<Script>,
    plugin: Vec<Script>,
    at_once: u8,
    deadline_ns: Option<u64>,
}

struct Scripted {
    is_agent: bool,
    bursts: std::vec::IntoIter<Script>,
    next_ask: u64,
    calls: Vec<u64>,
}

impl Guest for Scripted {
    fn resume(&mut self, _now: Instant, deliveries: Vec<Delivery>) -> Burst {
        for delivery in deliveries {
            if let Delivery::ToolCall { call, .. } = delivery {
                self.calls.push(call);
            }
        }
        let script = self.bursts.next();
        let ended = script.is_none() && self.is_agent;
        let script = script.unwrap_or(Script { acts: Vec::new(), ends: None });
        let mut compute = Span::ZERO;
        let mut happenings = Vec::new();
        for (nanos, act) in script.acts {
            compute += Span::from_nanos(u64::from(nanos));
            happenings.extend(self.happening(act).map(|happening| (compute, happening)));
        }
        let state = match script.ends {
            Some(End::Answered) if self.is_agent => GuestState::Finished(Ok("done".to_owned())),
            Some(End::GaveUp) if self.is_agent => GuestState::Finished(Err("no".to_owned())),
            Some(End::Stopped) => {
                GuestState::Stopped(StopCause { kind: "trap", message: "trapped".to_owned() })
            }
            _ if ended => GuestState::Finished(Ok("done".to_owned())),
            _ => GuestState::Waiting,
        };
        Burst { happenings, compute, state, used: GuestUse::default() }
    }
}

impl Scripted {
    fn new(is_agent: bool, bursts: Vec<Script>) -> Box<dyn Guest> {
        Box::new(Scripted { is_agent, bursts: bursts.into_iter(), next_ask: 0, calls: Vec::new() })
    }

    fn happening(&mut self, act: Act) -> Option<Happening> {
        let ask = match act {
            // Only agents chat, call tools and ask users: the contracts give plugins no such import.
            Act::Chat { text, known_model, stream } if self.is_agent => {
                let mut request = request(&text);
                request.model = (!known_model).then(|| "nobody's".to_owned());
                Ask::Chat { request: Arc::new(request), stream }
            }
            Act::Tool { known, arguments } if self.is_agent => Ask::Tool {
                name: if known { "tool".into() } else { "other".into() },
                arguments: arguments.into(),
            },
            Act::User(message) if self.is_agent => Ask::User { message },
            Act::Chat { .. } | Act::Tool { .. } | Act::User(_) => return None,
            Act::Sleep(nanos) => Ask::Sleep(Span::from_nanos(nanos)),
            // Only plugins fetch.
            Act::Fetch if self.is_agent => return None,
            Act::Fetch => Ask::Fetch(Arc::new(page("http://h/a"))),
            Act::Drop(ask) => return Some(Happening::Dropped(AskId(u64::from(ask)))),
            Act::AnswerCall => {
                let output = Ok("{}".into());
                return self.calls.pop().map(|call| Happening::ToolAnswer { call, output });
            }
            Act::AnswerWrongCall(call) if !self.is_agent => {
                let output = Err(ToolError::Failed("no".to_owned()));
                return Some(Happening::ToolAnswer { call, output });
            }
            Act::AnswerWrongCall(_) => return None,
            Act::Log(text) => return Some(Happening::Logged(LogLevel::Info, text)),
            Act::Begin(span, name) => return Some(Happening::SpanBegan(u64::from(span), name)),
            Act::End(span) => return Some(Happening::SpanEnded(u64::from(span))),
        };
        self.next_ask += 1;
        Some(Happening::Asked(AskId(self.next_ask - 1), ask))
    }
}

fuzz_target!(|run: Run| {
    if run.agents.len() > 8 {
        return;
    }
    let deployment = Catalogue::built_in().deploy("h200-8", None).expect("it is built in");
    let spec: SyntheticSpec =
        toml::from_str("output_tokens = { fixed = 12 }").expect("a specification");
    let mut words = SyntheticWords::new(spec, 1, Arc::new(Tokenizer::default()));
    let plan = |task_index| SessionPlan {
        task_index,
        task: "task".into(),
        input: "".into(),
        tier: None,
    };
    let record = drive::run(Stage {
        sessions: (0..run.agents.len()).map(plan).collect(),
        load: Load::at_once(usize::from(run.at_once).max(1)),
        until: RunUntil::AllHaveEnded,
        deadline: run.deadline_ns.map(Span::from_nanos),
        budget_usd: None,
        routing: Default::default(),
        agent: "agent".into(),
        plugins: vec!["plugin".into()],
        agents: vec![ToolAgent { name: "deputy".into(), tools: tools() }],
        tools: tools(),
        machines: vec![Machine {
            name: "h200-8".into(),
            model: deployment.model.name.as_str().into(),
            tier: None,
            backend: Box::new(ModelledMachine::new(deployment)),
        }],
        words: &mut words,
        make_guests: &mut |_, plan| {
            let deputy = run.deputy.clone();
            SessionGuests {
                agent: Scripted::new(true, run.agents[plan.task_index].clone()),
                plugins: vec![Scripted::new(false, run.plugin.clone())],
                make_delegate: Box::new(move |_| Scripted::new(true, deputy.clone())),
            }
        },
        pace: &mut Jumping,
        on_step_end: &mut |_, _| {},
        on_session_end: &mut |_, _| {},
        http: Default::default(),
        threads: 1,
    })
    .expect("no machine fails");
    let calls = record.calls;
    assert_eq!(calls.asked, calls.answered + calls.failed + calls.cancelled);
    for session in &record.sessions {
        critical_path(session);
    }
});

fn tools() -> Tools {
    BTreeMap::from([
        ("tool".into(), ToolProvider::Plugin(0)),
        ("deputy".into(), ToolProvider::Agent(0)),
    ])
}
