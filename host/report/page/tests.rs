//! Whatever stands in a slip stands in its report, number for number, and nothing in it is markup.

use proptest::prelude::*;
use serde_json::Value;
use timeslip_gate::slip::{ComponentUse, PromptPart, PromptPartKind, Session, Slip, TimeShareNs};
use timeslip_gate::step::{ChatFinish, ChatStep, SleepStep, Step, ToolStep, UserStep};

use super::*;
use crate::examples;

/// The data of a report.
fn data(html: &str) -> Value {
    let begin = "<script type=\"application/json\" id=\"data\">";
    let from = html.find(begin).expect("a report has data") + begin.len();
    let until = from + html[from..].find("</script>").expect("the data ends");
    serde_json::from_str(&html[from..until]).expect("the data is JSON")
}

fn numbers(value: &Value) -> Vec<u64> {
    let all = value.as_array().expect("a column is a list");
    all.iter().map(|number| number.as_u64().expect("a whole number")).collect()
}

/// What stands in a list of pairs for a place.
fn at(pairs: &Value, place: usize) -> Option<&Value> {
    let pairs = pairs.as_array().unwrap().iter();
    pairs.clone().find(|pair| pair[0] == place).map(|pair| &pair[1])
}

fn amount(column: &Value, rank: usize) -> Option<f64> {
    let steps = column["steps"].as_f64().unwrap();
    column["values"][rank].as_f64().map(|value| value / steps)
}

/// The sessions of a run of a report, as the script reads them.
fn sessions_of(run: &Value) -> Vec<Session> {
    let columns = &run["sessions"];
    let mut reader = Reader { run, place: 0, ranks: [0; 3] };
    let counts = numbers(&columns["steps"]);
    let read = |(number, steps): (usize, &u64)| {
        let at_ns = columns["at"][number].as_u64().unwrap();
        let share = |name: &str| columns["shares"][name][number].as_u64().unwrap();
        let parts = numbers(&columns["parts"][number]);
        Session {
            task: name_of(run, &columns["task"][number]),
            status: match columns["failed"].as_array().unwrap().contains(&json_of(number)) {
                true => timeslip_gate::slip::SessionStatus::Failed,
                false => timeslip_gate::slip::SessionStatus::Ok,
            },
            error: at(&columns["errors"], number)
                .map(|error| serde_json::from_value(error.clone()).unwrap()),
            at_ns,
            e2e_ns: columns["e2e"][number].as_u64().unwrap(),
            time_share_ns: TimeShareNs {
                queue: share("queue"),
                prefill: share("prefill"),
                transfer: share("transfer"),
                decode: share("decode"),
                tool: share("tool"),
                agent: share("agent"),
                user: share("user"),
                sleep: share("sleep"),
            },
            used: serde_json::from_value(run["used"][number].clone()).unwrap(),
            prompt_parts: parts.chunks(2).map(part_of).collect(),
            steps: reader.steps(*steps, at_ns),
        }
    };
    counts.iter().enumerate().map(read).collect()
}

fn json_of(number: usize) -> Value {
    serde_json::json!(number)
}

fn name_of(run: &Value, place: &Value) -> String {
    run["names"][place.as_u64().unwrap() as usize].as_str().unwrap().to_owned()
}

fn part_of(pair: &[u64]) -> PromptPart {
    let kinds = [
        PromptPartKind::Tools,
        PromptPartKind::System,
        PromptPartKind::User,
        PromptPartKind::Assistant,
        PromptPartKind::Tool,
    ];
    PromptPart { kind: kinds[pair[0] as usize], tokens: pair[1], digest: String::new() }
}

struct Reader<'a> {
    run: &'a Value,
    place: usize,
    /// Chats, tools, and steps that are no chats, so far.
    ranks: [usize; 3],
}

impl Reader<'_> {
    fn steps(&mut self, count: u64, session_at: u64) -> Vec<Step> {
        let mut at_ns = session_at;
        let step = |_| {
            at_ns += self.run["steps"]["at"][self.place].as_u64().unwrap();
            self.step(at_ns)
        };
        (0..count).map(step).collect()
    }

    fn step(&mut self, at_ns: u64) -> Step {
        let columns = &self.run["steps"];
        let place = self.place;
        self.place += 1;
        let within = at(&columns["within"], place).map(|outer| outer.as_u64().unwrap() as usize);
        let error = at(&columns["errors"], place).map(|text| text.as_str().unwrap().to_owned());
        let ok = !columns["failed"].as_array().unwrap().contains(&json_of(place));
        let letter = columns["kind"].as_str().unwrap().as_bytes()[place];
        if letter == b'c' {
            return self.chat(place, at_ns, within, error);
        }
        let e2e_ns = columns["e2e"][self.ranks[2]].as_u64().unwrap();
        self.ranks[2] += 1;
        match letter {
            b't' => self.tool(ToolStep {
                at_ns,
                within,
                tool: String::new(),
                compute_ns: 0,
                wait_ns: 0,
                e2e_ns,
                ok,
                error,
                fetches: Vec::new(),
            }),
            b'u' => Step::User(UserStep { at_ns, within, e2e_ns, ok, error }),
            _ => Step::Sleep(SleepStep { at_ns, within, e2e_ns }),
        }
    }

    fn tool(&mut self, step: ToolStep) -> Step {
        let (columns, rank) = (&self.run["tools"], self.ranks[1]);
        self.ranks[1] += 1;
        let number = |name: &str| columns[name][rank].as_u64().unwrap();
        let fetches = at(&columns["fetches"], self.place - 1);
        Step::Tool(ToolStep {
            tool: name_of(self.run, &columns["tool"][rank]),
            compute_ns: number("compute"),
            wait_ns: number("wait"),
            fetches: fetches
                .map(|list| serde_json::from_value(list.clone()).unwrap())
                .unwrap_or_default(),
            ..step
        })
    }

    fn chat(
        &mut self,
        place: usize,
        at_ns: u64,
        within: Option<usize>,
        error: Option<String>,
    ) -> Step {
        let (columns, rank) = (&self.run["chats"], self.ranks[0]);
        self.ranks[0] += 1;
        let number = |name: &str| columns[name][rank].as_u64().unwrap();
        let stages = ["queue", "prefill", "transfer", "decode"].map(number);
        let [queue_ns, prefill_ns, transfer_ns, decode_ns] = stages;
        let read = |list: &str| at(&columns[list], place).cloned().map(serde_json::from_value);
        Step::Chat(ChatStep {
            at_ns,
            within,
            machine: name_of(self.run, &columns["machine"][rank]),
            model: name_of(self.run, &columns["model"][rank]),
            route: at(&columns["route"], place)
                .cloned()
                .map(|v| serde_json::from_value(v).unwrap()),
            input_tokens: number("input"),
            cached_input_tokens: number("cached"),
            output_tokens: number("output"),
            prompt: columns["prompt"][rank].as_str().unwrap().parse().unwrap(),
            queue_ns,
            prefill_ns,
            transfer_ns,
            decode_ns,
            ttft_ns: number("ttft"),
            e2e_ns: stages.iter().sum(),
            finish_reason: FINISHES[number("finish") as usize],
            error,
            energy_j: amount(&columns["energy_j"], rank),
            cost_usd: amount(&columns["cost_usd"], rank),
            observed: read("observed").map(|observed| Box::new(observed.unwrap())),
        })
    }
}

const FINISHES: [ChatFinish; 6] = [
    ChatFinish::Stop,
    ChatFinish::Length,
    ChatFinish::ToolCalls,
    ChatFinish::ContentFilter,
    ChatFinish::Error,
    ChatFinish::Cancelled,
];

/// Times of a run end here, a hundred days after it began.
const LATEST: u64 = 1 << 53;

fn any_step() -> impl Strategy<Value = (u64, Step)> {
    let nanos = || prop_oneof![Just(0u64), 0u64..2_000_000_000];
    let figures = (
        prop::option::of(prop_oneof![(0u32..9_000_000).prop_map(|v| f64::from(v) / 1e6), 0.0..9.0]),
        prop::option::of(prop_oneof![(0u32..9_000_000).prop_map(|v| f64::from(v) / 1e9), 0.0..9.0]),
    );
    let tokens = prop::array::uniform3(0u64..2_000_000);
    let chat = (prop::array::uniform4(nanos()), tokens, figures, 0usize..6, "\\PC{0,9}").prop_map(
        |(stages, tokens, (energy_j, cost_usd), finish, machine)| {
            let Step::Chat(chat) = examples::chat(0, stages, tokens, &machine) else {
                unreachable!("a chat")
            };
            let finish_reason = FINISHES[finish];
            let error = (finish > 3).then(|| "unavailable: <full> & more".to_owned());
            Step::Chat(ChatStep { energy_j, cost_usd, finish_reason, error, ..chat })
        },
    );
    let tool = (nanos(), "\\PC{0,12}", prop::option::of("\\PC{0,12}"))
        .prop_map(|(e2e, name, error)| examples::tool(0, e2e, &name, error.as_deref()));
    let user = (nanos(), any::<bool>()).prop_map(|(e2e_ns, ok)| {
        Step::User(UserStep { at_ns: 0, within: None, e2e_ns, ok, error: None })
    });
    let sleep =
        nanos().prop_map(|e2e_ns| Step::Sleep(SleepStep { at_ns: 0, within: None, e2e_ns }));
    (nanos(), prop_oneof![4 => chat, 3 => tool, 1 => user, 1 => sleep])
}

prop_compose! {
    fn any_session()(
        at in 0..LATEST / 2,
        drawn in prop::collection::vec(any_step(), 0..9),
        task in "\\PC{0,12}",
        failed in any::<bool>(),
        parts in prop::collection::vec((0u64..5, 0u64..99_999), 0..4),
    ) -> Session {
        let mut begins = 0;
        let steps = drawn.into_iter().map(|(gap, mut step)| {
            begins += gap;
            match &mut step {
                Step::Chat(step) => step.at_ns = begins,
                Step::Tool(step) => step.at_ns = begins,
                Step::User(step) => step.at_ns = begins,
                Step::Sleep(step) => step.at_ns = begins,
            }
            step
        });
        let steps: Vec<Step> = steps.collect();
        let end = steps.iter().map(|step| step.at_ns() + step.e2e_ns()).max().unwrap_or(7);
        let shares = TimeShareNs { agent: end, ..TimeShareNs::default() };
        let session = examples::session(&task, at, shares, steps);
        let session = if failed { examples::failed(session, "trap") } else { session };
        Session {
            prompt_parts: parts.iter().map(|(kind, tokens)| part_of(&[*kind, *tokens])).collect(),
            used: vec![ComponentUse { name: task, fuel: at, memory_bytes: end }],
            ..session
        }
    }
}

fn slip_of(sessions: Vec<Session>) -> Slip {
    let mut slip = examples::slip(Vec::new());
    slip.summary = timeslip_gate::summary::summarise(&sessions, 1500, |_| Default::default());
    slip.sessions = sessions;
    slip
}

proptest! {
    #[test]
    fn every_number_is_the_slips(sessions in prop::collection::vec(any_session(), 0..5)) {
        let slip = slip_of(sessions);
        let html = Page::of_slips([&slip]).html();
        let data = data(&html);
        let run = &data["runs"][0];
        prop_assert_eq!(sessions_of(run), slip.sessions.clone());
        prop_assert_eq!(&run["summary"], &serde_json::json!(slip.summary));
        prop_assert_eq!(&run["machines"], &serde_json::json!(slip.machines));
        prop_assert_eq!(&run["seed"], &serde_json::json!(slip.seed.to_string()));
    }
}

#[test]
fn delegated_steps_keep_their_places() {
    let slip = examples::slip(vec![examples::guide(), examples::delegated(), examples::lost()]);
    let data = data(&Page::of_slips([&slip]).html());
    assert_eq!(sessions_of(&data["runs"][0]), slip.sessions);
    // Of the two tools that the guide calls at once, the longer one is on the path.
    assert_eq!(data["runs"][0]["steps"]["path"], "101111111111111");
}

#[test]
fn no_name_is_markup() {
    let evil = "</script><script src='http://evil'>alert(1)</script>&\u{202e}<!--";
    let mut session = examples::failed(examples::guide(), evil);
    session.task = evil.to_owned();
    let mut slip = examples::slip(vec![session]);
    slip.bench.name = evil.to_owned();
    slip.machines[0].name = evil.to_owned();
    let html = Page::of_slips([&slip]).html();
    let scripts = html.matches("<script").count();
    assert_eq!((scripts, html.matches("</script>").count()), (2, 2), "the data and the script");
    assert!(!html.contains("http://evil'>") && !html.contains("<!--"), "nothing of it is markup");
    assert!(!html.contains('\u{202e}') || data(&html)["runs"][0]["names"][0] == evil);
}

#[test]
fn the_policy_allows_just_what_is_there() {
    let html = Page::of_slips([&examples::slip(vec![examples::guide()])]).html();
    let between = |begin: &str, end: &str| {
        let from = html.find(begin).unwrap() + begin.len();
        html[from..from + html[from..].find(end).unwrap()].to_owned()
    };
    let style = between("<style>", "</style>");
    let script = between("</script>\n<script>", "</script>");
    let policy = between("Security-Policy\" content=\"", "\"");
    let expected = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        digest(&script),
        digest(&style)
    );
    assert_eq!(policy, expected);
    for word in ["http://", "https://", "src=", "eval(", "innerHTML", "@import", "url("] {
        let rest = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!rest.contains(word), "{word}");
    }
}

#[test]
fn runs_of_one_name_are_told_apart() {
    let slip = examples::slip(vec![examples::guide()]);
    let mut other = slip.clone();
    other.bench.name = "other".to_owned();
    let names = |slips: &[&Slip]| {
        let data = data(&Page::of_slips(slips.iter().copied()).html());
        let names = data["runs"].as_array().unwrap().iter();
        names.map(|run| run["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[&slip, &slip]), ["rubin-groq3+dgx-spark (1)", "rubin-groq3+dgx-spark (2)"]);
    assert_eq!(
        names(&[&slip, &other]),
        ["hardware-guide on rubin-groq3+dgx-spark", "other on rubin-groq3+dgx-spark"]
    );
}

/// The script writes numbers as the terminal does; `tests/pages/units.mjs` holds it to the same list.
#[test]
fn numbers_read_as_on_the_terminal() {
    use crate::text;
    let cases: Value = serde_json::from_str(include_str!("units.json")).unwrap();
    let written = |form: &str, value: &Value| {
        let number = value.as_f64().unwrap_or_default();
        let whole = value.as_u64().unwrap_or_default();
        match form {
            "span" => timeslip_timeline::time::Span::from_nanos(whole).to_string(),
            "count" => text::count(whole),
            "rate" => text::rate(number),
            "joules" => text::joules(number),
            "dollars" => text::dollars(number),
            "bytes" => text::bytes(number),
            "percent" => text::percent(value[0].as_u64().unwrap(), value[1].as_u64().unwrap()),
            "plain" => plain(value.as_str().unwrap()),
            other => panic!("no form {other}"),
        }
    };
    for (form, cases) in cases.as_object().unwrap() {
        for case in cases.as_array().unwrap() {
            assert_eq!(written(form, &case[0]), case[1], "{form} of {}", case[0]);
        }
    }
}
