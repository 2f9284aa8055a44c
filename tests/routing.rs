//! Several machines that serve one model: tiers and their prices, deadlines and budgets, and the
//! lines of the screen.

use serde_json::Value;

use crate::place::{Place, repository};
use crate::slips::{check_independently, slip};

/// A bench with a chat of 30,000 tokens and a short one, each session, on a data centre's machine of
/// either kind and one at the edge.
fn bench(routing: &str, limits: &str, tasks: &str) -> String {
    let agent = repository().join("tests/guests/prebuilt/probe-agent.wasm");
    format!(
        "name = \"routed\"\n\
         machines = [\"h200-8\", \"rubin-groq3\", \"dgx-spark:llama-3.3-70b\"]\n\n\
         [agent]\ncomponent = '{}'\nmodels = [\"*\"]\n\n\
         [words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = 120 }}\n\n\
         {routing}\n[limits]\n{limits}\n{tasks}",
        agent.display()
    )
}

const TIERS: &str = "\
[routing]
policy = \"by_tier\"
default_tier = \"standard\"

[[routing.tier]]
name = \"standard\"
machines = [\"h200-8\", \"dgx-spark\"]
usd_per_million_input_tokens = 1.0
usd_per_million_cached_input_tokens = 0.25
usd_per_million_output_tokens = 2.0

[[routing.tier]]
name = \"premium\"
machines = [\"rubin-groq3\"]
usd_per_million_input_tokens = 4.0
usd_per_million_cached_input_tokens = 1.0
usd_per_million_output_tokens = 8.0
";

const TASKS: &str = "\
[[task]]
name = \"usual\"
input = \"chat 1\"

[[task]]
name = \"asked for\"
input = \"chat 1\"
tier = \"premium\"
";

const BY_DEADLINE: &str = "[routing]\npolicy = \"by_deadline_and_budget\"\n";

/// The slip of a bench, checked, and equal on any number of threads.
fn routed(bench: &str, arguments: &[&str]) -> Value {
    let place = Place::new();
    place.write("bench.toml", bench);
    let run = |threads: &str| {
        let mut all = vec!["run", "bench.toml", "--json", "--threads", threads];
        all.extend(arguments);
        place.run(&all).passed()
    };
    let json = run("1");
    assert!(json == run("3"), "the slip depends on the number of threads");
    check_independently(&place.write("slip.json", &json));
    slip(&json)
}

fn chats(slip: &Value) -> Vec<&Value> {
    let sessions = slip["sessions"].as_array().expect("a slip has sessions").iter();
    let steps = sessions.flat_map(|session| session["steps"].as_array().unwrap());
    steps.filter(|step| step["kind"] == "chat").collect()
}

#[test]
fn a_task_goes_to_its_tier_and_pays_its_price() {
    let slip = routed(&bench(TIERS, "", TASKS), &[]);
    let chats = chats(&slip);
    assert_eq!(chats[0]["machine"], "h200-8", "the faster of the default tier");
    assert_eq!(chats[0]["route"]["tier"], "standard");
    let considered = chats[0]["route"]["considered"].as_array().unwrap();
    let names: Vec<&Value> = considered.iter().map(|one| &one["machine"]).collect();
    assert_eq!(names, ["h200-8", "dgx-spark"]);
    assert!(considered.iter().all(|one| one["expected_ns"].as_u64() > Some(0)));
    assert_eq!(
        (&chats[1]["machine"], &chats[1]["route"]["tier"]),
        (&Value::from("rubin-groq3"), &Value::from("premium"),)
    );
    assert!(chats[1]["route"].get("considered").is_none(), "its tier has one machine");
    let usd = |chat: &Value, input: f64, output: f64| {
        let tokens = |key: &str| chat[key].as_f64().unwrap();
        (tokens("input_tokens") * input + tokens("output_tokens") * output) / 1e6
    };
    for (chat, input, output) in [(chats[0], 1.0, 2.0), (chats[1], 4.0, 8.0)] {
        assert_eq!(chat["cached_input_tokens"], 0);
        assert!((chat["cost_usd"].as_f64().unwrap() - usd(chat, input, output)).abs() < 1e-9);
    }
}

#[test]
fn a_deadline_moves_chats_from_the_edge_to_the_data_centre() {
    let task = "[[task]]\nname = \"one\"\ninput = \"chat 1\"\n";
    let route = |limits: &str| {
        let slip = routed(&bench(BY_DEADLINE, limits, task), &[]);
        let chat = chats(&slip)[0].clone();
        (chat["machine"].clone(), chat["route"]["reason"].clone(), chat["route"].clone())
    };
    let (machine, reason, all) = route("");
    let considered = all["considered"].as_array().unwrap().clone();
    let expected = |name: &str, key: &str| {
        let one = considered.iter().find(|one| one["machine"] == name).expect(name);
        one[key].as_f64().expect("it can say")
    };
    let (edge, centre) = ("dgx-spark", "h200-8");
    assert!(expected(edge, "expected_ns") > expected(centre, "expected_ns"));
    assert_eq!(
        (machine.as_str(), reason.as_str()),
        (Some(edge), Some("cheapest_in_time")),
        "{all}"
    );
    let between = (expected(edge, "expected_ns") + expected(centre, "expected_ns")) / 2.0 / 1e9;
    let (machine, reason, all) = route(&format!("deadline_seconds = {between}"));
    assert_ne!(machine, edge, "{all}");
    assert_eq!(reason, "cheapest_in_time");
}

#[test]
fn bursts_share_the_machines_and_the_screen_says_how() {
    let place = Place::new();
    place.write("bench.toml", bench(TIERS, "", TASKS));
    let run = |seed: &str| {
        let load = ["--sessions", "12", "--rate", "4", "--burstiness", "0.2", "--seed", seed];
        let mut all = vec!["run", "bench.toml"];
        all.extend(load);
        place.run(&all).passed()
    };
    let screen = run("1");
    assert!(screen.contains("rubin-groq3 (premium): 6 of 12 chats, 50.0 %"), "{screen}");
    assert!(screen == run("1") && screen != run("2"), "arrivals come from the seed");
}

#[test]
fn sessions_follow_a_trace_and_think_between() {
    let place = Place::new();
    let task = "[[task]]\nname = \"one\"\ninput = \"chat 1\"\n";
    place.write("bench.toml", bench(TIERS, "", task));
    place.write(
        "trace.csv",
        "TIMESTAMP,ContextTokens\n2023-11-16 18:15:46.5,1\n2023-11-16 18:15:49,2\n",
    );
    let starts = |arguments: &[&str]| {
        let mut all = vec!["run", "bench.toml", "--json"];
        all.extend(arguments);
        let slip = slip(&place.run(&all).passed());
        let of = |session: &Value| (session["at_ns"].as_u64(), session["e2e_ns"].as_u64());
        let sessions = slip["sessions"].as_array().unwrap();
        sessions.iter().map(of).map(|(at, took)| (at.unwrap(), took.unwrap())).collect()
    };
    let traced: Vec<(u64, u64)> = starts(&["--arrivals", "trace.csv"]);
    assert_eq!(traced.iter().map(|one| one.0).collect::<Vec<_>>(), [0, 2_500_000_000]);
    let thinking: Vec<(u64, u64)> = starts(&["--sessions", "2", "--think", "5"]);
    assert_eq!(thinking[1].0, thinking[0].1 + 5_000_000_000);
}

#[test]
fn routing_that_cannot_be_is_refused_with_its_line() {
    let told = |from: &str, to: &str| {
        let place = Place::new();
        let good = bench(TIERS, "", TASKS);
        assert!(good.contains(from), "{from}");
        place.write("bench.toml", good.replacen(from, to, 1));
        place.run(&["run", "bench.toml"]).failed(2)
    };
    let messages = [
        told("tier = \"premium\"\n", "tier = \"premum\"\n"),
        told("default_tier = \"standard\"\n", "default_tier = \"standart\"\n"),
        told("default_tier = \"standard\"\n", ""),
        told("\"h200-8\", \"dgx-spark\"]\nusd", "\"h200-9\"]\nusd"),
        told("usd_per_million_output_tokens = 2.0\n", ""),
        told("policy = \"by_tier\"\n", "policy = \"by_tiers\"\n"),
        told("policy = \"by_tier\"\n", ""),
        told("machines = [\"rubin-groq3\"]", "machines = [\"h200-8\"]"),
        told(TIERS, ""),
        told("tier = \"premium\"\n", "tier = \"premium\"\n[load]\nburstiness = 2\n"),
        told("[limits]", "[load]\narrivals = \"none.csv\"\n[limits]"),
    ];
    insta::assert_snapshot!(messages.join("\n"));
    let place = Place::new();
    place.write("bench.toml", bench("", "", "[[task]]\nname = \"one\"\ninput = \"chat 1\"\n"));
    insta::assert_snapshot!(place.run(&["run", "bench.toml"]).failed(2));
}
