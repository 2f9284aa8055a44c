//! A budget's value from anywhere, read in every unit and shown again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_gate::budget::quantity::{parse, shown};
use timeslip_gate::verdict::Unit;

const UNITS: [Unit; 9] = [
    Unit::Nanoseconds,
    Unit::Count,
    Unit::Tokens,
    Unit::TokensPerSecond,
    Unit::Dollars,
    Unit::Joules,
    Unit::Share,
    Unit::Bytes,
    Unit::Fuel,
];

fuzz_target!(|text: &str| {
    for unit in UNITS {
        match parse(text, unit) {
            Ok(value) => assert!(value.is_finite() && !shown(value, unit).is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
