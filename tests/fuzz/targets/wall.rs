//! A wall-clock measurement from anywhere: what is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_gate::wall::WallSamples;

fuzz_target!(|text: &str| {
    let Ok(samples) = WallSamples::parse("fuzz.json", text) else { return };
    let again = WallSamples::parse("fuzz.json", &samples.to_json());
    assert_eq!(again.expect("what is written can be read").to_json(), samples.to_json());
});
