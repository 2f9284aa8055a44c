//! `timeslip sweep`: a workload on machines of several sizes, under several loads.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};
use timeslip_gate::slip::MachineBands;
use timeslip_report::page::Page;
use timeslip_runtime::engine::component_digest;

use super::args::SweepArgs;
use super::figures::Figures;
use super::grid::{self, Point};
use super::pareto::frontier;
use super::runs::{LoadChoice, run_once};
use super::store::{Finished, Head, Store};
use super::sweep_screen::{csv, screen};
use super::workload::Workload;
use crate::bands::{bands_text, machine_bands};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::parallel::in_parallel;
use crate::run::available_threads;
use crate::show;

/// A finished point, and whether it is on a frontier.
pub(crate) struct Row {
    /// The point.
    pub(crate) finished: Finished,
    /// Of tokens a second for one user and for a chip.
    pub(crate) on_chip_frontier: Option<bool>,
    /// Of tokens a second for one user and for a megawatt.
    pub(crate) on_power_frontier: Option<bool>,
    /// Of tokens a second for one user and tokens for a dollar.
    pub(crate) on_cost_frontier: Option<bool>,
}

/// Runs every point that is not finished yet, and prints all of them.
pub(crate) fn sweep(args: &SweepArgs) -> Result<Exit, Failure> {
    show::report::check_place(args.report.as_deref())?;
    let workload = Workload::load(&args.workload)?;
    let points = grid::points(args, &workload)?;
    let head = Head::new(workload.name(), digest(&workload, &points), points.len());
    let (store, before) = match &args.output {
        Some(path) => {
            let (store, before) = Store::open(path, &head)?;
            (Some(store), before)
        }
        None => (None, Vec::new()),
    };
    if !before.is_empty() {
        eprintln!("{} of {} points were finished before", before.len(), points.len());
    }
    let threads = args.threads.map_or_else(available_threads, usize::from);
    let store = Mutex::new(store);
    let finished = in_parallel(points.len(), threads, |index| {
        if let Some(known) = before.iter().find(|finished| finished.index == index) {
            return Ok(known.clone());
        }
        let finished = finish(&workload, &points[index], index)?;
        if let Some(store) = store.lock().expect("no thread panics with it").as_mut() {
            store.add(&finished)?;
        }
        Ok(finished)
    });
    let finished = finished.into_iter().collect::<Result<Vec<Finished>, Failure>>()?;
    if let Some(store) = store.into_inner().expect("no thread panics with it") {
        store.close(&head, &finished)?;
    }
    let rows = rows(finished);
    print(args, &head, &points, &rows)?;
    Ok(Exit::Pass)
}

fn finish(workload: &Workload, point: &Point, index: usize) -> Result<Finished, Failure> {
    let sessions = match point.load {
        // A load that is never reached says nothing.
        LoadChoice::AtOnce(at_once) => workload.sessions().max(at_once),
        LoadChoice::AsItIs | LoadChoice::Rate(_) => workload.sessions(),
    };
    let ran = run_once(workload, &point.deployment, sessions, point.load)?;
    Ok(Finished { index, point: point.about.clone(), figures: Figures::of(&ran) })
}

fn digest(workload: &Workload, points: &[Point]) -> String {
    let abouts: Vec<_> = points.iter().map(|point| &point.about).collect();
    let said = json!({ "workload": workload.digest(), "points": abouts });
    component_digest(said.to_string().as_bytes())
}

fn rows(finished: Vec<Finished>) -> Vec<Row> {
    let with = |other: fn(&Finished) -> Option<f64>| {
        let both = |point: &Finished| point.figures.tokens_per_second_per_user.zip(other(point));
        frontier(&finished.iter().map(both).collect::<Vec<_>>()).into_iter()
    };
    let mut chip = with(|point| {
        let tokens = point.figures.output_tokens_per_second?;
        Some(tokens / point.point.chips as f64)
    });
    let mut power = with(|point| point.figures.tokens_per_second_per_megawatt);
    let mut cost =
        with(|point| point.figures.usd_per_million_output_tokens.map(|dollars| -dollars));
    let row = |finished| Row {
        finished,
        on_chip_frontier: chip.next().flatten(),
        on_power_frontier: power.next().flatten(),
        on_cost_frontier: cost.next().flatten(),
    };
    finished.into_iter().map(row).collect()
}

fn print(args: &SweepArgs, head: &Head, points: &[Point], rows: &[Row]) -> Result<(), Failure> {
    let deployments = points.iter().map(|point| &point.deployment);
    if let Some(path) = &args.report {
        let sweep = Some(as_json(head, points, rows));
        let title = head.workload.clone();
        let subtitle = format!("{} points", rows.len());
        show::report::write(path, &Page { title, subtitle, sweep, ..Page::default() })?;
    }
    match (args.csv, args.json) {
        (true, _) => output::print(&csv(rows)),
        (_, true) => output::print(&format!("{:#}\n", as_json(head, points, rows))),
        _ => output::print(&screen(head, &bands_text(deployments), rows)),
    }
}

fn as_json(head: &Head, points: &[Point], rows: &[Row]) -> Value {
    let bands: BTreeMap<&str, MachineBands> = points
        .iter()
        .map(|point| (point.deployment.machine.as_str(), machine_bands(&point.deployment)))
        .collect();
    let points: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "point": row.finished.point,
                "figures": row.finished.figures,
                "on_chip_frontier": row.on_chip_frontier,
                "on_power_frontier": row.on_power_frontier,
                "on_cost_frontier": row.on_cost_frontier,
            })
        })
        .collect();
    json!({ "sweep": head, "bands": bands, "points": points })
}
