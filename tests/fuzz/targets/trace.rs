//! A trace from anywhere, in each form: what is read can be replayed, and no prompt is found more
//! than once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_replay::hit_rate::HitRate;
use timeslip_replay::trace::{Format, Trace};

fuzz_target!(|input: (u8, &[u8])| {
    let (form, bytes) = input;
    let format = Format::NAMED.get(usize::from(form) % (Format::NAMED.len() + 1));
    let Ok(trace) = Trace::parse("fuzz", bytes, format.map(|(_, format)| *format)) else { return };
    assert!(!trace.sessions().is_empty());
    assert!(trace.sessions().is_sorted_by_key(|session| session.arrives_at));
    let calls: usize = trace.sessions().iter().map(|s| trace.calls_of(s).len()).sum();
    assert_eq!(calls, trace.calls().len());
    let rate = HitRate::of(&trace);
    assert!(rate.hit_tokens <= rate.tokens && rate.hit_blocks <= rate.blocks);
});
