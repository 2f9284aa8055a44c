//! The work on our modelled machine.

use std::sync::Arc;

use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, PlannedTokens, ReplyLength, SessionId, Submission,
};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, PromptPart};
use timeslip_timeline::time::Instant;

use crate::outcome::Outcome;
use crate::workload::{Request, Workload};

/// The machine whose profile states the times of its steps.
const MACHINE: &str = "fixed-step";

/// A machine and what all that is submitted to it has in common.
#[derive(Debug)]
pub(crate) struct Ours {
    machine: ModelledMachine,
    model: Arc<str>,
    request: Arc<ChatRequest>,
    prompt: Arc<[PromptPart]>,
}

impl Ours {
    /// An idle machine with so many blocks of KV in each replica.
    pub(crate) fn new(blocks: u64) -> Ours {
        let deployed = Catalogue::built_in().deploy(MACHINE, None);
        let mut deployment = deployed.expect("the profile is right");
        for pool in &mut deployment.pools {
            Arc::make_mut(pool).placement.blocks = blocks;
        }
        let model = deployment.model.name.as_str().into();
        let options = ChatOptions::default();
        let request = ChatRequest { model: None, messages: Vec::new(), tools: Vec::new(), options };
        Ours {
            machine: ModelledMachine::new(deployment),
            model,
            request: Arc::new(request),
            prompt: Arc::default(),
        }
    }

    /// Hands every request over at its arrival, as the loop of a run does, and takes what comes
    /// out. The outcomes stand in the order of the requests.
    pub(crate) fn run(&mut self, workload: &Workload) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::default(); workload.requests.len()];
        for (index, request) in workload.requests.iter().enumerate() {
            self.take_until(request.arrival, &mut outcomes);
            outcomes[index].arrival = request.arrival;
            let submission = self.submission(request);
            self.machine.submit(request.arrival, CallId(index as u64), submission);
        }
        while let Some(completion) = self.machine.next(None) {
            note(&completion, &mut outcomes);
        }
        outcomes
    }

    /// How often a request lost its memory.
    pub(crate) fn preempted(&self) -> u64 {
        self.machine.counts().preempted
    }

    /// Takes all that comes out before an instant, and leaves the steps that begin there unformed.
    fn take_until(&mut self, arrival: Instant, outcomes: &mut [Outcome]) {
        while self.machine.next_event_at().is_some_and(|at| at < arrival) {
            let before = Instant::from_nanos(arrival.as_nanos() - 1);
            match self.machine.next(Some(before)) {
                Some(completion) => note(&completion, outcomes),
                None => break,
            }
        }
    }

    fn submission(&self, request: &Request) -> Submission {
        let tokens = PlannedTokens {
            input_tokens: request.input_tokens,
            prompt: Arc::clone(&self.prompt),
            reply_part: None,
            max_output_tokens: None,
            reply: ReplyLength::of(request.output_tokens),
        };
        let (model, request) = (Arc::clone(&self.model), Arc::clone(&self.request));
        Submission::planned(SessionId(0), model, request, tokens)
    }
}

/// Writes a completion down; anything but a whole reply is a defect of the workload.
fn note(completion: &Completion, outcomes: &mut [Outcome]) {
    let CompletionEvent::Served(served) = &completion.event else {
        panic!("every request is served whole, not {:?}", completion.event);
    };
    let outcome = &mut outcomes[completion.call.0 as usize];
    outcome.first_token = outcome.arrival + served.timing.time_to_first_token;
    outcome.end = completion.at;
}
