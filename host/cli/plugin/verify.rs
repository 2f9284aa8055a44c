//! `timeslip plugin verify`.

use serde_json::json;
use timeslip_market::catalogue::Entry;
use timeslip_market::install::fetch_statements;
use timeslip_market::keys::PublicKey;
use timeslip_market::name::Reference;
use timeslip_market::registry::Registry;
use timeslip_market::statements::{PROVENANCE_PREDICATE, Signed, Statements, Subject};

use super::args::VerifyArgs;
use super::failure;
use super::places::Places;
use super::screen::{counted, json_text};
use crate::exit::{Exit, Failure};
use crate::output;

/// Says who has said what of a version.
pub(super) fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let reference = Reference::parse(&args.reference).map_err(failure)?;
    let sources = places.sources()?;
    for source in &sources {
        let matching = source.catalogue.matching(&reference.name, &reference.requirement);
        if let Some(entry) = matching.map_err(failure)?.first() {
            return told(&places, &source.registry, entry, args.places.json);
        }
    }
    Err(Failure::usage(format!(
        "there is no {reference} in any catalogue\n  fix: timeslip plugin search WORD"
    )))
}

fn told(
    places: &Places,
    registry: &Registry,
    entry: &Entry,
    as_json: bool,
) -> Result<Exit, Failure> {
    let bundles = match places.is_offline() {
        true => places.store.statements(&entry.manifest),
        false => fetch_statements(registry, entry),
    };
    let statements = Statements::read(&Subject::of(entry), &bundles.map_err(failure)?);
    let signers = statements.signers(entry);
    let trusted = places.trust.keys(entry.name.namespace());
    let is_good = match trusted.is_empty() {
        true => !signers.is_empty(),
        false => signers.iter().any(|signer| trusted.contains(signer)),
    } && statements.refused.is_empty();
    output::print(&match as_json {
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
        })),
        false => screen(registry, entry, &statements, &signers, trusted),
    })?;
    Ok(if is_good { Exit::Pass } else { Exit::RunFailed })
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
