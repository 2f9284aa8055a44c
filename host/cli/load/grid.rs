//! The points of a sweep: every machine, in every size, under every load.

use serde::{Deserialize, Serialize};
use timeslip_sim::deployment::Deployment;

use super::args::SweepArgs;
use super::runs::{LoadChoice, deploy_each};
use super::workload::Workload;
use crate::exit::Failure;

/// A point of a sweep.
pub(crate) struct Point {
    /// What a result says of it.
    pub(crate) about: About,
    /// The machine.
    pub(crate) deployment: Deployment,
    /// The load.
    pub(crate) load: LoadChoice,
}

/// What a result says of a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    /// The machine.
    pub(crate) machine: String,
    /// The digest of its profiles.
    pub(crate) digest: String,
    /// Whether its time rests on estimates.
    pub(crate) estimated: bool,
    /// The model.
    pub(crate) model: String,
    /// Copies of the machine's pools: one number, or those of the prefill and the decode pool.
    pub(crate) size: String,
    /// Chips of all pools.
    pub(crate) chips: u64,
    /// Sessions at once, where that is the load.
    pub(crate) at_once: Option<u64>,
    /// Sessions a second, where that is the load.
    pub(crate) rate_per_second: Option<f64>,
}

/// How often each pool is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    prefill: u64,
    decode: u64,
}

impl Size {
    fn word(self) -> String {
        match self.prefill == self.decode {
            true => self.prefill.to_string(),
            false => format!("{}:{}", self.prefill, self.decode),
        }
    }
}

/// The points in their order: by machine, then by size, then by load.
///
/// # Errors
/// When an argument, or a machine in one of the sizes, cannot be used.
pub(crate) fn points(args: &SweepArgs, workload: &Workload) -> Result<Vec<Point>, Failure> {
    let sizes = sizes(args)?;
    let loads = loads(args)?;
    let mut points = Vec::new();
    for deployment in deploy_each(workload.catalogue(), &args.on)? {
        for size in &sizes {
            let scaled = deployment
                .scaled(size.prefill, size.decode)
                .map_err(|error| Failure::usage(format!("--prefill-decode: {error}")))?;
            for load in &loads {
                points.push(point(&scaled, *size, *load));
            }
        }
    }
    Ok(points)
}

fn point(deployment: &Deployment, size: Size, load: LoadChoice) -> Point {
    let about = About {
        machine: deployment.machine.clone(),
        digest: deployment.digest.clone(),
        estimated: deployment.estimated(),
        model: deployment.model.name.clone(),
        size: size.word(),
        chips: deployment.pools.iter().map(|pool| pool.chips).sum(),
        at_once: match load {
            LoadChoice::AtOnce(sessions) => Some(sessions),
            _ => None,
        },
        rate_per_second: match load {
            LoadChoice::Rate(rate) => Some(rate),
            _ => None,
        },
    };
    Point { about, deployment: deployment.clone(), load }
}

fn sizes(args: &SweepArgs) -> Result<Vec<Size>, Failure> {
    let of = |text: &String| {
        let both = text.split_once(':').and_then(|(prefill, decode)| {
            Some(Size { prefill: copies(prefill)?, decode: copies(decode)? })
        });
        both.ok_or_else(|| {
            Failure::usage(format!(
                "--prefill-decode {text}: this is no ratio\n  fix: write copies of the prefill pool \
                 and of the decode pool, such as 1:2; up to {COPIES_MOST} of each"
            ))
        })
    };
    let ratios = args.prefill_decode.iter().map(of).collect::<Result<Vec<_>, Failure>>()?;
    if !ratios.is_empty() {
        return Ok(ratios);
    }
    if let Some(wrong) = args.racks.iter().find(|racks| !(1..=COPIES_MOST).contains(*racks)) {
        return Err(Failure::usage(format!(
            "--racks {wrong}: a machine has 1 to {COPIES_MOST} copies of its pools"
        )));
    }
    let same = |copies: &u64| Size { prefill: *copies, decode: *copies };
    Ok(match args.racks.is_empty() {
        true => vec![Size { prefill: 1, decode: 1 }],
        false => args.racks.iter().map(same).collect(),
    })
}

/// The most copies of a pool.
const COPIES_MOST: u64 = 10_000;

fn copies(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|copies| (1..=COPIES_MOST).contains(copies))
}

fn loads(args: &SweepArgs) -> Result<Vec<LoadChoice>, Failure> {
    if args.concurrency.contains(&0) {
        return Err(Failure::usage("--concurrency 0: at least one session is there at once"));
    }
    if let Some(wrong) = args.rate.iter().find(|rate| !(**rate > 0.0 && rate.is_finite())) {
        return Err(Failure::usage(format!("--rate {wrong}: a rate is a number above 0")));
    }
    let at_once = args.concurrency.iter().map(|sessions| LoadChoice::AtOnce(*sessions));
    let rates = args.rate.iter().map(|rate| LoadChoice::Rate(*rate));
    let loads: Vec<LoadChoice> = at_once.chain(rates).collect();
    Ok(if loads.is_empty() { vec![LoadChoice::AsItIs] } else { loads })
}
