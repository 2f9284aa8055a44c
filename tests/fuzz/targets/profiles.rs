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
        (ProfileKind::Software, "vllm"),
    ];
    let (kind, name) = names[usize::from(which) % names.len()];
    let catalogue = Catalogue::built_in().with_text(kind, name, text);
    let _ = catalogue.figures(kind, name);
    let _ = catalogue.validate();
    let _ = catalogue.deploy("h200-8", Some("llama-3.3-70b"));
    if let Ok(machine) = catalogue.text(ProfileKind::Machine, "h200-8") {
        let machine = machine.replacen("host_cpu", "software = \"vllm\"\nhost_cpu", 1);
        let catalogue = catalogue.clone().with_text(ProfileKind::Machine, "h200-8", machine);
        let _ = catalogue.deploy("h200-8", Some("gpt-oss-120b"));
    }
});
