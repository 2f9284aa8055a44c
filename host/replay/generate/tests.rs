use proptest::prelude::*;
use timeslip_timeline::conversation::PromptPart;

use super::*;

fn parse(text: &str) -> Workload {
    Workload::parse(text, 7).unwrap_or_else(|error| panic!("{error}"))
}

fn calls(generated: &Generated, session: u64) -> Vec<TraceCall> {
    let mut session = generated.session(session);
    std::iter::from_fn(|| session.next_call(generated)).collect()
}

#[test]
fn a_description_says_sessions_and_when_they_start() {
    let workload = parse("requests=20000,input=1024,output=512..2048,every=2ms");
    let generated = &workload.generated;
    assert_eq!(workload.load, Some(Load::Every(Span::from_millis(2))));
    assert_eq!((generated.sessions, generated.input), (20_000, Values::Constant(1024)));
    assert_eq!(generated.output, Values::Uniform { low: 512, high: 2048 });
    let text = "sessions=9,calls=10,gap=800ms,shared=0.9,input=1024~256,output=20";
    let load = |more: &str| parse(&format!("{text},{more}")).load.unwrap();
    assert_eq!(parse(text).load, None);
    assert_eq!(parse(text).generated.input, Values::Normal { mean: 1024, deviation: 256 });
    assert_eq!(load("rate=500"), Load::Random { rate: 500.0, shape: 1.0 });
    assert_eq!(load("rate=500,burst=0.5"), Load::Random { rate: 500.0, shape: 0.5 });
    let think = Span::from_millis(500);
    assert_eq!(load("at_once=64 , think = 0.5s"), Load::AtOnce { sessions: 64, think });
}

#[test]
fn what_is_wrong_with_a_description_is_said_with_the_fix() {
    let cases = [
        ("", "`` has no value"),
        ("requests=5", "`input` is missing\n  fix: add `input=1024`, in tokens"),
        ("input=5,output=5", "nothing says how many\n  fix: add `requests=1000`"),
        (
            "request=5,input=5,output=5",
            "there is no key `request`\n  fix: did you mean `requests`?",
        ),
        ("requests=5,input=5,input=5", "`input` is there twice"),
        ("requests=0,input=5,output=5", "`requests=0`: write a whole number from 1 to 4294967295"),
        ("requests=5,input=9..5,output=5", "`input=9..5`: the range begins above its end"),
        ("requests=5,input=-1,output=5", "`input=-1`: write a whole number from 0"),
        ("requests=5,input=5,output=5,every=2", "`every=2`: write a time with its unit"),
        ("requests=5,input=5,output=5,rate=0", "`rate=0`: write a number from"),
        ("requests=5,input=5,output=5,rate=NaN", "`rate=NaN`: write a number from"),
        ("requests=5,input=5,output=5,burst=2", "`burst` goes with `rate`, which is not there"),
        ("requests=5,input=5,output=5,rate=2,every=2ms", "`every` and `rate` both say when"),
        ("requests=5,sessions=5,input=5,output=5", "`requests` and `sessions` are both there"),
        ("requests=5,calls=5,input=5,output=5", "`calls` is of sessions"),
        (
            "sessions=5,calls=99,shared=0.5,input=5,output=5",
            "prompts grow beyond 1000000000 tokens",
        ),
    ];
    for (text, expected) in cases {
        let said = Workload::parse(text, 0).unwrap_err().to_string();
        let expected = format!("the load {text:?}: {expected}");
        assert!(said.starts_with(&expected), "{said}\n{expected}");
    }
}

#[test]
fn each_prompt_begins_with_the_one_before_and_that_is_its_shared_part() {
    let generated =
        parse("sessions=2,calls=10,gap=800ms,shared=0.9,input=1000,output=20").generated;
    let made = calls(&generated, 0);
    assert_eq!(made.len(), 10);
    assert_eq!(made[0].begins, Begins::After(Span::ZERO));
    for pair in made.windows(2) {
        assert_eq!(pair[1].begins, Begins::After(Span::from_millis(800)));
        assert!(pair[1].prompt.starts_with(&pair[0].prompt));
        let shared = pair[0].input_tokens as f64 / pair[1].input_tokens as f64;
        assert!((shared - 0.9).abs() < 0.001, "{shared}");
    }
    let tokens = |call: &TraceCall| call.prompt.iter().map(|part| part.tokens).sum::<u64>();
    assert!(made.iter().all(|call| tokens(call) == call.input_tokens));
    assert_ne!(made[0].prompt, calls(&generated, 1)[0].prompt);
}

#[test]
fn drawn_lengths_have_the_mean_that_was_asked_for() {
    for text in ["1000~100", "500..1500"] {
        let generated = parse(&format!("requests=20000,input={text},output=9")).generated;
        let tokens = (0..20_000).map(|number| calls(&generated, number)[0].input_tokens);
        let mean = tokens.sum::<u64>() as f64 / 20_000.0;
        assert!((mean - 1000.0).abs() < 5.0, "{text}: {mean}");
    }
}

proptest! {
    #[test]
    fn sessions_respect_their_description(
        (low, high) in (1u64..5000, 0u64..5000).prop_map(|(low, more)| (low, low + more)),
        most_calls in 1u64..6,
        shared in prop_oneof![Just(0.0), 0.5f64..=1.0],
        seed: u64,
        number in 0u64..1000,
    ) {
        let text = format!(
            "sessions=1000,calls=1..{most_calls},input={low}..{high},output={low}..{high},\
             gap=1ms..3ms,shared={shared}"
        );
        let generated = Workload::parse(&text, seed).unwrap().generated;
        let made = calls(&generated, number);
        prop_assert_eq!(&made, &calls(&generated, number));
        prop_assert!((1..=most_calls).contains(&(made.len() as u64)));
        for (place, call) in made.iter().enumerate() {
            prop_assert!((low..=high).contains(&call.output_tokens));
            if place == 0 || shared == 0.0 {
                prop_assert!((low..=high).contains(&call.input_tokens));
            }
            let Begins::After(gap) = call.begins else { unreachable!() };
            let gaps = if place == 0 { 0..=0 } else { 1_000_000..=3_000_000 };
            prop_assert!(gaps.contains(&gap.as_nanos()));
            let parts: &[PromptPart] = &call.prompt;
            prop_assert_eq!(parts.is_empty(), shared == 0.0 || made.len() == 1);
        }
    }

    #[test]
    fn no_description_is_too_strange(text in "[a-z_]{0,8}(=[0-9.~µa-z]{0,9})?(,[a-z_]{1,8}=[0-9.~a-z]{0,9}){0,4}") {
        let _ = Workload::parse(&text, 0);
    }
}
