//! A client's session: plugins that live as long as the client stays, and a run of the one loop for
//! each call.

use std::sync::Arc;

use timeslip_live::pace::WallPace;
use timeslip_live::{LiveFetcher, LiveRun};
use timeslip_mcp::server::{Done, StepNote, ToolCall, ToolSession, Tools, Watch};
use timeslip_mcp::stop::Stop;
use timeslip_runtime::session::SessionState;
use timeslip_timeline::backend::SessionId;
use timeslip_timeline::conversation::{ToolDefinition, ToolError};
use timeslip_timeline::drive::{self, Load, Machine, RunUntil, SessionGuests, SessionPlan, Stage};
use timeslip_timeline::guest::Guest;
use timeslip_timeline::http::{Fetcher, HttpStage};
use timeslip_timeline::pace::Pace;
use timeslip_timeline::record::{Asker, RunRecord, SessionOutcome, Step, StepKind};
use timeslip_timeline::time::{Instant, Span};

use super::kept::{Caller, KeptPlugin};
use super::serve::Served;
use crate::stage::backend;
use crate::words::words;

/// What a client's session is called, where something has to be.
const CLIENT: &str = "client";

/// The tools of a bench.
pub(super) struct BenchTools(pub(super) Arc<Served>);

impl Tools for BenchTools {
    fn definitions(&self) -> &[ToolDefinition] {
        &self.0.tools.definitions
    }

    fn begin(&self) -> Box<dyn ToolSession> {
        let served = self.0.clone();
        // Every client's session is the first of its bench, so that all draw the same.
        let state = SessionState::new(SessionId(0), served.bench.budgets);
        let calls_left = served.bench.budgets.tool_calls;
        let (plugins, reached) = (Vec::new(), Instant::ZERO);
        Box::new(ClientSession { served, state, calls_left, plugins, reached })
    }
}

/// The session of one client.
struct ClientSession {
    served: Arc<Served>,
    state: SessionState,
    /// What the client may still call; any number where the bench sets none.
    calls_left: Option<u64>,
    plugins: Vec<KeptPlugin>,
    /// Where the session's clock stands.
    reached: Instant,
}

impl ToolSession for ClientSession {
    fn call(&mut self, call: &ToolCall, watch: &Watch) -> Done {
        if let Some(left) = &mut self.calls_left {
            if *left == 0 {
                let text =
                    "the session has made its calls of tools; see `tool_calls` under [limits]";
                return failed(ToolError::OverBudget(text.to_owned()));
            }
            *left -= 1;
        }
        self.renew_plugins();
        let ran = match &self.served.live {
            Some(live) => {
                let live = live.beside();
                let waiting = live.stop_waiting();
                watch.stop.on_set(move || waiting.stop());
                let mut fetcher = self.served.servers.asked_by(live.fetcher());
                self.run(call, watch, Some(&live), Some(&mut fetcher))
            }
            None => self.run(call, watch, None, None),
        };
        match ran {
            Ok(record) => {
                self.reached = record.ended_at;
                done(record)
            }
            Err(message) => failed(ToolError::Failed(message)),
        }
    }
}

impl ClientSession {
    /// Plugins that stopped, or are still in a call that nobody waits for, begin anew.
    fn renew_plugins(&mut self) {
        let fresh = |seat| KeptPlugin::new(self.served.tools.plugin(seat, &self.state));
        match self.plugins.is_empty() {
            true => self.plugins = (0..self.served.tools.seats()).map(fresh).collect(),
            false => {
                for (seat, plugin) in self.plugins.iter_mut().enumerate() {
                    if !plugin.is_whole() {
                        *plugin = fresh(seat);
                    }
                }
            }
        }
    }

    /// Runs one call on the loop. Words and machines are as if nobody had asked them before.
    fn run(
        &self,
        call: &ToolCall,
        watch: &Watch,
        live: Option<&LiveRun>,
        fetcher: Option<&mut LiveFetcher>,
    ) -> Result<RunRecord, String> {
        let Served { bench, machines, tools, purse, .. } = &*self.served;
        let under_loop = machines.iter().map(|machine| Machine {
            name: machine.name().into(),
            model: machine.model().into(),
            tier: bench.routing.tier_of(machine.name()).map(|tier| tier.name.as_str().into()),
            backend: backend(bench, machine, live, purse.as_ref()),
        });
        let plan = SessionPlan { task_index: 0, task: CLIENT.into(), input: "".into(), tier: None };
        let mut pace = CallPace { stop: &watch.stop, live, wall: None, has_ended: false };
        let mut steps = 0;
        let record = drive::run(Stage {
            sessions: vec![plan],
            load: Load::Arrivals(vec![self.reached]),
            until: RunUntil::AllHaveEnded,
            deadline: bench.deadline,
            budget_usd: bench.budget_usd,
            routing: bench.routing.rules.clone(),
            agent: CLIENT.into(),
            plugins: tools.names(),
            agents: tools.agents.clone(),
            tools: tools.tools.clone(),
            machines: under_loop.collect(),
            words: words(bench, machines, live.map(|_| ""), None, None).as_mut(),
            pace: &mut pace,
            make_guests: &mut |_, _| self.guests(call),
            on_step_end: &mut |_, step| {
                steps += 1;
                (watch.on_step)(StepNote { count: steps, text: note_of(step) });
            },
            on_session_end: &mut |_, _| {},
            http: HttpStage {
                fetcher: fetcher.map(|fetcher| fetcher as &mut dyn Fetcher),
                on_fetch_end: None,
            },
            threads: 1,
        });
        record.map_err(|failure| failure.to_string())
    }

    fn guests(&self, call: &ToolCall) -> SessionGuests {
        let kept = |plugin: &KeptPlugin| -> Box<dyn Guest> { Box::new(plugin.clone()) };
        let plugins = self.plugins.iter().map(kept);
        SessionGuests {
            agent: Box::new(Caller::new(call.name.clone(), call.arguments.clone())),
            plugins: plugins.collect(),
            make_delegate: self.served.tools.make_delegate(&self.state),
        }
    }
}

/// A call that was not begun.
fn failed(error: ToolError) -> Done {
    Done { output: Err(error), compute: Span::ZERO, took: Span::ZERO }
}

/// What became of the call that a run was for.
fn done(mut record: RunRecord) -> Done {
    let session = record.sessions.pop().expect("one session ran");
    let of_client = |step: &&Step| step.asked_by == Asker::Agent;
    let step = session.steps.iter().find(of_client);
    let (output, compute, took) = match step.map(|step| (&step.kind, step.end_to_end())) {
        Some((StepKind::Tool(tool), took)) => (tool.output.clone(), tool.compute, took),
        _ => (None, Span::ZERO, Span::ZERO),
    };
    let output = output.unwrap_or(Err(ToolError::Failed(match session.outcome {
        SessionOutcome::Stopped(cause) => cause.message,
        SessionOutcome::Answered(text) | SessionOutcome::GaveUp(text) => text,
    })));
    Done { output, compute, took }
}

fn note_of(step: &Step) -> String {
    let took = step.end_to_end();
    match &step.kind {
        StepKind::Chat(chat) => format!("chat with {}, {took}", chat.model),
        StepKind::Tool(tool) => format!("tool {}, {took}", tool.tool),
        StepKind::User(_) => format!("question to the user, {took}"),
        StepKind::Sleep => format!("sleep, {took}"),
    }
}

/// The pace of one call: as the computer's clock goes where servers are asked, and in jumps otherwise.
struct CallPace<'s> {
    stop: &'s Stop,
    live: Option<&'s LiveRun>,
    /// There from the call's own instant on; up to that the clock jumps.
    wall: Option<WallPace>,
    /// Whether the loop has been told that the call is to end.
    has_ended: bool,
}

impl CallPace<'_> {
    /// Says once that nothing will ever come, so that the loop ends the session, and then lets the end
    /// come.
    fn stopped(&mut self, due: Option<Instant>) -> Option<Instant> {
        match std::mem::replace(&mut self.has_ended, true) {
            true => due,
            false => None,
        }
    }
}

impl Pace for CallPace<'_> {
    fn next_instant(&mut self, now: Instant, due: Option<Instant>) -> Option<Instant> {
        if self.stop.is_set() {
            return self.stopped(due);
        }
        let next = match (&mut self.wall, self.live) {
            (Some(wall), _) => wall.next_instant(now, due),
            (None, Some(live)) => {
                self.wall = Some(live.pace());
                due
            }
            (None, None) => due,
        };
        match self.stop.is_set() {
            true => self.stopped(due),
            false => next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_is_stopped_ends_the_session_once_and_then_lets_the_end_come() {
        let stop = Stop::default();
        let mut pace = CallPace { stop: &stop, live: None, wall: None, has_ended: false };
        let due = Some(Instant::from_nanos(9));
        assert_eq!(pace.next_instant(Instant::ZERO, due), due);
        stop.set();
        assert_eq!(pace.next_instant(Instant::ZERO, due), None);
        assert_eq!(pace.next_instant(Instant::ZERO, due), due);
    }
}
