//! Reading a load's description.

use timeslip_timeline::time::{Instant, Span};

use super::{Generated, Values, Workload};
use crate::arrivals::Load;
use crate::error::{LoadError, suggestion};

const KEYS: &[&str] = &[
    "requests", "sessions", "calls", "input", "output", "gap", "shared", "every", "rate", "burst",
    "at_once", "think",
];

/// The most sessions of a load: machines number them with 32 bits.
const SESSIONS_MAX: u64 = u32::MAX as u64;

/// The most calls of a session.
const CALLS_MAX: u64 = 100_000;

/// The most tokens of a prompt or a reply.
const TOKENS_MAX: u64 = 1_000_000_000;

/// Units of time, in nanoseconds.
const UNITS: [(&str, f64); 6] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("min", 6e10), ("s", 1e9)];

pub(super) fn parse(text: &str, seed: u64) -> Result<Workload, LoadError> {
    let said = Said::read(text)?;
    let sessions = match (said.value("requests"), said.value("sessions")) {
        (Some(_), Some(_)) => {
            return Err(said.error(
                "`requests` and `sessions` are both there",
                "write `requests` for sessions of one call each, or `sessions` with `calls`",
            ));
        }
        (Some(_), None) => said.number("requests", 1, SESSIONS_MAX)?,
        (None, Some(_)) => said.number("sessions", 1, SESSIONS_MAX)?,
        (None, None) => {
            return Err(said.error("nothing says how many", "add `requests=1000`"));
        }
    };
    for key in ["calls", "gap", "shared"] {
        if said.value("requests").is_some() && said.value(key).is_some() {
            let problem = format!("`{key}` is of sessions, and `requests` have one call each");
            return Err(said.error(&problem, "write `sessions` instead of `requests`"));
        }
    }
    let one = Values::Constant(1);
    let no_time = Values::Constant(0);
    let generated = Generated {
        sessions,
        calls: said.values("calls", &|text| whole(text, 1, CALLS_MAX))?.unwrap_or(one),
        input: said.required_tokens("input")?,
        output: said.required_tokens("output")?,
        gap: said.values("gap", &nanos)?.unwrap_or(no_time),
        shared: said.fraction("shared")?,
        seed,
    };
    refuse_endless_growth(&said, &generated)?;
    Ok(Workload { load: load(&said)?, generated })
}

/// A session's last prompt may not become absurd.
fn refuse_endless_growth(said: &Said<'_>, generated: &Generated) -> Result<(), LoadError> {
    let mut tokens = generated.input.most() as f64;
    for _ in 1..generated.calls.most().min(CALLS_MAX) {
        if generated.shared == 0.0 || tokens > TOKENS_MAX as f64 {
            break;
        }
        tokens /= generated.shared;
    }
    match tokens > TOKENS_MAX as f64 {
        true => Err(said.error(
            &format!("prompts grow beyond {TOKENS_MAX} tokens"),
            "write fewer `calls`, or a larger `shared`",
        )),
        false => Ok(()),
    }
}

fn load(said: &Said<'_>) -> Result<Option<Load>, LoadError> {
    let kinds = ["every", "rate", "at_once"].into_iter().filter(|key| said.value(key).is_some());
    let kinds: Vec<&str> = kinds.collect();
    for (key, of) in [("burst", "rate"), ("think", "at_once")] {
        if said.value(key).is_some() && said.value(of).is_none() {
            let problem = format!("`{key}` goes with `{of}`, which is not there");
            return Err(said.error(&problem, &format!("add `{of}`, or leave `{key}` out")));
        }
    }
    match kinds[..] {
        [] => Ok(None),
        ["every"] => Ok(Some(Load::Every(said.span("every")?))),
        ["rate"] => {
            let shape = match said.value("burst") {
                Some(_) => said.positive("burst", 0.001, 1000.0)?,
                None => 1.0,
            };
            Ok(Some(Load::Random { rate: said.positive("rate", 1e-6, 1e9)?, shape }))
        }
        ["at_once"] => {
            let think = said.value("think").map(|_| said.span("think")).transpose()?;
            let sessions = said.number("at_once", 1, SESSIONS_MAX)?;
            Ok(Some(Load::AtOnce { sessions, think: think.unwrap_or(Span::ZERO) }))
        }
        _ => Err(said.error(
            &format!("`{}` both say when sessions start", kinds.join("` and `")),
            "leave one of them out",
        )),
    }
}

/// A description as keys with values.
struct Said<'t> {
    text: &'t str,
    pairs: Vec<(&'t str, &'t str)>,
}

impl<'t> Said<'t> {
    fn read(text: &'t str) -> Result<Said<'t>, LoadError> {
        let mut said = Said { text, pairs: Vec::new() };
        for part in text.split(',') {
            let Some((key, value)) = part.split_once('=') else {
                let problem = format!("`{}` has no value", part.trim());
                let fix = "write keys with values, as requests=1000,input=1024,output=200,rate=50";
                return Err(said.error(&problem, fix));
            };
            let (key, value) = (key.trim(), value.trim());
            if !KEYS.contains(&key) {
                let fix = suggestion(key, KEYS);
                return Err(said.error(&format!("there is no key `{key}`"), &fix));
            }
            if said.value(key).is_some() {
                let fix = "leave one of them out";
                return Err(said.error(&format!("`{key}` is there twice"), fix));
            }
            said.pairs.push((key, value));
        }
        Ok(said)
    }

    fn value(&self, key: &str) -> Option<&'t str> {
        self.pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    fn error(&self, problem: &str, fix: &str) -> LoadError {
        let (problem, fix) = (problem.to_owned(), fix.to_owned());
        LoadError { text: self.text.to_owned(), problem, fix }
    }

    fn wrong(&self, key: &str, reason: &str) -> LoadError {
        let value = self.value(key).unwrap_or_default();
        self.error(&format!("`{key}={value}`: {reason}"), &format!("correct `{key}`"))
    }

    fn number(&self, key: &str, low: u64, high: u64) -> Result<u64, LoadError> {
        let value = self.value(key).unwrap_or_default();
        whole(value, low, high).map_err(|reason| self.wrong(key, &reason))
    }

    fn positive(&self, key: &str, low: f64, high: f64) -> Result<f64, LoadError> {
        let number = self.value(key).unwrap_or_default().parse::<f64>().ok();
        number
            .filter(|number| (low..=high).contains(number))
            .ok_or_else(|| self.wrong(key, &format!("write a number from {low} to {high}")))
    }

    fn fraction(&self, key: &str) -> Result<f64, LoadError> {
        match self.value(key) {
            Some(_) => self.positive(key, 0.0, 1.0),
            None => Ok(0.0),
        }
    }

    fn span(&self, key: &str) -> Result<Span, LoadError> {
        let value = self.value(key).unwrap_or_default();
        nanos(value).map(Span::from_nanos).map_err(|reason| self.wrong(key, &reason))
    }

    fn required_tokens(&self, key: &str) -> Result<Values, LoadError> {
        let values = self.values(key, &|text| whole(text, 0, TOKENS_MAX))?;
        values.ok_or_else(|| {
            self.error(&format!("`{key}` is missing"), &format!("add `{key}=1024`, in tokens"))
        })
    }

    /// Values of a distribution, whose figures are read by `read`.
    fn values(
        &self,
        key: &str,
        read: &dyn Fn(&str) -> Result<u64, String>,
    ) -> Result<Option<Values>, LoadError> {
        let Some(text) = self.value(key) else {
            return Ok(None);
        };
        let read = |text: &str| read(text.trim()).map_err(|reason| self.wrong(key, &reason));
        if let Some((low, high)) = text.split_once("..") {
            let (low, high) = (read(low)?, read(high)?);
            if low > high {
                return Err(self.wrong(key, "the range begins above its end"));
            }
            return Ok(Some(Values::Uniform { low, high }));
        }
        if let Some((mean, deviation)) = text.split_once('~') {
            return Ok(Some(Values::Normal { mean: read(mean)?, deviation: read(deviation)? }));
        }
        Ok(Some(Values::Constant(read(text)?)))
    }
}

fn whole(text: &str, low: u64, high: u64) -> Result<u64, String> {
    let number = text.parse::<u64>().ok();
    number
        .filter(|number| (low..=high).contains(number))
        .ok_or_else(|| format!("write a whole number from {low} to {high}"))
}

/// A time with its unit, in nanoseconds.
fn nanos(text: &str) -> Result<u64, String> {
    let unit = UNITS.into_iter().find_map(|(unit, nanos)| {
        let number = text.strip_suffix(unit)?.trim_end();
        Some((number.parse::<f64>().ok()?, nanos))
    });
    let nanos = unit.map(|(number, nanos)| number * nanos);
    match nanos {
        Some(nanos) if nanos >= 0.0 && nanos < Instant::END.as_nanos() as f64 => {
            Ok(nanos.round() as u64)
        }
        _ => Err("write a time with its unit, as 800ms, 2s or 1min".to_owned()),
    }
}
