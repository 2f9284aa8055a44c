//! Objectives and spans, as they are typed: `ttft=500ms,inter_token=20ms,e2e=10s`.

use timeslip_gate::budget::quantity;
use timeslip_gate::summary::{Distribution, Summary};
use timeslip_gate::verdict::Unit;
use timeslip_replay::figures;
use timeslip_timeline::conversation::nearest;
use timeslip_timeline::time::Span;

use super::args::Percentile;
use crate::exit::Failure;

/// What requests and sessions must meet; what is absent asks for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Objectives {
    /// Of requests.
    pub(crate) requests: figures::Objectives,
    /// The longest a session takes.
    pub(crate) session: Option<Span>,
}

/// The names of the objectives.
const NAMES: [&str; 4] = ["ttft", "inter_token", "e2e", "session"];

impl Objectives {
    /// Reads objectives; `flag` is where they were given.
    ///
    /// # Errors
    /// Naming the one that is wrong, with the nearest name and the form.
    pub(crate) fn parse(text: &str, flag: &str) -> Result<Objectives, Failure> {
        let mut objectives = Objectives::default();
        for part in text.split(',') {
            let wrong = |what: String| {
                Failure::usage(format!(
                    "{flag} {text}: {what}\n  fix: write objectives as \
                     ttft=500ms,inter_token=20ms,e2e=10s,session=60s"
                ))
            };
            let (name, span) =
                part.split_once('=').ok_or_else(|| wrong(format!("`{part}` has no `=`")))?;
            let place = match name.trim() {
                "ttft" => &mut objectives.requests.time_to_first_token,
                "inter_token" => &mut objectives.requests.inter_token_latency,
                "e2e" => &mut objectives.requests.end_to_end,
                "session" => &mut objectives.session,
                unknown => {
                    let near =
                        nearest(unknown, NAMES).map(|near| format!("; did you mean `{near}`?"));
                    let near = near.unwrap_or_default();
                    return Err(wrong(format!("there is no objective `{unknown}`{near}")));
                }
            };
            let read =
                span_of(span).ok_or_else(|| wrong(format!("`{span}` is no span of time")))?;
            if place.replace(read).is_some() {
                return Err(wrong(format!("`{}` is given twice", name.trim())));
            }
        }
        Ok(objectives)
    }

    /// The objective that a run misses first, at this percentile; `None` when it meets all.
    pub(crate) fn missed_by(
        &self,
        summary: &Summary,
        e2e: Option<&Distribution<u64>>,
        at: Percentile,
    ) -> Option<&'static str> {
        let over = |limit: Option<Span>, spread: Option<&Distribution<u64>>| {
            let value = spread.map(|spread| at.of(spread));
            limit.zip(value).is_some_and(|(limit, value)| value > limit.as_nanos())
        };
        if summary.failed > 0 {
            return Some("no session fails");
        }
        let misses = [
            (
                "ttft",
                over(self.requests.time_to_first_token, summary.time_to_first_token_ns.as_ref()),
            ),
            (
                "inter_token",
                over(self.requests.inter_token_latency, summary.inter_token_latency_ns.as_ref()),
            ),
            ("e2e", over(self.requests.end_to_end, e2e)),
            ("session", over(self.session, summary.session_e2e_ns.as_ref())),
        ];
        misses.into_iter().find(|(_, misses)| *misses).map(|(name, _)| name)
    }
}

impl Percentile {
    /// Its value in a distribution.
    pub(crate) fn of(self, spread: &Distribution<u64>) -> u64 {
        match self {
            Percentile::P50 => spread.p50,
            Percentile::P90 => spread.p90,
            Percentile::P95 => spread.p95,
            Percentile::P99 => spread.p99,
        }
    }
}

/// A span as it is typed, above 0, with a unit as in a budget.
pub(crate) fn span_of(text: &str) -> Option<Span> {
    let nanos = quantity::parse(text, Unit::Nanoseconds).ok()?;
    let span = Span::from_seconds_f64(nanos / 1e9);
    (span > Span::ZERO).then_some(span)
}

/// A span that a flag was given.
///
/// # Errors
/// When it is none.
pub(crate) fn span_flag(flag: &str, text: &str) -> Result<Span, Failure> {
    span_of(text).ok_or_else(|| {
        Failure::usage(format!(
            "{flag} {text}: this is no span of time\n  fix: write a number with its unit, such as \
             500ms, 2s or 5min"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units() {
        let read = |text| span_of(text).map(Span::as_nanos);
        assert_eq!(read("500ms"), Some(500_000_000));
        assert_eq!(read("1.5 s"), Some(1_500_000_000));
        assert_eq!(read("2min"), Some(120_000_000_000));
        assert_eq!(read("20us"), read("20µs"));
        for wrong in ["500", "", "ms", "-1s", "0s", "nan s", "1e400s", "5 parsecs"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn objectives_name_what_is_wrong_with_them() {
        let read = |text| Objectives::parse(text, "--slo");
        let both = read("ttft=500ms, session=60s").unwrap();
        assert_eq!(both.requests.time_to_first_token, Some(Span::from_millis(500)));
        assert_eq!(both.session, Some(Span::from_millis(60_000)));
        insta::assert_snapshot!(read("tfft=1s").unwrap_err(), @r"
        --slo tfft=1s: there is no objective `tfft`; did you mean `ttft`?
          fix: write objectives as ttft=500ms,inter_token=20ms,e2e=10s,session=60s
        ");
        insta::assert_snapshot!(read("ttft=1").unwrap_err(), @r"
        --slo ttft=1: `1` is no span of time
          fix: write objectives as ttft=500ms,inter_token=20ms,e2e=10s,session=60s
        ");
        insta::assert_snapshot!(read("ttft").unwrap_err(), @r"
        --slo ttft: `ttft` has no `=`
          fix: write objectives as ttft=500ms,inter_token=20ms,e2e=10s,session=60s
        ");
        insta::assert_snapshot!(read("e2e=1s,e2e=2s").unwrap_err(), @r"
        --slo e2e=1s,e2e=2s: `e2e` is given twice
          fix: write objectives as ttft=500ms,inter_token=20ms,e2e=10s,session=60s
        ");
    }
}
