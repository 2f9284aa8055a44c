//! `timeslip new`: a project to start from, whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::NewArgs;
use super::command::quoted;
use super::embedded;
use super::name::Name;
use super::next_steps::next_steps;
use super::part_folder::PartFolder;
use crate::bench::{ComponentKind, Language};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::columns;

/// Writes a project; what is there is left alone.
pub(crate) fn new(args: &NewArgs) -> Result<Exit, Failure> {
    let file_name = args.name.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = Name::new(file_name).map_err(Failure::usage)?;
    let language = language(args)?;
    let kind = if args.tool { ComponentKind::Tool } else { ComponentKind::Agent };
    let files = project(&name, language, kind)?;
    if args.name.symlink_metadata().is_ok() {
        return Err(is_there(&args.name));
    }
    write(&args.name, &files).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => is_there(&args.name),
        _ => Failure::run(format!("cannot write the project {}: {error}", args.name.display())),
    })?;
    report(args, &name, language, kind, &files)?;
    Ok(Exit::Pass)
}

fn is_there(place: &Path) -> Failure {
    Failure::usage(format!(
        "{} is there already, and is left as it is\n  fix: give another name, or remove it",
        place.display()
    ))
}

/// The language that was asked for.
fn language(args: &NewArgs) -> Result<Language, Failure> {
    let Some(named) = &args.lang else {
        let list = embedded::languages().map(|language| {
            format!("\n    timeslip new {} --lang {}", args.name.display(), language.name())
        });
        return Err(Failure::usage(format!(
            "--lang is missing: in which language?\n  fix: one of{}",
            list.collect::<String>()
        )));
    };
    Language::named(named).map_err(|problem| Failure::usage(format!("--lang: {problem}")))
}

/// A file of the project.
struct ProjectFile {
    path: String,
    bytes: Vec<u8>,
}

/// All files of a project: the template's with the name in them, the SDK's, and the contracts.
fn project(
    name: &Name,
    language: Language,
    kind: ComponentKind,
) -> Result<Vec<ProjectFile>, Failure> {
    let template = embedded::template(language, kind);
    if template.clone().next().is_none() {
        return Err(Failure::usage(format!(
            "this timeslip has no template of a {} in {}\n  fix: --lang {}",
            kind.name(),
            language.title(),
            embedded::languages().map(Language::name).collect::<Vec<_>>().join(" or --lang ")
        )));
    }
    let mut files: Vec<ProjectFile> = template
        .map(|(path, bytes)| ProjectFile { path: name.fill(path), bytes: filled(name, bytes) })
        .collect();
    let of_sdk = |path: &str, bytes: &[u8]| ProjectFile {
        path: format!("sdk/{path}"),
        bytes: bytes.to_vec(),
    };
    files.extend(embedded::sdk(language).map(|(path, bytes)| of_sdk(path, bytes)));
    files.extend(embedded::contracts().map(|(path, bytes)| of_sdk(&format!("wit/{path}"), bytes)));
    if kind == ComponentKind::Tool {
        files.push(of_sdk("agent.wasm", embedded::TOOL_CALLING_AGENT));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// A file of a template with the name in it; what is no text stays as it is.
fn filled(name: &Name, bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => name.fill(text).into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

fn write(place: &Path, files: &[ProjectFile]) -> io::Result<()> {
    let part = PartFolder::beside(place)?;
    for file in files {
        let path: PathBuf = part.path().join(&file.path);
        fs::create_dir_all(path.parent().expect("a file has a folder"))?;
        fs::write(&path, &file.bytes)?;
        #[cfg(unix)]
        if file.bytes.starts_with(b"#!") {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    part.take_place()
}

fn report(
    args: &NewArgs,
    name: &Name,
    language: Language,
    kind: ComponentKind,
    files: &[ProjectFile],
) -> Result<(), Failure> {
    let folder = args.name.display().to_string().replace('\\', "/");
    let steps = next_steps(&quoted(args.name.as_os_str()), language);
    if args.json {
        let commands: Vec<&String> = steps.iter().map(|(command, _)| command).collect();
        let paths: Vec<&String> = files.iter().map(|file| &file.path).collect();
        let written = json!({
            "project": name.as_str(),
            "folder": folder,
            "language": language.name(),
            "kind": kind.name(),
            "files": paths,
            "next": commands,
        });
        return output::print(&format!("{written:#}\n"));
    }
    let what = match kind {
        ComponentKind::Agent => "an agent",
        ComponentKind::Tool => "a tool plugin",
    };
    let rows: Vec<[String; 2]> =
        steps.into_iter().map(|(command, does)| [format!("  {command}"), does]).collect();
    output::print(&format!(
        "{folder}: {what} in {}; README.md says what is where. Next:\n{}",
        language.title(),
        columns(&rows)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_holds_a_bench_that_builds_what_it_names_and_no_name_is_left_open() {
        let name = Name::new("ticket-desk").unwrap();
        for language in embedded::languages() {
            for kind in [ComponentKind::Agent, ComponentKind::Tool] {
                let files = project(&name, language, kind).unwrap();
                let of = |path: &str| files.iter().find(|file| file.path == path);
                let (what, bench) =
                    (format!("{} {}", language.name(), kind.name()), of("timeslip.toml"));
                let bench = bench.unwrap_or_else(|| panic!("{what} has no timeslip.toml"));
                let bench = std::str::from_utf8(&bench.bytes).unwrap();
                assert!(bench.contains(&format!("language = \"{}\"", language.name())), "{what}");
                for path in ["README.md", ".gitignore", "sdk/wit/agent/world.wit"] {
                    assert!(of(path).is_some(), "{what} has no {path}");
                }
                assert_eq!(of("sdk/agent.wasm").is_some(), kind == ComponentKind::Tool);
                let own = files.iter().filter(|file| !file.path.starts_with("sdk/"));
                for file in own {
                    let text = String::from_utf8_lossy(&file.bytes);
                    assert!(!text.contains("{{name") && !file.path.contains("{{"), "{}", file.path);
                }
                assert!(files.windows(2).all(|pair| pair[0].path != pair[1].path), "{what}");
            }
        }
    }
}
