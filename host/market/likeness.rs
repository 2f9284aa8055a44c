//! Names that can be taken for others.

use crate::error::{MarketError, Result};
use crate::name::PluginName;

/// Namespaces that belong to nobody who publishes.
const RESERVED: [&str; 8] = ["wasi", "wasm", "host", "builtin", "built-in", "local", "std", "oci"];

/// The project's own namespace, which other names may not look like.
const OWN: &str = "timeslip";

/// Names of at least so many letters may not be one slip of the finger apart.
const SLIP_LENGTH_MIN: usize = 5;

/// What a name looks like: letters and pairs that are taken for each other become one, and hyphens
/// go.
fn looks(name: &str) -> String {
    let pairs = name.replace('-', "").replace("rn", "m").replace("vv", "w").replace("cl", "d");
    let letter = |c: char| match c {
        '0' => 'o',
        '1' | 'i' => 'l',
        '5' => 's',
        '8' => 'b',
        c => c,
    };
    pairs.chars().map(letter).collect()
}

fn is_like(one: &str, other: &str) -> bool {
    if one == other {
        return false;
    }
    let shorter = one.len().min(other.len());
    looks(one) == looks(other)
        || (shorter >= SLIP_LENGTH_MIN && strsim::osa_distance(one, other) == 1)
}

/// Whether one plugin's name can be taken for another's.
pub fn can_be_taken_for(one: &PluginName, other: &PluginName) -> bool {
    let same_space = one.namespace() == other.namespace();
    match same_space {
        // Whoever owns a namespace names what is in it; two versions of a name are no attack.
        true => looks(one.name()) == looks(other.name()) && one.name() != other.name(),
        false => {
            is_like(one.namespace(), other.namespace())
                && (one.name() == other.name() || is_like(one.name(), other.name()))
        }
    }
}

/// Refuses names in reserved namespaces, and those that look like the project's own.
///
/// # Errors
/// When nobody may publish or install under this name.
pub fn check_not_reserved(name: &PluginName) -> Result<()> {
    let namespace = name.namespace();
    if let Some(reserved) = RESERVED.iter().find(|one| looks(one) == looks(namespace)) {
        return Err(MarketError::refused(format!(
            "the namespace of {name} is reserved{}; publish under a name of your own",
            if *reserved == namespace {
                String::new()
            } else {
                format!(": it looks like `{reserved}`")
            }
        )));
    }
    match is_like(namespace, OWN) {
        true => Err(MarketError::refused(format!(
            "the namespace of {name} can be taken for `{OWN}`, which is reserved"
        ))),
        false => Ok(()),
    }
}

/// Refuses a name that can be taken for one that is known already.
///
/// # Errors
/// When there is such a one; `where_known` says where.
pub fn check_unlike<'a>(
    name: &PluginName,
    known: impl IntoIterator<Item = &'a PluginName>,
    where_known: &str,
) -> Result<()> {
    match known.into_iter().find(|known| can_be_taken_for(name, known)) {
        Some(known) => Err(MarketError::refused(format!(
            "{name} can be taken for {known}, which is {where_known}; if it is what you mean, allow \
             it by `look_alikes = [\"{name}\"]` in trust.toml"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PluginName {
        PluginName::parse(text).unwrap()
    }

    #[test]
    fn names_that_look_alike_or_are_a_slip_apart_are_taken_for_each_other() {
        for (one, other) in [
            ("paypal:pay", "paypa1:pay"),
            ("acme:search", "acrne:search"),
            ("github:issues", "githud:issues"),
            ("github:issues", "gihtub:issues"),
            ("acme:web-search", "acme:websearch"),
            ("acme:tool1", "acme:tooll"),
        ] {
            assert!(can_be_taken_for(&name(one), &name(other)), "{one} {other}");
        }
        for (one, other) in
            [("acme:search", "acme:search"), ("acme:search", "beta:search"), ("ab:a", "ac:a")]
        {
            assert!(!can_be_taken_for(&name(one), &name(other)), "{one} {other}");
        }
    }

    #[test]
    fn reserved_namespaces_and_those_like_our_own_are_refused() {
        for wrong in
            ["wasi:io", "wasl:io", "tirneslip:a", "time-slip:a", "timesllp:a", "timeslpi:a"]
        {
            assert!(check_not_reserved(&name(wrong)).is_err(), "{wrong}");
        }
        for right in ["timeslip:calculator", "acme:search", "times:a"] {
            assert_eq!(check_not_reserved(&name(right)), Ok(()), "{right}");
        }
    }
}
