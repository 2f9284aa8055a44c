//! Faults on purpose, drawn from a seed: what a server does when it is not well.

use std::str::FromStr;
use std::time::Duration;

use axum::http::StatusCode;
use timeslip_timeline::chance::Chance;
use timeslip_timeline::conversation::nearest;

/// A fault, and the share of requests that it befalls.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    kind: FaultKind,
    /// 0 to 1.
    share: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultKind {
    Status(u16),
    Hang,
    Cut,
    Slow(Duration),
    Garbage,
}

/// The faults that befall one request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Drawn {
    /// Answers with this status.
    pub(crate) status: Option<StatusCode>,
    /// Never answers.
    pub(crate) hangs: bool,
    /// Breaks the connection after this share of the reply.
    pub(crate) cut_after: Option<f64>,
    /// Takes so much longer, on the computer's clock.
    pub(crate) delay: Duration,
    /// Says something unreadable after this share of the reply.
    pub(crate) garbage_after: Option<f64>,
}

/// A fault that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no fault: {problem}\n  fix: {FORMS}")]
pub struct FaultError {
    text: String,
    problem: String,
}

const FORMS: &str = "write status-CODE=SHARE, hang=SHARE, cut=SHARE, garbage=SHARE or \
                     slow=SHARE:SPAN, as in status-503=1% or slow=5%:2s";
const KINDS: [&str; 5] = ["status-503", "hang", "cut", "slow", "garbage"];

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Fault, FaultError> {
        let wrong = |problem: String| FaultError { text: text.to_owned(), problem };
        let (name, rest) =
            text.split_once('=').ok_or_else(|| wrong("it has no share".to_owned()))?;
        let (share, argument) = match rest.split_once(':') {
            Some((share, argument)) => (share, Some(argument)),
            None => (rest, None),
        };
        let kind = match (name, argument) {
            ("hang", None) => FaultKind::Hang,
            ("cut", None) => FaultKind::Cut,
            ("garbage", None) => FaultKind::Garbage,
            ("slow", Some(span)) => {
                FaultKind::Slow(span_of(span).ok_or_else(|| {
                    wrong(format!("`{span}` is no span; write it as 500ms or 2s"))
                })?)
            }
            ("slow", None) => return Err(wrong("it does not say by how much".to_owned())),
            (name, None) if name.starts_with("status-") => {
                let code =
                    name["status-".len()..].parse().ok().filter(|code| (400..600).contains(code));
                let code =
                    code.ok_or_else(|| wrong("its status is not in 400 to 599".to_owned()))?;
                FaultKind::Status(code)
            }
            (name, Some(_)) if KINDS.contains(&name) => {
                return Err(wrong(format!("`{name}` takes a share alone")));
            }
            (name, _) => {
                let near = nearest(name, KINDS).map(|near| format!("; the nearest is `{near}`"));
                return Err(wrong(format!("there is no `{name}`{}", near.unwrap_or_default())));
            }
        };
        let share = share_of(share)
            .ok_or_else(|| wrong(format!("`{share}` is no share; write 0% to 100%, or 0 to 1")))?;
        Ok(Fault { kind, share })
    }
}

fn share_of(text: &str) -> Option<f64> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok()? / 100.0,
        None => text.parse::<f64>().ok()?,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

/// A span of wall time: a number with `ms`, `s` or `min`.
pub fn span_of(text: &str) -> Option<Duration> {
    let units = [("ms", 0.001), ("min", 60.0), ("s", 1.0)];
    let (number, unit) =
        units.into_iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let seconds = number.trim().parse::<f64>().ok()? * unit;
    Duration::try_from_secs_f64(seconds).ok()
}

/// What befalls the request of this number.
pub(crate) fn drawn(faults: &[Fault], seed: u64, request: u64) -> Drawn {
    let mut drawn = Drawn::default();
    let mut chance = Chance::new(seed, "serve faults", request);
    for fault in faults {
        // Two draws for each fault, so that one more share in one changes no other.
        let (befalls, place) = (chance.next_unit() < fault.share, chance.next_unit());
        if !befalls {
            continue;
        }
        match fault.kind {
            FaultKind::Status(code) => {
                drawn.status = drawn.status.or(StatusCode::from_u16(code).ok());
            }
            FaultKind::Hang => drawn.hangs = true,
            FaultKind::Cut => drawn.cut_after = Some(place),
            FaultKind::Slow(span) => drawn.delay += span,
            FaultKind::Garbage => drawn.garbage_after = Some(place),
        }
    }
    drawn
}

/// The token at a share of a reply, from the first to the last.
pub(crate) fn token_at(share: f64, output_tokens: u64) -> u64 {
    ((share * output_tokens as f64) as u64 + 1).min(output_tokens.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_befall_their_share_of_requests_and_the_same_ones_again() {
        let faults = ["status-503=10%".parse().unwrap(), "slow=0.5:2s".parse().unwrap()];
        let all: Vec<Drawn> = (0..2000).map(|request| drawn(&faults, 7, request)).collect();
        let failed = all.iter().filter(|one| one.status.is_some()).count();
        let slow = all.iter().filter(|one| one.delay == Duration::from_secs(2)).count();
        assert!((150..250).contains(&failed), "{failed}");
        assert!((900..1100).contains(&slow), "{slow}");
        assert_eq!(all[5], drawn(&faults, 7, 5));
        assert_eq!(drawn(&[], 7, 5), Drawn::default());
    }

    #[test]
    fn wrong_faults_are_explained() {
        let problem = |text: &str| {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            error.lines().next().unwrap_or_default().to_owned()
        };
        insta::assert_snapshot!(problem("hang"), @"`hang` is no fault: it has no share");
        insta::assert_snapshot!(problem("hangs=1%"), @"`hangs=1%` is no fault: there is no `hangs`; the nearest is `hang`");
        insta::assert_snapshot!(problem("cut=120%"), @"`cut=120%` is no fault: `120%` is no share; write 0% to 100%, or 0 to 1");
        insta::assert_snapshot!(problem("slow=1%"), @"`slow=1%` is no fault: it does not say by how much");
        insta::assert_snapshot!(problem("status-200=1%"), @"`status-200=1%` is no fault: its status is not in 400 to 599");
    }

    #[test]
    fn every_share_of_a_reply_is_one_of_its_tokens() {
        assert_eq!((token_at(0.0, 10), token_at(0.999, 10), token_at(0.5, 1)), (1, 10, 1));
    }
}
