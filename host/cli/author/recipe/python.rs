//! Python: componentize-py puts the interpreter, the SDK and the module into one component.

use std::ffi::OsString;

use super::Job;
use crate::bench::ComponentKind;
use crate::exit::Failure;

/// Builds the module that the source names.
pub(super) fn component(job: &Job<'_>) -> Result<Vec<u8>, Failure> {
    let kind = job.table.kind.name();
    let own = format!("{kind}.py");
    let first = job.first_file(&[&own, "app.py", "main.py"])?;
    let module = first.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let packages = job.packages()?;
    let used = match job.table.kind {
        ComponentKind::Agent => &["agent"][..],
        ComponentKind::Tool => &["agent", "tool"],
    };
    let used =
        used.iter().flat_map(|name| [OsString::from("--wit-path"), packages.join(name).into()]);
    let output = job.scratch.join("component.wasm");
    job.tools
        .step("componentize-py", job.folder())?
        .arg("--quiet")
        .args(used)
        .args(["--world", &format!("timeslip:{kind}/{kind}"), "componentize", module])
        .arg("--python-path")
        .arg(job.folder())
        .arg("--python-path")
        .arg(&job.sdk)
        .arg("--output")
        .arg(&output)
        .run()?;
    job.written(&output)
}
