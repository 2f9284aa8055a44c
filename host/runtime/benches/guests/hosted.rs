//! The same component under this crate: grants, limits, desk, and answers as the loop gives them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use timeslip_runtime::agent::{AgentComponent, AgentTask, PicosecondsPerFuel, Setup};
use timeslip_runtime::engine::{Runtime, RuntimeOptions};
use timeslip_runtime::grants::{Budgets, ModelGrant};
use timeslip_runtime::limits::Limits;
use timeslip_runtime::room::Room;
use timeslip_runtime::session::SessionState;
use timeslip_timeline::backend::{ChatTiming, SessionId};
use timeslip_timeline::conversation::{FinishReason, Message, Role, Usage};
use timeslip_timeline::guest::{
    Answer, Ask, AskId, ChatAnswer, Delivery, Guest, GuestState, Happening,
};
use timeslip_timeline::time::Instant;

/// A runtime with room for so many instances.
pub fn runtime(room: Room, cache_folder: Option<PathBuf>) -> Arc<Runtime> {
    let limits = Limits::standard();
    let options = RuntimeOptions {
        room,
        memory_bytes: limits.memory_bytes,
        table_elements: limits.table_elements,
        cache_folder,
    };
    Arc::new(Runtime::new(&options).expect("the engine can be set up"))
}

/// What every session of an agent has in common.
pub fn setup() -> Arc<Setup> {
    Arc::new(Setup {
        name: "agent".into(),
        seed: 0,
        pace: PicosecondsPerFuel(110),
        limits: Limits::standard(),
        config: BTreeMap::new(),
        deadline: None,
        models: ModelGrant::Every,
        default_model: "model".into(),
        budgets: Budgets::default(),
        tools: Vec::new(),
        table: "[agent]".into(),
        files: Default::default(),
        http: Arc::default(),
    })
}

/// One guest that does one task, answered at once whenever it asks.
pub fn run(agent: &AgentComponent, setup: &Arc<Setup>, budgets: Budgets, line: &str) -> String {
    let session = SessionState::new(SessionId(0), budgets);
    let mut guest =
        agent.guest(setup, &session, AgentTask { name: "task", input: line, number: 0 });
    let mut deliveries = vec![Delivery::Start];
    loop {
        let burst = guest.resume(Instant::ZERO, deliveries);
        match burst.state {
            GuestState::Finished(answer) => return answer.expect("the agent succeeds"),
            GuestState::Stopped(cause) => panic!("{}", cause.message),
            GuestState::Waiting => {}
        }
        deliveries =
            burst.happenings.into_iter().filter_map(|(_, happening)| answer(happening)).collect();
        assert!(!deliveries.is_empty(), "the agent waits for nothing");
    }
}

/// A guest that waits in a chat.
pub fn waiting(
    agent: &AgentComponent,
    setup: &Arc<Setup>,
    session: u32,
    line: &str,
) -> Box<dyn Guest> {
    let session = SessionState::new(SessionId(session), Budgets::default());
    let mut guest =
        agent.guest(setup, &session, AgentTask { name: "task", input: line, number: 0 });
    let burst = guest.resume(Instant::ZERO, vec![Delivery::Start]);
    assert_eq!(burst.state, GuestState::Waiting);
    guest
}

fn answer(happening: Happening) -> Option<Delivery> {
    match happening {
        Happening::Asked(ask, Ask::Chat { .. }) => Some(chat_answer(ask)),
        Happening::Asked(ask, Ask::Sleep(_)) => Some(Delivery::Answer(ask, Answer::Slept)),
        _ => None,
    }
}

fn chat_answer(ask: AskId) -> Delivery {
    let answer = ChatAnswer {
        message: Message::text(Role::Assistant, "hello"),
        finish_reason: FinishReason::Stop,
        usage: Usage { input_tokens: 1, cached_input_tokens: 0, output_tokens: 1 },
        timing: ChatTiming::default(),
        model: "model".into(),
        machine: "machine".into(),
    };
    Delivery::Answer(ask, Answer::Chat(Ok(answer)))
}
