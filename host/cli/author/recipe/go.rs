//! Go: its own compiler for WASI, and the encoder of this program.

use super::Job;
use crate::exit::Failure;

/// Builds the package of the source folder.
pub(super) fn component(job: &Job<'_>) -> Result<Vec<u8>, Failure> {
    let core = job.scratch.join("core.wasm");
    job.tools
        .step("go", job.folder())?
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .args(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o"])
        .arg(&core)
        .arg(".")
        .run()?;
    job.encode(&core, job.table.kind.name())
}
