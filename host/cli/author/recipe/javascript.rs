//! JavaScript and TypeScript: esbuild makes one module of the project and the SDK, and
//! componentize-qjs or componentize-js puts it into an engine.

use super::Job;
use crate::bench::{Engine, Language};
use crate::exit::Failure;

/// Syntax that the bundle does without: it settles promises by itself, and engines' own `await`
/// would know nothing of that.
const LOWERED: [&str; 4] = ["async-await", "async-generator", "for-await", "using"];

/// What StarlingMonkey leaves out, since sessions have no such things.
const DISABLED: [&str; 6] = ["--disable", "stdio", "random", "clocks", "http", "fetch-event"];

/// Bundles the modules that the SDK's entry and the first file lead to, and componentizes them.
pub(super) fn component(job: &Job<'_>) -> Result<Vec<u8>, Failure> {
    let kind = job.table.kind.name();
    let ending = if job.table.language == Language::TypeScript { "ts" } else { "js" };
    let (own, inside) = (format!("{kind}.{ending}"), format!("src/index.{ending}"));
    let first = job.first_file(&[&own, &inside])?;
    let bundle = job.scratch.join("bundle.js");
    job.tools
        .step("esbuild", job.folder())?
        .arg(job.sdk.join("entry").join(format!("{kind}.js")))
        .args(["--bundle", "--format=esm", "--target=esnext", "--charset=utf8"])
        .args(["--conditions=timeslip", "--external:timeslip:*", "--log-level=warning"])
        .arg(format!("--alias:timeslip-project={}", first.display()))
        .args(LOWERED.map(|syntax| format!("--supported:{syntax}=false")))
        .arg(format!("--outfile={}", bundle.display()))
        .run()?;
    let output = job.scratch.join("component.wasm");
    let step = match job.table.engine.unwrap_or(Engine::Quickjs) {
        Engine::Quickjs => job
            .tools
            .step("componentize-qjs", job.folder())?
            .arg("--wit")
            .arg(job.wit()?)
            .arg("--js")
            .arg(&bundle)
            .args(["--world", job.blocking_world(), "--sync", "--stub-wasi", "--output"])
            .arg(&output),
        Engine::Starlingmonkey => job
            .tools
            .step("componentize-js", job.folder())?
            .arg(&bundle)
            .arg("--wit")
            .arg(job.wit()?)
            .args(["--world-name", job.blocking_world()])
            .args(DISABLED)
            .arg("--out")
            .arg(&output),
    };
    step.run_quietly()?;
    job.written(&output)
}
