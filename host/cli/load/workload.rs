//! What is put on a machine: a bench with its agents, or sessions that are replayed.

use std::path::Path;
use std::sync::Arc;

use timeslip_gate::slip::{SCHEMA, Slip};
use timeslip_replay::arrivals::Load;
use timeslip_replay::generate::Workload as Generated;
use timeslip_replay::slip_source::SlipSource;
use timeslip_replay::source::Source;
use timeslip_replay::trace::{Format, Trace};
use timeslip_runtime::engine::component_digest;
use timeslip_sim::catalogue::Catalogue;

use super::args::WorkloadArgs;
use crate::bench::{Bench, Overrides};
use crate::exit::Failure;
use crate::hardware::catalogue;

/// What is put on a machine.
pub(crate) enum Workload {
    /// A bench, whose agents run.
    Bench(Box<Bench>),
    /// Sessions without their agents.
    Replay(Box<Replayed>),
}

/// Sessions that are replayed.
pub(crate) struct Replayed {
    /// The sessions.
    pub(crate) source: Source,
    /// When they start, where nobody says otherwise.
    pub(crate) load: Load,
    /// The seed of what is drawn.
    pub(crate) seed: u64,
    /// Where machines are looked up.
    pub(crate) catalogue: Catalogue,
    /// What it is, for a result to say.
    pub(crate) name: String,
    /// The digest of its file or of its description.
    pub(crate) digest: String,
}

impl Workload {
    /// Reads what the arguments name.
    ///
    /// # Errors
    /// When it cannot be used, naming the file and the fix.
    pub(crate) fn load(args: &WorkloadArgs) -> Result<Workload, Failure> {
        let seed = args.seed.unwrap_or(0);
        let replayed = match (&args.replay, &args.generate) {
            (Some(file), _) => {
                let sessions = args.sessions.map(|sessions| sessions as u64);
                Replayed::file(file, None, sessions, seed, args.profiles.as_deref())?
            }
            (_, Some(spec)) => Replayed::made_up(spec, seed, args.profiles.as_deref())?,
            (None, None) => {
                let overrides = Overrides {
                    sessions: args.sessions,
                    seed: args.seed,
                    profiles: args.profiles.clone(),
                    ..Overrides::default()
                };
                let bench = Bench::load(args.bench.as_deref(), &overrides)?;
                return Ok(Workload::Bench(Box::new(bench)));
            }
        };
        Ok(Workload::Replay(Box::new(replayed)))
    }

    /// Where machines are looked up.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        match self {
            Workload::Bench(bench) => &bench.catalogue,
            Workload::Replay(replayed) => &replayed.catalogue,
        }
    }

    /// What it is.
    pub(crate) fn name(&self) -> &str {
        match self {
            Workload::Bench(bench) => &bench.name,
            Workload::Replay(replayed) => &replayed.name,
        }
    }

    /// All that its result depends on beside the machine and the load.
    pub(crate) fn digest(&self) -> String {
        let (digest, seed, sessions) = match self {
            Workload::Bench(bench) => (&bench.digest, bench.seed, bench.sessions as u64),
            Workload::Replay(replayed) => {
                (&replayed.digest, replayed.seed, replayed.source.sessions())
            }
        };
        component_digest(format!("{digest} {seed} {sessions}").as_bytes())
    }

    /// How many sessions it has.
    pub(crate) fn sessions(&self) -> u64 {
        match self {
            Workload::Bench(bench) => bench.sessions as u64,
            Workload::Replay(replayed) => replayed.source.sessions(),
        }
    }
}

impl Replayed {
    /// Reads a trace or a slip, whichever the file holds.
    ///
    /// # Errors
    /// When it is neither, or a line of it is wrong.
    pub(crate) fn file(
        path: &Path,
        format: Option<Format>,
        sessions: Option<u64>,
        seed: u64,
        profiles: Option<&Path>,
    ) -> Result<Replayed, Failure> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::usage(format!(
                "cannot read {shown}: {error}\n  fix: give the path of a trace or of a slip, or \
                 make a load up by --generate"
            ))
        })?;
        let source = match format.is_none() && is_slip(&bytes) {
            true => {
                let text = String::from_utf8_lossy(&bytes);
                let slip = Slip::parse(&shown, &text).map_err(Failure::usage)?;
                let source = SlipSource::new(&slip);
                Source::Slip(match sessions {
                    Some(sessions) => source.repeated(sessions),
                    None => source,
                })
            }
            false => {
                let trace = Trace::parse(&shown, &bytes, format).map_err(Failure::usage)?;
                let limit =
                    sessions.map(|sessions| usize::try_from(sessions).unwrap_or(usize::MAX));
                Source::Trace { trace: Arc::new(trace), limit }
            }
        };
        let name = path.file_name().map_or(shown, |name| name.to_string_lossy().into_owned());
        Ok(Replayed {
            load: source.recorded_load(),
            source,
            seed,
            catalogue: catalogue(profiles)?,
            name,
            digest: component_digest(&bytes),
        })
    }

    /// Makes a load up from its description.
    ///
    /// # Errors
    /// When the description cannot be used.
    pub(crate) fn made_up(
        spec: &str,
        seed: u64,
        profiles: Option<&Path>,
    ) -> Result<Replayed, Failure> {
        let workload = Generated::parse(spec, seed).map_err(Failure::usage)?;
        Ok(Replayed {
            load: workload.load.unwrap_or(Load::Recorded { speed: 1.0 }),
            source: Source::Generated(workload.generated),
            seed,
            catalogue: catalogue(profiles)?,
            name: spec.to_owned(),
            digest: component_digest(spec.as_bytes()),
        })
    }

    /// The same with this many sessions: a slip's begin again, a trace has no more than it has.
    pub(crate) fn source_of(&self, sessions: u64) -> Source {
        match &self.source {
            Source::Slip(slip) => Source::Slip(slip.clone().repeated(sessions)),
            Source::Generated(generated) => {
                let mut generated = generated.clone();
                generated.sessions = sessions;
                Source::Generated(generated)
            }
            Source::Trace { trace, .. } => Source::Trace {
                trace: Arc::clone(trace),
                limit: Some(usize::try_from(sessions).unwrap_or(usize::MAX)),
            },
        }
    }
}

fn is_slip(bytes: &[u8]) -> bool {
    let family = SCHEMA.split('/').next().unwrap_or(SCHEMA);
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    head.trim_start().starts_with('{') && head.contains(&format!("\"{family}/"))
}
