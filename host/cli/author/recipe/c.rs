//! C: Zig's C compiler, and the encoder of this program.

use std::path::{Path, PathBuf};

use super::Job;
use crate::author::command::Step;
use crate::exit::Failure;

/// Compiles the C files of the source folder with those of the SDK.
pub(super) fn component(job: &Job<'_>) -> Result<Vec<u8>, Failure> {
    let sources = match job.source.is_file() {
        true => vec![job.source.clone()],
        false => files(&job.source),
    };
    let core = job.scratch.join("core.wasm");
    let step = job
        .tools
        .step("zig", job.folder())?
        .args(["cc", "-target", "wasm32-wasi", "-mexec-model=reactor", "-std=c17", "-Wall"])
        .args(["-Wextra", "-Os", "-s", "-Wl,-z,stack-size=1048576"])
        .args(sources);
    with_sdk(job, step).arg("-o").arg(&core).run()?;
    job.encode(&core, job.blocking_world())
}

/// Adds the SDK's C and the glue of the component's world.
pub(super) fn with_sdk(job: &Job<'_>, step: Step) -> Step {
    let kind = job.table.kind.name();
    let glue = job.sdk.join("glue").join(kind);
    step.arg("-I")
        .arg(&job.sdk)
        .arg("-I")
        .arg(&glue)
        .args(files(&job.sdk))
        .args(files(&job.sdk.join(kind)))
        .args(files(&glue))
}

/// The C files of a folder, sorted, so that the component does not depend on the order in which the
/// system lists them.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let all = entries.map(|entry| entry.path());
    let is_c = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "c");
    let mut files: Vec<PathBuf> = all.filter(|file| file.is_file() && is_c(file)).collect();
    files.sort();
    files
}
