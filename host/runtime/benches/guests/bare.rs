//! The floor: the same component under wasmtime alone, with host functions that do nothing, no
//! grants, no desk and no loop.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use wasmtime::component::{Accessor, Component, HasSelf, Linker, Resource, ResourceTable};
use wasmtime::{Config, Engine, PoolingAllocationConfig, Store};

mod contract {
    wasmtime::component::bindgen!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:agent/agent",
        imports: { default: trappable },
        exports: { default: async },
        with: {
            "timeslip:agent/model.chat-stream": super::Nothing,
            "timeslip:agent/session.span": super::Nothing,
        },
    });
}

use contract::AgentPre;
use contract::timeslip::agent::{model, session, tools, types, user};

/// Stands for resources that no benchmark uses.
pub struct Nothing;

/// What a bare store carries.
#[derive(Default)]
pub struct Bare {
    table: ResourceTable,
    chats_wait: bool,
}

/// A component under wasmtime alone.
pub struct BareAgent {
    engine: Engine,
    instance: AgentPre<Bare>,
}

/// The engine, with the settings that `guests` are run with.
pub fn engine(instances: u32) -> Engine {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(instances)
        .total_core_instances(instances * 8)
        .total_memories(instances * 2)
        .total_tables(instances * 8)
        .total_stacks(instances)
        .max_memory_size(256 << 20)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(20_000)
        .max_unused_warm_slots(64);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .memory_may_move(false)
        .allocation_strategy(pool);
    Engine::new(&config).expect("the engine can be set up")
}

impl BareAgent {
    pub fn new(engine: &Engine, bytes: &[u8]) -> BareAgent {
        let component = Component::from_binary(engine, bytes).expect("the probe compiles");
        let mut linker = Linker::<Bare>::new(engine);
        contract::Agent::add_to_linker::<_, HasSelf<Bare>>(&mut linker, |bare| bare)
            .expect("no function is defined twice");
        let linked = linker.instantiate_pre(&component).expect("the probe links");
        BareAgent {
            engine: engine.clone(),
            instance: AgentPre::new(linked).expect("it is an agent"),
        }
    }

    /// One instance that does one task.
    pub async fn run(&self, line: String, chats_wait: bool) -> String {
        let mut store = Store::new(&self.engine, Bare { chats_wait, ..Bare::default() });
        store.set_fuel(10_000_000_000).expect("the engine meters fuel");
        store.set_epoch_deadline(u64::MAX / 2);
        let agent = self.instance.instantiate_async(&mut store).await.expect("it instantiates");
        let task = types::Task { name: "task".to_owned(), input: line };
        let ran = store.run_concurrent(async |accessor| agent.call_run(accessor, task).await).await;
        ran.expect("no trap").expect("no trap").expect("the probe succeeds").answer
    }

    /// The same, shared.
    pub fn shared(self) -> Arc<BareAgent> {
        Arc::new(self)
    }
}

impl types::Host for Bare {}
impl model::Host for Bare {}
impl tools::Host for Bare {
    fn list(&mut self) -> wasmtime::Result<Vec<types::ToolDefinition>> {
        Ok(Vec::new())
    }
}
impl user::Host for Bare {}

impl session::Host for Bare {
    fn log(&mut self, _: types::LogLevel, _: String) -> wasmtime::Result<()> {
        Ok(())
    }
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(0)
    }
    fn random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(0)
    }
    fn random_bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        Ok(vec![0; length as usize])
    }
    fn config(&mut self, _: String) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
    fn budget_left(&mut self) -> wasmtime::Result<types::Budget> {
        Ok(types::Budget {
            time_ns: None,
            model_calls: None,
            tool_calls: None,
            output_tokens: None,
        })
    }
}

impl session::HostSpan for Bare {
    fn new(&mut self, _: String) -> wasmtime::Result<Resource<Nothing>> {
        Ok(self.table.push(Nothing)?)
    }
    fn drop(&mut self, span: Resource<Nothing>) -> wasmtime::Result<()> {
        self.table.delete(span)?;
        Ok(())
    }
}

impl session::HostWithStore<Bare> for HasSelf<Bare> {
    async fn sleep(_: &Accessor<Bare, Self>, _: u64) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl model::HostChatStream for Bare {
    fn new(&mut self, _: types::ChatRequest) -> wasmtime::Result<Resource<Nothing>> {
        Ok(self.table.push(Nothing)?)
    }
    fn drop(&mut self, stream: Resource<Nothing>) -> wasmtime::Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}

impl model::HostChatStreamWithStore<Bare> for HasSelf<Bare> {
    async fn next(
        _: &Accessor<Bare, Self>,
        _: Resource<Nothing>,
    ) -> wasmtime::Result<Result<Option<types::ChatChunk>, types::ModelError>> {
        Ok(Ok(None))
    }
    async fn finish(
        _: &Accessor<Bare, Self>,
        _: Resource<Nothing>,
    ) -> wasmtime::Result<Result<types::ChatReply, types::ModelError>> {
        Ok(Err(types::ModelError::Unavailable(String::new())))
    }
}

impl model::HostWithStore<Bare> for HasSelf<Bare> {
    async fn chat(
        accessor: &Accessor<Bare, Self>,
        _: types::ChatRequest,
    ) -> wasmtime::Result<Result<types::ChatReply, types::ModelError>> {
        if accessor.with(|mut store| store.get().chats_wait) {
            poll_fn(|_| Poll::<()>::Pending).await;
        }
        Ok(Ok(reply()))
    }
}

impl tools::HostWithStore<Bare> for HasSelf<Bare> {
    async fn call(
        _: &Accessor<Bare, Self>,
        _: String,
        _: String,
    ) -> wasmtime::Result<Result<String, types::ToolError>> {
        Ok(Ok(String::new()))
    }
}

impl user::HostWithStore<Bare> for HasSelf<Bare> {
    async fn ask(
        _: &Accessor<Bare, Self>,
        _: String,
    ) -> wasmtime::Result<Result<String, types::UserError>> {
        Ok(Ok(String::new()))
    }
}

fn reply() -> types::ChatReply {
    types::ChatReply {
        message: types::Message {
            role: types::Role::Assistant,
            content: "hello".to_owned(),
            tool_calls: Vec::new(),
            tool_call_id: None,
        },
        finish_reason: types::FinishReason::Stop,
        usage: types::Usage { input_tokens: 1, cached_input_tokens: 0, output_tokens: 1 },
        timing: types::Timing {
            queue_ns: 0,
            prefill_ns: 0,
            transfer_ns: 0,
            decode_ns: 0,
            time_to_first_token_ns: 0,
            end_to_end_ns: 0,
        },
        model: "model".to_owned(),
        machine: "machine".to_owned(),
    }
}
