//! What a store carries: the session's facts, what is left of its limits, and the desk.

use std::collections::BTreeMap;
use std::sync::Arc;

use timeslip_timeline::chance::Chance;
use timeslip_timeline::conversation::ToolDefinition;
use timeslip_timeline::time::Span;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store};

use crate::desk::{Desk, PicosecondsPerFuel};
use crate::engine::Runtime;
use crate::files::{FileGrant, FileView};
use crate::grants::{Budgets, ModelGrant};
use crate::http_grant::HttpGrant;
use crate::limits::Limits;
use crate::session::SessionState;
use crate::stop::LimitHit;
use crate::wasi::stdio::Stdio;

/// What every session of a component has in common.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The component's name in the bench.
    pub name: Arc<str>,
    /// The seed of the run.
    pub seed: u64,
    /// How fast the host computes.
    pub pace: PicosecondsPerFuel,
    /// What an instance may use.
    pub limits: Limits,
    /// The bench's configuration for the component.
    pub config: BTreeMap<String, String>,
    /// The session's deadline, as the component may learn it.
    pub deadline: Option<Span>,
    /// The models that may be asked.
    pub models: ModelGrant,
    /// The table of the bench that grants them, for refusals: `[agent]`.
    pub table: Arc<str>,
    /// The model that answers requests which name none.
    pub default_model: Arc<str>,
    /// The session's budgets.
    pub budgets: Budgets,
    /// The tools that are mounted, for an agent.
    pub tools: Vec<ToolDefinition>,
    /// The files that are granted.
    pub files: FileGrant,
    /// The addresses that are granted, for a plugin.
    pub http: Arc<HttpGrant>,
}

/// What a guest has of WASI alone.
pub(crate) struct WasiState {
    pub(crate) stdio: Stdio,
    pub(crate) chance: Chance,
}

/// The most things that a guest may hold at once: streams, descriptors, pollables, asks.
const RESOURCES_MAX: usize = 100_000;

/// What a store carries.
pub(crate) struct Context {
    pub(crate) setup: Arc<Setup>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) table: ResourceTable,
    pub(crate) chance: Chance,
    pub(crate) session: SessionState,
    pub(crate) memory: MemoryLimiter,
    /// The session's files, as far as they are granted.
    pub(crate) files: Option<FileView>,
    pub(crate) wasi: WasiState,
    host_calls_left: u64,
    journal_lines_left: u64,
    journal_bytes_left: u64,
    next_span: u64,
}

impl Context {
    /// `number` tells the instances of an agent apart that does several tasks in one session.
    pub(crate) fn new(
        setup: Arc<Setup>,
        session: SessionState,
        number: usize,
        desk: Arc<Desk>,
    ) -> Context {
        let index = u64::from(session.id().0);
        // Each instance of an agent that is a tool draws numbers of its own.
        let name = match number {
            0 => setup.name.to_string(),
            _ => format!("{} {number}", setup.name),
        };
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let limits = setup.limits;
        let memory = MemoryLimiter {
            limits,
            desk: desk.clone(),
            memory_bytes: 0,
            table_elements: 0,
            denied_bytes: None,
        };
        Context {
            desk,
            table,
            chance: Chance::new(setup.seed, &name, index),
            files: session.view(&setup.files, limits.written_bytes),
            wasi: WasiState {
                stdio: Stdio::default(),
                chance: Chance::new(setup.seed, &format!("wasi of {name}"), index),
            },
            session,
            memory,
            host_calls_left: limits.host_calls,
            journal_lines_left: limits.journal_lines,
            journal_bytes_left: limits.journal_bytes,
            next_span: 0,
            setup,
        }
    }

    /// A store for one instance, with all of its limits.
    pub(crate) fn into_store(self, runtime: &Runtime) -> Store<Context> {
        let limits = self.setup.limits;
        let mut store = Store::new(runtime.engine(), self);
        store.limiter(|context| &mut context.memory);
        store.set_fuel(limits.fuel).expect("the engine meters fuel");
        store.set_hostcall_fuel(limits.boundary_bytes);
        crate::stop::watch_wall_time(&mut store, runtime, limits.burst_wall_time);
        store
    }

    /// Counts a host call.
    pub(crate) fn count_host_call(&mut self) -> wasmtime::Result<()> {
        match self.host_calls_left.checked_sub(1) {
            Some(left) => {
                self.host_calls_left = left;
                Ok(())
            }
            None => {
                let limit = self.setup.limits.host_calls;
                let message = format!("the component made more than {limit} host calls");
                Err(LimitHit { kind: "too_many_host_calls", message }.into())
            }
        }
    }

    /// Counts a line of the journal.
    pub(crate) fn count_journal_line(&mut self, bytes: usize) -> wasmtime::Result<()> {
        let limits = self.setup.limits;
        let left = self.journal_bytes_left.checked_sub(bytes as u64);
        let (Some(lines), Some(bytes)) = (self.journal_lines_left.checked_sub(1), left) else {
            let message = format!(
                "the component wrote more to the journal than its limit of {} lines and {} bytes",
                limits.journal_lines, limits.journal_bytes
            );
            return Err(LimitHit { kind: "journal_full", message }.into());
        };
        self.journal_lines_left = lines;
        self.journal_bytes_left = bytes;
        Ok(())
    }

    /// A number for a new span of the journal.
    pub(crate) fn number_span(&mut self) -> u64 {
        self.next_span += 1;
        self.next_span
    }
}

/// How many tables of an instance may be as large as one may be.
const FULL_TABLES: usize = 8;

/// Keeps memories and tables inside their limits, and remembers that it had to.
pub(crate) struct MemoryLimiter {
    limits: Limits,
    desk: Arc<Desk>,
    memory_bytes: usize,
    table_elements: usize,
    pub(crate) denied_bytes: Option<usize>,
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.memory_bytes.saturating_add(desired - current);
        if wanted > self.limits.memory_bytes {
            self.denied_bytes = Some(wanted);
            return Ok(false);
        }
        self.memory_bytes = wanted;
        self.desk.note_memory(wanted as u64);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let all = self.table_elements.saturating_add(desired - current);
        let most = self.limits.table_elements.saturating_mul(FULL_TABLES);
        if desired > self.limits.table_elements || all > most {
            return Ok(false);
        }
        self.table_elements = all;
        Ok(true)
    }
}
