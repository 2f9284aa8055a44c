//! `timeslip plugin verify`.

use std::num::NonZeroUsize;
use std::path::Path;

use serde_json::json;
use timeslip_market::badge::{BADGE_PREDICATE, Badge, Level, badges_of};
use timeslip_market::catalogue::Entry;
use timeslip_market::component::PackedComponent;
use timeslip_market::install::fetch_statements;
use timeslip_market::keys::PublicKey;
use timeslip_market::name::Reference;
use timeslip_market::registry::Registry;
use timeslip_market::statements::{PROVENANCE_PREDICATE, Signed, Statements, Subject};

use super::args::VerifyArgs;
use super::bench::{badge_text, measure};
use super::failure;
use super::info::{component_of, newest};
use super::places::Places;
use super::screen::{counted, json_text};
use super::suite::fetched;
use crate::exit::{Exit, Failure};
use crate::output;

/// Says who has said what of a version.
pub(super) fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let reference = Reference::parse(&args.reference).map_err(failure)?;
    let sources = places.sources()?;
    let (source, entry) = newest(&sources, &reference)?;
    told(&places, &source.registry, &entry, args)
}

fn told(
    places: &Places,
    registry: &Registry,
    entry: &Entry,
    args: &VerifyArgs,
) -> Result<Exit, Failure> {
    let statements = statements_of(places, registry, entry)?;
    let signers = statements.signers(entry);
    let trusted = places.trust.keys(entry.name.namespace());
    let is_good = match trusted.is_empty() {
        true => !signers.is_empty(),
        false => signers.iter().any(|signer| trusted.contains(signer)),
    } && statements.refused.is_empty();
    let badges = badges_of(&statements, entry, &signers, &places.trust);
    let again = match &args.reproduce {
        None => Vec::new(),
        Some(own) => Reproducing { places, registry, entry, own: own.as_deref() }
            .all(args.threads, &badges)?,
    };
    let is_good = is_good && again.iter().all(|(_, problem)| problem.is_none());
    output::print(&match args.places.json {
        true => json_text(&json!({
            "plugin": format!("{}@{}", entry.name, entry.version),
            "manifest": entry.manifest,
            "holds": is_good,
            "statements": statements.held.iter().map(|one| json!({
                "signer": one.signer,
                "trusted": trusted.contains(&one.signer),
                "predicateType": one.statement.predicate_type,
                "predicate": one.statement.predicate,
            })).collect::<Vec<_>>(),
            "refused": statements.refused,
            "badges": badges.iter().map(|(badge, level)| json!({
                "badge": badge,
                "level": level.to_string(),
            })).collect::<Vec<_>>(),
            "reproduced": again.iter().map(|(badge, problem)| json!({
                "machine": badge.machine,
                "suite": badge.suite,
                "problem": problem,
            })).collect::<Vec<_>>(),
        })),
        false => {
            let mut text = screen(registry, entry, &statements, &signers, trusted);
            text.push_str(&badge_lines(&badges, &again));
            text
        }
    })?;
    Ok(if is_good { Exit::Pass } else { Exit::RunFailed })
}

/// What is said of a version, each statement held against its signature.
///
/// # Errors
/// When the registry fails.
pub(super) fn statements_of(
    places: &Places,
    registry: &Registry,
    entry: &Entry,
) -> Result<Statements, Failure> {
    let bundles = match places.is_offline() {
        true => places.store.statements(&entry.manifest),
        false => fetch_statements(registry, entry),
    };
    Ok(Statements::read(&Subject::of(entry), &bundles.map_err(failure)?))
}

fn screen(
    registry: &Registry,
    entry: &Entry,
    statements: &Statements,
    signers: &[PublicKey],
    trusted: &[PublicKey],
) -> String {
    let mut text = format!(
        "{}@{}  from {registry}\n  manifest {}\n",
        entry.name, entry.version, entry.manifest
    );
    for signed in &statements.held {
        let known = match (trusted.contains(&signed.signer), trusted.is_empty()) {
            (true, _) => "which trust.toml names",
            (false, true) => "which trust.toml says nothing of",
            (false, false) => "which trust.toml does not name",
        };
        text.push_str(&format!(
            "  holds    {} by {}, {known}\n",
            what(signed, entry),
            signed.signer
        ));
    }
    for why in &statements.refused {
        text.push_str(&format!("  REFUSED  {why}\n"));
    }
    if signers.is_empty() {
        text.push_str("  nobody has signed it as its publisher\n");
    }
    let (held, refused) = (statements.held.len(), statements.refused.len());
    text.push_str(&format!("{}, {refused} refused\n", counted(held, "statement")));
    text
}

/// What a statement says, in words.
fn what(signed: &Signed, entry: &Entry) -> String {
    let predicate = &signed.statement.predicate;
    match signed.statement.predicate_type.as_str() {
        _ if signed.is_signature_of(&entry.component, &entry.permissions) => {
            "a publisher's signature".to_owned()
        }
        BADGE_PREDICATE => "a badge".to_owned(),
        PROVENANCE_PREDICATE => {
            let source = &predicate["buildDefinition"]["resolvedDependencies"][0];
            let text = |value: &serde_json::Value| {
                let text = value.as_str().unwrap_or("an unknown one");
                text.escape_debug().to_string()
            };
            format!(
                "a provenance (built from {} at {})",
                text(&source["uri"]),
                text(&source["digest"]["gitCommit"])
            )
        }
        other => format!("a statement of the type `{}`", other.escape_debug()),
    }
}

/// The badges, each in a line, and what came of running them again.
pub(super) fn badge_lines(badges: &[(Badge, Level)], again: &[(Badge, Option<String>)]) -> String {
    let mut text = String::new();
    for (badge, level) in badges {
        text.push_str(&format!("  badge, {level}: {}\n", badge_text(badge)));
    }
    for (badge, problem) in again {
        match problem {
            None => text.push_str(&format!(
                "  reproduced here, bit for bit: {} on {}\n",
                badge.suite, badge.machine
            )),
            Some(problem) => text.push_str(&format!("  NOT REPRODUCED  {problem}\n")),
        }
    }
    text
}

/// What badges are reproduced with.
struct Reproducing<'a> {
    places: &'a Places,
    registry: &'a Registry,
    entry: &'a Entry,
    /// A bench of one's own in the place of the suites that the badges name.
    own: Option<&'a Path>,
}

impl Reproducing<'_> {
    /// Runs the suite of each badge again. Gives why one is not reproduced.
    fn all(
        &self,
        threads: Option<NonZeroUsize>,
        badges: &[(Badge, Level)],
    ) -> Result<Vec<(Badge, Option<String>)>, Failure> {
        let entry = self.entry;
        if badges.is_empty() {
            return Err(Failure::usage(format!(
                "{}@{} has no badge that could be reproduced\n  fix: timeslip plugin bench {} makes one",
                entry.name, entry.version, entry.name
            )));
        }
        let packed = component_of(self.places, self.registry, entry)?;
        let again = |(badge, _): &(Badge, Level)| {
            let problem = self.problem(&packed, badge, threads);
            (badge.clone(), problem)
        };
        Ok(badges.iter().map(again).collect())
    }

    fn problem(
        &self,
        packed: &PackedComponent,
        badge: &Badge,
        threads: Option<NonZeroUsize>,
    ) -> Option<String> {
        let machine = format!("{}:{}", badge.machine, badge.model);
        let suite = match self.own {
            Some(own) => Ok(own.to_owned()),
            None => fetched(self.places, self.registry, self.entry, &badge.suite_digest),
        };
        let here = suite.and_then(|suite| measure(&suite, self.entry, packed, &machine, threads));
        match here {
            Ok(here) => badge.check_reproduced(&here).err().map(|error| error.to_string()),
            Err(failure) => Some(format!("{} on {machine}: {}", badge.suite, failure.message)),
        }
    }
}
