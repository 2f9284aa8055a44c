//! The run that a plugin must pass before it is published: its own bench, with the packed component.

use std::path::Path;

use timeslip_gate::slip::{SessionStatus, Slip};
use timeslip_market::component::{PackedComponent, code_digest};
use timeslip_market::digest::Digest;

use super::failure;
use crate::bench::{Bench, Mounted, Overrides};
use crate::exit::Failure;
use crate::run::available_threads;
use crate::stage::run_bench;

/// A smoke run that passed.
#[derive(Debug)]
pub(super) struct Smoke {
    /// The bench's name.
    pub(super) bench: String,
    /// Its sessions.
    pub(super) sessions: usize,
    /// What the manifest and the catalogue say of it.
    pub(super) annotation: String,
}

/// Runs a plugin's bench with the packed component in the place of the one that was packed.
///
/// # Errors
/// When the bench has no component of this plugin, grants it more than it declares, or a session
/// fails.
pub(super) fn run(bench_path: &Path, packed: &PackedComponent) -> Result<Smoke, Failure> {
    let shown = bench_path.display();
    let bench = bench_with(bench_path, packed, &Overrides::default())?;
    let machines = bench.machines.clone();
    let outcome = run_bench(&bench, &machines, available_threads(), &mut |_, _| {})?;
    let slip = &outcome.slip;
    check_answered(
        slip,
        &format!("{shown}: the smoke run failed, so nothing is published"),
        &shown,
    )?;
    let is_tool = packed.surface.world().is_some_and(|world| world.starts_with("timeslip:tool/"));
    if is_tool && slip.summary.tool_calls == 0 {
        return Err(Failure::run(format!(
            "{shown}: the smoke run called no tool, so it shows nothing of {}",
            packed.name
        )));
    }
    let slip_digest = Digest::of(slip.to_json().as_bytes());
    Ok(Smoke {
        annotation: format!("bench {} slip {slip_digest}", bench.digest),
        sessions: slip.sessions.len(),
        bench: bench.name,
    })
}

/// Refuses a run of which a session did not succeed.
pub(super) fn check_answered(
    slip: &Slip,
    failed: &str,
    bench: &dyn std::fmt::Display,
) -> Result<(), Failure> {
    let session = slip.sessions.iter().find(|one| one.status == SessionStatus::Failed);
    let Some(session) = session else { return Ok(()) };
    let why = session.error.as_ref().map(|error| format!("{error:?}")).unwrap_or_default();
    Err(Failure::run(format!(
        "{failed}: the session `{}` did not succeed: {why}\n  fix: timeslip run {bench}",
        session.task
    )))
}

/// A bench with the packed component in the place of the one that was packed.
///
/// # Errors
/// When the bench cannot be read, has no component of this plugin, or grants it more than it declares.
pub(super) fn bench_with(
    bench_path: &Path,
    packed: &PackedComponent,
    overrides: &Overrides,
) -> Result<Bench, Failure> {
    let shown = bench_path.display();
    let mut bench = Bench::load(Some(bench_path), overrides)?;
    let code = code_digest(&packed.bytes).map_err(failure)?;
    let tools = bench.tools.iter_mut().chain(bench.agents.iter_mut().map(|one| &mut one.component));
    let mut replaced = 0;
    for mounted in std::iter::once(&mut bench.agent).chain(tools) {
        replaced += usize::from(replace(mounted, &code, packed));
    }
    if replaced == 0 {
        return Err(Failure::usage(format!(
            "{shown}: no component of this bench is {}, so running it would show nothing\n  fix: \
             mount the component that plugin.toml names",
            packed.name
        )));
    }
    Ok(bench)
}

/// Puts the packed component where the same one without its metadata is.
fn replace(mounted: &mut Mounted, code: &Digest, packed: &PackedComponent) -> bool {
    let is_it = code_digest(&mounted.bytes).is_ok_and(|own| own == *code);
    if is_it {
        mounted.bytes = packed.bytes.clone();
    }
    is_it
}
