//! Settings of serving software that rows do not state, as the scripts set them that measured those
//! rows.

use std::sync::LazyLock;

use serde::Deserialize;
use timeslip_sim::profile::{Confidence, Distribution, Figure, Speculation};

use crate::layout::Layout;
use crate::scenario::{AskedWork, Groups, Load, Scenario};

/// The rules with their source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    source: String,
    date: String,
    rules: Vec<Rule>,
    proposals: Vec<Proposals>,
}

/// Rows in which the model's own layers proposed tokens, and how many of those were accepted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposals {
    software: String,
    model: String,
    /// The days of the measurements.
    measured_on: Vec<String>,
    /// Whether attention has copies.
    data_parallel: bool,
    proposed_tokens: u64,
    /// The chances that 0, 1, … are accepted.
    accepted: Vec<f64>,
    accepted_source: String,
    accepted_date: String,
}

/// Which rows a setting is of, and the setting.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    software: String,
    chips: Option<Vec<String>>,
    model: Option<String>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    chats_from: Option<u64>,
    chips_below: Option<u64>,
    /// Whether attention has copies.
    #[serde(default)]
    data_parallel: bool,
    intake_interval_steps: Option<f64>,
    tokens_per_step: Option<f64>,
}

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    toml::from_str(include_str!("settings.toml")).expect("the settings are held by a test")
});

/// Once in how many steps new chats were taken in, where that is known.
pub(crate) fn intake_interval_steps(scenario: &Scenario) -> Option<Figure> {
    setting(scenario, |rule| rule.intake_interval_steps)
}

/// How many tokens one step had at most, where that is known.
pub(crate) fn tokens_per_step(scenario: &Scenario) -> Option<Figure> {
    setting(scenario, |rule| rule.tokens_per_step)
}

/// How many tokens the model's own layers proposed for each chat of a step, in a measurement of that
/// day; 0 where none is known.
pub(crate) fn proposed_tokens(scenario: &Scenario, day: &str) -> u64 {
    let on_day = |given: &&Proposals| given.measured_on.iter().any(|known| known == day);
    let found = SETTINGS.proposals.iter().filter(on_day).find(|given| given.are_of(scenario));
    found.map_or(0, |given| given.proposed_tokens)
}

/// What proposes tokens, where [`proposed_tokens`] found some.
pub(crate) fn speculation(scenario: &Scenario) -> Option<Speculation> {
    let proposed = scenario.proposed_tokens;
    let is_it = |given: &&Proposals| given.proposed_tokens == proposed && given.are_of(scenario);
    let given = SETTINGS.proposals.iter().find(is_it)?;
    let figure = |value| SETTINGS.figure(value, Confidence::Estimate);
    Some(Speculation {
        proposed_tokens: figure(proposed as f64),
        accepted_tokens: Distribution {
            probabilities: given.accepted.clone(),
            source: given.accepted_source.clone(),
            date: given.accepted_date.clone(),
            confidence: Confidence::Estimate,
            note: None,
        },
        draft_layers: Some(figure(1.0)),
        crossing_seconds: None,
    })
}

impl Proposals {
    fn are_of(&self, scenario: &Scenario) -> bool {
        let Groups::Together(layout) = scenario.groups else {
            return false;
        };
        scenario.software.as_deref() == Some(&self.software)
            && scenario.serving.model == self.model
            && (layout.data > 1) == self.data_parallel
    }
}

/// What the first rule says that a scenario meets and that says something.
fn setting(scenario: &Scenario, said: impl Fn(&Rule) -> Option<f64>) -> Option<Figure> {
    let met = SETTINGS.rules.iter().filter(|rule| rule.is_met_by(scenario));
    let value = met.filter_map(said).next()?;
    Some(SETTINGS.figure(value, Confidence::Medium))
}

impl Settings {
    /// A figure with the settings' source.
    fn figure(&self, value: f64, confidence: Confidence) -> Figure {
        Figure {
            value: Some(value),
            source: self.source.clone(),
            date: self.date.clone(),
            confidence: Some(confidence),
            note: None,
        }
    }
}

impl Rule {
    fn is_met_by(&self, scenario: &Scenario) -> bool {
        let AskedWork::Load(load) = &scenario.work else {
            return false;
        };
        scenario.software.as_deref() == Some(&self.software)
            && self.chips.as_ref().is_none_or(|chips| chips.contains(&scenario.chip))
            && self.model.as_ref().is_none_or(|model| *model == scenario.serving.model)
            && self.is_met_by_load(load)
            && self.is_met_by_layout(reading(&scenario.groups))
    }

    fn is_met_by_load(&self, load: &Load) -> bool {
        let is = |asked: Option<u64>, has: u64| asked.is_none_or(|asked| asked == has);
        is(self.input_tokens, load.input_tokens)
            && is(self.output_tokens, load.output_tokens)
            && self.chats_from.is_none_or(|from| load.concurrency >= from)
    }

    fn is_met_by_layout(&self, layout: Layout) -> bool {
        (!self.data_parallel || layout.data > 1)
            && self.chips_below.is_none_or(|below| layout.chips() < below)
    }
}

/// The layout of the groups that read prompts.
fn reading(groups: &Groups) -> Layout {
    match groups {
        Groups::Together(layout) => *layout,
        Groups::Apart { prefill, .. } => prefill.layout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timeslip_sim::profile::{Precision, Serving};

    fn asked(software: &str, chip: &str, concurrency: u64, layout: Layout) -> Option<f64> {
        // DeepSeek's scripts are SGLang's here, and Llama's the others'.
        let model = if software == "sglang" { "deepseek-r1" } else { "llama-3.3-70b" };
        let serving = Serving {
            model: model.into(),
            linear: Precision::Fp8,
            experts: None,
            head: Precision::Bf16,
            kv: Precision::Fp8,
            routing_concentration: None,
        };
        let load = Load { concurrency, input_tokens: 1024, output_tokens: 1024 };
        let scenario = Scenario {
            chip: chip.into(),
            serving,
            software: Some(software.into()),
            proposed_tokens: 0,
            groups: Groups::Together(layout),
            work: AskedWork::Load(load),
        };
        intake_interval_steps(&scenario)?.value
    }

    #[test]
    fn tokens_are_taken_to_be_proposed_where_a_script_does_so() {
        let layout = |data| Layout { tensor: 8 / data, data, expert: 8, pipeline: 1 };
        let scenario = |software: &str, data| Scenario {
            chip: "b200".into(),
            serving: Serving {
                model: "deepseek-r1".into(),
                linear: Precision::Fp8,
                experts: None,
                head: Precision::Bf16,
                kv: Precision::Fp8,
                routing_concentration: None,
            },
            software: Some(software.into()),
            proposed_tokens: 0,
            groups: Groups::Together(layout(data)),
            work: AskedWork::Load(Load { concurrency: 4, input_tokens: 1024, output_tokens: 1024 }),
        };
        let on = |software, data, day| proposed_tokens(&scenario(software, data), day);
        assert_eq!(on("trtllm", 1, "2026-01-14"), 3);
        assert_eq!(on("trtllm", 8, "2026-01-14"), 1);
        assert_eq!(on("trtllm", 1, "2026-01-15"), 0);
        assert_eq!(on("sglang", 1, "2026-01-14"), 0);
        let proposing = Scenario { proposed_tokens: 3, ..scenario("trtllm", 1) };
        let chances = speculation(&proposing).unwrap().accepted_tokens.probabilities;
        assert_eq!((chances.len(), chances.iter().sum::<f64>()), (4, 1.0));
    }

    #[test]
    fn settings_are_those_of_the_scripts() {
        let eight = Layout { tensor: 8, data: 1, expert: 1, pipeline: 1 };
        let four = Layout { tensor: 4, ..eight };
        let copies = Layout { tensor: 1, data: 8, expert: 8, pipeline: 1 };
        assert_eq!(asked("sglang", "b200", 8, eight), Some(10.0));
        assert_eq!(asked("sglang", "b200", 16, eight), Some(30.0));
        assert_eq!(asked("sglang", "h200", 16, eight), None);
        assert_eq!(asked("trtllm", "h200", 16, copies), Some(60.0));
        assert_eq!(asked("trtllm", "h200", 16, four), Some(40.0));
        assert_eq!(asked("trtllm", "h200", 16, eight), None);
        assert_eq!(asked("vllm", "h200", 16, four), None);
    }
}
