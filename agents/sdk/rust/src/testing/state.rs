//! What a test's session holds while something runs in it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::contract::timeslip::agent::types::{ChatRequest, Message, ToolDefinition};
use crate::error::{ModelError, ToolError};

thread_local! {
    /// The session that something runs in on this thread.
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// A tool of a test.
pub(super) struct MountedTool {
    pub(super) definition: ToolDefinition,
    #[expect(clippy::type_complexity, reason = "it stands here alone")]
    pub(super) call: Box<dyn Fn(&str) -> Result<String, ToolError>>,
}

impl std::fmt::Debug for MountedTool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MountedTool").field("definition", &self.definition).finish_non_exhaustive()
    }
}

/// What will be said, and what was asked.
#[derive(Debug)]
pub(super) struct State {
    pub(super) now_ns: u64,
    pub(super) random: u64,
    pub(super) replies: VecDeque<Result<Message, ModelError>>,
    pub(super) tools: Vec<MountedTool>,
    pub(super) answers: VecDeque<String>,
    pub(super) config: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) responses: BTreeMap<String, Vec<u8>>,
    pub(super) chat_time: Duration,
    pub(super) tool_time: Duration,
    pub(super) requests: Vec<ChatRequest>,
    pub(super) tool_calls: Vec<(String, String)>,
    pub(super) journal: Vec<String>,
}

impl Default for State {
    fn default() -> State {
        State {
            now_ns: 0,
            random: 0,
            replies: VecDeque::new(),
            tools: Vec::new(),
            answers: VecDeque::new(),
            config: BTreeMap::new(),
            files: BTreeMap::new(),
            responses: BTreeMap::new(),
            chat_time: Duration::from_secs(1),
            tool_time: Duration::ZERO,
            requests: Vec::new(),
            tool_calls: Vec::new(),
            journal: Vec::new(),
        }
    }
}

/// Makes a session the one of this thread.
pub(super) fn enter(state: State) {
    STATE.set(Some(state));
}

/// Takes this thread's session away.
pub(super) fn leave() -> State {
    STATE.take().expect("a session was entered")
}

/// Does something with this thread's session.
pub(super) fn with<T>(act: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(|state| {
        act(state.as_mut().expect("outside a component this runs inside `testing::Session::run`"))
    })
}
