//! The components of a bench: files, or what a registry's reference stands for, held against the
//! digest that the bench pins and against what was consented to.

use std::path::PathBuf;

use timeslip_market::catalogue::{Plugin, check_runs};
use timeslip_market::component::PackedComponent;
use timeslip_market::digest::Digest;
use timeslip_market::error::Result as MarketResult;
use timeslip_market::install::permissions_granted;
use timeslip_market::lock::{LOCK_FILE, Lock};
use timeslip_market::name::Reference;
use timeslip_market::permissions::Permissions;
use timeslip_market::store::Store;
use timeslip_market::trust::{TRUST_FILE, Trust};
use timeslip_runtime::engine::component_digest;

use super::resolve::Reader;
use crate::exit::Failure;
use crate::plugin::failure;
use crate::plugin::places::{data_folder, lock_above, now};

/// A project's folder of components by their digests: `sha256/HEX.wasm`.
pub(crate) const PROJECT_STORE: &str = ".timeslip/components";

/// A component, and what it may be granted.
pub(super) struct FoundComponent {
    /// The component.
    pub(super) bytes: Vec<u8>,
    /// Of a plugin from a registry: what it is called, and what was consented to.
    pub(super) consented: Option<(String, Permissions)>,
}

/// The bytes of a component.
///
/// A reference is looked up in the nearest `plugins.lock`, then in the user's own, or by the digest
/// beside it; nothing is fetched.
pub(super) fn find_component(
    reader: &Reader<'_>,
    what: &str,
    component: &str,
    digest: Option<&str>,
) -> Result<FoundComponent, Failure> {
    if let Some(digest) = digest {
        check_form(digest).map_err(|problem| {
            Failure::usage(format!("{}: {problem}", reader.text.place_of(digest)))
        })?;
    }
    if Reference::is_meant(component) {
        return match digest {
            Some(digest) => pinned(reader, what, component, digest),
            None => installed(reader, what, component),
        };
    }
    let bytes = reader.bytes(what, component)?;
    match digest.filter(|digest| *digest != component_digest(&bytes)) {
        None => Ok(FoundComponent { bytes, consented: None }),
        Some(digest) => Err(Failure::usage(format!(
            "{}: {} has the digest {}, and the bench pins {digest}\n  fix: bring the component \
             back, or pin the new one",
            reader.text.place_of(digest),
            reader.folder.shown(component),
            component_digest(&bytes)
        ))),
    }
}

/// A reference with a digest: the bench itself says which bytes are meant.
fn pinned(
    reader: &Reader<'_>,
    what: &str,
    component: &str,
    digest: &str,
) -> Result<FoundComponent, Failure> {
    // What is no plugin's name is in no catalogue.
    if let (Ok(reference), Ok(pin)) = (Reference::parse(component), Digest::parse(digest)) {
        let plugin = Plugin { name: &reference.name, component: &pin, registry: None };
        check_may_run(reader, component, &plugin)?;
    }
    let name = format!("{}.wasm", digest.replace(':', "/"));
    let stores = stores(reader);
    for store in &stores {
        let Ok(bytes) = std::fs::read(store.join(&name)) else { continue };
        if component_digest(&bytes) == digest {
            // Whoever pinned it consented to what it declares, if it declares anything.
            let consented = PackedComponent::open(bytes.clone())
                .ok()
                .map(|packed| (format!("{}@{}", packed.name, packed.version), packed.permissions));
            reader.folder.note_file(&format!("{PROJECT_STORE}/{name}"), &bytes);
            return Ok(FoundComponent { bytes, consented });
        }
    }
    let looked: Vec<String> =
        stores.iter().map(|store| store.join(&name).display().to_string()).collect();
    Err(Failure::usage(format!(
        "{}: {what} {component} with the digest {digest} is not here; looked for {}\n  fix: put its \
         .wasm file there; `run` and `check` fetch nothing",
        reader.text.place_of(component),
        looked.join(" and ")
    )))
}

/// A reference to what is installed.
fn installed(reader: &Reader<'_>, what: &str, component: &str) -> Result<FoundComponent, Failure> {
    let wrong = |problem: &dyn std::fmt::Display| {
        Failure::usage(format!("{}: {what}: {problem}", reader.text.place_of(component)))
    };
    let reference = Reference::parse(component).map_err(|error| wrong(&error))?;
    let of_project = reader.folder.on_disk(".").and_then(|folder| lock_above(&folder));
    let of_user = data_folder().map(|data| data.join(LOCK_FILE));
    let mut lock = Lock::default();
    for file in of_project.into_iter().chain(of_user) {
        let one = Lock::read(&file).map_err(|error| wrong(&error))?;
        // The project's own lock goes before the user's.
        let has = one.get(&reference.name).is_some();
        if has || lock.plugins.is_empty() {
            lock = one;
        }
        if has {
            break;
        }
    }
    let locked = lock.resolve(&reference).map_err(|error| wrong(&error))?;
    reader.folder.note_problem(|| {
        format!(
            "{}: `{component}` is what plugins.lock says here\n  fix: add `digest = \"{}\"` beside it",
            reader.text.place_of(component),
            locked.component
        )
    });
    let plugin = Plugin {
        name: &locked.name,
        component: &locked.component,
        registry: Some(&locked.registry),
    };
    check_may_run(reader, component, &plugin)?;
    let mut problem = None;
    for folder in stores(reader) {
        let store = Store::new(folder);
        match permissions_granted(locked, &store) {
            Ok(permissions) => {
                let bytes = store.read(&locked.component).map_err(|error| wrong(&error))?;
                let who = format!("{}@{}", locked.name, locked.version);
                let bytes = bytes.ok_or_else(|| wrong(&format!("{who} left the store")))?;
                return Ok(FoundComponent { bytes, consented: Some((who, permissions)) });
            }
            Err(error) => problem = Some(error),
        }
    }
    Err(wrong(&problem.map_or_else(|| "there is no store".to_owned(), |error| error.to_string())))
}

/// Refuses a plugin that was revoked, by the copies of catalogues that were verified last: nothing is
/// fetched. What is to be warned of is said on standard error.
fn check_may_run(reader: &Reader<'_>, component: &str, plugin: &Plugin<'_>) -> Result<(), Failure> {
    let Some(data) = data_folder() else { return Ok(()) };
    let limit = offline_limit(reader).map_err(failure)?;
    let checked = check_runs(&data.join("catalogues"), plugin, now()?, limit);
    let warnings = checked
        .map_err(|error| Failure::usage(format!("{}: {error}", reader.text.place_of(component))))?;
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
    Ok(())
}

/// How old a copy may be, in seconds: what the trust.toml beside the nearest lock says, else the user's
/// own.
fn offline_limit(reader: &Reader<'_>) -> MarketResult<Option<u64>> {
    let of_project = reader.folder.on_disk(".").and_then(|folder| lock_above(&folder));
    let own = of_project.map(|lock| lock.with_file_name(TRUST_FILE)).filter(|file| file.is_file());
    let of_user = || data_folder().map(|data| data.join(TRUST_FILE));
    match own.or_else(of_user) {
        Some(file) => Ok(Trust::read(&file)?.offline_limit),
        None => Ok(None),
    }
}

/// What a table of the bench grants.
pub(super) struct Granted<'a> {
    /// The folder.
    pub(super) files: Option<&'a str>,
    /// Whether it may be written.
    pub(super) write: bool,
    /// The addresses.
    pub(super) http: &'a [String],
    /// The methods beside those that read.
    pub(super) methods: &'a [String],
    /// The models.
    pub(super) models: &'a [String],
}

impl FoundComponent {
    /// Refuses a grant that nobody consented to.
    pub(super) fn check_grants(
        &self,
        reader: &Reader<'_>,
        granted: &Granted<'_>,
    ) -> Result<(), Failure> {
        let Some((who, permissions)) = &self.consented else { return Ok(()) };
        let refuse = |key: &str, written: &str, problem: String| {
            Err(Failure::usage(format!(
                "{}: `{key}` grants {written}, and {who} may not have it: {problem}\n  fix: take it \
                 out, or install a version that asks for it",
                reader.text.place_of(written)
            )))
        };
        if let Some(files) = granted.files
            && let Some(problem) = permissions.files_problem(granted.write)
        {
            return refuse("files", files, problem);
        }
        for address in granted.http {
            if let Some(problem) = permissions.address_problem(address, granted.methods) {
                return refuse("http", address, problem);
            }
        }
        for model in granted.models {
            if let Some(problem) = permissions.model_problem(model) {
                return refuse("models", model, problem);
            }
        }
        Ok(())
    }
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
    let of_user = data_folder().map(|data| data.join("components"));
    reader.folder.on_disk(PROJECT_STORE).into_iter().chain(of_user).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_form() {
        assert!(check_form(&component_digest(b"a")).is_ok());
        for wrong in ["sha256:", "md5:aa", &component_digest(b"a").to_uppercase()] {
            assert!(check_form(wrong).is_err(), "{wrong}");
        }
    }
}
