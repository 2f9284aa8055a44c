//! Whatever a client may send to `/v1/tasks` is a task or an error that says what is wrong.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Err(message) = timeslip_serve::read_any("tasks", body) {
        assert!(!message.is_empty());
    }
});
