//! Runs of the loop of `timeslip_timeline`, with agents of plain Rust, as slips.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use timeslip_gate::compose::{MachineFacts, RunFacts, compose};
use timeslip_gate::slip::{Bench, Machine as SlipMachine, Slip, WordsKind, WordsUsed};
use timeslip_timeline::account::critical_path;
use timeslip_timeline::backend::{Reply, SessionWords, UserReply, Words, WordsError};
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, FinishReason, Message, PromptPart, PromptPartKind, Role,
};
use timeslip_timeline::drive::{
    Load, Machine, RunUntil, SessionGuests, SessionPlan, Stage, ToolProvider, run,
};
use timeslip_timeline::guest::{
    Answer, Ask, AskId, Burst, Delivery, Guest, GuestState, GuestUse, Happening,
};
use timeslip_timeline::pace::Jumping;
use timeslip_timeline::route::Routing;
use timeslip_timeline::time::{Instant, Span};

use super::super::ReplayMachine;

/// One thing after the other that an agent does.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// A chat that adds so many tokens to the conversation, and whose reply has so many.
    Chat(u64, u64),
    /// A call of a tool that computes for so many nanoseconds.
    Tool(u64),
    /// A chat that is given up after so many nanoseconds.
    Impatient(u64),
    User(u64),
    Sleep(u64),
}

/// What a session does: chains of deeds, side by side.
pub(super) type Chains = Vec<Vec<Deed>>;

/// A run of these sessions on a machine, as a slip.
pub(super) fn driven(
    sessions: &[Chains],
    load: Load,
    deadline: Option<Span>,
    on: ReplayMachine,
) -> Slip {
    let plan =
        |task_index| SessionPlan { task_index, task: "task".into(), input: "".into(), tier: None };
    let machine = SlipMachine {
        name: on.name.to_string(),
        digest: None,
        model: on.model.to_string(),
        estimated: false,
        bands: None,
        endpoint: None,
    };
    let record = run(Stage {
        sessions: (0..sessions.len()).map(plan).collect(),
        load,
        until: RunUntil::AllHaveEnded,
        deadline,
        budget_usd: None,
        routing: Routing::default(),
        agent: "planner".into(),
        plugins: vec!["flights".into()],
        agents: Vec::new(),
        tools: BTreeMap::from([("look".into(), ToolProvider::Plugin(0))]),
        machines: vec![Machine { name: on.name, model: on.model, tier: None, backend: on.backend }],
        words: &mut Counted,
        make_guests: &mut |_, plan| {
            let agent = Agent::new(&sessions[plan.task_index]);
            SessionGuests::alone(Box::new(agent), vec![Box::new(Plugin)])
        },
        pace: &mut Jumping,
        on_step_end: &mut |_, _| {},
        on_session_end: &mut |_, _| {},
        http: Default::default(),
        threads: 1,
    })
    .expect("no machine fails");
    let shares: Vec<_> = record.sessions.iter().map(critical_path).collect();
    let facts = RunFacts {
        bench: Bench { name: "trips".to_owned(), digest: "sha256:00".to_owned() },
        seed: 1,
        machines: vec![MachineFacts { machine, error: on.error }],
        components: Vec::new(),
        words: WordsUsed { kind: WordsKind::Synthetic, digest: None },
        target_tokens_per_second: 1500,
    };
    compose(facts, &record, &shares)
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
            let Some(chain) = self.chains.iter_mut().find(|chain| chain.open.contains(&ask)) else {
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
    let sleep = |nanos: &u64| Ask::Sleep(Span::from_nanos(*nanos));
    match deed {
        Deed::Chat(input, output) => vec![chat(input, output)],
        Deed::Tool(nanos) => {
            vec![Ask::Tool { name: "look".into(), arguments: nanos.to_string().into() }]
        }
        Deed::Impatient(nanos) => vec![chat(&2_000, &5_000), sleep(nanos)],
        Deed::User(nanos) => vec![Ask::User { message: nanos.to_string() }],
        Deed::Sleep(nanos) => vec![sleep(nanos)],
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
                happenings.push((compute, Happening::ToolAnswer { call, output: Ok(arguments) }));
            }
        }
        Burst { happenings, compute, state: GuestState::Waiting, used: GuestUse::default() }
    }
}

/// Words that say how many tokens they are.
struct Counted;

fn part(message: &Message) -> PromptPart {
    let tokens = message.content.split(' ').next().and_then(|number| number.parse().ok());
    let mix = |hash: u64, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte));
    PromptPart {
        kind: PromptPartKind::Message(message.role),
        tokens: tokens.expect("a number of tokens"),
        digest: message.content.bytes().fold(7, mix),
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
