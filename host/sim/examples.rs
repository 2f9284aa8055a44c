//! A small machine for tests, with round numbers: every step takes a millisecond, a block of KV is
//! 16 tokens, and how many blocks there are is said by the test.

use std::sync::Arc;

use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, PlannedTokens, ReplyLength, ReplyPart, Served,
    SessionId, Submission,
};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, PromptPart, PromptPartKind, Role};
use timeslip_timeline::time::{Instant, Span};

use crate::catalogue::{Catalogue, ProfileKind};
use crate::deployment::Deployment;
use crate::engine::ModelledMachine;
use crate::example_helpers::{DRAFT, Helper};
use crate::profile::{Policy, Preemption, Role as PoolRole, Routing, Sending};

/// What a test says about the small machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Small {
    /// Blocks of KV in each group.
    pub(crate) blocks: u64,
    pub(crate) tokens_per_step: u64,
    pub(crate) calls_per_step: u64,
    pub(crate) replicas: u64,
    /// Two pools with a link that moves a token in a millisecond, after two.
    pub(crate) split: bool,
    /// Where it is on, the profile says nothing of it.
    pub(crate) prefix_cache: bool,
    /// Steps whose time grows with what their tokens look back at, in a model with a window.
    pub(crate) uneven: bool,
    pub(crate) helper: Helper,
    /// The model's layers. However many there are, a step takes as long, and so does a token on the
    /// link and from a tier.
    pub(crate) layers: u64,
    pub(crate) ways: Ways,
}

/// How the small machine's serving software behaves, where that is not as by default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ways {
    pub(crate) policy: Policy,
    pub(crate) objective_ms: u64,
    pub(crate) routing: Routing,
    pub(crate) preemption: Preemption,
    pub(crate) sends: Sending,
    pub(crate) paths: u64,
    pub(crate) block_tokens: u64,
    /// Tokens of KV in a tier that each group has, and in one that all have together.
    pub(crate) tiers: [u64; 2],
    pub(crate) waiting_calls_max: Option<u64>,
    pub(crate) waiting_ms_max: Option<u64>,
    pub(crate) plans_ahead: bool,
    /// Once in how many steps new chats are taken in; at once where it is 0.
    pub(crate) intake_steps: u64,
}

impl Default for Ways {
    fn default() -> Ways {
        Ways {
            policy: Policy::default(),
            objective_ms: 20,
            routing: Routing::default(),
            preemption: Preemption::default(),
            sends: Sending::default(),
            paths: 1,
            block_tokens: 16,
            tiers: [0, 0],
            waiting_calls_max: None,
            waiting_ms_max: None,
            plans_ahead: false,
            intake_steps: 0,
        }
    }
}

impl Ways {
    /// What stands under `[scheduler]`.
    fn scheduler(&self) -> String {
        let mut text = unless_default("policy", &self.policy)
            + &unless_default("routing", &self.routing)
            + &unless_default("preemption", &self.preemption);
        if self.policy == Policy::SloAware {
            let objective = known(&format!("{}e-3", self.objective_ms));
            text += &format!("first_token_objective_seconds = {objective}\n");
        }
        if self.block_tokens != 16 {
            text += &format!("block_tokens = {}\n", known(&self.block_tokens.to_string()));
        }
        if self.plans_ahead {
            text += &format!("plans_ahead = {}\n", known("true"));
        }
        if self.intake_steps > 0 {
            text += &format!("intake_interval_steps = {}\n", known(&self.intake_steps.to_string()));
        }
        if let Some(calls) = self.waiting_calls_max {
            text += &format!("waiting_calls_max = {}\n", known(&calls.to_string()));
        }
        if let Some(longest) = self.waiting_ms_max {
            text += &format!("waiting_seconds_max = {}\n", known(&format!("{longest}e-3")));
        }
        text
    }

    /// Tiers that read a token in a tenth of a millisecond and in half of one.
    fn tiers(&self, layers: u64) -> String {
        let tier = |(index, scope): (usize, &str)| match self.tiers[index] {
            0 => String::new(),
            tokens => format!(
                "[[kv_tiers]]\nname = \"{scope}\"\nscope = \"{scope}\"\ncapacity_bytes = {}\n\
                 bandwidth_bytes_per_second = {}\nlatency_seconds = {}\n",
                known(&(tokens * 16 * layers).to_string()),
                known(&format!("{}e3", [160, 32][index] * layers)),
                known(["1e-3", "3e-3"][index]),
            ),
        };
        ["group", "machine"].into_iter().enumerate().map(tier).collect()
    }

    /// What stands under `[link]` beside the usual.
    fn link(&self) -> String {
        let paths = match self.paths {
            1 => String::new(),
            paths => format!("paths = {}\n", known(&paths.to_string())),
        };
        paths + &unless_default("sends", &self.sends)
    }
}

/// The line of a profile that makes a choice, where it is not made by default.
fn unless_default<T: Default + PartialEq + serde::Serialize>(key: &str, value: &T) -> String {
    match *value == T::default() {
        true => String::new(),
        false => {
            let word = serde_json::to_string(value).expect("a choice is a word");
            format!("{key} = {}\n", known(&word))
        }
    }
}

/// The time from a call's arrival to the queue.
pub(crate) const FRONT_END: Span = Span::from_millis(5);

impl Default for Small {
    fn default() -> Small {
        Small {
            blocks: 1_000,
            tokens_per_step: 64,
            calls_per_step: 8,
            replicas: 1,
            split: false,
            prefix_cache: true,
            uneven: false,
            helper: Helper::None,
            layers: 1,
            ways: Ways::default(),
        }
    }
}

impl Small {
    pub(crate) fn machine(&self) -> ModelledMachine {
        ModelledMachine::new(self.deployment())
    }

    pub(crate) fn deployment(&self) -> Deployment {
        self.catalogue().deploy("small", None).expect("the small machine is right")
    }

    /// The same model, whole on one group of the same chips.
    pub(crate) fn whole_deployment(&self) -> Deployment {
        let text = Small { helper: Helper::None, ..*self }.machine_text();
        let catalogue = self.catalogue().with_text(ProfileKind::Machine, "small", text);
        catalogue.deploy("small", None).expect("the small machine is right")
    }

    pub(crate) fn catalogue(&self) -> Catalogue {
        // Beside the KV, of which a token has 16 bytes in a layer, there are 256 parameters and 128
        // of each layer, in 16 bits.
        let memory = 512
            + 256 * self.layers
            + 256 * self.layers * self.blocks
            + self.helper.memory(self.blocks);
        Catalogue::built_in()
            .with_text(ProfileKind::Chip, "small-chip", self.chip(memory))
            .with_text(ProfileKind::Model, "small-model", self.model())
            .with_text(ProfileKind::Machine, "small", self.machine_text())
    }

    fn chip(&self, memory: u64) -> String {
        let layer = known(&format!("{}e-3", 1.0 / self.layers as f64));
        match self.uneven {
            false => chip(memory).replacen(&known("1e-3"), &layer, 1),
            true => chip(memory + 256).replacen(
                "bandwidth_bytes_per_second = { value = 1e30",
                "bandwidth_bytes_per_second = { value = 1.3e6",
                1,
            ),
        }
    }

    fn model(&self) -> String {
        let dense = if self.helper == Helper::Ffn { "dense_width = 4\n" } else { "" };
        match self.uneven {
            false => MODEL.replacen("count = 1", &format!("count = {}", self.layers), 1) + dense,
            true => format!(
                "{MODEL}{dense}[[layers]]\ncount = 1\n\
                 grouped = {{ heads = 1, kv_heads = 1, head_width = 4, window = 24 }}\n"
            ),
        }
    }

    /// The roles of its pools.
    pub(crate) fn roles(&self) -> Vec<PoolRole> {
        let mut roles = match (self.split, self.helper) {
            (false, Helper::Ffn) => vec![PoolRole::Attention],
            (true, Helper::Ffn) => vec![PoolRole::Prefill, PoolRole::Attention],
            (false, _) => vec![PoolRole::All],
            (true, _) => vec![PoolRole::Prefill, PoolRole::Decode],
        };
        roles.extend(match self.helper {
            Helper::Ffn => Some(PoolRole::Ffn),
            Helper::Draft => Some(PoolRole::Draft),
            Helper::None | Helper::Heads => None,
        });
        roles
    }

    pub(crate) fn machine_text(&self) -> String {
        let figure = |value: String| known(&value);
        let pool = |role: &PoolRole| {
            let drafts = if *role == PoolRole::Draft { DRAFT } else { "" };
            format!(
                "[[pools]]\nrole = \"{}\"\nchip = \"small-chip\"\nchips = {}\n\
                 tensor_parallel = {}\nreplicas = {}\nhost_step_seconds = {}\n{drafts}",
                role.word(),
                figure((self.replicas + 1).to_string()),
                figure("1".to_owned()),
                figure(self.replicas.to_string()),
                figure("0".to_owned()),
            )
        };
        let mut pools: String = self.roles().iter().map(pool).collect();
        if self.split {
            pools += &format!(
                "[link]\nbandwidth_bytes_per_second = {}\nlatency_seconds = {}\n{}",
                figure(format!("{}e3", 16 * self.layers)),
                figure("2e-3".to_owned()),
                self.ways.link(),
            );
        }
        pools += &self.helper.text();
        let (ways, tiers) = (self.ways.scheduler(), self.ways.tiers(self.layers));
        let prefix_cache = match self.prefix_cache {
            true => String::new(),
            false => format!("prefix_cache = {}\n", figure("false".to_owned())),
        };
        format!(
            "name = \"small\"\ntitle = \"Small\"\nabout = \"For tests.\"\n\
             host_cpu = \"vera-cpu\"\ndefault_model = \"small-model\"\n\
             front_end_seconds = {}\n[scheduler]\ntokens_per_step = {}\ncalls_per_step = {}\n\
             {prefix_cache}{ways}{pools}{tiers}\
             [[serves]]\nmodel = \"small-model\"\nlinear = \"bf16\"\nhead = \"bf16\"\n\
             kv = \"bf16\"\n",
            figure("5e-3".to_owned()),
            figure(self.tokens_per_step.to_string()),
            figure(self.calls_per_step.to_string()),
        )
    }
}

/// A figure of a profile with this value.
pub(crate) fn known(value: &str) -> String {
    format!("{{ value = {value}, source = \"a test\", date = \"2026-11\", confidence = \"high\" }}")
}

pub(crate) const MODEL: &str = r#"
name = "small-model"
title = "Small model"
context_tokens = 10000
hidden = 8
vocabulary = 16
tied_embeddings = false
[provenance]
source = "a test"
date = "2026-11"
confidence = "high"
[[layers]]
count = 1
grouped = { heads = 1, kv_heads = 1, head_width = 4 }
"#;

pub(crate) fn chip(memory: u64) -> String {
    let one = known("1");
    format!(
        "name = \"small-chip\"\ntitle = \"Small chip\"\nkind = \"gpu\"\n\
         compute.bf16_flops_per_second = {fast}\n\
         [memory]\ncapacity_bytes = {memory}\nreserved_bytes = {none}\n\
         bandwidth_bytes_per_second = {fast}\nformats = [\"bf16\"]\n\
         [achieved]\nbf16_matmul_fraction = {one}\nattention_fraction = {one}\n\
         expert_fraction = {one}\nweight_read_fraction = {one}\nexpert_read_fraction = {one}\n\
         kv_read_fraction = {one}\n\
         [latency]\nlayer_seconds = {milli}\n\
         [scale_up]\ndomain_chips = {one}\nbandwidth_bytes_per_second = {one}\n\
         achieved_fraction = {one}\ncollective_seconds = {none}\n\
         [power]\nidle_watts = {ten}\ncompute_watts = {one}\nmemory_watts = {one}\n\
         limit_watts = {ten}\n[price]\nusd_per_hour = {hourly}\n",
        memory = known(&memory.to_string()),
        fast = known("1e30"),
        milli = known("1e-3"),
        none = known("0"),
        ten = known("10"),
        hourly = known("3600"),
    )
}

pub(crate) fn at(milliseconds: u64) -> Instant {
    Instant::ZERO + Span::from_millis(milliseconds)
}

/// A chat of this many tokens.
pub(crate) fn chat(input_tokens: u64, output_tokens: u64) -> Submission {
    let request = ChatRequest {
        model: None,
        messages: Vec::new(),
        tools: Vec::new(),
        options: ChatOptions::default(),
    };
    let tokens = PlannedTokens {
        input_tokens,
        prompt: Arc::default(),
        reply_part: None,
        max_output_tokens: None,
        reply: ReplyLength::of(output_tokens),
    };
    Submission::planned(SessionId(0), "small-model".into(), Arc::new(request), tokens)
}

/// A message of a prompt, which `digest` stands for.
pub(crate) const fn part(digest: u64, tokens: u64) -> PromptPart {
    PromptPart { kind: PromptPartKind::Message(Role::User), tokens, digest }
}

/// A chat whose prompt is known: these parts and three tokens that begin the reply, of which it is
/// known too what part it will be.
pub(crate) fn conversation(prompt: &[PromptPart], reply: PromptPart, written: u64) -> Submission {
    let input_tokens = prompt.iter().map(|part| part.tokens).sum::<u64>() + 3;
    let mut work = chat(input_tokens, written);
    let tokens = work.tokens.as_mut().expect("a chat has tokens");
    tokens.prompt = prompt.into();
    tokens.reply_part = Some(ReplyPart::of(reply, tokens.reply));
    work
}

/// All that comes out of a machine to which nothing more is submitted.
pub(crate) fn drain(machine: &mut ModelledMachine) -> Vec<Completion> {
    std::iter::from_fn(|| machine.next(None)).collect()
}

/// The reply of a call among what came out.
pub(crate) fn served(completions: &[Completion], call: u64) -> (Instant, Served) {
    let completion = completions.iter().find(|completion| completion.call == CallId(call));
    match completion {
        Some(Completion { at, event: CompletionEvent::Served(served), .. }) => {
            (*at, served.clone())
        }
        other => panic!("call {call} was not served: {other:?}"),
    }
}
