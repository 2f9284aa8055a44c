//! Cost models of machines: components of world `timeslip:hardware`, which say what steps take.
//!
//! Such a component is a pure function. It may import nothing; what it is prepared with and the
//! counts of a step are all that it knows. Each call has fuel of its own, so that one without an end
//! is stopped, always at the same place.

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder, Trap};

use crate::bindings::hardware::{Hardware, HardwarePre};
use crate::engine::Runtime;
use crate::error::LoadError;
use crate::world::check_cost_model;

pub use crate::bindings::hardware::exports::timeslip::hardware::step_cost::{
    Confidence, Description, Experts, Figure, LayerGroup, ModelShape, NumberFormat, Placement,
};

/// Fuel, which is roughly one WebAssembly instruction each, of one step: a few milliseconds, and a
/// thousand times what a step's equations take.
const FUEL_OF_A_STEP: u64 = 10_000_000;

/// Fuel of `describe`, and of `prepare`, which may fill tables.
const FUEL_OF_PREPARING: u64 = 10_000_000_000;

/// Linear memory of an instance, in bytes.
const MEMORY_BYTES: usize = 256 << 20;

/// Elements of each of its tables.
const TABLE_ELEMENTS: usize = 20_000;

/// Core instances, memories and tables of an instance: what toolchains make of one component.
const PARTS: usize = 8;

/// A cost model, ready to be instantiated.
#[derive(Clone)]
pub struct CostModel {
    runtime: Arc<Runtime>,
    instance: HardwarePre<StoreLimits>,
    description: Description,
}

/// What a cost model is prepared with.
#[derive(Clone, Debug)]
pub struct Preparation {
    /// The model.
    pub model: ModelShape,
    /// The model in the memory of one group of chips.
    pub placement: Placement,
    /// Figures of the machine's profile.
    pub figures: Vec<Figure>,
}

/// What a cost model is told of a step, in the order of its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tokens that pass the layers.
    pub tokens: u64,
    /// Chats in the step.
    pub chats: u64,
    /// Tokens whose successor is wanted.
    pub outputs: u64,
    /// Chats that write a token.
    pub decodes: u64,
    /// Tokens that those look back at.
    pub decode_context: u64,
    /// Tokens of prompts that are read.
    pub prefill_tokens: u64,
    /// Cached tokens before those.
    pub prefill_past: u64,
    /// Pairs of a prompt's token and one that it looks back at.
    pub prefill_pairs: u64,
}

impl CostModel {
    /// Compiles and links a cost model, on an engine made by [`Runtime::for_hardware`], and asks it
    /// what it is.
    ///
    /// # Errors
    /// When the bytes are no component, or one of another world or with an import, and when it does
    /// not say what it is.
    pub fn load(runtime: &Arc<Runtime>, name: &str, bytes: &[u8]) -> Result<CostModel, LoadError> {
        let component = runtime.compile(name, bytes)?;
        check_cost_model(runtime.engine(), name, &component)?;
        let wrong = |problem| LoadError::WrongWorld {
            name: name.to_owned(),
            wanted: "timeslip:hardware/hardware@0.1.0",
            problem,
        };
        let linked = Linker::new(runtime.engine()).instantiate_pre(&component);
        let instance =
            linked.and_then(HardwarePre::new).map_err(|error| wrong(format!("{error:#}")))?;
        let description = describe(runtime, &instance)
            .map_err(|problem| wrong(format!("`describe` {problem}")))?;
        Ok(CostModel { runtime: Arc::clone(runtime), instance, description })
    }

    /// What the component says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Makes an instance that is prepared to time steps.
    ///
    /// # Errors
    /// What the component says against it, or how it was stopped.
    pub fn prepare(&self, with: &Preparation) -> Result<PreparedCostModel, String> {
        let (mut store, instance) =
            instantiate(&self.runtime, &self.instance).map_err(|error| stopped(&error))?;
        let Preparation { model, placement, figures } = with;
        let prepared = instance
            .timeslip_hardware_step_cost()
            .call_prepare(&mut store, model, placement, figures)
            .map_err(|error| format!("`prepare` {}", stopped(&error)))?;
        prepared?;
        Ok(PreparedCostModel { store, instance })
    }
}

/// An instance of a cost model that is prepared.
pub struct PreparedCostModel {
    store: Store<StoreLimits>,
    instance: Hardware,
}

impl PreparedCostModel {
    /// The seconds of a step, whatever number the component gives.
    ///
    /// # Errors
    /// How the component was stopped; it cannot be asked again then.
    pub fn step_seconds(&mut self, counts: &Counts) -> Result<f64, String> {
        let Counts { tokens, chats, outputs, decodes, decode_context, .. } = *counts;
        let Counts { prefill_tokens, prefill_past, prefill_pairs, .. } = *counts;
        self.store.set_fuel(FUEL_OF_A_STEP).map_err(|error| stopped(&error))?;
        let step_cost = self.instance.timeslip_hardware_step_cost();
        let seconds = step_cost.call_step_seconds(
            &mut self.store,
            tokens,
            chats,
            outputs,
            decodes,
            decode_context,
            prefill_tokens,
            prefill_past,
            prefill_pairs,
        );
        seconds.map_err(|error| format!("`step-seconds` {}", stopped(&error)))
    }
}

fn describe(runtime: &Runtime, instance: &HardwarePre<StoreLimits>) -> Result<Description, String> {
    let asked = instantiate(runtime, instance).and_then(|(mut store, instance)| {
        instance.timeslip_hardware_step_cost().call_describe(&mut store)
    });
    asked.map_err(|error| stopped(&error))
}

fn instantiate(
    runtime: &Runtime,
    instance: &HardwarePre<StoreLimits>,
) -> wasmtime::Result<(Store<StoreLimits>, Hardware)> {
    let limits = StoreLimitsBuilder::new()
        .memory_size(MEMORY_BYTES)
        .table_elements(TABLE_ELEMENTS)
        .instances(PARTS)
        .memories(PARTS)
        .tables(PARTS)
        .build();
    let mut store = Store::new(runtime.engine(), limits);
    store.limiter(|limits| limits);
    store.set_fuel(FUEL_OF_PREPARING)?;
    let instance = instance.instantiate(&mut store)?;
    Ok((store, instance))
}

/// Why a call into a component came to nothing.
fn stopped(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            "was stopped: it computes without an end, or far longer than a step is worth".to_owned()
        }
        Some(trap) => format!("trapped: {trap}"),
        None => format!("failed: {error:#}"),
    }
}

#[cfg(test)]
mod tests;
