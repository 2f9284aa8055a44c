//! `timeslip plugin pack` and `timeslip plugin publish`.

use std::path::{Path, PathBuf};

use serde_json::json;
use timeslip_market::publish::{Publication, publish as publish_to, publish_signed};
use timeslip_market::statements::{Subject, provenance_of};
use timeslip_market::tuf::Published;

use super::args::{PackArgs, PublishArgs};
use super::editing::Editing;
use super::places::now;
use super::project_file::ProjectFile;
use super::screen::{
    bytes_text, counted, facts, json_text, packed_facts, permission_lines, signer_text,
};
use super::{failure, key, smoke};
use crate::exit::{Exit, Failure};
use crate::output;

/// Packs a plugin into a file.
pub(super) fn pack(args: &PackArgs) -> Result<Exit, Failure> {
    let project = ProjectFile::read(&args.plugin)?;
    let packed = &project.packed;
    let standard = || PathBuf::from(format!("{}-{}.wasm", packed.name.name(), packed.version));
    let out = args.out.clone().unwrap_or_else(standard);
    output::write_file(&out, &packed.bytes)?;
    if args.json {
        output::print(&json_text(&json!({
            "name": packed.name.to_string(),
            "version": packed.version.to_string(),
            "file": out.display().to_string(),
            "component": packed.digest,
            "permissions": packed.permissions.digest(),
            "world": packed.surface.world(),
            "imports": packed.surface.imports,
            "exports": packed.surface.exports,
        })))?;
        return Ok(Exit::Pass);
    }
    output::print(&format!(
        "packed {}@{} into {} ({})\n{}  it may\n{}",
        packed.name,
        packed.version,
        out.display(),
        bytes_text(packed.bytes.len() as u64),
        facts(&packed_facts(packed)),
        permission_lines(&packed.permissions, "    ")
    ))?;
    Ok(Exit::Pass)
}

/// Packs, runs and publishes a plugin.
pub(super) fn publish(args: &PublishArgs) -> Result<Exit, Failure> {
    let project = ProjectFile::read(&args.plugin)?;
    let packed = &project.packed;
    let bench = bench_of(&project)?;
    let editing = Editing::of(args.registry.as_deref(), &args.keys, args.json)?;
    let (places, registry) = (editing.places(), editing.registry());
    let smoke = smoke::run(bench, packed)?;
    let catalogue = places.catalogue(registry)?;
    let key = key::of_publisher(args.key.as_deref())?;
    let publication = Publication {
        packed,
        smoke: smoke.annotation.clone(),
        now: now()?,
        key: &key,
        statements: &|entry| {
            let variable = |name: &str| std::env::var(name).ok();
            provenance_of(Subject::of(entry), &variable).into_iter().collect()
        },
    };
    let (entry, published) = if catalogue.is_signed() {
        let editor = editing.editor()?;
        let signed = publish_signed(&editor, &catalogue, &places.trust, &publication);
        let (entry, published) = signed.map_err(failure)?;
        (entry, Some(published))
    } else {
        let entry = publish_to(registry, &catalogue, &places.trust, &publication);
        (entry.map_err(failure)?, None)
    };
    let submitted = match &published {
        Some(Published::Submitted(tag)) => Some(tag),
        _ => None,
    };
    if args.json {
        let entry = serde_json::to_value(&entry).expect("an entry can be written");
        let json = json!({ "registry": registry.place(), "entry": entry, "submitted": submitted });
        output::print(&json_text(&json))?;
        return Ok(Exit::Pass);
    }
    let mut rows = vec![
        ("manifest", entry.manifest.to_string()),
        ("component", entry.component.to_string()),
        ("permissions", entry.permissions.to_string()),
        ("smoke run", format!("{} passed, {}", smoke.bench, counted(smoke.sessions, "session"))),
        ("signed by", signer_text(entry.signer.as_deref())),
    ];
    if published.is_some() {
        let catalogued = match submitted {
            None => format!("under the key of `{}`", packed.name.namespace()),
            Some(tag) => {
                format!("once the owner runs `timeslip plugin registry accept` ({tag})")
            }
        };
        rows.push(("catalogued", catalogued));
    }
    output::print(&format!(
        "published {}@{} to {registry}\n{}",
        packed.name,
        packed.version,
        facts(&rows)
    ))?;
    Ok(Exit::Pass)
}

/// The bench that shows that a plugin works.
fn bench_of(project: &ProjectFile) -> Result<&Path, Failure> {
    let file = project.file.display();
    let world = project.packed.surface.world();
    if world.is_none_or(|world| world.starts_with("timeslip:hardware/")) {
        return Err(Failure::usage(format!(
            "{file}: its component is no agent and no tool plugin, so no bench can show that it works"
        )));
    }
    project.bench.as_deref().ok_or_else(|| {
        Failure::usage(format!(
            "{file}: it names no bench, and a plugin is published once its own bench passes with it\n  \
             fix: add `bench = \"timeslip.toml\"`"
        ))
    })
}
