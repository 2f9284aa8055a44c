//! Bytes from anywhere as a packed component: its permission section, its metadata, its interfaces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_market::component::{About, PackedComponent, Surface, code_digest, pack, wit_changes};
use timeslip_market::name::{PluginName, parse_version};
use timeslip_market::permissions::Permissions;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(packed) = PackedComponent::open(bytes.to_vec()) {
        // What was opened can be packed again, and is the same plugin.
        let (name, version) = (&packed.name, &packed.version);
        let again = pack(bytes, name, version, &packed.about, &packed.permissions);
        let again = again.expect("what opens can be packed");
        assert_eq!(again.permissions.digest(), packed.permissions.digest());
        assert_eq!(code_digest(&again.bytes), code_digest(bytes));
        let _ = wit_changes(bytes, &again.bytes);
    }
    let _ = Surface::of(bytes);
    let _ = code_digest(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(permissions) = Permissions::parse(text) {
            let again = Permissions::parse(&permissions.to_toml()).expect("its own form is read");
            assert_eq!(again, permissions);
            assert!(permissions.covers(&again));
        }
        // A manifest from anywhere in a component that is whole.
        let permissions = Permissions::parse(text).unwrap_or_default();
        let about = About { description: text.to_owned(), ..About::default() };
        let name = PluginName::parse("fuzz:fuzz").expect("it is a name");
        let version = parse_version("1.0.0").expect("it is a version");
        let empty = b"\0asm\x0d\0\x01\0";
        if let Ok(packed) = pack(empty, &name, &version, &about, &permissions) {
            assert_eq!(packed.permissions, permissions);
        }
    }
});
