//! The driver's turns.

mod acts;

use std::collections::VecDeque;
use std::sync::Arc;

use timeslip_timeline::backend::{
    CallId, ChatTiming, Completion, CompletionEvent, PlannedTokens, ReplyLength, SessionId,
    Submission,
};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest};
use timeslip_timeline::queue::DueQueue;
use timeslip_timeline::time::Instant;

use super::calls::{Calls, UnderWay};
use super::journal::Act;
use super::path::critical_path;
use super::sessions::{Session, SessionKey, Sessions};
use super::{ReplayMachine, ReplayOptions};
use crate::arrivals::{Arrivals, Load};
use crate::figures::{CallEnd, Figures, ReplayOutcome};
use crate::source::{Plan, Source};
use crate::trace::{Begins, TraceCall};

/// Something that is due.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// A session starts because another has ended.
    Arrival,
    /// A session makes the call that it holds.
    Call(SessionKey),
    /// An agent acts.
    Act(SessionKey, Act),
    /// A step that no machine serves is over.
    Over(SessionKey, u32),
}

pub(super) struct Driver<'a> {
    source: &'a Source,
    load: Load,
    machines: &'a mut [ReplayMachine],
    options: &'a ReplayOptions,
    request: Arc<ChatRequest>,
    now: Instant,
    due: DueQueue<Due>,
    arrivals: Arrivals,
    next_arrival: Option<Instant>,
    started: u64,
    sessions: Sessions,
    /// Sessions that may go on once everything due is delivered.
    touched: Vec<SessionKey>,
    calls: Calls,
    /// When each call is given up, in order, since all may take equally long.
    timeouts: VecDeque<(Instant, CallId)>,
    figures: Figures,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        source: &'a Source,
        load: Load,
        machines: &'a mut [ReplayMachine],
        options: &'a ReplayOptions,
    ) -> Driver<'a> {
        let request = ChatRequest {
            model: None,
            messages: Vec::new(),
            tools: Vec::new(),
            options: ChatOptions::default(),
        };
        Driver {
            source,
            load,
            figures: Figures::new(options, machines.iter().map(|machine| machine.error).collect()),
            machines,
            options,
            request: Arc::new(request),
            now: Instant::ZERO,
            due: DueQueue::new(),
            arrivals: Arrivals::new(load, options.seed),
            next_arrival: None,
            started: 0,
            sessions: Sessions::default(),
            touched: Vec::new(),
            calls: Calls::default(),
            timeouts: VecDeque::new(),
        }
    }

    pub(super) fn run(mut self) -> ReplayOutcome {
        match self.load {
            Load::AtOnce { sessions, .. } => {
                let first = sessions.max(1).min(self.source.sessions());
                (0..first).for_each(|_| self.due.schedule(Instant::ZERO, Due::Arrival));
            }
            _ => self.draw_next_arrival(),
        }
        while self.turn() && !self.has_failed() {
            self.go_on();
        }
        let totals = self.machines.iter().map(|machine| machine.backend.totals(self.now)).collect();
        let unfinished = self.sessions.under_way() as u64;
        self.figures.finish(unfinished, self.calls.under_way, totals, self.source.notes())
    }

    fn has_failed(&self) -> bool {
        self.machines.iter().any(|machine| machine.backend.failure().is_some())
    }

    fn draw_next_arrival(&mut self) {
        let left = self.started < self.source.sessions();
        self.next_arrival =
            left.then(|| self.arrivals.next(self.source.recorded_arrival(self.started)));
    }

    /// Moves the clock to the next instant at which anything is due, and delivers everything that
    /// is due there. Says whether there was one.
    fn turn(&mut self) -> bool {
        let timer = self.next_timer();
        let mut events = [(Instant::END, 0); 2];
        for (machine, state) in self.machines.iter().enumerate() {
            let at = state.backend.next_event_at().unwrap_or(Instant::END);
            if at < events[0].0 {
                events = [(at, machine), events[0]];
            } else if at < events[1].0 {
                events[1] = (at, machine);
            }
        }
        let [(first, machine), (second, _)] = events;
        let bound = timer.min(second);
        if first < bound {
            // Nothing else happens before that instant, whatever the machine does.
            let alone = Instant::from_nanos(bound.as_nanos() - 1);
            if let Some(completion) = self.machines[machine].backend.next(Some(alone)) {
                self.now = self.now.max(completion.at);
                self.completed(completion);
                self.drain(machine);
                return true;
            }
        }
        if bound == Instant::END {
            return false;
        }
        self.now = bound;
        self.perform_what_is_due();
        (0..self.machines.len()).for_each(|machine| self.drain(machine));
        self.give_up_what_took_too_long();
        true
    }

    /// The earliest instant at which anything but a machine does something.
    fn next_timer(&mut self) -> Instant {
        if !self.touched.is_empty() {
            return self.now;
        }
        while let Some((_, call)) = self.timeouts.front()
            && !self.calls.is_under_way(*call)
        {
            self.timeouts.pop_front();
        }
        let due = self.due.next_at();
        let timeout = self.timeouts.front().map(|(at, _)| *at);
        [due, timeout, self.next_arrival].into_iter().flatten().min().unwrap_or(Instant::END)
    }

    fn perform_what_is_due(&mut self) {
        while self.next_arrival.is_some_and(|at| at <= self.now) {
            self.start_session();
            self.draw_next_arrival();
        }
        while let Some(due) = self.due.pop_due(self.now) {
            match due {
                Due::Arrival => self.start_session(),
                Due::Call(session) => self.make_pending_call(session),
                Due::Act(session, act) => self.act(session, act),
                Due::Over(session, step) => self.over(session, step),
            }
        }
    }

    fn drain(&mut self, machine: usize) {
        while let Some(completion) = self.machines[machine].backend.next(Some(self.now)) {
            self.completed(completion);
        }
    }

    fn start_session(&mut self) {
        if self.started == self.source.sessions() {
            return;
        }
        let session = Session {
            began_at: self.now,
            plan: self.source.plan(self.started),
            pending: None,
            made: 0,
            has_failed: false,
        };
        // No source has more sessions than 32 bits number.
        let key = self.sessions.add(self.started as u32, session);
        self.started += 1;
        self.figures.session_began(self.now);
        self.touched.push(key);
    }

    fn completed(&mut self, completion: Completion) {
        if matches!(completion.event, CompletionEvent::Progress { .. }) {
            return;
        }
        let Some(call) = self.calls.take(completion.call) else {
            return;
        };
        let key = call.session;
        match completion.event {
            CompletionEvent::Failed(failed) => {
                self.figures.failed(completion.call, &call, self.now, &failed.error);
                self.fail(&call);
            }
            CompletionEvent::Served(served) => {
                self.figures.served(completion.call, &call, &served);
                let Some(session) = self.sessions.get_mut(key) else {
                    return;
                };
                if let Plan::Journal(run) = &mut session.plan {
                    run.steps[call.place as usize].call = None;
                    run.steps[call.place as usize].timing = served.timing;
                    run.over(call.place, self.now);
                } else {
                    self.figures.add_timing(&served.timing);
                }
                self.touched.push(key);
            }
            CompletionEvent::Progress { .. } => {}
        }
    }

    /// A call failed: its session ends before anything else of it begins.
    fn fail(&mut self, call: &UnderWay) {
        let waited = self.now.since(call.at);
        if let Some(session) = self.sessions.get_mut(call.session) {
            session.has_failed = true;
            if let Plan::Journal(run) = &mut session.plan {
                run.steps[call.place as usize].call = None;
                run.failed_step = run.failed_step.or(Some(call.place));
            } else {
                self.figures.add_timing(&ChatTiming { queue: waited, ..ChatTiming::default() });
            }
            self.touched.push(call.session);
        }
    }

    fn give_up_what_took_too_long(&mut self) {
        while let Some((at, id)) = self.timeouts.front().copied()
            && at <= self.now
        {
            self.timeouts.pop_front();
            if let Some(call) = self.calls.take(id) {
                self.machines[call.machine as usize].backend.cancel(self.now, id);
                self.figures.ended(id, &call, self.now, CallEnd::TimedOut);
                self.fail(&call);
            }
        }
    }

    fn go_on(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        if touched.len() > 1 {
            touched.sort_unstable();
            touched.dedup();
        }
        for key in touched.drain(..) {
            self.continue_session(key);
        }
        if self.touched.is_empty() {
            // Its memory serves again.
            self.touched = touched;
        }
    }

    fn continue_session(&mut self, key: SessionKey) {
        let speed = match self.load {
            Load::Recorded { speed } => speed,
            _ => 1.0,
        };
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        if session.has_failed {
            return self.end_session(key, false);
        }
        if let Plan::Journal(run) = &mut session.plan {
            let (ready, template) = (run.take_ready(), Arc::clone(&run.template));
            for act in ready {
                let (act, moment) = &template.acts[act as usize];
                match self.now + moment.gap {
                    at if at == self.now => self.act(key, *act),
                    at => self.due.schedule(at, Due::Act(key, *act)),
                }
            }
            return;
        }
        let Some(call) = self.source.next_call(&mut session.plan, speed) else {
            return self.end_session(key, true);
        };
        let at = match call.begins {
            Begins::After(gap) => self.now + gap,
            Begins::NotBefore(span) => (session.began_at + span).max(self.now),
        };
        self.figures.add_wait(at.since(self.now));
        session.pending = Some(call);
        match at == self.now {
            true => self.make_pending_call(key),
            false => self.due.schedule(at, Due::Call(key)),
        }
    }

    fn make_pending_call(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Some(TraceCall { input_tokens, output_tokens, prompt, .. }) = session.pending.take()
        else {
            return;
        };
        let place = session.made;
        session.made += 1;
        let tokens = PlannedTokens {
            input_tokens,
            prompt,
            reply_part: None,
            max_output_tokens: None,
            reply: ReplyLength::of(output_tokens),
        };
        let machine = key.number as usize % self.machines.len();
        self.submit(key, place, machine, tokens);
    }

    fn submit(
        &mut self,
        key: SessionKey,
        place: u32,
        machine: usize,
        tokens: PlannedTokens,
    ) -> CallId {
        let call = UnderWay { session: key, place, machine: machine as u32, at: self.now };
        let id = self.calls.add(call);
        self.figures.submitted(&call, tokens.input_tokens, self.calls.under_way);
        if let Some(timeout) = self.options.timeout {
            self.timeouts.push_back((self.now + timeout, id));
        }
        let machine = &mut self.machines[machine];
        let (model, request) = (Arc::clone(&machine.model), Arc::clone(&self.request));
        let work = Submission::planned(SessionId(key.number), model, request, tokens);
        machine.backend.submit(self.now, id, work);
        id
    }

    fn end_session(&mut self, key: SessionKey, succeeded: bool) {
        let Some(session) = self.sessions.remove(key) else {
            return;
        };
        if let Plan::Journal(run) = &session.plan {
            for call in run.steps.iter().filter_map(|step| step.call) {
                self.cancel(call);
            }
            let shares = critical_path(run, session.began_at, self.now);
            self.figures.add_shares(&shares);
        }
        self.figures.session_ended(session.began_at, self.now, succeeded);
        if let Load::AtOnce { think, .. } = self.load
            && self.started < self.source.sessions()
        {
            self.due.schedule(self.now + think, Due::Arrival);
        }
    }

    fn cancel(&mut self, id: CallId) {
        if let Some(call) = self.calls.take(id) {
            self.machines[call.machine as usize].backend.cancel(self.now, id);
            self.figures.ended(id, &call, self.now, CallEnd::GivenUp);
        }
    }
}
