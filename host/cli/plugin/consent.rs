//! A person's consent. Nothing but a person's own terminal, or a digest that a person has written
//! into a command, grants anything; what runs in a session has no way here.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Write};

use semver::Version;
use timeslip_market::digest::Digest;
use timeslip_market::install::Planned;
use timeslip_market::instant::{Instant, parse_age};
use timeslip_market::name::{PluginName, parse_version};
use timeslip_market::trust::Trust;

use super::args::ConsentArgs;
use super::failure;
use super::screen::consent_screen;
use crate::exit::Failure;

/// What says yes at a terminal.
const YES: &str = "accept";

/// The trust with the command line's least age.
pub(super) fn with_age(trust: &Trust, args: &ConsentArgs) -> Result<Trust, Failure> {
    let age = args.min_release_age.as_deref().map(parse_age).transpose().map_err(failure)?;
    Ok(trust.clone().with_min_release_age(age))
}

/// The versions that are taken unsigned, each of which is said aloud.
pub(super) fn allowed_unsigned(args: &ConsentArgs) -> Result<Vec<(PluginName, Version)>, Failure> {
    let mut allowed = Vec::new();
    for text in &args.allow_unsigned {
        let Some((name, version)) = text.rsplit_once('@') else {
            return Err(Failure::usage(format!(
                "`--allow-unsigned {text}` names no version\n  fix: write NAMESPACE:NAME@VERSION"
            )));
        };
        let name = PluginName::parse(name).map_err(failure)?;
        allowed.push((name, parse_version(version).map_err(failure)?));
        let _ = writeln!(
            std::io::stderr(),
            "WARNING: {text} is taken although nobody may have signed it: whoever can write to its \
             registry can be its author"
        );
    }
    Ok(allowed)
}

/// What a person accepts of a plan. The screen is on standard error, since it is no result.
pub(super) fn ask(
    planned: &[Planned],
    args: &ConsentArgs,
    now: Instant,
) -> Result<BTreeSet<Digest>, Failure> {
    let given = args.accept_permissions.iter().map(|digest| Digest::parse(digest));
    let mut accepted: BTreeSet<Digest> = given.collect::<Result<_, _>>().map_err(failure)?;
    let asked: Vec<&Planned> = planned.iter().filter(|one| one.needs_consent()).collect();
    let open: Vec<Digest> = asked
        .iter()
        .map(|one| one.packed.permissions.digest())
        .filter(|digest| !accepted.contains(digest))
        .collect();
    if !planned.is_empty() {
        let _ = write!(std::io::stderr(), "{}", consent_screen(planned, now));
    }
    if open.is_empty() {
        return Ok(accepted);
    }
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        let flags: Vec<String> =
            open.iter().map(|digest| format!("--accept-permissions {digest}")).collect();
        return Err(Failure::usage(format!(
            "what is asked for was not accepted, and there is no terminal to ask; nothing is \
             installed\n  fix: read what stands above, and add {}",
            flags.join(" ")
        )));
    }
    let _ = write!(
        std::io::stderr(),
        "A sandbox holds them to this, and cannot keep them from misusing what they may do.\nType \
         `{YES}` to allow it: "
    );
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.map_err(|error| Failure::run(format!("cannot read the answer: {error}")))?;
    if answer.trim() != YES {
        return Err(Failure::usage("it was not accepted; nothing is installed"));
    }
    accepted.extend(open);
    Ok(accepted)
}
