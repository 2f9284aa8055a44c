//! The description of a load from anywhere.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_replay::generate::Workload;

fuzz_target!(|text: &str| {
    if let Err(error) = Workload::parse(text, 0) {
        assert!(!error.fix.is_empty());
    }
});
