//! Slips for the tests of this crate.

use timeslip_gate::laws::breaches;
use timeslip_gate::slip::{
    Bench, Component, ComponentRole, Machine, MachineBands, SCHEMA, Session, SessionError,
    SessionStatus, Slip, TimeBand, TimeShareNs, WordsKind, WordsUsed,
};
use timeslip_gate::step::{ChatFinish, ChatStep, SleepStep, Step, ToolStep, UserStep};
use timeslip_gate::summary::{Band, ErrorFactors, TARGET_TOKENS_PER_SECOND, summarise};

const MS: u64 = 1_000_000;

/// A slip of these sessions, on two machines; the first one's figures are estimates.
pub(crate) fn slip(sessions: Vec<Session>) -> Slip {
    let factors = Some(Band { low: 0.75, high: 1.5 });
    let error = ErrorFactors { energy: factors, cost: factors };
    let class = |name: &str| format!("{name}, reading and writing apart");
    let machine = |name: &str, model: &str, estimated| Machine {
        name: name.to_owned(),
        digest: None,
        model: model.to_owned(),
        estimated,
        endpoint: None,
        bands: Some(MachineBands {
            first_token: TimeBand { low: 0.5, high: 2.5, rows: 0, class: class(name) },
            output_token: TimeBand { low: 0.75, high: 1.5, rows: 0, class: class(name) },
        }),
    };
    let component =
        |role, name: &str| Component { role, name: name.to_owned(), digest: String::new() };
    let slip = Slip {
        schema: SCHEMA.to_owned(),
        timeslip: "0.1.0".to_owned(),
        bench: Bench { name: "hardware-guide".to_owned(), digest: String::new() },
        seed: 7,
        machines: vec![
            machine("rubin-groq3", "gpt-oss-120b", true),
            machine("dgx-spark", "gpt-oss-20b", false),
        ],
        components: vec![
            component(ComponentRole::Agent, "hardware-guide"),
            component(ComponentRole::Tool, "profiles"),
        ],
        words: WordsUsed { kind: WordsKind::Script, digest: None },
        summary: summarise(&sessions, TARGET_TOKENS_PER_SECOND, |_| error),
        sessions,
    };
    assert_eq!(breaches(&slip), Vec::<String>::new(), "examples hold the laws");
    slip
}

/// A session that asks, looks up two things at once, and asks again.
pub(crate) fn guide() -> Session {
    let steps = vec![
        chat(2 * MS, [4 * MS, 31 * MS, 3 * MS, 200 * MS], [1204, 0, 312], "rubin-groq3"),
        tool(242 * MS, 60 * MS, "profiles", None),
        tool(242 * MS, 118 * MS, "search-the-whole-library", None),
        chat(362 * MS, [0, 12 * MS, 3 * MS, 420 * MS], [1633, 1204, 540], "rubin-groq3"),
    ];
    let shares = TimeShareNs {
        queue: 4 * MS,
        prefill: 43 * MS,
        transfer: 6 * MS,
        decode: 620 * MS,
        tool: 118 * MS,
        agent: 9 * MS,
        ..TimeShareNs::default()
    };
    session("sram-against-hbm", 0, shares, steps)
}

/// A session on two machines that waits for its user, sleeps, and is stopped.
pub(crate) fn lost() -> Session {
    let Step::Chat(asked) = chat(5 * MS, [3 * MS, 0, 0, 0], [0, 0, 0], "dgx-spark") else {
        unreachable!("a chat")
    };
    let refused = ChatStep {
        ttft_ns: asked.e2e_ns,
        finish_reason: ChatFinish::Error,
        error: Some("unavailable: the machine is full".to_owned()),
        energy_j: None,
        cost_usd: None,
        ..asked
    };
    let steps = vec![
        chat(0, [0, 2 * MS, 0, 3 * MS], [90, 0, 4], "rubin-groq3"),
        Step::Chat(refused),
        tool(8 * MS, 2 * MS, "reserve", Some("failed: no seat\u{1b}[2J left")),
        Step::User(UserStep {
            at_ns: 10 * MS,
            within: None,
            e2e_ns: 700 * MS,
            ok: true,
            error: None,
        }),
        Step::Sleep(SleepStep { at_ns: 710 * MS, within: None, e2e_ns: 290 * MS }),
    ];
    let shares = TimeShareNs {
        queue: 3 * MS,
        prefill: 2 * MS,
        decode: 3 * MS,
        tool: 2 * MS,
        user: 700 * MS,
        sleep: 290 * MS,
        ..TimeShareNs::default()
    };
    failed(session("lost-booking", 20 * MS, shares, steps), "deadline")
}

/// A session whose agent delegates to another one, which delegates further.
pub(crate) fn delegated() -> Session {
    let within = |outer: usize, mut step: Step| {
        match &mut step {
            Step::Chat(step) => step.within = Some(outer),
            Step::Tool(step) => step.within = Some(outer),
            Step::User(step) => step.within = Some(outer),
            Step::Sleep(step) => step.within = Some(outer),
        }
        step
    };
    let steps = vec![
        chat(0, [0, 2 * MS, 0, 8 * MS], [90, 0, 14], "rubin-groq3"),
        tool(10 * MS, 60 * MS, "researcher", None),
        within(1, chat(11 * MS, [0, 3 * MS, 0, 9 * MS], [200, 0, 20], "rubin-groq3")),
        within(1, tool(23 * MS, 40 * MS, "fact-checker", None)),
        within(3, chat(24 * MS, [0, 3 * MS, 0, 30 * MS], [300, 0, 60], "rubin-groq3")),
        chat(70 * MS, [0, 2 * MS, 0, 8 * MS], [400, 0, 14], "rubin-groq3"),
    ];
    let shares =
        TimeShareNs { prefill: 10 * MS, decode: 55 * MS, agent: 15 * MS, ..TimeShareNs::default() };
    session("briefing", 0, shares, steps)
}

/// A session that failed with this cause.
pub(crate) fn failed(session: Session, kind: &str) -> Session {
    let message = "the session took longer than its deadline of 1.00 s".to_owned();
    let error = Some(SessionError { kind: kind.to_owned(), message });
    Session { status: SessionStatus::Failed, error, ..session }
}

pub(crate) fn session(task: &str, at_ns: u64, shares: TimeShareNs, steps: Vec<Step>) -> Session {
    let steps = steps.into_iter().map(|step| moved(step, at_ns)).collect();
    Session {
        used: Vec::new(),
        prompt_parts: Vec::new(),
        task: task.to_owned(),
        status: SessionStatus::Ok,
        error: None,
        at_ns,
        e2e_ns: shares.total(),
        time_share_ns: shares,
        steps,
    }
}

fn moved(mut step: Step, by: u64) -> Step {
    match &mut step {
        Step::Chat(step) => step.at_ns += by,
        Step::Tool(step) => step.at_ns += by,
        Step::User(step) => step.at_ns += by,
        Step::Sleep(step) => step.at_ns += by,
    }
    step
}

/// A chat whose first token comes a hundredth of its decoding after the transfer; tokens are those
/// of the prompt, of the cache, of the reply.
pub(crate) fn chat(at_ns: u64, parts: [u64; 4], tokens: [u64; 3], machine: &str) -> Step {
    let [queue_ns, prefill_ns, transfer_ns, decode_ns] = parts;
    let [input_tokens, cached_input_tokens, output_tokens] = tokens;
    Step::Chat(ChatStep {
        prompt: Default::default(),
        at_ns,
        within: None,
        machine: machine.to_owned(),
        model: "gpt-oss-120b".to_owned(),
        route: None,
        input_tokens,
        cached_input_tokens,
        output_tokens,
        queue_ns,
        prefill_ns,
        transfer_ns,
        decode_ns,
        ttft_ns: queue_ns + prefill_ns + transfer_ns + decode_ns / 100,
        e2e_ns: parts.iter().sum(),
        finish_reason: ChatFinish::Stop,
        error: None,
        energy_j: Some(0.25),
        cost_usd: Some(0.003_1),
        observed: None,
    })
}

pub(crate) fn tool(at_ns: u64, e2e_ns: u64, name: &str, error: Option<&str>) -> Step {
    Step::Tool(ToolStep {
        at_ns,
        within: None,
        tool: name.to_owned(),
        compute_ns: e2e_ns / 2,
        wait_ns: e2e_ns - e2e_ns / 2,
        fetches: Vec::new(),
        e2e_ns,
        ok: error.is_none(),
        error: error.map(str::to_owned),
    })
}
