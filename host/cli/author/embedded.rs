//! What `timeslip new` writes and `timeslip build` reads, as it stands in the repository: the SDKs
//! with their templates, the contracts, and the agent that a new tool plugin's bench runs.

use crate::bench::{ComponentKind, Language};

include!(concat!(env!("OUT_DIR"), "/embedded_files.rs"));

/// The agent of a new tool plugin's bench: it calls the tools that its model asks for.
pub(super) const TOOL_CALLING_AGENT: &[u8] =
    include_bytes!("../../../agents/prebuilt/tool-caller.wasm");

/// The folders of an SDK that are no part of what a project gets.
const NO_SOURCES: [&str; 3] = ["template/", "conformance/", "tests/"];

/// A file that is embedded.
pub(super) type File = (&'static str, &'static [u8]);

/// The files of the project that a language's template makes, by their paths in it.
pub(super) fn template(
    language: Language,
    kind: ComponentKind,
) -> impl Iterator<Item = File> + Clone {
    let folder = format!("{}/template/{}/", language.name(), kind.name());
    SDKS.iter().filter_map(move |(path, bytes)| Some((path.strip_prefix(&*folder)?, *bytes)))
}

/// The sources of a language's SDK, by their paths in it. TypeScript and Zig add theirs to those of
/// the language that they are written over.
pub(super) fn sdk(language: Language) -> impl Iterator<Item = File> {
    let below = match language {
        Language::TypeScript => Some(Language::JavaScript),
        Language::Zig => Some(Language::C),
        _ => None,
    };
    let own: Vec<File> = sources(language).collect();
    let below: Vec<File> = below.into_iter().flat_map(sources).collect();
    let is_own = |path: &str| own.iter().any(|(own, _)| *own == path);
    let added: Vec<File> = below.into_iter().filter(|(path, _)| !is_own(path)).collect();
    own.into_iter().chain(added)
}

/// The files of a language's own folder that are no template.
fn sources(language: Language) -> impl Iterator<Item = File> {
    let folder = format!("{}/", language.name());
    let inside = SDKS.iter().filter_map(move |(path, bytes)| {
        let path: &'static str = path.strip_prefix(&*folder)?;
        Some((path, *bytes))
    });
    inside.filter(|(path, _)| !NO_SOURCES.iter().any(|folder| path.starts_with(folder)))
}

/// The contracts of agents and tool plugins, as `agent/…` and `tool/…`.
pub(super) fn contracts() -> impl Iterator<Item = File> {
    let is_theirs = |file: &&File| file.0.starts_with("agent/") || file.0.starts_with("tool/");
    CONTRACTS.iter().filter(is_theirs).copied()
}

/// The languages that have templates.
pub(super) fn languages() -> impl Iterator<Item = Language> {
    Language::ALL
        .into_iter()
        .filter(|language| template(*language, ComponentKind::Agent).next().is_some())
}
