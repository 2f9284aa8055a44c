//! How many chats may wait, and how long.

use timeslip_timeline::conversation::ModelError;

use super::ModelledMachine;
use super::agenda::Event;
use super::call::Place;
use super::calls::CallSlot;
use super::group::Duty;
use crate::text::count;

impl ModelledMachine {
    /// A call reaches the scheduler, which may have as many waiting already as it may.
    pub(super) fn arrive(&mut self, slot: CallSlot) {
        if self.calls.get(slot).is_none() {
            return;
        }
        let readers = self.groups.iter().filter(|group| group.duty != Duty::Write);
        let waiting = readers.map(|group| group.waiting.len()).sum::<u64>();
        let waiting = waiting + self.stranded.len() as u64;
        if let Some(most) = self.deployment.waiting_calls_max
            && waiting >= most
        {
            self.counts.rejected += 1;
            let message = format!(
                "`{}` is overloaded: as many chats wait already as may, {}",
                self.deployment.machine,
                count(waiting)
            );
            return self.fail(slot, ModelError::Unavailable(message));
        }
        if let Some(longest) = self.deployment.waiting_max {
            self.agenda.add(self.now + longest, Event::Expire(slot));
        }
        self.route(slot);
    }

    /// A call that nobody has begun to read has waited as long as it may.
    pub(super) fn expire(&mut self, slot: CallSlot) {
        let waits = self.calls.get(slot).is_some_and(|call| {
            matches!(call.place, Place::Waiting | Place::Stranded) && !call.was_admitted
        });
        if !waits {
            return;
        }
        self.counts.expired += 1;
        let longest = self.deployment.waiting_max.unwrap_or_default();
        let message = format!(
            "`{}` is overloaded: the chat waited {longest} to be read, the longest that it may",
            self.deployment.machine
        );
        self.fail(slot, ModelError::Unavailable(message));
    }
}
