//! Tool plugins: components that export tools. Each session has an instance of its own.

use std::sync::Arc;
use std::task::Poll;

use futures_util::stream::{FuturesUnordered, StreamExt};
use timeslip_timeline::backend::SessionId;
use timeslip_timeline::conversation::{ToolDefinition, ToolError};
use timeslip_timeline::guest::{Burst, Delivery, Guest, GuestState, Happening, StopCause};
use timeslip_timeline::time::Instant;
use wasmtime::AsContextMut;

use crate::bindings::agent::timeslip::agent::types as wit;
use crate::bindings::tool::ToolPre;
use crate::bindings::tool_blocking::ToolBlockingPre;
use crate::context::{Context, Setup};
use crate::convert;
use crate::desk::{Desk, IncomingCall};
use crate::engine::Runtime;
use crate::error::LoadError;
use crate::files::FileGrant;
use crate::poll::{GuestFuture, poll_until_waiting};
use crate::session::SessionState;
use crate::stop::stop_cause;
use crate::wasi::stdio;
use crate::world::{World, tool_world};

mod output;

use output::OutputRules;

/// A tool plugin, ready to be instantiated.
#[derive(Clone)]
pub struct PluginComponent {
    runtime: Arc<Runtime>,
    instance: PluginInstance,
    definitions: Arc<[ToolDefinition]>,
    rules: Arc<OutputRules>,
}

#[derive(Clone)]
enum PluginInstance {
    Async(ToolPre<Context>),
    Blocking(ToolBlockingPre<Context>),
}

impl PluginComponent {
    /// Compiles and links a plugin, and asks it for its tools.
    ///
    /// # Errors
    /// When the bytes are no component, or one of another world, or the definitions are not usable.
    pub fn load(
        runtime: &Arc<Runtime>,
        name: &str,
        bytes: &[u8],
        setup: &Arc<Setup>,
    ) -> Result<Self, LoadError> {
        let component = runtime.compile(name, bytes)?;
        let world = tool_world(runtime.engine(), name, &component)?;
        let wrong = |error: wasmtime::Error| LoadError::WrongWorld {
            name: name.to_owned(),
            wanted: "timeslip:tool/tool@0.1.0",
            problem: format!("{error:#}"),
        };
        let linker = runtime.linkers().get(runtime.engine(), world);
        let linked = linker.instantiate_pre(&component).map_err(wrong)?;
        let instance = match world {
            World::ToolBlocking => {
                PluginInstance::Blocking(ToolBlockingPre::new(linked).map_err(wrong)?)
            }
            _ => PluginInstance::Async(ToolPre::new(linked).map_err(wrong)?),
        };
        let unusable = |problem| LoadError::Definitions { name: name.to_owned(), problem };
        let definitions = ask_definitions(runtime, &instance, setup).map_err(unusable)?;
        let rules = OutputRules::new(&definitions).map_err(unusable)?;
        Ok(PluginComponent {
            runtime: runtime.clone(),
            instance,
            definitions: definitions.into(),
            rules: Arc::new(rules),
        })
    }

    /// The plugin's tools, in its own order.
    pub fn definitions(&self) -> &[ToolDefinition] {
        &self.definitions
    }

    /// A guest that answers one session's calls.
    pub fn guest(&self, setup: &Arc<Setup>, session: &SessionState) -> Box<dyn Guest> {
        let desk = Arc::new(Desk::new(setup.pace, setup.limits.fuel));
        let context = Context::new(setup.clone(), session.clone(), 0, desk.clone());
        // Instantiated by the first call: many sessions never use a tool.
        let future = Box::pin(serve_calls(self.clone(), context));
        Box::new(PluginGuest { desk, session: session.clone(), future, started: false })
    }
}

struct PluginGuest {
    desk: Arc<Desk>,
    session: SessionState,
    future: GuestFuture<StopCause>,
    started: bool,
}

impl Guest for PluginGuest {
    fn resume(&mut self, now: Instant, deliveries: Vec<Delivery>) -> Burst {
        if !std::mem::replace(&mut self.started, true) {
            self.desk.begin_session(self.session.began(now));
        }
        self.desk.begin_burst(now);
        for delivery in deliveries {
            match delivery {
                Delivery::ToolCall { call, name, arguments } => {
                    self.desk.push_call(IncomingCall { call, name, arguments });
                }
                Delivery::Answer(ask, answer) => self.desk.answer(ask, answer),
                Delivery::Start => unreachable!("plugins have no task"),
            }
        }
        let state = match poll_until_waiting(&mut self.future) {
            Poll::Pending => GuestState::Waiting,
            Poll::Ready(cause) => GuestState::Stopped(cause),
        };
        self.desk.end_burst(state)
    }
}

/// Serves calls for as long as the session lasts; ends only when the plugin is stopped.
async fn serve_calls(plugin: PluginComponent, context: Context) -> StopCause {
    let desk = context.desk.clone();
    let limits = context.setup.limits;
    let mut store = context.into_store(&plugin.runtime);
    let served = match &plugin.instance {
        PluginInstance::Async(instance) => {
            serve_async(instance, &mut store, &desk, &plugin.rules).await
        }
        PluginInstance::Blocking(instance) => {
            serve_blocking(instance, &mut store, &desk, &plugin.rules).await
        }
    };
    desk.note_fuel(store.get_fuel().unwrap_or(0));
    match served {
        Ok(never) => match never {},
        Err(error) => {
            // The journal's limit matters no more.
            let _ = stdio::flush(store.data_mut());
            stop_cause(&error, &limits, store.data())
        }
    }
}

enum Never {}

async fn serve_async(
    instance: &ToolPre<Context>,
    store: &mut wasmtime::Store<Context>,
    desk: &Arc<Desk>,
    rules: &OutputRules,
) -> wasmtime::Result<Never> {
    let tool = instance.instantiate_async(&mut *store).await?;
    let plugin = tool.timeslip_tool_plugin();
    store
        .run_concurrent(async |accessor| -> wasmtime::Result<Never> {
            let mut running = FuturesUnordered::new();
            loop {
                match next_event(desk, &mut running).await {
                    Event::Call(incoming) => running.push(async move {
                        let IncomingCall { call, name, arguments } = incoming;
                        let output = plugin
                            .call_call(accessor, name.to_string(), arguments.to_string())
                            .await?;
                        accessor.with(|mut access| -> wasmtime::Result<()> {
                            let fuel = access.as_context_mut().get_fuel()?;
                            answer_call(access.get(), rules, fuel, call, &name, output)
                        })
                    }),
                    Event::Ended(ended) => ended?,
                }
            }
        })
        .await?
}

enum Event {
    Call(IncomingCall),
    Ended(wasmtime::Result<()>),
}

/// A new call, or the end of one that runs; calls first, in the order of their arrival.
async fn next_event<F: Future<Output = wasmtime::Result<()>>>(
    desk: &Desk,
    running: &mut FuturesUnordered<F>,
) -> Event {
    std::future::poll_fn(|task| {
        if let Some(call) = desk.poll_call(task.waker()) {
            return Poll::Ready(Event::Call(call));
        }
        match running.poll_next_unpin(task) {
            Poll::Ready(Some(ended)) => Poll::Ready(Event::Ended(ended)),
            _ => Poll::Pending,
        }
    })
    .await
}

async fn serve_blocking(
    instance: &ToolBlockingPre<Context>,
    store: &mut wasmtime::Store<Context>,
    desk: &Arc<Desk>,
    rules: &OutputRules,
) -> wasmtime::Result<Never> {
    let tool = instance.instantiate_async(&mut *store).await?;
    let plugin = tool.timeslip_tool_plugin_blocking();
    loop {
        let next = std::future::poll_fn(|task| match desk.poll_call(task.waker()) {
            Some(call) => Poll::Ready(call),
            None => Poll::Pending,
        });
        let IncomingCall { call, name, arguments } = next.await;
        let output = plugin.call_call(&mut *store, &name, &arguments).await?;
        let fuel = store.get_fuel()?;
        answer_call(store.data_mut(), rules, fuel, call, &name, output)?;
    }
}

fn answer_call(
    context: &mut Context,
    rules: &OutputRules,
    fuel: u64,
    call: u64,
    name: &str,
    output: Result<String, wit::ToolError>,
) -> wasmtime::Result<()> {
    context.desk.note_fuel(fuel);
    // Nobody may call again, so what the call has printed is whole now.
    stdio::flush(context)?;
    let output = match output {
        Ok(text) => match rules.problem(name, &text) {
            None => Ok(Arc::from(text)),
            Some(problem) => Err(ToolError::InvalidOutput(problem)),
        },
        Err(error) => Err(convert::tool_error(error)),
    };
    context.desk.happened(Happening::ToolAnswer { call, output });
    Ok(())
}

/// Asks for the definitions in an instance of its own, where nothing is granted.
fn ask_definitions(
    runtime: &Arc<Runtime>,
    instance: &PluginInstance,
    setup: &Arc<Setup>,
) -> Result<Vec<ToolDefinition>, String> {
    let desk = Arc::new(Desk::new(setup.pace, setup.limits.fuel));
    let bare = Arc::new(Setup {
        files: FileGrant::default(),
        http: Arc::default(),
        config: Default::default(),
        ..(**setup).clone()
    });
    let limits = bare.limits;
    let nowhere = SessionState::new(SessionId(u32::MAX), bare.budgets);
    let mut store = Context::new(bare, nowhere, 0, desk).into_store(runtime);
    let instance = instance.clone();
    let mut future: GuestFuture<Result<Vec<wit::ToolDefinition>, StopCause>> =
        Box::pin(async move {
            let asked = match &instance {
                PluginInstance::Async(instance) => definitions_async(instance, &mut store).await,
                PluginInstance::Blocking(instance) => {
                    definitions_blocking(instance, &mut store).await
                }
            };
            asked.map_err(|error| stop_cause(&error, &limits, store.data()))
        });
    match poll_until_waiting(&mut future) {
        Poll::Ready(Ok(definitions)) => {
            Ok(definitions.into_iter().map(convert::tool_definition).collect())
        }
        Poll::Ready(Err(cause)) => Err(format!("`definitions` failed: {}", cause.message)),
        Poll::Pending => {
            Err("`definitions` waits for something; it must answer at once".to_owned())
        }
    }
}

async fn definitions_async(
    instance: &ToolPre<Context>,
    store: &mut wasmtime::Store<Context>,
) -> wasmtime::Result<Vec<wit::ToolDefinition>> {
    let tool = instance.instantiate_async(&mut *store).await?;
    tool.timeslip_tool_plugin().call_definitions(store).await
}

async fn definitions_blocking(
    instance: &ToolBlockingPre<Context>,
    store: &mut wasmtime::Store<Context>,
) -> wasmtime::Result<Vec<wit::ToolDefinition>> {
    let tool = instance.instantiate_async(&mut *store).await?;
    tool.timeslip_tool_plugin_blocking().call_definitions(store).await
}
