//! The equations: what each layer of a step waits for.
//!
//! Only + − × ÷ and the larger of two numbers, which are the same on every computer.

use crate::contract::exports::timeslip::hardware::step_cost::{
    LayerGroup, ModelShape, NumberFormat, Placement,
};

/// What a group of chips reaches, from the machine's profile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    /// Of weights, from where they stand into the group's memory.
    pub(crate) stream_bytes_per_second: f64,
    /// Of the group's own memory.
    pub(crate) memory_bytes_per_second: f64,
    /// Operations.
    pub(crate) flops_per_second: f64,
    /// Fixed time of computing a layer.
    pub(crate) layer_seconds: f64,
}

impl Rates {
    pub(crate) fn are_positive(&self) -> bool {
        let rates =
            [self.stream_bytes_per_second, self.memory_bytes_per_second, self.flops_per_second];
        rates.iter().all(|rate| *rate > 0.0)
    }

    /// Arithmetic and reads overlap: the slower of the two.
    fn seconds(&self, flops: f64, bytes: f64) -> f64 {
        (flops / self.flops_per_second).max(bytes / self.memory_bytes_per_second)
    }
}

/// What a step has to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Tokens that pass the layers.
    pub(crate) tokens: u64,
    /// Tokens that pass the output matrix.
    pub(crate) outputs: u64,
    /// Tokens whose KV is read.
    pub(crate) cached: u64,
    /// Pairs of a reply's token and one that it looks back at.
    pub(crate) decode_pairs: u64,
    /// The same of prompts.
    pub(crate) prefill_pairs: u64,
}

/// A model's layers on one group.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    rates: Rates,
    layers: Vec<Layers>,
    head_parameters: f64,
    head_bytes: f64,
}

/// Layers that are all alike.
#[derive(Clone, Debug)]
struct Layers {
    count: f64,
    /// All weights of one: a token's experts are known too late to leave the others behind.
    weights_bytes: f64,
    /// Until one has come in.
    stream_seconds: f64,
    /// Parameters of one that a token passes.
    parameters_per_token: f64,
    decode_flops_per_pair: f64,
    prefill_flops_per_pair: f64,
    kv_bytes_per_token: f64,
}

impl Schedule {
    /// The layers of a model, and what they stream.
    pub(crate) fn new(
        model: &ModelShape,
        placement: &Placement,
        rates: Rates,
    ) -> Result<Schedule, String> {
        if model.layers.iter().any(|layers| layers.window.is_some()) {
            let name = &model.name;
            return Err(format!("it knows no attention windows, which `{name}` has"));
        }
        let layers = model.layers.iter().map(|layers| Layers::new(layers, placement, rates));
        Ok(Schedule {
            rates,
            layers: layers.collect(),
            head_parameters: model.head_parameters as f64,
            head_bytes: model.head_parameters as f64 * placement.head.bytes,
        })
    }

    /// The seconds of a step. There is room for two layers, so while one is computed the next comes
    /// in; behind the last comes the first of the next step.
    pub(crate) fn seconds(&self, step: &Step) -> f64 {
        let next = self.layers.iter().cycle().skip(1);
        let layers = self.layers.iter().zip(next).map(|(layers, next)| {
            let computing = self.computing(layers, step);
            (layers.count - 1.0) * computing.max(layers.stream_seconds)
                + computing.max(next.stream_seconds)
        });
        layers.sum::<f64>() + self.head(step)
    }

    fn computing(&self, layers: &Layers, step: &Step) -> f64 {
        let flops = 2.0 * step.tokens as f64 * layers.parameters_per_token
            + step.decode_pairs as f64 * layers.decode_flops_per_pair
            + step.prefill_pairs as f64 * layers.prefill_flops_per_pair;
        let bytes = layers.weights_bytes + step.cached as f64 * layers.kv_bytes_per_token;
        self.rates.layer_seconds + self.rates.seconds(flops, bytes)
    }

    /// The output matrix stays in the chips.
    fn head(&self, step: &Step) -> f64 {
        match step.outputs {
            0 => 0.0,
            outputs => {
                self.rates.seconds(2.0 * outputs as f64 * self.head_parameters, self.head_bytes)
            }
        }
    }
}

impl Layers {
    fn new(layers: &LayerGroup, placement: &Placement, rates: Rates) -> Layers {
        let bytes = |parameters: f64, format: &NumberFormat| parameters * format.bytes;
        let parameters = layers.parameters as f64;
        let mut weights_bytes = bytes(parameters, &placement.linear);
        let mut parameters_per_token = parameters;
        if let Some(experts) = &layers.experts {
            let each = experts.parameters as f64;
            let format = placement.experts.as_ref().unwrap_or(&placement.linear);
            weights_bytes += bytes(experts.count as f64 * each, format);
            parameters_per_token += experts.per_token as f64 * each;
        }
        Layers {
            count: layers.count as f64,
            weights_bytes,
            stream_seconds: weights_bytes / rates.stream_bytes_per_second,
            parameters_per_token,
            decode_flops_per_pair: layers.decode_flops_per_pair,
            prefill_flops_per_pair: layers.prefill_flops_per_pair,
            kv_bytes_per_token: layers.kv_values_per_token * placement.kv.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two kinds of layers, of 100 and of 1,000 bytes, and a head of 10.
    fn model() -> ModelShape {
        let layers = |count, parameters| LayerGroup {
            count,
            parameters,
            experts: None,
            kv_values_per_token: 4.0,
            decode_flops_per_pair: 2.0,
            prefill_flops_per_pair: 2.0,
            window: None,
        };
        ModelShape {
            name: "two-kinds".to_owned(),
            hidden: 4,
            vocabulary: 4,
            head_parameters: 10,
            layers: vec![layers(2, 100), layers(3, 1_000)],
        }
    }

    fn placement() -> Placement {
        let bytes = || NumberFormat { name: "fp8".to_owned(), bytes: 1.0 };
        Placement {
            chips: 1,
            linear: bytes(),
            experts: None,
            head: bytes(),
            kv: bytes(),
            weights_bytes: 3_220.0,
            kv_bytes: 1e6,
        }
    }

    fn schedule(stream_bytes_per_second: f64) -> Schedule {
        let rates = Rates {
            stream_bytes_per_second,
            memory_bytes_per_second: 1e3,
            flops_per_second: 1e4,
            layer_seconds: 0.5,
        };
        Schedule::new(&model(), &placement(), rates).expect("it has no windows")
    }

    fn step(tokens: u64) -> Step {
        Step { tokens, outputs: 1, cached: 0, decode_pairs: 0, prefill_pairs: 0 }
    }

    #[test]
    fn a_slow_link_is_all_that_counts_for_a_token() {
        // Each layer comes in once: 2 × 100 and 3 × 1,000 bytes at 50 a second, and the head; even
        // a large layer is computed (in 1.5 seconds) before a small one is there (in 2).
        assert_eq!(schedule(50.0).seconds(&step(1)), 64.0 + 0.01);
    }

    #[test]
    fn a_fast_link_hides_behind_the_computing() {
        // Reading: half a second and 0.1 for two layers, half a second and 1 for three.
        assert_eq!(schedule(1e9).seconds(&step(1)), 2.0 * 0.6 + 3.0 * 1.5 + 0.01);
        // A thousand tokens: 20 seconds of arithmetic in the small layers, 200 in the large ones.
        assert_eq!(schedule(1e9).seconds(&step(1_000)), 2.0 * 20.5 + 3.0 * 200.5 + 0.01);
    }

    #[test]
    fn the_layer_that_comes_in_is_the_next_one() {
        // The second small layer waits for a large one, and the last large one for a small one.
        let seconds = schedule(500.0).seconds(&step(1));
        assert_eq!(seconds, 0.6 + 2.0 + 2.0 * 2.0 + 1.5 + 0.01);
    }

    #[test]
    fn all_experts_stream_in_and_few_are_computed() {
        let mut model = model();
        model.layers[1].experts =
            Some(crate::contract::exports::timeslip::hardware::step_cost::Experts {
                count: 9,
                per_token: 1,
                parameters: 1_000,
            });
        let rates = Rates {
            stream_bytes_per_second: 1e3,
            memory_bytes_per_second: 1e9,
            flops_per_second: 4e3,
            layer_seconds: 0.0,
        };
        let schedule = Schedule::new(&model, &placement(), rates).expect("it has no windows");
        // 10,000 bytes take 10 seconds; 1 token passes 2,000 parameters of them, in one second.
        let seconds = schedule.seconds(&step(1));
        assert!((seconds - (0.1 + 10.0 + 20.0 + 1.0)).abs() < 0.01, "{seconds}");
    }

    #[test]
    fn windows_are_refused_by_name() {
        let mut model = model();
        model.layers[0].window = Some(128);
        let rates = schedule(1.0).rates;
        let problem = Schedule::new(&model, &placement(), rates).expect_err("it has windows");
        assert!(problem.contains("`two-kinds`"), "{problem}");
    }
}
