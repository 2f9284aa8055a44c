//! Components that time the steps of machines: what the runtime runs, as the simulator asks for it.

use std::sync::{Arc, OnceLock};

use timeslip_runtime::engine::Runtime;
use timeslip_runtime::error::LoadError;
use timeslip_runtime::hardware::{
    Confidence as Trust, CostModel, Counts, Description, Experts, Figure, LayerGroup, ModelShape,
    NumberFormat, Placement as Placed, Preparation,
};
use timeslip_sim::cost::{
    ComponentDescription, ComponentInput, ComponentLoader, LoadedComponent, StepCounts, StepTimer,
};
use timeslip_sim::profile::{Confidence, HeadChips, Model, Precision};

use crate::cast::cache_folder;

/// Loads components into one engine, which is set up for the first of them.
pub(crate) fn cost_components() -> ComponentLoader {
    let engine: OnceLock<Result<Arc<Runtime>, String>> = OnceLock::new();
    ComponentLoader::new(move |input| {
        let set_up = || Runtime::for_hardware(cache_folder()).map(Arc::new);
        let runtime = engine.get_or_init(|| set_up().map_err(|error| error.to_string()));
        load(runtime.as_ref().map_err(String::clone)?, input)
    })
}

fn load(runtime: &Arc<Runtime>, input: &ComponentInput<'_>) -> Result<LoadedComponent, String> {
    let loaded = CostModel::load(runtime, input.file, input.bytes);
    let model = loaded.map_err(|error: LoadError| error.to_string())?;
    let preparation = Preparation {
        model: shape(input.model),
        placement: placed(input),
        figures: input
            .figures
            .iter()
            .map(|(name, value)| Figure { name: name.clone(), value: *value })
            .collect(),
    };
    Ok(LoadedComponent {
        about: description(model.description()),
        begin: Box::new(move || {
            let mut prepared = model.prepare(&preparation)?;
            let timer: StepTimer = Box::new(move |step| prepared.step_seconds(&counts(step)));
            Ok(timer)
        }),
    })
}

fn description(given: &Description) -> ComponentDescription {
    ComponentDescription {
        name: given.name.clone(),
        title: given.title.clone(),
        source: given.source.clone(),
        date: given.date.clone(),
        confidence: match given.confidence {
            Trust::High => Confidence::High,
            Trust::Medium => Confidence::Medium,
            Trust::Low => Confidence::Low,
            Trust::Estimate => Confidence::Estimate,
        },
        models: given.models.clone(),
    }
}

fn shape(model: &Model) -> ModelShape {
    let group = |layers: &timeslip_sim::profile::LayerGroup| layer_group(model, layers);
    ModelShape {
        name: model.name.clone(),
        hidden: model.hidden,
        vocabulary: model.vocabulary,
        head_parameters: model.head_parameters(),
        layers: model.layers.iter().map(group).collect(),
    }
}

/// What a component hears of equal layers. Of several ways in which a layer looks back, all of what
/// is cached and computed is one, without a window.
fn layer_group(model: &Model, layers: &timeslip_sim::profile::LayerGroup) -> LayerGroup {
    let reaches = layers.reaches(HeadChips::ONE);
    LayerGroup {
        count: layers.count,
        parameters: layers.linear_parameters(model.hidden),
        experts: layers.experts.as_ref().map(|experts| Experts {
            count: experts.count,
            per_token: experts.per_token,
            parameters: layers.expert_parameters(model.hidden),
        }),
        kv_values_per_token: layers.cached(HeadChips::ONE).iter().map(|cached| cached.values).sum(),
        decode_flops_per_pair: reaches.iter().map(|reach| reach.decode_flops_per_pair).sum(),
        prefill_flops_per_pair: reaches.iter().map(|reach| reach.prefill_flops_per_pair).sum(),
        window: match reaches.as_slice() {
            [only] => only.limit,
            _ => None,
        },
    }
}

fn placed(input: &ComponentInput<'_>) -> Placed {
    let placement = input.placement;
    let format =
        |format: Precision| NumberFormat { name: format.word().to_owned(), bytes: format.bytes() };
    Placed {
        chips: placement.chips,
        linear: format(placement.formats.linear),
        experts: placement.formats.experts.map(format),
        head: format(placement.formats.head),
        kv: format(input.serving.kv),
        weights_bytes: placement.weights_bytes,
        kv_bytes: placement.kv_bytes,
    }
}

fn counts(step: &StepCounts) -> Counts {
    Counts {
        tokens: step.tokens,
        chats: step.chats,
        outputs: step.outputs,
        decodes: step.decodes,
        decode_context: step.decode_context,
        prefill_tokens: step.prefill_tokens,
        prefill_past: step.prefill_past,
        prefill_pairs: step.prefill_pairs,
    }
}
