//! The engine that all components share, and loading a component into it.

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use dashmap::DashMap;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, PoolingAllocationConfig, WasmBacktraceDetails};

use crate::cache::CompiledCache;
use crate::error::LoadError;
use crate::room::{CORE_INSTANCES_MAX, Need, Room};
use crate::world::Linkers;

/// How a [`Runtime`] is set up.
#[derive(Clone, Debug)]
pub struct RuntimeOptions {
    /// The instances that live at once.
    pub room: Room,
    /// The largest memory of any instance, in bytes.
    pub memory_bytes: usize,
    /// The most elements of any table.
    pub table_elements: usize,
    /// Where compiled components are kept; none keeps them in memory only.
    pub cache_folder: Option<PathBuf>,
}

/// The engine that all components share.
pub struct Runtime {
    engine: Engine,
    cache: Option<CompiledCache>,
    compiled: DashMap<String, Component>,
    linkers: Linkers,
    ticking: Once,
}

/// How often a store looks at the wall clock.
const TICK: Duration = Duration::from_millis(10);

/// Above this many memories or instances their address space would not fit, so memory is mapped on
/// demand.
const POOLED_MEMORIES_MAX: u32 = 24_000;
const POOLED_INSTANCES_MAX: u32 = 12_000;

/// The largest component file that is read.
const COMPONENT_BYTES_MAX: usize = 512 << 20;

impl Runtime {
    /// Sets the engine up.
    ///
    /// # Errors
    /// When the operating system does not give the address space, or the processor is not supported.
    pub fn new(options: &RuntimeOptions) -> Result<Runtime, LoadError> {
        Runtime::with(new_engine(options), options.cache_folder.clone())
    }

    /// Sets an engine up for components that time steps, which wait for nothing: calls into them
    /// are cheaper without what waiting takes, and memory is mapped on demand.
    ///
    /// # Errors
    /// When the processor is not supported.
    pub fn for_hardware(cache_folder: Option<PathBuf>) -> Result<Runtime, LoadError> {
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .concurrency_support(false)
            .consume_fuel(true)
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true);
        Runtime::with(Engine::new(&config), cache_folder)
    }

    fn with(
        engine: wasmtime::Result<Engine>,
        cache_folder: Option<PathBuf>,
    ) -> Result<Runtime, LoadError> {
        let engine = engine.map_err(|error| LoadError::Engine { problem: format!("{error:#}") })?;
        Ok(Runtime {
            cache: cache_folder.map(CompiledCache::new),
            compiled: DashMap::new(),
            linkers: Linkers::default(),
            ticking: Once::new(),
            engine,
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn linkers(&self) -> &Linkers {
        &self.linkers
    }

    /// Compiles a component, or finds it compiled: in memory, then on disk.
    ///
    /// # Errors
    /// When the bytes are not a component.
    pub fn compile(&self, name: &str, bytes: &[u8]) -> Result<Component, LoadError> {
        let not_a_component = |problem| LoadError::NotAComponent { name: name.to_owned(), problem };
        if let Some(problem) = header_problem(bytes) {
            return Err(not_a_component(problem));
        }
        let digest = component_digest(bytes);
        if let Some(component) = self.compiled.get(&digest) {
            return Ok(component.clone());
        }
        if let Some(problem) = Need::of(bytes).problem() {
            return Err(LoadError::TooLarge { name: name.to_owned(), problem });
        }
        let _span = tracing::info_span!("compile", component = name).entered();
        let loaded = self.cache.as_ref().and_then(|cache| cache.load(&self.engine, &digest));
        let component = match loaded {
            Some(component) => component,
            None => {
                let component = Component::from_binary(&self.engine, bytes)
                    .map_err(|error| compile_error(name, &format!("{error:#}")))?;
                if let Some(cache) = &self.cache {
                    cache.store(&self.engine, &digest, &component);
                }
                component
            }
        };
        self.compiled.insert(digest, component.clone());
        Ok(component)
    }

    /// Starts the ticks by which stores watch the wall clock; they end with the engine.
    pub(crate) fn start_ticking(&self) {
        self.ticking.call_once(|| {
            let engine = self.engine.weak();
            std::thread::spawn(move || {
                while let Some(engine) = engine.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            });
        });
    }
}

/// What a component's bytes are known by: `sha256:` and 64 hexadecimal digits.
pub fn component_digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

fn new_engine(options: &RuntimeOptions) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        .consume_fuel(true)
        .epoch_interruption(true)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // A trap names files and lines where the component has them, whatever the environment says.
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        // A memory never grows past its limit in place, so no address space is kept beyond it.
        .memory_may_move(false);
    let room = &options.room;
    if room.instances <= POOLED_INSTANCES_MAX && room.all.memories <= POOLED_MEMORIES_MAX {
        config.allocation_strategy(pool(options));
    }
    Engine::new(&config)
}

/// Room for every instance; most of it is address space only.
fn pool(options: &RuntimeOptions) -> PoolingAllocationConfig {
    let Room { instances, all, largest } = options.room;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_MAX))
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .total_memories(all.memories)
        .max_memories_per_component(largest.memories)
        .total_tables(all.tables)
        .max_tables_per_component(largest.tables)
        // A guest whose exports are lifted synchronously keeps a stack while it waits, and its store
        // runs on another.
        .total_stacks(instances.saturating_mul(2))
        .max_memory_size(options.memory_bytes)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(options.table_elements)
        .max_unused_warm_slots(64);
    pool
}

/// What the compiler says, with the usual reason behind it.
fn compile_error(name: &str, said: &str) -> LoadError {
    let name = name.to_owned();
    if said.contains("pooling allocator") {
        return LoadError::TooLarge { name, problem: said.to_owned() };
    }
    // The engine for cost models alone lacks it.
    if said.contains("requires the component model async feature") {
        return LoadError::WrongWorld {
            name,
            wanted: "timeslip:hardware/hardware@0.1.0",
            problem: "it has functions that wait, as agents and tool plugins have".to_owned(),
        };
    }
    let problem = format!("{said}; the file may be truncated or damaged");
    LoadError::NotAComponent { name, problem }
}

/// What is wrong with a file's first bytes, in words that name the usual mistakes.
fn header_problem(bytes: &[u8]) -> Option<String> {
    const MAGIC: &[u8] = b"\0asm";
    const CORE_MODULE: &[u8] = &[1, 0, 0, 0];
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Some(format!("it is larger than {} MiB", COMPONENT_BYTES_MAX >> 20));
    }
    match (bytes.get(..4), bytes.get(4..8)) {
        _ if bytes.is_empty() => Some("the file is empty".to_owned()),
        (Some(MAGIC), Some(CORE_MODULE)) => Some(
            "it is a core WebAssembly module; encode it as a component first \
             (with wasm-component-ld as the linker, cargo does)"
                .to_owned(),
        ),
        (Some(MAGIC), Some(_)) => None,
        _ => Some("it does not begin as WebAssembly does".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_component_is_told_by_its_first_bytes() {
        let problem = |bytes: &[u8]| header_problem(bytes).unwrap_or_default();
        assert!(problem(b"").contains("empty"));
        assert!(problem(b"#!/bin/sh").contains("does not begin"));
        assert!(problem(b"\0asm\x01\0\0\0").contains("core WebAssembly module"));
        assert_eq!(header_problem(b"\0asm\x0d\0\x01\0"), None);
    }

    #[test]
    fn digests_are_those_of_sha256() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(component_digest(b""), empty);
    }
}
