//! Zig: its own compiler, and the encoder of this program.

use super::Job;
use super::c::with_sdk;
use crate::exit::Failure;

/// Compiles the first file and what it imports, with the C of the SDK.
pub(super) fn component(job: &Job<'_>) -> Result<Vec<u8>, Failure> {
    let own = format!("{}.zig", job.table.kind.name());
    let first = job.first_file(&[&own, "main.zig", "src/main.zig"])?;
    let core = job.scratch.join("core.wasm");
    let step = job
        .tools
        .step("zig", job.folder())?
        .args(["build-exe", "-target", "wasm32-wasi", "-OReleaseSmall", "-fstrip", "-lc"])
        .args(["-fno-entry", "-rdynamic", "-mexec-model=reactor", "--stack", "1048576"])
        .arg(&first);
    with_sdk(job, step).arg(format!("-femit-bin={}", core.display())).run()?;
    job.encode(&core, job.blocking_world())
}
