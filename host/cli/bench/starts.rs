//! How many sessions a bench has and when they start: `[load]`.

use sha2::{Digest, Sha256};
use timeslip_timeline::chance::Chance;
use timeslip_timeline::drive::Load;
use timeslip_timeline::time::{Instant, Span};

use super::arrivals;
use super::file::LoadTable;
use super::load::Overrides;
use super::resolve::Reader;
use crate::exit::Failure;

/// The most sessions of one run.
const SESSIONS_MAX: usize = 1_000_000;

/// The sessions of a run.
pub(super) struct Starts {
    /// How many.
    pub(super) sessions: usize,
    /// When they start.
    pub(super) load: Load,
    /// The digest of the trace that they arrive by.
    pub(super) trace: Option<String>,
}

/// What the bench says of its load, and the command line in its place.
pub(super) fn overridden_load(table: &LoadTable, overrides: &Overrides) -> LoadTable {
    let mut load = table.clone();
    load.sessions = overrides.sessions.or(load.sessions);
    let kinds = [
        overrides.at_once.is_some(),
        overrides.rate_per_second.is_some(),
        overrides.arrivals.is_some(),
    ];
    if kinds.contains(&true) {
        let sessions = load.sessions;
        load = LoadTable { sessions, ..LoadTable::default() };
        load.at_once = overrides.at_once;
        load.rate_per_second = overrides.rate_per_second;
    }
    load.think_seconds = overrides.think_seconds.or(load.think_seconds);
    load.burstiness = overrides.burstiness.or(load.burstiness);
    load
}

/// Draws, reads or counts when the sessions start.
pub(super) fn starts(
    reader: &Reader<'_>,
    table: &LoadTable,
    overrides: &Overrides,
    tasks: usize,
    seed: u64,
) -> Result<Starts, Failure> {
    check_keys(reader, table, overrides)?;
    let rate = reader.positive("rate_per_second", table.rate_per_second)?;
    let burstiness = reader.positive("burstiness", table.burstiness)?;
    let trace = Trace::read(reader, table, overrides)?;
    let wanted = table.sessions.unwrap_or(trace.as_ref().map_or(tasks, |it| it.instants.len()));
    if !(1..=SESSIONS_MAX).contains(&wanted) {
        let problem = format!("a run has from 1 to {SESSIONS_MAX} sessions, not {wanted}");
        return Err(reader.wrong("sessions", &problem));
    }
    let load = match (&trace, rate) {
        (Some(trace), _) => trace.load(wanted)?,
        (None, Some(rate)) => at_random(rate, burstiness.unwrap_or(1.0), wanted, seed),
        (None, None) => closed(reader, table)?,
    };
    Ok(Starts { sessions: wanted, load, trace: trace.map(|trace| trace.digest) })
}

/// A closed loop, an open one and a trace exclude each other, and some keys go with one of them.
fn check_keys(
    reader: &Reader<'_>,
    table: &LoadTable,
    overrides: &Overrides,
) -> Result<(), Failure> {
    let is_traced = table.arrivals.is_some() || overrides.arrivals.is_some();
    let kinds = [
        ("at_once", table.at_once.is_some()),
        ("rate_per_second", table.rate_per_second.is_some()),
        ("arrivals", is_traced),
    ];
    let given: Vec<&str> = kinds.iter().filter(|kind| kind.1).map(|kind| kind.0).collect();
    if let [first, second, ..] = given.as_slice() {
        let problem = format!("a load has either `{first}` or `{second}`; remove one");
        return Err(reader.wrong(first, &problem));
    }
    if table.burstiness.is_some() && table.rate_per_second.is_none() {
        let problem =
            "`burstiness` goes with `rate_per_second`, the mean of what it spreads; add it";
        return Err(reader.wrong("burstiness", problem));
    }
    if table.think_seconds.is_some() && (table.rate_per_second.is_some() || is_traced) {
        let problem = "`think_seconds` goes with `at_once`; sessions that arrive by themselves \
                       wait for no other";
        return Err(reader.wrong("think_seconds", problem));
    }
    Ok(())
}

fn closed(reader: &Reader<'_>, table: &LoadTable) -> Result<Load, Failure> {
    let think = table.think_seconds.unwrap_or(0.0);
    if !(think.is_finite() && think >= 0.0) {
        let problem = format!("`think_seconds` must be a number of at least 0, not {think}");
        return Err(reader.wrong("think_seconds", &problem));
    }
    match table.at_once {
        Some(0) => Err(reader.wrong("at_once", "`at_once` must be at least 1")),
        at_once => {
            Ok(Load::AtOnce { count: at_once.unwrap_or(1), think: Span::from_seconds_f64(think) })
        }
    }
}

/// Gaps of a gamma distribution with this mean rate and shape; of shape 1, a Poisson process.
pub(crate) fn at_random(rate: f64, shape: f64, sessions: usize, seed: u64) -> Load {
    let mut chance = Chance::new(seed, "arrivals", 0);
    let mut at = Instant::ZERO;
    let mut next = || {
        let gap = match shape {
            1.0 => chance.next_exponential(rate),
            shape => chance.next_gamma(shape) / (shape * rate),
        };
        at = at + Span::from_seconds_f64(gap);
        at
    };
    Load::Arrivals((0..sessions).map(|_| next()).collect())
}

/// The trace that sessions arrive by.
struct Trace {
    file: String,
    instants: Vec<Instant>,
    digest: String,
}

impl Trace {
    fn read(
        reader: &Reader<'_>,
        table: &LoadTable,
        overrides: &Overrides,
    ) -> Result<Option<Trace>, Failure> {
        let (file, bytes) = match (&overrides.arrivals, &table.arrivals) {
            (Some(path), _) => {
                let bytes = std::fs::read(path).map_err(|error| {
                    Failure::usage(format!("--arrivals: cannot read {}: {error}", path.display()))
                })?;
                (path.display().to_string(), bytes)
            }
            (None, Some(path)) => (reader.folder.shown(path), reader.bytes("the arrivals", path)?),
            (None, None) => return Ok(None),
        };
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::usage(format!("{file} is not UTF-8 text")))?;
        let instants = arrivals::instants(&text).map_err(|(line, problem)| {
            Failure::usage(format!(
                "{file}:{line}: {problem}\n  fix: arrivals are a CSV file with a column arrival_s, \
                 arrival_ms or TIMESTAMP, or JSON lines with a `timestamp` in milliseconds"
            ))
        })?;
        Ok(Some(Trace { file, instants, digest }))
    }

    fn load(&self, sessions: usize) -> Result<Load, Failure> {
        let instants = self.instants.get(..sessions).ok_or_else(|| {
            Failure::usage(format!(
                "{}: it has {} arrivals, and the run {sessions} sessions\n  fix: give fewer \
                 `sessions`, or none for one each",
                self.file,
                self.instants.len()
            ))
        })?;
        match instants.last() {
            Some(last) if *last >= Instant::END => {
                Err(Failure::usage(format!("{}: a run ends before 104 days are over", self.file)))
            }
            _ => Ok(Load::Arrivals(instants.to_vec())),
        }
    }
}
