//! Real runs: the loop of `timeslip_timeline` with agents of plain Rust, on machines of the
//! simulator.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::account::critical_path;
use timeslip_timeline::backend::{Reply, SessionWords, UserReply, Words, WordsError};
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, FinishReason, Message, PromptPart, PromptPartKind, Role,
};
use timeslip_timeline::drive::{
    Load, Machine, RunUntil, SessionGuests, SessionPlan, Stage, ToolAgent, ToolProvider, Tools, run,
};
use timeslip_timeline::guest::{
    Answer, Ask, AskId, Burst, Delivery, Guest, GuestState, GuestUse, Happening,
};
use timeslip_timeline::pace::Jumping;
use timeslip_timeline::time::{Instant, Span};

use super::NamedMachine;
use crate::compose::compose;
use crate::examples;
use crate::slip::Slip;

const MODEL: &str = "llama-3.3-70b";

/// A machine of the simulator, idle.
pub(super) fn machines() -> Vec<NamedMachine> {
    let deployment = Catalogue::built_in().deploy("h200-8", Some(MODEL)).expect("it is built in");
    let backend = Box::new(ModelledMachine::new(deployment));
    vec![NamedMachine { name: "rack".into(), model: MODEL.into(), backend }]
}

/// One thing after the other that an agent does.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// A chat that adds so many tokens to the conversation, and whose reply has so many.
    Chat(u64, u64),
    /// A call of a tool that computes for so many nanoseconds.
    Tool(u64),
    /// Two tools at once; the first answer gives up the other.
    Race(u64, u64),
    /// A chat that is given up after so many nanoseconds.
    Impatient(u64),
    User(u64),
    Sleep(u64),
    /// Delegates a chat and a tool call behind it, and beside both a sleep.
    Delegate(u64, u64, u64),
}

/// What a session does: chains of deeds, side by side.
pub(super) type Chains = Vec<Vec<Deed>>;

/// A run of these sessions, as a slip.
pub(super) fn driven(sessions: &[Chains], load: Load, deadline: Option<Span>) -> Slip {
    let [machine] = <[NamedMachine; 1]>::try_from(machines()).ok().expect("one machine");
    let plan = |task_index| SessionPlan {
        task_index,
        task: format!("task-{}", task_index % 3).into(),
        input: "".into(),
        tier: None,
    };
    let record = run(Stage {
        sessions: (0..sessions.len()).map(plan).collect(),
        load,
        until: RunUntil::AllHaveEnded,
        deadline,
        budget_usd: None,
        routing: Default::default(),
        agent: "planner".into(),
        plugins: vec!["flights".into()],
        agents: vec![ToolAgent { name: "deputy".into(), tools: tools() }],
        tools: tools(),
        machines: vec![Machine {
            name: machine.name,
            model: machine.model,
            tier: None,
            backend: machine.backend,
        }],
        words: &mut Counted,
        make_guests: &mut |_, plan| SessionGuests {
            agent: Box::new(Agent::new(&sessions[plan.task_index])),
            plugins: vec![Box::new(Plugin)],
            make_delegate: Box::new(|task| Box::new(Agent::new(&chains_of(task.input)))),
        },
        pace: &mut Jumping,
        on_step_end: &mut |_, _| {},
        on_session_end: &mut |_, _| {},
        http: Default::default(),
        threads: 1,
    })
    .expect("no machine fails");
    let shares: Vec<_> = record.sessions.iter().map(critical_path).collect();
    let mut facts = examples::facts();
    facts.machines.truncate(1);
    MODEL.clone_into(&mut facts.machines[0].machine.model);
    compose(facts, &record, &shares)
}

fn tools() -> Tools {
    BTreeMap::from([
        ("look".into(), ToolProvider::Plugin(0)),
        ("deputy".into(), ToolProvider::Agent(0)),
    ])
}

/// What a delegated task asks for: see [`Deed::Delegate`].
fn chains_of(task: &str) -> Chains {
    let numbers: Vec<u64> = task.split(' ').map(|n| n.parse().expect("a number")).collect();
    let [output, tool, nanos] = numbers[..] else { panic!("three numbers: {task}") };
    vec![vec![Deed::Chat(30, output), Deed::Tool(tool)], vec![Deed::Sleep(nanos)]]
}

struct Chain {
    deeds: VecDeque<Deed>,
    messages: Vec<Message>,
    open: Vec<AskId>,
}

/// An agent that computes a little whenever it is woken.
struct Agent {
    chains: Vec<Chain>,
    asked: u64,
}

impl Agent {
    fn new(chains: &Chains) -> Agent {
        let chain = |(place, deeds): (usize, &Vec<Deed>)| Chain {
            deeds: deeds.iter().cloned().collect(),
            messages: vec![Message::text(Role::System, format!("50 {place}"))],
            open: Vec::new(),
        };
        Agent { chains: chains.iter().enumerate().map(chain).collect(), asked: 0 }
    }
}

impl Guest for Agent {
    fn resume(&mut self, _: Instant, deliveries: Vec<Delivery>) -> Burst {
        let mut happenings = Vec::new();
        let mut compute = Span::from_nanos(70);
        for delivery in deliveries {
            let Delivery::Answer(ask, answer) = delivery else {
                continue;
            };
            // Of two answers at one instant the first may give up the second.
            let chain = self.chains.iter_mut().find(|chain| chain.open.contains(&ask));
            let Some(chain) = chain else {
                continue;
            };
            chain.open.retain(|open| *open != ask);
            for given_up in chain.open.drain(..) {
                happenings.push((compute, Happening::Dropped(given_up)));
            }
            if let Answer::Chat(Ok(chat)) = answer {
                chain.messages.push(chat.message);
            }
        }
        for chain in &mut self.chains {
            while chain.open.is_empty()
                && let Some(deed) = chain.deeds.pop_front()
            {
                for ask in asks(&deed, &mut chain.messages) {
                    chain.open.push(AskId(self.asked));
                    happenings.push((compute, Happening::Asked(AskId(self.asked), ask)));
                    self.asked += 1;
                    compute += Span::from_nanos(11);
                }
            }
        }
        let over = self.chains.iter().all(|chain| chain.open.is_empty());
        let done = GuestState::Finished(Ok("done".to_owned()));
        let state = if over { done } else { GuestState::Waiting };
        Burst { happenings, compute, state, used: GuestUse::default() }
    }
}

fn asks(deed: &Deed, messages: &mut Vec<Message>) -> Vec<Ask> {
    let tool = |nanos: &u64| Ask::Tool { name: "look".into(), arguments: nanos.to_string().into() };
    let mut chat = |input: &u64, output: &u64| {
        messages.push(Message::text(Role::User, format!("{input} {output}")));
        let request = ChatRequest {
            model: None,
            messages: messages.clone(),
            tools: Vec::new(),
            options: ChatOptions::default(),
        };
        Ask::Chat { request: Arc::new(request), stream: false }
    };
    match deed {
        Deed::Chat(input, output) => vec![chat(input, output)],
        Deed::Tool(nanos) => vec![tool(nanos)],
        Deed::Race(first, second) => vec![tool(first), tool(second)],
        Deed::Impatient(nanos) => {
            vec![chat(&2_000, &5_000), Ask::Sleep(Span::from_nanos(*nanos))]
        }
        Deed::User(nanos) => vec![Ask::User { message: nanos.to_string() }],
        Deed::Sleep(nanos) => vec![Ask::Sleep(Span::from_nanos(*nanos))],
        Deed::Delegate(output, tool, nanos) => {
            let arguments = format!(r#"{{"task":"{output} {tool} {nanos}"}}"#);
            vec![Ask::Tool { name: "deputy".into(), arguments: arguments.into() }]
        }
    }
}

/// A plugin that computes for as long as it is told.
struct Plugin;

impl Guest for Plugin {
    fn resume(&mut self, _: Instant, deliveries: Vec<Delivery>) -> Burst {
        let mut compute = Span::ZERO;
        let mut happenings = Vec::new();
        for delivery in deliveries {
            if let Delivery::ToolCall { call, arguments, .. } = delivery {
                compute += Span::from_nanos(arguments.parse().expect("nanoseconds"));
                let output = Ok(arguments);
                happenings.push((compute, Happening::ToolAnswer { call, output }));
            }
        }
        Burst { happenings, compute, state: GuestState::Waiting, used: GuestUse::default() }
    }
}

/// Words that say how many tokens they are.
struct Counted;

fn part(message: &Message) -> PromptPart {
    let tokens = message.content.split(' ').next().and_then(|number| number.parse().ok());
    let digest = message
        .content
        .bytes()
        .fold(7, |hash: u64, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    PromptPart {
        kind: PromptPartKind::Message(message.role),
        tokens: tokens.expect("a number of tokens"),
        digest,
    }
}

impl Words for Counted {
    fn reply(&mut self, _: &SessionWords, request: &ChatRequest) -> Result<Reply, WordsError> {
        let prompt: Arc<[PromptPart]> = request.messages.iter().map(part).collect();
        let asked = &request.messages.last().expect("an agent asks something").content;
        let (_, output) = asked.split_once(' ').expect("two numbers");
        let message = Message::text(Role::Assistant, format!("{output} of {asked}"));
        Ok(Reply {
            recorded: None,
            reply_part: Some(part(&message)),
            message,
            finish_reason: FinishReason::Stop,
            input_tokens: prompt.iter().map(|part| part.tokens).sum::<u64>() + 3,
            output_tokens: output.parse().expect("a number of tokens"),
            prompt,
        })
    }

    fn user_answer(&mut self, _: &SessionWords, question: &str) -> Result<UserReply, WordsError> {
        let after = Span::from_nanos(question.parse().expect("nanoseconds"));
        Ok(UserReply::Answer { text: "yes".to_owned(), after })
    }
}
