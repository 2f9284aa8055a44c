//! A profile from anywhere in the place of a built-in one: shown, checked and put to use.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_sim::catalogue::{Catalogue, ProfileKind};

fuzz_target!(|input: (u8, String)| {
    let (which, text) = input;
    let names = [
        (ProfileKind::Chip, "h200"),
        (ProfileKind::Model, "llama-3.3-70b"),
        (ProfileKind::Machine, "h200-8"),
    ];
    let (kind, name) = names[usize::from(which) % names.len()];
    let catalogue = Catalogue::built_in().with_text(kind, name, text);
    let _ = catalogue.figures(kind, name);
    let _ = catalogue.validate();
    let _ = catalogue.deploy("h200-8", Some("llama-3.3-70b"));
});
