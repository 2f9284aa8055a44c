//! Bytes from anywhere as what registries and repositories hold: manifests, indexes, entries of a
//! catalogue, locks, policies, references.
#![no_main]

use std::path::{Component, Path};

use libfuzzer_sys::fuzz_target;
use timeslip_market::catalogue::Entry;
use timeslip_market::lock::Lock;
use timeslip_market::name::{Reference, parse_version};
use timeslip_market::oci::{Index, Manifest};
use timeslip_market::trust::Trust;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::parse(bytes) {
        assert_eq!(Manifest::parse(&manifest.to_json()).as_ref(), Ok(&manifest));
        let _ = manifest.component_layer();
        for path in manifest.suite_files().iter().flatten().map(|(path, _)| Path::new(path)) {
            let is_inside = |part| matches!(part, Component::Normal(_));
            assert!(path.components().all(is_inside), "{path:?} leads out of a folder");
        }
    }
    let _ = Index::parse(bytes);
    if let Ok(entry) = Entry::parse(bytes) {
        assert_eq!(Entry::parse(entry.to_line().trim_end().as_bytes()), Ok(entry));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(lock) = Lock::parse(text) {
        assert_eq!(Lock::parse(&lock.to_toml()), Ok(lock));
    }
    let _ = Trust::parse(text);
    let _ = parse_version(text);
    if let Ok(reference) = Reference::parse(text) {
        assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
    }
});
