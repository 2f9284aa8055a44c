//! Bytes from anywhere as an agent, as a tool plugin and as a cost model.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use timeslip_fuzz::{runtime, setup};
use timeslip_runtime::agent::{AgentComponent, Setup};
use timeslip_runtime::engine::Runtime;
use timeslip_runtime::hardware::CostModel;
use timeslip_runtime::plugin::PluginComponent;

static HOST: LazyLock<(Arc<Runtime>, Arc<Setup>)> =
    LazyLock::new(|| (Arc::new(runtime()), Arc::new(setup())));

static FOR_HARDWARE: LazyLock<Arc<Runtime>> =
    LazyLock::new(|| Arc::new(Runtime::for_hardware(None).expect("the engine can be set up")));

fuzz_target!(|bytes: &[u8]| {
    let (runtime, setup) = &*HOST;
    if let Err(error) = AgentComponent::load(runtime, "fuzz.wasm", bytes) {
        assert!(!error.to_string().is_empty());
    }
    let _ = PluginComponent::load(runtime, "fuzz.wasm", bytes, setup);
    let _ = CostModel::load(&FOR_HARDWARE, "fuzz.wasm", bytes);
});
