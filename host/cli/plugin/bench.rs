//! `timeslip plugin bench`: how fast and how dear a published plugin is on modelled machines, signed.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde_json::json;
use timeslip_gate::slip::Slip;
use timeslip_gate::step::{ChatStep, Step};
use timeslip_market::badge::{BADGE_PREDICATE, Badge, Spread};
use timeslip_market::catalogue::Entry;
use timeslip_market::component::PackedComponent;
use timeslip_market::digest::Digest;
use timeslip_market::name::Reference;
use timeslip_market::oci::{Descriptor, MANIFEST_TYPE};
use timeslip_market::registry::{Registry, Repository};
use timeslip_market::statements::{BUNDLE_TYPE, Statement, Subject, sign};

use super::args::BenchArgs;
use super::info::{component_of, newest};
use super::places::Places;
use super::screen::{counted, json_text};
use super::{failure, key, smoke, suite};
use crate::bench::Overrides;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::run::available_threads;
use crate::stage::run_bench;

/// Runs a suite with a published plugin, and signs what came out.
pub(super) fn bench(args: &BenchArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let reference = Reference::parse(&args.reference).map_err(failure)?;
    let sources = places.sources()?;
    let (source, entry) = newest(&sources, &reference)?;
    let packed = component_of(&places, &source.registry, &entry)?;
    let named = suite_of(args.suite.as_deref(), &places, &source.registry, &entry)?;
    let mut badges = Vec::new();
    for machine in &args.on {
        badges.push(measure(named.bench(), &entry, &packed, machine, args.threads)?);
    }
    if args.push {
        let key = key::of_publisher(args.key.as_deref())?;
        // The suite goes first, so that no badge is there that nobody could reproduce.
        if let NamedSuite::Own(_, own) = &named {
            let repository = Repository::of(&entry.name);
            let pushed = source.registry.push_suite(&repository, &own.digest, &own.suite);
            pushed.map_err(failure)?;
        }
        for badge in &badges {
            attach(&source.registry, &entry, badge, &key)?;
        }
    }
    output::print(&match args.places.json {
        true => json_text(&json!({ "badges": badges, "pushed": args.push })),
        false => screen(&entry, &badges, args.push, &named),
    })?;
    Ok(Exit::Pass)
}

/// The suite to run.
enum NamedSuite {
    /// A bench of one's own.
    Own(PathBuf, Box<suite::Packed>),
    /// One that travels with the plugin.
    Fetched(PathBuf),
}

impl NamedSuite {
    fn bench(&self) -> &Path {
        match self {
            NamedSuite::Own(bench, _) | NamedSuite::Fetched(bench) => bench,
        }
    }
}

fn suite_of(
    named: Option<&str>,
    places: &Places,
    registry: &Registry,
    entry: &Entry,
) -> Result<NamedSuite, Failure> {
    let digest = match named {
        None => suite::only_one(places, registry, entry)?,
        Some(digest) if digest.starts_with("sha256:") => Digest::parse(digest).map_err(failure)?,
        Some(bench) => {
            let bench = PathBuf::from(bench);
            let packed = suite::pack(&bench)?;
            return Ok(NamedSuite::Own(bench, Box::new(packed)));
        }
    };
    suite::fetched(places, registry, entry, &digest).map(NamedSuite::Fetched)
}

/// The figures of one machine.
///
/// # Errors
/// When the suite does not run, or a session of it fails.
pub(super) fn measure(
    suite: &Path,
    entry: &Entry,
    packed: &PackedComponent,
    machine: &str,
    threads: Option<NonZeroUsize>,
) -> Result<Badge, Failure> {
    let overrides = Overrides { on: vec![machine.to_owned()], ..Overrides::default() };
    let bench = smoke::bench_with(suite, packed, &overrides)?;
    let machines = bench.machines.clone();
    let threads = threads.map_or_else(available_threads, usize::from);
    let outcome = run_bench(&bench, &machines, threads, &mut |_, _| {})?;
    let shown = suite.display();
    smoke::check_answered(&outcome.slip, &format!("{shown}: the suite failed"), &shown)?;
    badge_of(&outcome.slip, entry)
}

fn badge_of(slip: &Slip, entry: &Entry) -> Result<Badge, Failure> {
    let machine = &slip.machines[0];
    let digest = |text: &str| Digest::parse(text).map_err(failure);
    let of_sessions = |value: &dyn Fn(&[&ChatStep]) -> Option<f64>| {
        let each: Option<Vec<f64>> =
            slip.sessions.iter().map(|session| value(&chats(&session.steps))).collect();
        each.and_then(Spread::of)
    };
    let of_chats = |value: &dyn Fn(&ChatStep) -> Option<f64>| {
        let all = slip.sessions.iter().flat_map(|session| chats(&session.steps));
        Spread::of(all.filter_map(value).collect())
    };
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let task_seconds = slip.sessions.iter().map(|session| seconds(session.e2e_ns)).collect();
    Ok(Badge {
        plugin: entry.name.clone(),
        version: entry.version.clone(),
        manifest: entry.manifest.clone(),
        suite: slip.bench.name.clone(),
        suite_digest: digest(&slip.bench.digest)?,
        machine: machine.name.clone(),
        machine_digest: match &machine.digest {
            Some(text) => digest(text)?,
            None => {
                return Err(Failure::usage("a badge is of a modelled machine, and this is none"));
            }
        },
        model: machine.model.clone(),
        host_version: slip.timeslip.clone(),
        slip_digest: Digest::of(slip.to_json().as_bytes()),
        is_estimate: machine.estimated,
        sessions: slip.sessions.len() as u64,
        task_seconds: Spread::of(task_seconds)
            .ok_or_else(|| Failure::usage("a suite without a session says nothing"))?,
        tokens_per_second: of_chats(&|chat| chat.output_tokens_per_second()),
        first_token_seconds: of_chats(&|chat| chat.is_answered().then(|| seconds(chat.ttft_ns))),
        task_joules: of_sessions(&|chats| chats.iter().map(|chat| chat.energy_j).sum()),
        task_dollars: of_sessions(&|chats| chats.iter().map(|chat| chat.cost_usd).sum()),
    })
}

fn chats(steps: &[Step]) -> Vec<&ChatStep> {
    let mut chats = Vec::new();
    for step in steps {
        if let Step::Chat(chat) = step {
            chats.push(chat);
        }
    }
    chats
}

fn attach(
    registry: &Registry,
    entry: &Entry,
    badge: &Badge,
    key: &timeslip_market::keys::SecretKey,
) -> Result<(), Failure> {
    let repository = Repository::of(&entry.name);
    let predicate = serde_json::to_value(badge).expect("a badge can be written");
    let statement = Statement::new(Subject::of(entry), BADGE_PREDICATE, predicate);
    let bundle = sign(&statement, key).map_err(failure)?;
    let tag = entry.version.to_string();
    match registry.tagged(&repository, &tag).map_err(failure)? {
        Some((digest, manifest)) if digest == entry.manifest => {
            let subject = Descriptor::of(MANIFEST_TYPE, &manifest);
            registry.attach(&repository, &subject, BUNDLE_TYPE, &bundle).map_err(failure)
        }
        _ => Err(Failure::usage(format!(
            "the tag {tag} of {} leads to something else than the catalogue has",
            entry.name
        ))),
    }
}

/// The figures of several machines, each below its own: they are never ranked against each other.
fn screen(entry: &Entry, badges: &[Badge], pushed: bool, named: &NamedSuite) -> String {
    let mut text = format!("{}@{}\n", entry.name, entry.version);
    for badge in badges {
        text.push_str(&format!("  {}\n", badge_text(badge)));
    }
    let signed = format!("{} signed and attached", counted(badges.len(), "badge"));
    text.push_str(&match (pushed, named) {
        (true, NamedSuite::Own(_, own)) => {
            format!("{signed}, with the suite {} ({})\n", own.digest, own.size_text())
        }
        (true, NamedSuite::Fetched(_)) => format!("{signed}\n"),
        (false, _) => "nothing was attached; --push signs and attaches them\n".to_owned(),
    });
    text
}

/// A badge in a line.
pub(super) fn badge_text(badge: &Badge) -> String {
    let median = |spread: &Option<Spread>, what: &str, shown: &dyn Fn(f64) -> String| match spread {
        Some(spread) => shown(spread.median),
        None => format!("{what} unknown"),
    };
    let estimate = if badge.is_estimate { ", estimated" } else { "" };
    format!(
        "{} on {} serving {}: p50 {} a task, {}, {}, {}; {}{estimate}",
        badge.suite,
        badge.machine,
        badge.model,
        seconds_text(badge.task_seconds.median),
        median(&badge.tokens_per_second, "tokens/s/user", &|one| format!("{one:.0} tokens/s/user")),
        median(&badge.task_joules, "energy", &|one| format!("{one:.3} J a task")),
        median(&badge.task_dollars, "cost", &|one| format!("${one:.6} a task")),
        counted(usize::try_from(badge.sessions).unwrap_or(usize::MAX), "session"),
    )
}

fn seconds_text(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{:.3} ms", seconds * 1e3),
        _ => format!("{seconds:.3} s"),
    }
}
