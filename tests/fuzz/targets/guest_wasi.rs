//! Any calls of WASI in any order: the host neither panics nor hangs, and keeps its bounds.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use timeslip_fuzz::{runtime, setup};
use timeslip_runtime::agent::{AgentComponent, AgentTask, Setup};
use timeslip_runtime::files::{FileGrant, Folder};
use timeslip_runtime::session::SessionState;
use timeslip_timeline::backend::SessionId;
use timeslip_timeline::guest::{Answer, Ask, Delivery, GuestState, Happening};
use timeslip_timeline::time::Instant;

#[path = "../../../host/runtime/wasi/tests/calls.rs"]
mod calls;
#[path = "../../../host/runtime/wasi/tests/guests.rs"]
mod guests;
#[path = "../../../host/runtime/wasi/tests/interfaces.rs"]
mod interfaces;

static FOLDER: LazyLock<Arc<Folder>> = LazyLock::new(|| {
    let file = |path: &str, text: &str| (path.to_owned(), Arc::from(text.as_bytes()));
    Arc::new(Folder::new([file("a", "granted"), file("b/c", "deep")].into()))
});

fuzz_target!(|bytes: &[u8]| {
    let folder = &*FOLDER;
    // A runtime keeps what it compiled, so each input has its own.
    let runtime = Arc::new(runtime());
    let component = wat::parse_str(calls::caller(bytes)).expect("the text is right");
    let agent = AgentComponent::load(&runtime, "fuzz", &component).expect("it loads");
    let setup = Arc::new(Setup { files: FileGrant::new(folder.clone(), true), ..setup() });
    let session = SessionState::new(SessionId(0), setup.budgets);
    let task = AgentTask { name: "task", input: "", number: 0 };
    let mut guest = agent.guest(&setup, &session, task);
    let (mut now, mut deliveries) = (Instant::ZERO, vec![Delivery::Start]);
    loop {
        let burst = guest.resume(now, std::mem::take(&mut deliveries));
        let mut wakes = now + burst.compute;
        for (offset, happening) in burst.happenings {
            if let Happening::Asked(id, Ask::Sleep(span)) = happening {
                deliveries.push(Delivery::Answer(id, Answer::Slept));
                wakes = now + offset + span;
            }
        }
        now = wakes;
        if burst.state != GuestState::Waiting || now == Instant::END {
            break;
        }
        assert!(!deliveries.is_empty(), "a guest that waits has asked for something");
    }
    let written: usize = session.files().changes(folder).written.values().map(|bytes| bytes.len()).sum();
    assert!(written as u64 <= setup.limits.written_bytes + 16);
});
