//! What is changed.

use timeslip_gate::slip::Slip;
use timeslip_gate::step::Step;
use timeslip_replay::speeds::Speeds;
use timeslip_timeline::conversation::nearest;

use super::args::{OnOff, WhatIfArgs};
use crate::exit::Failure;

/// What is changed: speeds, of which 1 is as it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    /// In words: `decode 2x, tool search 0.5x`.
    pub(super) what: String,
    pub(super) prefill: f64,
    pub(super) decode: f64,
    pub(super) transfer: f64,
    pub(super) prefix_cache: Option<bool>,
    pub(super) copies: u64,
    pub(super) speeds: Speeds,
}

impl Default for Change {
    fn default() -> Change {
        Change {
            what: "as it is".to_owned(),
            prefill: 1.0,
            decode: 1.0,
            transfer: 1.0,
            prefix_cache: None,
            copies: 1,
            speeds: Speeds::default(),
        }
    }
}

impl Change {
    /// What the arguments ask for; `None` where they ask for nothing.
    ///
    /// # Errors
    /// When a speed is none, or the run has no such tool.
    pub(super) fn of(args: &WhatIfArgs, slip: &Slip) -> Result<Option<Change>, Failure> {
        let mut change = Change::default();
        let mut words = Vec::new();
        let stages = [
            ("prefill", &args.prefill, &mut change.prefill),
            ("decode", &args.decode, &mut change.decode),
            ("transfer", &args.transfer, &mut change.transfer),
            ("agent", &args.agent, &mut change.speeds.agent),
            ("user", &args.user, &mut change.speeds.user),
        ];
        for (name, text, place) in stages {
            if let Some(text) = text {
                *place = speed(&format!("--{name}"), text)?;
                words.push(format!("{name} {place}x"));
            }
        }
        for text in &args.tool {
            words.push(change.tool(text, slip)?);
        }
        if let Some(switch) = args.prefix_cache {
            change.prefix_cache = Some(switch == OnOff::On);
            let word = if switch == OnOff::On { "on" } else { "off" };
            words.push(format!("prefix cache {word}"));
        }
        if let Some(copies) = args.copies {
            if !(1..=COPIES_MOST).contains(&copies) {
                return Err(Failure::usage(format!(
                    "--copies {copies}: a machine has 1 to {COPIES_MOST} copies of its pools"
                )));
            }
            change.copies = copies;
            words.push(format!("{copies} copies of each machine"));
        }
        if words.is_empty() {
            return Ok(None);
        }
        change.what = words.join(", ");
        Ok(Some(change))
    }

    /// Reads `--tool` and says it in words.
    fn tool(&mut self, text: &str, slip: &Slip) -> Result<String, Failure> {
        let Some((name, factor)) = text.rsplit_once('=') else {
            self.speeds.tools = speed("--tool", text)?;
            return Ok(format!("tools {}x", self.speeds.tools));
        };
        let tools = tools_of(slip);
        if !tools.contains(&name) {
            let near = nearest(name, tools.iter().copied())
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(Failure::usage(format!(
                "--tool {text}: the run called no tool `{name}`{near}"
            )));
        }
        let factor = speed("--tool", factor)?;
        self.speeds.tool.insert(name.to_owned(), factor);
        Ok(format!("tool {name} {factor}x"))
    }

    /// Whether a machine's profile says it.
    pub(super) fn is_of_machines(&self) -> bool {
        let speeds = [self.prefill, self.decode, self.transfer];
        speeds.iter().any(|speed| *speed != 1.0) || self.prefix_cache.is_some()
    }

    /// One stage at so many times its speed.
    pub(super) fn stage(stage: &str, factor: f64) -> Change {
        let mut change = Change { what: format!("{factor}x"), ..Change::default() };
        match stage.strip_prefix("tool ") {
            Some(tool) => {
                change.speeds.tool.insert(tool.to_owned(), factor);
            }
            None => match stage {
                "prefill" => change.prefill = factor,
                "decode" => change.decode = factor,
                "transfer" => change.transfer = factor,
                "user" => change.speeds.user = factor,
                _ => change.speeds.agent = factor,
            },
        }
        change
    }
}

/// The most copies of a machine's pools.
const COPIES_MOST: u64 = 10_000;

/// The tools that a run called, each once.
pub(super) fn tools_of(slip: &Slip) -> Vec<&str> {
    let steps = slip.sessions.iter().flat_map(|session| &session.steps);
    let mut tools: Vec<&str> = steps
        .filter_map(|step| match step {
            Step::Tool(tool) => Some(tool.tool.as_str()),
            _ => None,
        })
        .collect();
    tools.sort_unstable();
    tools.dedup();
    tools
}

/// The fastest and, inverted, the slowest that is asked for.
const SPEED_MOST: f64 = 1e6;

/// Reads `2x`.
fn speed(flag: &str, text: &str) -> Result<f64, Failure> {
    let number = text.strip_suffix(['x', '×']).and_then(|number| number.trim().parse().ok());
    let fits = |speed: &f64| (1.0 / SPEED_MOST..=SPEED_MOST).contains(speed);
    number.filter(fits).ok_or_else(|| {
        Failure::usage(format!(
            "{flag} {text}: this is no speed\n  fix: write how many times as fast, such as 2x for \
             twice as fast, or 0.5x for half as fast"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_of_times() {
        assert_eq!(speed("--decode", "2x").unwrap(), 2.0);
        assert_eq!(speed("--decode", "0.5×").unwrap(), 0.5);
        for wrong in ["2", "x", "0x", "-1x", "infx", "nanx", "1e9x"] {
            let failure = speed("--decode", wrong).unwrap_err();
            assert!(failure.message.starts_with(&format!("--decode {wrong}: ")), "{failure}");
        }
    }
}
