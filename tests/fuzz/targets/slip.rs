//! A slip from anywhere: read, held against the laws, and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_gate::laws::breaches;
use timeslip_gate::slip::Slip;

fuzz_target!(|text: &str| {
    let Ok(slip) = Slip::parse("fuzz.json", text) else { return };
    let _ = breaches(&slip);
    let again = Slip::parse("fuzz.json", &slip.to_json()).expect("what is written can be read");
    assert_eq!(slip.to_json(), again.to_json());
});
