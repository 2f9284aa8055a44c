//! The components of a bench: files, or what a registry's reference stands for, held against the
//! digest that the bench pins.

use std::path::PathBuf;

use timeslip_runtime::engine::component_digest;

use super::resolve::Reader;
use crate::exit::Failure;

/// The folder of components by their digests: `sha256/HEX.wasm`.
const STORE: &str = ".timeslip/components";

/// The bytes of a component.
///
/// A reference is looked up by its digest in the bench's own store, then in the user's; nothing is
/// fetched.
pub(super) fn component_bytes(
    reader: &Reader<'_>,
    what: &str,
    component: &str,
    digest: Option<&str>,
) -> Result<Vec<u8>, Failure> {
    let place = || reader.text.place_of(component);
    if let Some(digest) = digest {
        check_form(digest).map_err(|problem| {
            Failure::usage(format!("{}: {problem}", reader.text.place_of(digest)))
        })?;
    }
    if !is_reference(component) {
        let bytes = reader.bytes(what, component)?;
        return match digest.filter(|digest| *digest != component_digest(&bytes)) {
            None => Ok(bytes),
            Some(digest) => Err(Failure::usage(format!(
                "{}: {} has the digest {}, and the bench pins {digest}\n  fix: bring the component \
                 back, or pin the new one",
                reader.text.place_of(digest),
                reader.folder.shown(component),
                component_digest(&bytes)
            ))),
        };
    }
    let Some(digest) = digest else {
        return Err(Failure::usage(format!(
            "{}: {what} {component} is a registry's reference without a digest\n  fix: add `digest \
             = \"sha256:…\"` beside it, so that every run has the same bytes",
            place()
        )));
    };
    let name = format!("{}.wasm", digest.replace(':', "/"));
    let stores = stores(reader);
    for store in &stores {
        let Ok(bytes) = std::fs::read(store.join(&name)) else { continue };
        if component_digest(&bytes) == digest {
            return Ok(bytes);
        }
    }
    let looked: Vec<String> =
        stores.iter().map(|store| store.join(&name).display().to_string()).collect();
    Err(Failure::usage(format!(
        "{}: {what} {component} with the digest {digest} is not here; looked for {}\n  fix: put its \
         .wasm file there; `run` and `check` fetch nothing",
        place(),
        looked.join(" and ")
    )))
}

/// Whether a component is named as registries do: `namespace:name`, with or without `@VERSION`.
fn is_reference(component: &str) -> bool {
    let name = component.split('@').next().unwrap_or_default();
    let word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    !component.ends_with(".wasm")
        && name
            .split_once(':')
            .is_some_and(|(space, name)| space.len() > 1 && word(space) && word(name))
}

fn check_form(digest: &str) -> Result<(), String> {
    let hex = digest.strip_prefix("sha256:");
    let is_hex =
        |hex: &str| hex.len() == 64 && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    match hex.is_some_and(is_hex) {
        true => Ok(()),
        false => Err(format!(
            "`{digest}` is no digest; it is `sha256:` and 64 hexadecimal digits in lower case"
        )),
    }
}

fn stores(reader: &Reader<'_>) -> Vec<PathBuf> {
    let of_user = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .map(|data| data.join("timeslip/components"));
    reader.folder.on_disk(STORE).into_iter().chain(of_user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_paths() {
        for reference in ["timeslip:airline", "timeslip:airline@1.0.0", "my-team:a@^2"] {
            assert!(is_reference(reference), "{reference}");
        }
        for path in ["a.wasm", "../a:b/c.wasm", "C:\\a.wasm", "./agent", "a:b.wasm"] {
            assert!(!is_reference(path), "{path}");
        }
    }

    #[test]
    fn a_digest_has_one_form() {
        assert!(check_form(&component_digest(b"a")).is_ok());
        for wrong in ["sha256:", "md5:aa", &component_digest(b"a").to_uppercase()] {
            assert!(check_form(wrong).is_err(), "{wrong}");
        }
    }
}
