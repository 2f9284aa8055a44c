//! What somebody would try who wants a plugin of theirs to run, or to do more than was accepted.
//! Every attack is tried on every kind of registry.

use std::collections::BTreeSet;

use crate::catalogue::Entry;
use crate::digest::Digest;
use crate::examples::{NET, NOW, Place, key, on_each, packed, packed_of, publish_at};
use crate::install::commit;
use crate::instant::Instant;
use crate::lock::Lock;
use crate::name::PluginName;
use crate::oci::{Descriptor, MANIFEST_TYPE, Manifest, TITLE, WASM_LAYER_TYPE, manifest_of};
use crate::registry::{Moving, Push, Registry, Repository};
use crate::statements::{BUNDLE_TYPE, sign_version};
use crate::trust::Trust;

fn install(place: &Place, registry: Registry, reference: &str) {
    let planned = place.plan(vec![registry], &Trust::default(), &[reference]).unwrap();
    let accepted = planned.iter().map(|one| one.packed.permissions.digest()).collect();
    commit(&planned, &accepted, &place.lock_file()).unwrap();
}

fn repository(name: &str) -> Repository {
    Repository::of(&PluginName::parse(name).unwrap())
}

/// Pushes a manifest in the place of a version, as somebody with a stolen token could.
fn replace(
    registry: &Registry,
    name: &str,
    tag: &str,
    manifest: &Manifest,
    blobs: &[&[u8]],
) -> Digest {
    let repository = repository(name);
    let manifest = manifest.to_json();
    let push =
        Push { repository: &repository, blobs, manifest: &manifest, tag, moving: Moving::Allowed };
    registry.push(&push).unwrap()
}

#[test]
fn a_tag_that_was_moved_between_resolving_and_pulling_is_refused() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = place.registry("registry");
        place.publish(&registry, &packed("acme:tool", "1.0.0", "")).unwrap();
        let other = packed("acme:tool", "1.0.0", NET);
        let (manifest, config) = manifest_of(&other);
        replace(&registry, "acme:tool", "1.0.0", &manifest, &[&config, &other.bytes]);
        let told = place.refused(registry, &trust, "acme:tool");
        assert!(told.contains("the tag 1.0.0 of acme:tool was moved"), "{told}");
    });
}

#[test]
fn a_version_is_published_once() {
    on_each(|place| {
        let registry = place.registry("registry");
        let first = place.publish(&registry, &packed("acme:tool", "1.0.0", "")).unwrap();
        let again = place.publish(&registry, &packed("acme:tool", "1.0.0", "")).unwrap();
        assert_eq!(first, again);
        let told = place.publish(&registry, &packed("acme:tool", "1.0.0", NET)).unwrap_err();
        assert!(told.to_string().contains("is published already, with other contents"), "{told}");
    });
}

#[test]
fn what_was_not_accepted_is_not_installed() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = place.registry("registry");
        place.publish(&registry, &packed("acme:tool", "1.0.0", NET)).unwrap();
        let planned = place.plan(vec![registry], &trust, &["acme:tool"]).unwrap();
        let told = commit(&planned, &BTreeSet::new(), &place.lock_file()).unwrap_err().to_string();
        let asked = planned[0].packed.permissions.digest();
        assert!(told.contains(&format!("--accept-permissions {asked}")), "{told}");
        assert_eq!(Lock::read(&place.lock_file()).unwrap(), Lock::default());
    });
}

#[test]
fn an_update_that_asks_for_more_needs_consent_and_one_that_asks_for_less_does_not() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = || place.registry("registry");
        place.publish(&registry(), &packed("acme:tool", "1.0.0", "")).unwrap();
        install(&place, registry(), "acme:tool");
        place.publish(&registry(), &packed("acme:tool", "1.0.1", NET)).unwrap();
        let planned = place.plan(vec![registry()], &trust, &["acme:tool"]).unwrap();
        assert!(planned[0].needs_consent() && planned[0].changes().len() == 1);
        let told = commit(&planned, &BTreeSet::new(), &place.lock_file()).unwrap_err();
        assert!(told.to_string().contains("was not accepted"), "{told}");
        install(&place, registry(), "acme:tool");
        place.publish(&registry(), &packed("acme:tool", "1.0.2", "")).unwrap();
        let planned = place.plan(vec![registry()], &trust, &["acme:tool"]).unwrap();
        assert!(!planned[0].needs_consent());
        commit(&planned, &BTreeSet::new(), &place.lock_file()).unwrap();
    });
}

#[test]
fn one_name_in_two_registries_is_refused_until_one_is_named() {
    on_each(|place| {
        let trust = Trust::default();
        for registry in ["one", "two"] {
            place.publish(&place.registry(registry), &packed("acme:tool", "1.0.0", "")).unwrap();
        }
        let both = || vec![place.registry("one"), place.registry("two")];
        let told = place.plan(both(), &trust, &["acme:tool"]).unwrap_err().to_string();
        assert!(told.contains("which of them is meant nobody can tell"), "{told}");
        let one = place.registry("one").place();
        let trusted = Trust::parse(&format!("[namespaces]\nacme = \"{one}\"\n")).unwrap();
        let planned = place.plan(both(), &trusted, &["acme:tool"]).unwrap();
        assert_eq!(planned[0].registry, one);
        install(&place, place.registry("one"), "acme:tool");
        let told = place.refused(place.registry("two"), &trust, "acme:tool");
        assert!(told.contains("was installed from") && told.contains("somebody else's"), "{told}");
    });
}

#[test]
fn names_like_those_installed_published_or_reserved_are_refused() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = || place.registry("registry");
        place.publish(&registry(), &packed("github:issues", "1.0.0", "")).unwrap();
        install(&place, registry(), "github:issues");
        for (name, told) in [
            ("gihtub:issues", "can be taken for github:issues"),
            ("g1thub:issues", "can be taken for github:issues"),
            ("tirneslip:calculator", "can be taken for `timeslip`"),
            ("wasi:http", "is reserved"),
        ] {
            let refused = place.publish(&registry(), &packed(name, "1.0.0", "")).unwrap_err();
            assert!(refused.to_string().contains(told), "{name}: {refused}");
            // Somebody else's registry has it nevertheless.
            let refused = place.refused(place.registry("theirs"), &trust, name);
            assert!(refused.contains(told), "{name}: {refused}");
        }
        let refused = place.refused(registry(), &trust, "githu\u{432}:issues");
        assert!(refused.contains("U+0432"), "{refused}");
    });
}

#[test]
fn a_component_that_says_it_is_another_plugin_is_refused() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = place.registry("registry");
        let other = packed("acme:other", "1.0.0", "");
        let (manifest, config) = manifest_of(&other);
        let digest = replace(&registry, "acme:tool", "1.0.0", &manifest, &[&config, &other.bytes]);
        let told = place.refused(place.registry("registry"), &trust, "acme:tool");
        assert!(told.contains("says that it is acme:other@1.0.0"), "{told}");
        let name = PluginName::parse("acme:tool").unwrap();
        let entry = Entry { name, ..Entry::of(&other, digest, Some(NOW), None) };
        crate::catalogue::add_entry(&registry, &entry).unwrap();
        let told = place.refused(registry, &trust, "acme:tool");
        assert!(told.contains("says that it is acme:other@1.0.0"), "{told}");
    });
}

#[test]
fn truncated_oversized_and_changed_blobs_are_refused_and_nothing_is_kept() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = || place.registry("registry");
        let tool = place.packed_alone("acme:tool", "1.0.0");
        place.publish(&registry(), &tool).unwrap();
        let whole = &tool.bytes;
        let mut flipped = whole.clone();
        flipped[20] ^= 1;
        let longer = [whole.clone(), vec![0; 9]].concat();
        // Of a folder not a byte more is read than there may be. What a server sends is read as far as
        // any small answer of it, and is longer than it may be, or goes beyond even that.
        let too_long = format!("has {} bytes, and its manifest says {}", longer.len(), whole.len());
        let (many, is_folder) = (vec![0; 9 << 20], registry().is_folder());
        for (bytes, of_folder, of_server) in [
            (&whole[..whole.len() - 1], "truncated", "truncated"),
            (&flipped, "was changed or damaged", "was changed or damaged"),
            (&longer, "is larger than", &too_long),
            (&many, "is larger than", "sends more than"),
        ] {
            place.replace_blob(&repository("acme:tool"), &tool.digest, bytes);
            let refused = place.refused(registry(), &trust, "acme:tool");
            let told = if is_folder { of_folder } else { of_server };
            assert!(refused.contains(told), "{refused}");
            assert_eq!(place.store().read(&tool.digest), Ok(None));
        }
    });
}

#[test]
fn a_manifest_whose_layer_would_lead_out_of_a_folder_is_refused() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = place.registry("registry");
        let tool = packed("acme:tool", "1.0.0", "");
        let (mut manifest, config) = manifest_of(&tool);
        manifest.layers[0].annotations.insert(TITLE.to_owned(), "../../.bashrc".to_owned());
        replace(&registry, "acme:tool", "1.0.0", &manifest, &[&config, &tool.bytes]);
        let told = place.refused(registry, &trust, "acme:tool");
        assert!(told.contains("would lead out of the folder"), "{told}");
    });
}

#[test]
fn a_tampered_component_under_a_new_manifest_is_refused_by_what_it_imports() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = place.registry("registry");
        // Everything is consistent but the permission section, which somebody has emptied.
        let honest = packed_of(
            "(component (import \"timeslip:tool/http@0.1.0\" (instance)))",
            "acme:tool",
            "1.0.0",
            NET,
        );
        let at = honest.bytes.windows(5).position(|part| part == b"a.org").unwrap();
        let mut bytes = honest.bytes.clone();
        bytes[at..at + 5].copy_from_slice(b"evil.");
        let (mut manifest, config) = manifest_of(&honest);
        manifest.layers = vec![Descriptor::of(WASM_LAYER_TYPE, &bytes)];
        replace(&registry, "acme:tool", "1.0.0", &manifest, &[&config, &bytes]);
        let told = place.refused(registry, &trust, "acme:tool");
        assert!(told.contains("is no host"), "{told}");
    });
}

#[test]
fn a_component_that_imports_hides_or_declares_more_than_it_says_is_refused() {
    on_each(|place| {
        let import = "(import \"timeslip:tool/http@0.1.0\" (instance))";
        let honest = packed("acme:tool", "1.0.0", "");
        let added = honest.bytes.strip_prefix(&*wat::parse_str("(component)").unwrap()).unwrap();
        let with = |text: &str, added: &[u8]| [&wat::parse_str(text).unwrap(), added].concat();
        let cases = [
            (with(&format!("(component {import})"), added), "`timeslip:tool/http@0.1.0`"),
            (
                with(&format!("(component (component {import}))"), added),
                "the component number 1 inside it imports",
            ),
            (with("(component)", &added.repeat(2)), "two"),
        ];
        for (number, (bytes, told)) in cases.into_iter().enumerate() {
            let registry = || place.registry(&format!("registry-{number}"));
            let (mut manifest, config) = manifest_of(&honest);
            manifest.layers = vec![Descriptor::of(WASM_LAYER_TYPE, &bytes)];
            replace(&registry(), "acme:tool", "1.0.0", &manifest, &[&config, &bytes]);
            let refused = place.refused(registry(), &Trust::default(), "acme:tool");
            assert!(refused.contains(told), "{number}: {refused}");
            assert_eq!(place.store().read(&Digest::of(&bytes)), Ok(None), "{number}");
        }
    });
}

#[test]
fn a_release_that_is_too_young_or_denied_is_not_taken_and_an_older_one_is() {
    on_each(|place| {
        let registry = || place.registry("registry");
        let old = Instant(NOW.0 - 10 * 86_400);
        let folder = place.path("");
        publish_at(&folder, &registry(), &packed("acme:tool", "1.0.0", ""), old).unwrap();
        publish_at(&folder, &registry(), &packed("acme:tool", "1.0.1", ""), NOW).unwrap();
        let cooling = Trust::default().with_min_release_age(Some(86_400));
        let version = |trust: &Trust| {
            let planned = place.plan(vec![registry()], trust, &["acme:tool"]).unwrap();
            planned[0].packed.version.to_string()
        };
        assert_eq!(version(&Trust::default()), "1.0.1");
        assert_eq!(version(&cooling), "1.0.0");
        let told = place.refused(registry(), &cooling, "acme:tool@=1.0.1");
        assert!(told.contains("less than a minute ago") && told.contains("after 1 day"), "{told}");
        let denying = |plugin: &str| {
            Trust::parse(&format!("[[deny]]\nplugin = \"{plugin}\"\nwhy = \"it leaks\"\n")).unwrap()
        };
        assert_eq!(version(&denying("acme:tool@=1.0.1")), "1.0.0");
        let told = place.refused(registry(), &denying("acme:tool"), "acme:tool");
        assert!(told.contains("denied by trust.toml: it leaks"), "{told}");
    });
}

#[test]
fn an_update_that_no_longer_fits_where_the_one_before_did_is_refused() {
    on_each(|place| {
        let registry = place.registry("registry");
        place.publish(&registry, &packed("acme:tool", "1.0.0", NET)).unwrap();
        install(&place, place.registry("registry"), "acme:tool");
        let import = "(component (import \"timeslip:tool/http@0.1.0\" (instance)))";
        let next = packed_of(import, "acme:tool", "1.0.1", NET);
        let told = place.publish(&registry, &next).unwrap_err().to_string();
        assert!(told.contains("promises to fit wherever 1.0.0 did, and does not"), "{told}");
        // Its publisher has another program, and signs it all the same.
        let (manifest, config) = manifest_of(&next);
        let digest = replace(&registry, "acme:tool", "1.0.1", &manifest, &[&config, &next.bytes]);
        let entry = Entry::of(&next, digest, Some(NOW), None);
        let subject = Descriptor::of(MANIFEST_TYPE, &manifest.to_json());
        let bundle = sign_version(&entry, &key(1)).unwrap();
        registry.attach(&repository("acme:tool"), &subject, BUNDLE_TYPE, &bundle).unwrap();
        crate::catalogue::add_entry(&registry, &entry).unwrap();
        let told = place.refused(registry, &Trust::default(), "acme:tool@=1.0.1");
        assert!(told.contains("promises to fit wherever 1.0.0 did, and does not"), "{told}");
        assert!(told.contains("publish it as 2.0.0"), "{told}");
    });
}

/// An agent, and the plugin that it needs.
fn publish_agent_that_searches(place: &Place) {
    let registry = place.registry("registry");
    place.publish(&registry, &packed("acme:search", "1.2.0", NET)).unwrap();
    let agent = "[tools]\nplugins = [\"acme:search@^1\"]\nwhy = \"It looks things up.\"\n";
    place.publish(&registry, &packed("acme:agent", "1.0.0", agent)).unwrap();
}

#[test]
fn what_a_plugin_needs_is_installed_with_it_and_asks_for_itself() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = || place.registry("registry");
        publish_agent_that_searches(&place);
        let planned = place.plan(vec![registry()], &trust, &["acme:agent"]).unwrap();
        let needs: Vec<bool> = planned.iter().map(|one| one.needs_consent()).collect();
        assert_eq!(needs, [false, true]);
        assert!(commit(&planned, &BTreeSet::new(), &place.lock_file()).is_err());
        install(&place, registry(), "acme:agent");
        let lock = Lock::read(&place.lock_file()).unwrap();
        let search = lock.get(&PluginName::parse("acme:search").unwrap()).unwrap();
        assert_eq!(search.requirement, None);
        assert_eq!(search.needed_by[0].to_string(), "acme:agent");
    });
}

#[test]
fn what_only_another_plugin_needs_is_updated_as_far_as_that_one_allows() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = || place.registry("registry");
        publish_agent_that_searches(&place);
        install(&place, registry(), "acme:agent");
        for version in ["1.3.0", "2.0.0"] {
            place.publish(&registry(), &packed("acme:search", version, NET)).unwrap();
        }
        let (planned, outdated) = place.plan_update(vec![registry()], &trust).unwrap();
        assert_eq!(outdated, []);
        let [search] = planned.as_slice() else { panic!("{planned:?}") };
        assert_eq!(
            (search.packed.version.to_string().as_str(), &search.requirement),
            ("1.3.0", &None)
        );
        commit(&planned, &BTreeSet::new(), &place.lock_file()).unwrap();
        let lock = Lock::read(&place.lock_file()).unwrap();
        let search = lock.get(&PluginName::parse("acme:search").unwrap()).unwrap();
        assert_eq!((search.version.to_string().as_str(), search.needed_by.len()), ("1.3.0", 1));
    });
}

#[test]
fn a_lock_that_was_changed_by_hand_grants_nothing() {
    on_each(|place| {
        let trust = Trust::default();
        let registry = || place.registry("registry");
        place.publish(&registry(), &packed("acme:tool", "1.0.0", NET)).unwrap();
        install(&place, registry(), "acme:tool");
        let honest = std::fs::read_to_string(place.lock_file()).unwrap();
        let asked = packed("acme:tool", "1.0.0", NET).permissions.digest();
        let granted = format!("granted = \"{asked}\"");
        let forged = honest.replace(&granted, &format!("granted = \"{}\"", Digest::of(b"")));
        assert_ne!(honest, forged);
        std::fs::write(place.lock_file(), forged).unwrap();
        let told = place.refused(registry(), &trust, "acme:tool");
        assert!(told.contains("the lock was changed by hand"), "{told}");
    });
}
