//! Guests of a client's session: plugins that live from call to call, and the one who calls them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use timeslip_timeline::guest::{
    Answer, Ask, AskId, Burst, Delivery, Guest, GuestState, GuestUse, Happening,
};
use timeslip_timeline::time::{Instant, Span};

/// A plugin that is there for the next call too. Clones are the same plugin.
#[derive(Clone)]
pub(super) struct KeptPlugin {
    shared: Arc<Mutex<Kept>>,
}

struct Kept {
    guest: Box<dyn Guest>,
    /// Calls that it has not answered.
    open: usize,
    is_stopped: bool,
}

impl KeptPlugin {
    /// Keeps a plugin.
    pub(super) fn new(guest: Box<dyn Guest>) -> KeptPlugin {
        let kept = Kept { guest, open: 0, is_stopped: false };
        KeptPlugin { shared: Arc::new(Mutex::new(kept)) }
    }

    /// Whether it can take another call: it runs, and is in the middle of none.
    pub(super) fn is_whole(&self) -> bool {
        let kept = self.lock();
        !kept.is_stopped && kept.open == 0
    }

    /// A plugin that panicked is not whole, whatever it holds.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest for KeptPlugin {
    fn resume(&mut self, now: Instant, deliveries: Vec<Delivery>) -> Burst {
        let mut kept = self.lock();
        let is_call = |delivery: &&Delivery| matches!(delivery, Delivery::ToolCall { .. });
        kept.open += deliveries.iter().filter(is_call).count();
        let burst = kept.guest.resume(now, deliveries);
        let answers = burst.happenings.iter();
        let is_answer = |(_, one): &&(Span, Happening)| matches!(one, Happening::ToolAnswer { .. });
        kept.open = kept.open.saturating_sub(answers.filter(is_answer).count());
        kept.is_stopped |= burst.state != GuestState::Waiting;
        burst
    }
}

/// Stands where the agent of a session does: calls one tool, and is done when it has answered.
pub(super) struct Caller {
    call: Option<Ask>,
}

impl Caller {
    /// Calls a tool.
    pub(super) fn new(name: Arc<str>, arguments: Arc<str>) -> Caller {
        Caller { call: Some(Ask::Tool { name, arguments }) }
    }
}

impl Guest for Caller {
    fn resume(&mut self, _: Instant, deliveries: Vec<Delivery>) -> Burst {
        let is_answer =
            |delivery: &Delivery| matches!(delivery, Delivery::Answer(_, Answer::Tool(_)));
        let asked = self.call.take().map(|call| (Span::ZERO, Happening::Asked(AskId(0), call)));
        Burst {
            happenings: asked.into_iter().collect(),
            compute: Span::ZERO,
            state: match deliveries.iter().any(is_answer) {
                true => GuestState::Finished(Ok(String::new())),
                false => GuestState::Waiting,
            },
            used: GuestUse::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::guest::StopCause;

    use super::*;

    /// Answers calls whose arguments say so, and stops at those that say that.
    struct Plugin;

    impl Guest for Plugin {
        fn resume(&mut self, _: Instant, deliveries: Vec<Delivery>) -> Burst {
            let mut happenings = Vec::new();
            let mut state = GuestState::Waiting;
            for delivery in deliveries {
                match delivery {
                    Delivery::ToolCall { call, arguments, .. } if &*arguments == "answer" => {
                        let answer = Happening::ToolAnswer { call, output: Ok("".into()) };
                        happenings.push((Span::ZERO, answer));
                    }
                    Delivery::ToolCall { arguments, .. } if &*arguments == "stop" => {
                        let cause = StopCause { kind: "trap", message: String::new() };
                        state = GuestState::Stopped(cause);
                    }
                    _ => {}
                }
            }
            Burst { happenings, compute: Span::ZERO, state, used: GuestUse::default() }
        }
    }

    #[test]
    fn a_plugin_is_whole_until_it_stops_or_is_left_in_a_call() {
        for (arguments, whole) in [("answer", true), ("stop", false), ("wait", false)] {
            let plugin = KeptPlugin::new(Box::new(Plugin));
            let call =
                Delivery::ToolCall { call: 1, name: "t".into(), arguments: arguments.into() };
            plugin.clone().resume(Instant::ZERO, vec![call]);
            assert_eq!(plugin.is_whole(), whole, "{arguments}");
        }
    }
}
