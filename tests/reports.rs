//! Reports to be looked at and answers to what-if, as a user asks for them. How a report looks and
//! behaves in a browser is checked by `tests/pages/run`.

use serde_json::{Value, json};

use crate::place::{Place, repository};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What a report holds.
fn data(html: &str) -> Value {
    let begin = "id=\"data\">";
    let from = html.find(begin).expect("a report has data") + begin.len();
    parse(&html[from..from + html[from..].find("</script>").expect("the data ends")])
}

#[test]
fn a_run_is_drawn_with_the_numbers_of_its_slip() {
    let place = Place::new();
    place.run(&["run", "--slip", "run.json", "--report", "one.html"]).passed();
    let slip = parse(&place.read("run.json"));
    let one = data(&place.read("one.html"));
    assert_eq!(one["runs"][0]["summary"], slip["summary"]);
    assert_eq!(one["runs"][0]["machines"], slip["machines"]);
    let steps = slip["sessions"][0]["steps"].as_array().unwrap();
    let run = &one["runs"][0];
    assert_eq!(run["steps"]["kind"].as_str().unwrap().len(), steps.len());
    let chats = steps.iter().filter(|step| step["kind"] == "chat");
    let decodes: Vec<&Value> = chats.map(|chat| &chat["decode_ns"]).collect();
    assert_eq!(run["chats"]["decode"], json!(decodes));
    place.run(&["report", "run.json", "-o", "again.html"]).passed();
    assert_eq!(place.read("again.html"), place.read("one.html"), "from the file it is the same");
}

#[test]
fn what_cannot_be_drawn_is_told_with_the_fix() {
    let place = Place::new();
    place.run(&["run", "--slip", "run.json"]).passed();
    place.write("other.json", "{}");
    let told = place.run(&["report", "run.json", "-o", "run.json"]).failed(2);
    assert!(told.contains("take the place of the slip") && told.contains("fix:"), "{told}");
    assert!(place.run(&["report", "other.json"]).failed(2).contains("this is no slip"));
    assert!(
        place.run(&["report", "run.json", "-o", "none/a.html"]).failed(1).contains("no folder")
    );
    let told = place.run(&["run", "--slip", "a.json", "--report", "a.json"]).failed(2);
    assert!(told.contains("--slip and --report both write a.json"), "{told}");
    let names = place.names();
    assert_eq!(names, ["other.json", "run.json"], "nothing is half-written");
}

#[test]
fn loads_are_drawn_with_what_they_print() {
    let place = Place::new();
    let with = |command: &[&'static str]| {
        [command, &["--generate", "requests=40,input=512,output=30,every=10ms"]].concat()
    };
    let on = ["--on", "rubin-groq3", "--on", "h200-8", "--json", "--report", "x.html"];
    let compared = place.run(&with(&[&["compare"], &on[..]].concat())).passed();
    let drawn = data(&place.read("x.html"));
    assert_eq!(drawn["comparison"], parse(&compared));
    assert!(drawn["comparison"]["machines"][1]["bands"]["first_token"]["low"].is_f64());
    let swept = place.run(&with(&[&["sweep", "--concurrency", "1,8"], &on[..]].concat())).passed();
    assert_eq!(data(&place.read("x.html"))["sweep"], parse(&swept));
    let one = ["replay", "--on", "h200-8", "--report", "x.html"];
    let summary = parse(&place.run(&with(&one)).passed());
    let drawn = data(&place.read("x.html"));
    assert_eq!(drawn["runs"][0]["summary"], summary);
    assert_eq!(drawn["runs"][0]["steps"]["kind"].as_str().unwrap(), "c".repeat(40));
    assert_eq!(drawn["runs"][0]["hasPath"], false, "a trace says no critical path");
}

#[test]
fn machines_that_ran_a_bench_are_drawn_with_their_runs() {
    let place = Place::new();
    let arguments = ["compare", "--on", "rubin-groq3", "--on", "h200-8", "--report", "x.html"];
    place.run(&arguments).passed();
    let drawn = data(&place.read("x.html"));
    let runs = drawn["runs"].as_array().unwrap();
    let names: Vec<&str> = runs.iter().map(|run| run["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["rubin-groq3", "h200-8"]);
    for (run, machine) in runs.iter().zip(drawn["comparison"]["machines"].as_array().unwrap()) {
        let p50 = &machine["figures"]["session_p50_ns"];
        assert_eq!(run["summary"]["session_e2e_ns"]["p50"], *p50);
    }
}

/// The example as a bench of its own, in a folder where baselines can be written.
fn example(place: &Place) {
    let repository = repository();
    let bench = std::fs::read_to_string(repository.join("agents/hardware-guide/bench.toml"));
    let here = |path: &str| repository.join(path).display().to_string();
    let bench = bench
        .unwrap()
        .replace("../prebuilt", &here("agents/prebuilt"))
        .replace("../../plugins", &here("plugins"))
        .replace("../../hardware-profiles", &here("hardware-profiles"));
    place.write("bench/timeslip.toml", bench);
    let script = std::fs::read(repository.join("agents/hardware-guide/script.toml")).unwrap();
    place.write("bench/script.toml", script);
}

#[test]
fn a_check_is_drawn_with_its_verdict() {
    let place = Place::new();
    example(&place);
    place.run(&["check", "bench", "--pending"]).passed();
    place.run(&["accept", "bench"]).passed();
    let bench = place.read("bench/timeslip.toml").replace("per chip?", "per chip, all in all?");
    place.write("bench/timeslip.toml", bench);
    let ran = place.run(&["check", "bench", "--json", "--report", "x.html"]);
    let drawn = data(&place.read("x.html"));
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert_eq!(drawn["verdict"], parse(&ran.stdout));
    assert_eq!(drawn["runs"].as_array().unwrap().len(), 1);
}

/// The figures of an answer, from a slip.
fn figures_of(slip: &Value) -> Value {
    let summary = &slip["summary"];
    let shares = summary["time_share_ns"].as_object().unwrap().values();
    json!({
        "sessions_ns": shares.map(|share| share.as_u64().unwrap()).sum::<u64>(),
        "session_p50_ns": summary["session_e2e_ns"]["p50"],
        "session_p95_ns": summary["session_e2e_ns"]["p95"],
        "ttft_p50_ns": summary["time_to_first_token_ns"]["p50"],
        "tokens_per_second_per_user": summary["output_token_throughput_per_user"]["p50"],
        "makespan_ns": summary["makespan_ns"],
        "energy_j": summary["energy_j"],
        "cost_usd": summary["cost_usd"],
    })
}

/// Those figures of an answer that a slip has too.
fn without_machines(figures: &Value) -> Value {
    let mut figures = figures.clone();
    figures.as_object_mut().unwrap().remove("machines_usd");
    figures
}

/// A bench whose agent does the same whatever the time: others compute some nanoseconds more or less
/// where they write a time down or take replies in the order in which they come.
fn steady_bench(place: &Place) {
    let guest = |name: &str| repository().join("tests/guests/prebuilt").join(name);
    let (agent, tool) = (guest("probe-agent.wasm"), guest("probe-tool.wasm"));
    place.write(
        "timeslip.toml",
        format!(
            "name = \"steady\"\nmachines = [\"h200-8\"]\n[agent]\ncomponent = '{}'\nmodels = [\"*\"]\n\
             [[tool]]\ncomponent = '{}'\n[words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = 60 }}\n\
             [[task]]\nname = \"turns\"\ninput = \"chat 5\"\n[[task]]\nname = \"more\"\n\
             input = \"chat 9\"\n[[task]]\nname = \"few\"\ninput = \"chat 2\"\n",
            agent.display(),
            tool.display()
        ),
    );
}

#[test]
fn what_is_predicted_is_what_a_run_on_the_changed_profile_gives() {
    let questions: [(&str, &[&str]); 3] = [
        ("h200-8", &["--decode", "2x", "--prefill", "0.5x"]),
        ("h200-8", &["--prefix-cache", "off", "--decode", "0.25x"]),
        ("rubin-groq3", &["--transfer", "0.25x", "--decode", "0.5x"]),
    ];
    for (machine, question) in questions {
        let place = Place::new();
        steady_bench(&place);
        let load = ["--sessions", "9", "--at-once", "3"];
        place.run(&[&["run", "--on", machine, "--slip", "base.json"], &load[..]].concat()).passed();
        let ask = ["what-if", "base.json", "--json", "--write", "profiles"];
        let answer = parse(&place.run(&[&ask, question].concat()).passed());
        let base = parse(&place.read("base.json"));
        assert_eq!(without_machines(&answer["base"]), figures_of(&base), "as it is");
        let changed = format!("{machine}-what-if");
        let run = ["run", "--profiles", "profiles", "--on", &changed, "--slip", "real.json"];
        place.run(&[&run, &load[..]].concat()).passed();
        let real = figures_of(&parse(&place.read("real.json")));
        assert_eq!(without_machines(&answer["asked"]["figures"]), real, "{question:?}");
        assert_ne!(real, figures_of(&base), "{question:?} changes something");
    }
}

#[test]
fn without_a_cache_of_prompts_chats_take_what_they_do_on_a_machine_without_one() {
    let place = Place::new();
    place.run(&["run", "--on", "h200-8", "--slip", "base.json"]).passed();
    let ask = ["what-if", "base.json", "--prefix-cache", "off", "--write", "p", "--json"];
    let answer = parse(&place.run(&ask).passed());
    let run = ["run", "--profiles", "p", "--on", "h200-8-what-if", "--slip", "real.json"];
    place.run(&run).passed();
    let of = |file: &str| figures_of(&parse(&place.read(file)));
    let (base, real) = (of("base.json"), of("real.json"));
    for figure in ["ttft_p50_ns", "tokens_per_second_per_user", "energy_j", "cost_usd"] {
        assert_eq!(answer["asked"]["figures"][figure], real[figure], "{figure}");
    }
    assert!(real["ttft_p50_ns"].as_u64() > base["ttft_p50_ns"].as_u64());
}

#[test]
fn a_slower_tool_costs_just_what_its_session_waits_for() {
    let place = Place::new();
    place.run(&["run", "--slip", "run.json"]).passed();
    let tool = parse(&place.read("run.json"))["summary"]["time_share_ns"]["tool"].as_u64().unwrap();
    let answer = |question: &[&str]| {
        let ask = [&["what-if", "run.json", "--json"], question].concat();
        let answer = parse(&place.run(&ask).passed());
        let nanos = |figures: &Value| figures["sessions_ns"].as_i64().unwrap();
        nanos(&answer["asked"]["figures"]) - nanos(&answer["base"])
    };
    assert_eq!(answer(&["--tool", "0.5x"]), tool as i64, "one session waits for each tool in turn");
    let half = answer(&["--tool", "search_profiles=2x"]);
    assert!(half < 0 && half > -(tool as i64), "{half}");
}

#[test]
fn an_answer_is_drawn_on_the_terminal_and_in_a_report() {
    let place = Place::new();
    place.run(&["run", "--slip", "run.json"]).passed();
    let ask = ["what-if", "run.json", "--decode", "2x", "--tool", "calculate=0.5x"];
    let drawn = [&ask[..], &["--report", "x.html"]].concat();
    insta::assert_snapshot!(place.run(&drawn).passed());
    let json = [&ask[..], &["--json"]].concat();
    assert_eq!(data(&place.read("x.html"))["what_if"], parse(&place.run(&json).passed()));
}

#[test]
fn a_question_that_cannot_be_asked_is_met_with_the_fix() {
    let place = Place::new();
    place.run(&["run", "--slip", "run.json"]).passed();
    let told =
        |question: &[&str]| place.run(&[&["what-if", "run.json"], question].concat()).failed(2);
    insta::assert_snapshot!(told(&["--decode", "2"]), @r"
    error: --decode 2: this is no speed
      fix: write how many times as fast, such as 2x for twice as fast, or 0.5x for half as fast
    ");
    insta::assert_snapshot!(told(&["--tool", "calculat=2x"]), @"error: --tool calculat=2x: the run called no tool `calculat`; did you mean `calculate`?");
    insta::assert_snapshot!(told(&["--write", "p"]), @r"
    error: --write keeps the profiles of changed machines, and no machine is changed
      fix: ask for --prefill, --decode, --transfer or --prefix-cache
    ");
    let digest = parse(&place.read("run.json"))["machines"][0]["digest"].to_string();
    place.write("run.json", place.read("run.json").replace(&digest, "\"sha256:0\""));
    assert!(told(&[]).contains("has another profile here"));
}

#[test]
fn a_slip_is_walked_through_step_by_step_with_what_was_said() {
    let place = Place::new();
    place.run(&["run", "--slip", "run.json", "--log", "run.jsonl"]).passed();
    let view = |more: &[&str]| place.run(&[&["view", "run.json"], more].concat());
    insta::assert_snapshot!(view(&["--step", "1", "--log", "run.jsonl"]).passed());
    let session = view(&[]).passed();
    assert!(session.contains("tool search_profiles"), "{session}");
    let steps = parse(&place.read("run.json"))["sessions"][0]["steps"].clone();
    assert_eq!(parse(&view(&["--step", "2", "--json"]).passed()), steps[2]);
    let told = view(&["--session", "3"]).failed(2);
    assert!(told.contains("no session 3") && told.contains("below 1"), "{told}");
    assert!(view(&["--step", "99"]).failed(2).contains("no step 99"));
    let told = view(&["--log", "run.json"]).failed(2);
    assert!(told.contains("run.json:1: this is no line of a transcript"), "{told}");
    place.run(&["run", "--sessions", "60", "--slip", "many.json"]).passed();
    let many = place.run(&["view", "many.json"]).passed();
    assert_eq!(many.lines().count(), 51, "fifty sessions, and how many more there are: {many}");
}
