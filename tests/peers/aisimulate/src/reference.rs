//! The smallest scheduler that can follow the rules of either side, to say why a request differs.
//!
//! The two sides are known to differ in two rules, both of which matter only where memory is scarce.
//! Under our rules this scheduler has to give what ours gives, and under the peer's what the peer
//! gives; then a difference is explained by the rules that make it here. What is left out: any
//! care for speed.

use std::collections::VecDeque;

use timeslip_timeline::time::{Instant, Span};

use crate::outcome::Outcome;
use crate::workload::{
    BLOCK_TOKENS, CALLS_PER_STEP, DECODE_STEP, PREFILL_STEP, REPLICAS, Request, TOKENS_PER_STEP,
    Workload,
};

/// The rules in which the sides differ; `false` is ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// A prompt that is read over several steps takes the memory of each part with it, instead of
    /// all at its admission.
    pub(crate) memory_by_part: bool,
    /// Reading the written part of a reply again after the memory was lost counts as writing,
    /// where no token of the prompt is read in that step.
    pub(crate) rereading_is_writing: bool,
}

impl Rules {
    /// The rules of our machine.
    pub(crate) const OURS: Rules = Rules { memory_by_part: false, rereading_is_writing: false };
    /// The rules of the peer.
    pub(crate) const PEER: Rules = Rules { memory_by_part: true, rereading_is_writing: true };
}

/// The outcomes under these rules, in the order of the requests.
pub(crate) fn outcomes(workload: &Workload, rules: Rules) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::default(); workload.requests.len()];
    for replica in 0..REPLICAS {
        let calls = (replica..workload.requests.len()).step_by(REPLICAS);
        let calls = calls.map(|index| Call::new(index, &workload.requests[index])).collect();
        let mut replica = Replica {
            rules,
            coming: calls,
            waiting: VecDeque::new(),
            running: Vec::new(),
            free: workload.blocks,
            now: Instant::ZERO,
        };
        replica.run(&mut outcomes);
    }
    outcomes
}

/// A request on its way.
#[derive(Debug)]
struct Call {
    index: usize,
    request: Request,
    written: u64,
    /// Tokens whose KV is in memory.
    computed: u64,
    /// Tokens that it had when it was admitted and that are still to be read.
    unread: u64,
    /// Blocks.
    held: u64,
    /// Tokens of the step under way.
    share: u64,
    first_token: Option<Instant>,
}

impl Call {
    fn new(index: usize, request: &Request) -> Call {
        let request = *request;
        Call {
            index,
            request,
            written: 0,
            computed: 0,
            unread: 0,
            held: 0,
            share: 0,
            first_token: None,
        }
    }

    /// Tokens of the prompt and of the reply so far.
    fn tokens(&self) -> u64 {
        self.request.input_tokens + self.written
    }

    /// Whether the step under way gives it a token.
    fn emits(&self) -> bool {
        self.share > 0 && self.computed + self.share == self.tokens()
    }

    /// Whether the step under way is a step of reading for it.
    fn reads(&self, rules: Rules) -> bool {
        let of_prompt = self.computed < self.request.input_tokens;
        self.share > 0 && if rules.rereading_is_writing { of_prompt } else { self.unread > 0 }
    }
}

fn blocks(tokens: u64) -> u64 {
    tokens.div_ceil(BLOCK_TOKENS)
}

struct Replica {
    rules: Rules,
    coming: VecDeque<Call>,
    waiting: VecDeque<Call>,
    /// In the order of admission.
    running: Vec<Call>,
    free: u64,
    now: Instant,
}

impl Replica {
    fn run(&mut self, outcomes: &mut [Outcome]) {
        loop {
            while let Some(call) = self.coming.pop_front_if(|call| call.request.arrival <= self.now)
            {
                self.waiting.push_back(call);
            }
            if self.waiting.is_empty() && self.running.is_empty() {
                match self.coming.front() {
                    Some(call) => self.now = call.request.arrival,
                    None => return,
                }
                continue;
            }
            self.form();
            self.now = self.now + self.span();
            self.end(outcomes);
        }
    }

    /// Shares the tokens of a step out.
    fn form(&mut self) {
        let mut budget = TOKENS_PER_STEP;
        let mut index = 0;
        let mut preempted = false;
        while index < self.running.len() {
            let call = &mut self.running[index];
            call.share = (call.tokens() - call.computed).min(budget);
            let more = blocks(call.computed + call.share).saturating_sub(call.held);
            if more <= self.free {
                self.free -= more;
                call.held += more;
                budget -= call.share;
                index += 1;
            } else {
                preempted = true;
                self.preempt_newest();
            }
        }
        while !preempted && budget > 0 && (self.running.len() as u64) < CALLS_PER_STEP {
            let free = self.free;
            let Some(mut call) = self.waiting.pop_front_if(|call| blocks(call.tokens()) <= free)
            else {
                break;
            };
            call.unread = call.tokens();
            call.share = call.unread.min(budget);
            call.held = match self.rules.memory_by_part {
                true => blocks(call.share),
                false => blocks(call.tokens()),
            };
            self.free -= call.held;
            budget -= call.share;
            self.running.push(call);
        }
    }

    fn preempt_newest(&mut self) {
        let mut call = self.running.pop().expect("a call is running");
        self.free += call.held;
        (call.held, call.computed, call.share) = (0, 0, 0);
        self.waiting.push_front(call);
    }

    fn span(&self) -> Span {
        if self.running.iter().any(|call| call.reads(self.rules)) {
            PREFILL_STEP
        } else if self.running.iter().any(Call::emits) {
            DECODE_STEP
        } else {
            // A lone call lost its memory to itself, and is admitted again at once.
            Span::ZERO
        }
    }

    fn end(&mut self, outcomes: &mut [Outcome]) {
        for call in &mut self.running {
            let emits = call.emits();
            call.computed += call.share;
            call.unread = call.unread.saturating_sub(call.share);
            call.share = 0;
            if emits {
                call.written += 1;
                call.first_token.get_or_insert(self.now);
            }
        }
        let done = |call: &mut Call| call.written == call.request.output_tokens;
        for call in self.running.extract_if(.., done) {
            self.free += call.held;
            outcomes[call.index] = Outcome {
                arrival: call.request.arrival,
                first_token: call.first_token.expect("a reply has a first token"),
                end: self.now,
            };
        }
    }
}
