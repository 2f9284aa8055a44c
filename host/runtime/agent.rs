//! Agents: components that export `run`.

use std::sync::Arc;
use std::task::Poll;

use timeslip_timeline::guest::{Burst, Delivery, Guest, GuestState, StopCause};
use timeslip_timeline::time::Instant;

use crate::bindings::agent::AgentPre;
use crate::bindings::agent::timeslip::agent::types as wit;
use crate::bindings::agent_blocking::AgentBlockingPre;
use crate::context::Context;
pub use crate::context::Setup;
use crate::desk::Desk;
pub use crate::desk::PicosecondsPerFuel;
use crate::engine::Runtime;
use crate::error::LoadError;
use crate::poll::{GuestFuture, poll_until_waiting};
use crate::session::SessionState;
use crate::stop::stop_cause;
use crate::wasi::stdio;
use crate::world::{World, agent_world};

/// What an agent is to do.
#[derive(Clone, Copy, Debug)]
pub struct AgentTask<'a> {
    /// The task's name.
    pub name: &'a str,
    /// The task itself.
    pub input: &'a str,
    /// Which of the session's tasks: 0 is the session's own, others are delegated.
    pub number: usize,
}

/// An agent, ready to be instantiated.
#[derive(Clone)]
pub struct AgentComponent {
    runtime: Arc<Runtime>,
    instance: AgentInstance,
}

#[derive(Clone)]
enum AgentInstance {
    Async(AgentPre<Context>),
    Blocking(AgentBlockingPre<Context>),
}

/// How `run` ended: the answer, the agent's own failure, or a stop.
type AgentEnd = Result<Result<String, String>, StopCause>;

impl AgentComponent {
    /// Compiles and links an agent.
    ///
    /// # Errors
    /// When the bytes are no component, or one of another world; the message names the import or
    /// export that does not fit.
    pub fn load(runtime: &Arc<Runtime>, name: &str, bytes: &[u8]) -> Result<Self, LoadError> {
        let component = runtime.compile(name, bytes)?;
        let world = agent_world(runtime.engine(), name, &component)?;
        let wrong = |error: wasmtime::Error| LoadError::WrongWorld {
            name: name.to_owned(),
            wanted: "timeslip:agent/agent@0.1.0",
            problem: format!("{error:#}"),
        };
        let linker = runtime.linkers().get(runtime.engine(), world);
        let linked = linker.instantiate_pre(&component).map_err(wrong)?;
        let instance = match world {
            World::AgentBlocking => {
                AgentInstance::Blocking(AgentBlockingPre::new(linked).map_err(wrong)?)
            }
            _ => AgentInstance::Async(AgentPre::new(linked).map_err(wrong)?),
        };
        Ok(AgentComponent { runtime: runtime.clone(), instance })
    }

    /// A guest that does one task in one session.
    pub fn guest(
        &self,
        setup: &Arc<Setup>,
        session: &SessionState,
        task: AgentTask<'_>,
    ) -> Box<dyn Guest> {
        let AgentTask { name, input, number } = task;
        let desk = Arc::new(Desk::new(setup.pace, setup.limits.fuel));
        let task = wit::Task { name: name.to_owned(), input: input.to_owned() };
        let context = Context::new(setup.clone(), session.clone(), number, desk.clone());
        let future = run_agent(self.clone(), context, task);
        Box::new(AgentGuest { desk, session: session.clone(), future: Box::pin(future) })
    }
}

struct AgentGuest {
    desk: Arc<Desk>,
    session: SessionState,
    future: GuestFuture<AgentEnd>,
}

impl Guest for AgentGuest {
    fn resume(&mut self, now: Instant, deliveries: Vec<Delivery>) -> Burst {
        self.desk.begin_burst(now);
        for delivery in deliveries {
            match delivery {
                Delivery::Start => self.desk.begin_session(self.session.began(now)),
                Delivery::Answer(ask, answer) => self.desk.answer(ask, answer),
                Delivery::ToolCall { .. } => unreachable!("agents export no tools"),
            }
        }
        let state = match poll_until_waiting(&mut self.future) {
            Poll::Pending => GuestState::Waiting,
            Poll::Ready(Ok(result)) => GuestState::Finished(result),
            Poll::Ready(Err(cause)) => GuestState::Stopped(cause),
        };
        self.desk.end_burst(state)
    }
}

async fn run_agent(agent: AgentComponent, context: Context, task: wit::Task) -> AgentEnd {
    let desk = context.desk.clone();
    let limits = context.setup.limits;
    let mut store = context.into_store(&agent.runtime);
    let ran = match &agent.instance {
        AgentInstance::Async(instance) => run_async(instance, &mut store, task).await,
        AgentInstance::Blocking(instance) => run_blocking(instance, &mut store, task).await,
    };
    desk.note_fuel(store.get_fuel().unwrap_or(0));
    let flushed = stdio::flush(store.data_mut());
    match ran.and_then(|ended| flushed.map(|()| ended)) {
        Ok(Ok(outcome)) => Ok(Ok(outcome.answer)),
        Ok(Err(failure)) => Ok(Err(failure.message)),
        Err(error) => Err(stop_cause(&error, &limits, store.data())),
    }
}

async fn run_async(
    instance: &AgentPre<Context>,
    store: &mut wasmtime::Store<Context>,
    task: wit::Task,
) -> wasmtime::Result<Result<wit::Outcome, wit::Failure>> {
    let agent = instance.instantiate_async(&mut *store).await?;
    store.run_concurrent(async |accessor| agent.call_run(accessor, task).await).await?
}

async fn run_blocking(
    instance: &AgentBlockingPre<Context>,
    store: &mut wasmtime::Store<Context>,
    task: wit::Task,
) -> wasmtime::Result<Result<wit::Outcome, wit::Failure>> {
    let agent = instance.instantiate_async(&mut *store).await?;
    agent.call_run(store, &task).await
}
