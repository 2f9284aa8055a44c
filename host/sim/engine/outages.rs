//! Groups of chips that fail and come back.

use timeslip_timeline::time::Instant;

use super::ModelledMachine;
use super::agenda::Event;
use super::memory::Memory;
use super::used::Used;
use super::waiting::Waiting;
use crate::profile::Role;

/// A failure of one group of chips: its memory is lost, and its chats begin again elsewhere with
/// what they have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The pool's role. A group that helps takes down with it those that it works for, so that
    /// `draft 2` means the third group that writes, and `ffn 2` all attention groups of the third
    /// ffn group.
    pub role: Role,
    /// The group of the pool, counted from 0.
    pub group: u64,
    /// When it fails.
    pub from: Instant,
    /// When it is back, empty; never where it is absent.
    pub until: Option<Instant>,
}

impl ModelledMachine {
    /// Plans a failure. Call this before anything is submitted.
    ///
    /// # Errors
    /// A sentence that says which groups there are, where this is none.
    pub fn plan_outage(&mut self, outage: Outage) -> Result<(), String> {
        let groups = self.groups.iter().enumerate();
        let of_role = groups.filter(|(_, group)| {
            let mut pools = std::iter::once(&group.pool).chain(&group.helper);
            pools.any(|pool| pool.role == outage.role)
        });
        let of_role: Vec<usize> = of_role.map(|(group, _)| group).collect();
        let replicas = self.deployment.pools.iter().find(|pool| pool.role == outage.role);
        let replicas = replicas.map_or(0, |pool| pool.replicas);
        if outage.group >= replicas {
            let pools = self.deployment.pools.iter();
            let known =
                pools.map(|pool| format!("{} 0 to {}", pool.role.word(), pool.replicas - 1));
            return Err(format!(
                "`{}` has no group {} {}; it has {}",
                self.deployment.machine,
                outage.role.word(),
                outage.group,
                known.collect::<Vec<_>>().join(", ")
            ));
        }
        let together = of_role.len() / replicas as usize;
        let first = outage.group as usize * together;
        for group in of_role[first..first + together].iter().copied() {
            self.agenda.add(outage.from, Event::GoDown { group });
            if let Some(until) = outage.until {
                self.agenda.add(until.max(outage.from), Event::ComeUp { group });
            }
        }
        Ok(())
    }

    pub(super) fn go_down(&mut self, group: usize) {
        self.settle(group);
        let state = &mut self.groups[group];
        state.outages += 1;
        state.ticket += 1;
        if let Some(step) = state.step.take() {
            self.busy.end(self.now);
            let span = self.now.since(step.began_at);
            state.busy += span;
            let whole = step.ends_at.since(step.began_at);
            let part = span.as_seconds_f64() / whole.as_seconds_f64();
            state.used += Used::new(step.used.joules() * part, step.used.dollars() * part);
        }
        let lost: Vec<_> = self
            .calls
            .slots()
            .filter(|slot| {
                let call = &self.calls[*slot];
                let reads_here = call.is_in_first && call.first_group == group;
                reads_here || call.decode_group == Some(group)
            })
            .collect();
        for slot in &lost {
            self.end_swap(*slot);
            self.leave(*slot);
        }
        let state = &mut self.groups[group];
        state.memory = Memory::new(state.pool.clone());
        state.waiting = Waiting::new(state.waiting.policy());
        self.tiers.forget(group);
        for slot in lost {
            self.counts.requeued += 1;
            let call = &mut self.calls[slot];
            call.unread = call.tokens();
            self.route(slot);
        }
    }

    pub(super) fn come_up(&mut self, group: usize) {
        let state = &mut self.groups[group];
        state.outages -= 1;
        if state.is_down() {
            return;
        }
        for slot in std::mem::take(&mut self.stranded) {
            if self.calls.get(slot).is_some() {
                self.route(slot);
            }
        }
        self.form_soon(group);
    }
}
