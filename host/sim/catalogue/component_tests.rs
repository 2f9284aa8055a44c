//! Machines whose steps a component times. What runs components is not in this crate, so a function
//! stands where one would be.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use tempfile::TempDir;
use timeslip_timeline::backend::{Backend, CallId};
use timeslip_timeline::time::Instant;

use super::{Catalogue, ProfileKind};
use crate::cost::{ComponentDescription, ComponentLoader, LoadedComponent, StepCounts, Work};
use crate::deployment::Deployment;
use crate::engine::ModelledMachine;
use crate::examples::{Small, chat, known};
use crate::explain::{OperatingPoint, explain};
use crate::profile::Confidence;

const BYTES: &[u8] = b"a component";

fn machine() -> String {
    let component = format!(
        "[pools.cost_component]\nfile = \"cost.wasm\"\nkv_blocks = {}\n\
         figures = {{ pace_seconds = {} }}\n\
         source = \"a test\"\ndate = \"2026-11\"\nconfidence = \"low\"\n[[serves]]",
        known("400"),
        known("2e-3"),
    );
    Small::default().machine_text().replace("[[serves]]", &component)
}

fn folder(machine: &str, bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("machines")).unwrap();
    fs::write(folder.path().join("machines/small.toml"), machine).unwrap();
    fs::write(folder.path().join("machines/cost.wasm"), bytes).unwrap();
    folder
}

/// A loader whose instances ask `seconds`, with the count of instances before.
fn loader(
    seconds: impl Fn(&StepCounts) -> Result<f64, String> + Clone + Send + Sync + 'static,
) -> ComponentLoader {
    ComponentLoader::new(move |input| {
        assert_eq!(input.bytes, BYTES);
        assert_eq!(input.figures, [("pace_seconds".to_owned(), 2e-3)]);
        let seconds = seconds.clone();
        Ok(LoadedComponent {
            about: ComponentDescription {
                name: "paced".to_owned(),
                title: "a pace for every token".to_owned(),
                source: "a test".to_owned(),
                date: "2026-11".to_owned(),
                confidence: Confidence::High,
                models: Vec::new(),
            },
            begin: Box::new(move || Ok(Box::new(seconds.clone()))),
        })
    })
}

fn catalogue(folder: &TempDir, loader: ComponentLoader) -> Catalogue {
    Small::default().catalogue().with_folder(folder.path()).unwrap().with_components(loader)
}

fn deployed(
    seconds: impl Fn(&StepCounts) -> Result<f64, String> + Clone + Send + Sync + 'static,
) -> Deployment {
    catalogue(&folder(&machine(), BYTES), loader(seconds)).deploy("small", None).unwrap()
}

fn refused(machine: &str, loader: ComponentLoader) -> String {
    let folder = folder(machine, BYTES);
    let error = catalogue(&folder, loader).deploy("small", None).unwrap_err().to_string();
    error.replace(&folder.path().display().to_string(), "FOLDER").replace('\\', "/")
}

/// Two milliseconds for each token.
fn paced(step: &StepCounts) -> Result<f64, String> {
    Ok(2e-3 * step.tokens as f64)
}

/// The machine after a chat of so many tokens that it was given, and what came of the chat.
fn run(deployment: Deployment, input: u64, output: u64) -> (ModelledMachine, Option<Instant>) {
    let mut machine = ModelledMachine::new(deployment);
    machine.submit(Instant::ZERO, CallId(0), chat(input, output));
    let completion = machine.next(None);
    (machine, completion.map(|completion| completion.at))
}

#[test]
fn every_step_takes_what_the_component_says() {
    let (machine, at) = run(deployed(paced), 10, 5);
    // Five milliseconds of front end, ten tokens of the prompt, and four more steps of a token.
    assert_eq!(at, Some(Instant::from_nanos(5_000_000 + 10 * 2_000_000 + 4 * 2_000_000)));
    assert_eq!(machine.failure(), None);
}

#[test]
fn a_component_hears_of_every_token_of_a_step() {
    let deployment = deployed(|step| {
        let expected = StepCounts {
            tokens: 1 + 4,
            chats: 2,
            outputs: 2,
            decodes: 1,
            decode_context: 7,
            prefill_tokens: 4,
            prefill_past: 16,
            prefill_pairs: 17 + 18 + 19 + 20,
        };
        Ok(if *step == expected { 42.0 } else { 1.0 })
    });
    let mut work = Work::new(&deployment.model);
    work.add_decode(7);
    work.add_prefill(16, 4, true);
    assert_eq!(deployment.pools[0].cost.seconds(&work), 42.0);
}

#[test]
fn an_answer_that_is_no_time_fails_the_machine_and_names_the_step() {
    for (wrong, told) in [
        (Ok(f64::NAN), "it gave NaN seconds"),
        (Ok(f64::INFINITY), "it gave inf seconds"),
        (Ok(-1.0), "it gave -1 seconds"),
        (Ok(0.0), "it gave 0 seconds"),
        (Ok(1e300), "above 0 and below 9007199, where"),
        (Err("it was stopped".to_owned()), "it was stopped"),
    ] {
        let deployment = deployed(move |step| match step.decode_context {
            0..12 => paced(step),
            _ => wrong.clone(),
        });
        let (machine, _) = run(deployment.clone(), 8, 30);
        let failure = machine.failure().expect("it failed").message;
        assert!(failure.starts_with("machine `small`: the component `paced`"), "{failure}");
        assert!(failure.contains(told) && failure.contains("decode-context 12"), "{failure}");
        assert_eq!(deployment.failure(), None, "another machine has not failed with it");
    }
}

#[test]
fn a_component_that_is_wrong_from_the_start_is_told_with_the_place() {
    let no_time = refused(&machine(), loader(|_| Ok(f64::NAN)));
    assert!(no_time.contains("FOLDER/machines/small.toml:"), "{no_time}");
    assert!(no_time.contains("FOLDER/machines/cost.wasm cannot time the pool"), "{no_time}");
    let calls = Arc::new(AtomicU64::new(1));
    let drifts = move |_: &StepCounts| Ok(calls.fetch_add(1, Ordering::Relaxed) as f64);
    let drifting = refused(&machine(), loader(drifts));
    assert!(drifting.contains("1 and then 3 seconds for the same step"), "{drifting}");
    let missing = refused(&machine().replace("cost.wasm", "coast.wasm"), loader(paced));
    assert!(missing.contains("`cost_component` names coast.wasm"), "{missing}");
    let unloadable = refused(&machine(), ComponentLoader::new(|_| Err("it is no one".to_owned())));
    assert!(unloadable.ends_with("it is no one"), "{unloadable}");
}

#[test]
fn a_figure_that_nobody_publishes_cannot_be_given_to_a_component() {
    let unknown = "{ unknown = true, source = \"a test\", date = \"2026\" }";
    let text = machine().replace(&known("2e-3"), unknown);
    let told = refused(&text, loader(paced));
    assert!(
        told.contains("`small.pools.0.cost_component.figures.pace_seconds` is unknown"),
        "{told}"
    );
}

#[test]
fn a_component_of_other_models_and_a_second_way_of_timing_are_refused() {
    let other = ComponentLoader::new(|input| {
        let mut loaded = loader(paced).load(input)?;
        loaded.about.models = vec!["large-model".to_owned()];
        Ok(loaded)
    });
    let told = refused(&machine(), other);
    assert!(told.contains("it times large-model, and not `small-model`"), "{told}");
    let fixed = format!(
        "[pools.fixed_steps]\nprefill_seconds = {0}\ndecode_seconds = {0}\nkv_blocks = {0}\n",
        known("1")
    );
    let both = machine().replace("[[serves]]", &format!("{fixed}[[serves]]"));
    let told = refused(&both, loader(paced));
    assert!(told.contains("`fixed_steps` and `cost_component`; keep one of them"), "{told}");
}

#[test]
fn a_description_must_fit_a_table_and_have_a_date() {
    let said = |change: fn(&mut ComponentDescription)| {
        refused(
            &machine(),
            ComponentLoader::new(move |input| {
                let mut loaded = loader(paced).load(input)?;
                change(&mut loaded.about);
                Ok(loaded)
            }),
        )
    };
    let name = said(|about| about.name = "two\nlines".to_owned());
    assert!(name.contains("the `name` of its description is no line"), "{name}");
    let title = said(|about| about.title = "long".repeat(100));
    assert!(title.contains("the `title` of its description is no line"), "{title}");
    let date = said(|about| about.date = "yesterday".to_owned());
    assert!(date.contains("`date` is `yesterday`"), "{date}");
}

#[test]
fn without_stated_blocks_the_chips_memory_says_how_many_there_are() {
    let text = machine().replace(&format!("kv_blocks = {}\n", known("400")), "");
    let deployment = catalogue(&folder(&text, BYTES), loader(paced)).deploy("small", None).unwrap();
    assert_eq!(deployment.pools[0].placement.blocks, Small::default().blocks);
    assert_eq!(deployed(paced).pools[0].placement.blocks, 400);
}

#[test]
fn the_digest_and_the_estimates_cover_the_component() {
    let any = ComponentLoader::new(|_| {
        let mut loaded = fake();
        loaded.about.confidence = Confidence::Estimate;
        Ok(loaded)
    });
    let of =
        |bytes| catalogue(&folder(&machine(), bytes), any.clone()).deploy("small", None).unwrap();
    let (one, other) = (of(BYTES), of(b"another"));
    assert_ne!(one.digest, other.digest);
    assert!(one.estimates.contains(&"small.pools.0.cost_component".to_owned()));
}

/// A component that takes a second for everything.
fn fake() -> LoadedComponent {
    LoadedComponent {
        about: ComponentDescription {
            name: "fake".to_owned(),
            title: "a second".to_owned(),
            source: "a test".to_owned(),
            date: "2026".to_owned(),
            confidence: Confidence::High,
            models: vec!["small-model".to_owned()],
        },
        begin: Box::new(|| Ok(Box::new(|_| Ok(1.0)))),
    }
}

#[test]
fn an_explanation_says_that_a_component_states_the_time_and_who_says_so() {
    let point = OperatingPoint { input_tokens: 100, context_tokens: 100, batch: 4 };
    let screen = explain(&deployed(paced), &point).to_string();
    assert!(screen.contains("stated by a component, paced"), "{screen}");
    assert!(screen.contains("paced: a pace for every token; high, 2026-11, a test"), "{screen}");
    let json = serde_json::to_value(explain(&deployed(paced), &point)).unwrap();
    assert_eq!(json["decode"]["component"]["name"], "paced");
    assert_eq!(json["decode"]["terms"][0]["part"], "stated");
}

#[test]
fn what_leads_to_a_component_is_shown_among_the_figures() {
    let catalogue = catalogue(&folder(&machine(), BYTES), loader(paced));
    let figures = catalogue.figures(ProfileKind::Machine, "small").unwrap();
    let value = |key: &str| {
        let row = figures.iter().find(|row| row.key == key).expect("it is shown");
        row.value.clone()
    };
    assert_eq!(value("pools.0.cost_component").as_deref(), Some("\"cost.wasm\""));
    let pace = value("pools.0.cost_component.figures.pace_seconds");
    assert_eq!(pace.as_deref(), Some("2e-3"));
}

#[test]
fn each_machine_has_an_instance_of_its_own() {
    let made = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&made);
    let counting = ComponentLoader::new(move |_| {
        let made = Arc::clone(&made);
        let begin = move || {
            made.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(|step: &StepCounts| paced(step)) as crate::cost::StepTimer)
        };
        Ok(LoadedComponent { begin: Box::new(begin), ..fake() })
    });
    let deployment = catalogue(&folder(&machine(), BYTES), counting).deploy("small", None).unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1, "one that was checked, and is gone");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| run(deployment.clone(), 10, 5));
        }
    });
    assert_eq!(count.load(Ordering::Relaxed), 4);
}

/// The last of 185 steps of almost 14 hours each would end after the clock does, and so would the one
/// before it.
#[test]
fn steps_that_end_with_the_clock_end_one_after_the_other() {
    let deployment = deployed(move |step| match step.decode_context {
        0..12 => paced(step),
        _ => Ok(50_040.0),
    });
    let (machine, at) = run(deployment, 8, 185);
    assert_eq!((machine.failure(), at), (None, Some(Instant::END)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_number_a_component_gives_no_run_panics(bits in any::<u64>(), output in 1u64..200) {
        let answer = f64::from_bits(bits);
        let deployment = deployed(move |step| match step.decode_context {
            0..12 => paced(step),
            _ => Ok(answer),
        });
        let is_time = answer > 0.0 && answer < 9_007_199.0;
        let (machine, _) = run(deployment, 8, output);
        prop_assert_eq!(machine.failure().is_some(), !is_time && output > 4);
    }
}
