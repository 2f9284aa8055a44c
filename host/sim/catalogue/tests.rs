//! The profiles that are built in, and folders that add to them.

use std::collections::{BTreeMap, BTreeSet};

use tempfile::TempDir;

use super::{Catalogue, Problem, ProfileKind};
use crate::error::MachineError;
use crate::examples::{MODEL, Small, chip, known};
use crate::profile::{Confidence, ProfileError, Status};

fn names(catalogue: &Catalogue, kind: ProfileKind) -> Vec<String> {
    catalogue.names(kind).map(str::to_owned).collect()
}

/// A folder of files, given as paths in it and texts; gone when the test is over.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// A message about a file of a folder, the same wherever the folder stands.
fn told(folder: &TempDir, message: impl ToString) -> String {
    let place = folder.path().display().to_string();
    message.to_string().replace(&place, "FOLDER").replace('\\', "/")
}

#[test]
fn every_built_in_profile_is_right() {
    let problems = Catalogue::built_in().validate().problems;
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_machines_that_people_ask_about_are_built_in() {
    let catalogue = Catalogue::built_in();
    let machines = names(&catalogue, ProfileKind::Machine);
    for machine in [
        "h100-8",
        "h200-8",
        "b200-8",
        "b300-8",
        "gb200-nvl72",
        "gb300-nvl72",
        "vera-rubin-nvl72",
        "vera-rubin-nvl72-maxlps",
        "vera-rubin-nvl144-cpx",
        "dgx-station",
        "mi355x-8",
        "mi455x-helios",
        "tpu7x-64",
        "tpu-8i-64",
        "trainium3-ultraserver",
        "mtia-v2-24",
        "mtia-400-72",
        "tenstorrent-n300",
        "tenstorrent-p150",
        "galaxy-blackhole",
        "ai100-ultra",
        "ai200-8",
        "ai250-8",
    ] {
        assert!(machines.iter().any(|name| name == machine), "{machine}");
    }
}

#[test]
fn the_built_in_machines_say_whether_they_keep_prefixes() {
    let catalogue = Catalogue::built_in();
    let machines = names(&catalogue, ProfileKind::Machine);
    for machine in machines.iter().filter(|machine| *machine != "fixed-step") {
        let profile = catalogue.machine(machine).unwrap();
        if profile.software.is_some() {
            assert!(catalogue.deploy(machine, None).unwrap().prefix_cache, "{machine}");
            continue;
        }
        assert!(profile.scheduler.prefix_cache.is_some(), "{machine}");
        let rows = catalogue.figures(ProfileKind::Machine, machine).unwrap();
        let row = rows.iter().find(|row| row.key == "scheduler.prefix_cache");
        assert_eq!(row.and_then(|row| row.value.as_deref()), Some("true"), "{machine}");
    }
}

#[test]
fn every_figure_has_a_source_a_date_and_a_confidence_or_says_that_it_is_unknown() {
    let catalogue = Catalogue::built_in();
    for kind in ProfileKind::ALL {
        for name in names(&catalogue, kind) {
            let figures = catalogue.figures(kind, &name).unwrap();
            assert!(figures.len() >= 4, "{name} has only {} figures", figures.len());
            for figure in figures {
                let at = format!("{name}: {}", figure.key);
                assert!(!figure.source.trim().is_empty(), "{at} has no source");
                assert!(figure.date.starts_with("20"), "{at} is dated `{}`", figure.date);
                assert_eq!(figure.value.is_some(), figure.confidence.is_some(), "{at}");
                let known_elsewhere = figure.source != "Timeslip" || figure.value.is_none();
                let estimated = figure.confidence == Some(Confidence::Estimate);
                assert!(known_elsewhere || estimated, "{at} is our own, yet no estimate");
                assert!(!estimated || figure.note.is_some(), "{at}: how was it estimated?");
            }
        }
    }
}

#[test]
fn no_number_of_a_chip_or_machine_stands_outside_a_figure() {
    let catalogue = Catalogue::built_in();
    for kind in [ProfileKind::Chip, ProfileKind::Software, ProfileKind::Machine] {
        for name in names(&catalogue, kind) {
            let text = catalogue.text(kind, &name).unwrap();
            let rows = catalogue.figures(kind, &name).unwrap();
            let rows = rows.iter().filter(|row| row.inherited_from.is_none()).count();
            let dates = text.lines().filter(|line| line.starts_with("date = ")).count();
            assert_eq!(rows, dates, "{name}");
        }
    }
}

/// A line for each machine: the models that it serves, and what it says of the others.
#[test]
fn every_machine_serves_each_model_or_says_clearly_why_not() {
    let catalogue = Catalogue::built_in();
    let mut lines = String::new();
    for name in names(&catalogue, ProfileKind::Machine) {
        let machine = catalogue.machine(&name).unwrap();
        let is_cancelled = catalogue.status(&machine).unwrap() == Some(Status::Cancelled);
        assert_eq!(catalogue.deploy(&name, None).is_err(), is_cancelled, "{name}");
        let mut said: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for model in names(&catalogue, ProfileKind::Model) {
            let is_named = machine.serves.iter().any(|serving| serving.model == model);
            let answer = match catalogue.deploy(&name, Some(&model)) {
                Ok(_) if is_named => "serves",
                Ok(_) => "serves as another",
                Err(MachineError::NotServed { .. }) => "does not name",
                Err(MachineError::DoesNotFit(_)) => "does not hold",
                Err(MachineError::Cancelled { .. }) => "was cancelled before it served",
                Err(error) => panic!("{name}, {model}: {error}"),
            };
            said.entry(answer).or_default().push(model);
        }
        for (answer, models) in said {
            lines += &format!("{name} {answer} {}\n", models.join(", "));
        }
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn a_model_that_the_machine_does_not_name_is_refused_with_the_nearest() {
    let error = Catalogue::built_in().deploy("dgx-spark", Some("llama-2-70b")).unwrap_err();
    insta::assert_snapshot!(error, @r#"machine `dgx-spark` does not serve `llama-2-70b`; it serves gpt-oss-120b, gemma-4-31b, llama-3.3-70b, gpt-oss-20b, llama-3.1-8b. Add a [[serves]] with model = "llama-2-70b" to the machine's file to say in which formats it would hold it, or did you mean `llama-3.3-70b`?"#);
}

#[test]
fn a_model_that_does_not_fit_is_refused_with_the_arithmetic() {
    let catalogue = Catalogue::built_in();
    // As if the desk machine's file said that it serves the largest model.
    let text = catalogue.text(ProfileKind::Machine, "dgx-spark").unwrap();
    let serves =
        "\n[[serves]]\nmodel = \"deepseek-r1\"\nlinear = \"fp8\"\nhead = \"bf16\"\nkv = \"fp8\"\n";
    let text = format!("{text}{serves}");
    let catalogue = catalogue.with_text(ProfileKind::Machine, "dgx-spark", text);
    let error = catalogue.deploy("dgx-spark", Some("deepseek-r1")).unwrap_err();
    assert!(matches!(error, MachineError::DoesNotFit(_)));
    insta::assert_snapshot!(error, @"`deepseek-r1` does not fit the pool of `dgx-spark`: its weights take 673 GB as held there, and 1 × gb10 give 1 × (128 GB − 8.00 GB reserved) = 120 GB. The smallest group that holds it is 6 × gb10");
}

#[test]
fn a_format_that_the_chip_lacks_is_named() {
    let text = Catalogue::built_in().text(ProfileKind::Machine, "rubin-groq3").unwrap().to_owned();
    let text = text.replacen("head = \"fp8\"", "head = \"bf16\"", 1);
    let catalogue = Catalogue::built_in().with_text(ProfileKind::Machine, "rubin-groq3", text);
    let error = catalogue.deploy("rubin-groq3", Some("llama-3.3-70b")).unwrap_err();
    insta::assert_snapshot!(error, @"chip `groq3-lpu` cannot hold the output matrix of `llama-3.3-70b` in bf16; it holds fp8");
}

#[test]
fn a_name_that_does_not_exist_is_answered_with_the_nearest() {
    let catalogue = Catalogue::built_in();
    insta::assert_snapshot!(catalogue.deploy("rubin-grok3", None).unwrap_err(), @"there is no machine `rubin-grok3`; did you mean `rubin-groq3`?");
    insta::assert_snapshot!(catalogue.deploy("h200-8", Some("llama-3.1-70b")).unwrap_err(), @"there is no model `llama-3.1-70b`; did you mean `llama-3.3-70b`?");
    insta::assert_snapshot!(catalogue.model("gemma").unwrap_err().to_string().split_once(". There are: ").unwrap().0, @"there is no model `gemma`");
    insta::assert_snapshot!(catalogue.chip("h20").unwrap_err(), @"there is no chip `h20`; did you mean `h200`?");
}

#[test]
fn a_folder_adds_machines_and_replaces_them() {
    let small = Small::default();
    let replaced = small.machine_text().replace("name = \"small\"", "name = \"h200-8\"");
    let folder = folder(&[
        ("chips/small-chip.toml", &chip(1_000_000)),
        ("models/small-model.toml", MODEL),
        ("machines/small.toml", &small.machine_text()),
        ("machines/h200-8.toml", &replaced),
        ("machines/notes.txt", "not a profile"),
    ]);
    let catalogue = Catalogue::built_in().with_folder(folder.path()).unwrap();
    let before = names(&Catalogue::built_in(), ProfileKind::Machine).len();
    assert_eq!(names(&catalogue, ProfileKind::Machine).len(), before + 1);
    assert_eq!(catalogue.deploy("small", None).unwrap().model.name, "small-model");
    assert_eq!(catalogue.deploy("h200-8", None).unwrap().model.name, "small-model");
    assert!(catalogue.deploy("dgx-spark", None).is_ok(), "the others stay");
}

#[test]
fn a_folder_without_profiles_is_refused() {
    let folder = folder(&[("readme.md", "")]);
    let error = Catalogue::built_in().with_folder(folder.path()).unwrap_err();
    insta::assert_snapshot!(told(&folder, error), @"cannot read FOLDER: a folder of profiles has folders `chips`, `models`, `software` or `machines` in it");
}

#[test]
fn validate_tells_every_problem_of_a_folder_with_its_file() {
    let small = Small::default();
    let folder = folder(&[
        ("chips/broken.toml", "name = \"broken\"\ntitel = \"Broken\"\n"),
        // 600 bytes do not hold 768 of weights.
        ("chips/small-chip.toml", &chip(600)),
        ("models/small-model.toml", MODEL),
        ("machines/small.toml", &small.machine_text()),
        (
            "machines/lost.toml",
            &small
                .machine_text()
                .replace("\"small\"", "\"lost\"")
                .replace("small-chip", "smal-chip"),
        ),
    ]);
    let found = Catalogue::built_in().with_folder(folder.path()).unwrap().validate();
    let listed = |problems: &[Problem]| {
        let lines: Vec<String> = problems.iter().map(|problem| told(&folder, problem)).collect();
        lines.join("\n")
    };
    insta::assert_snapshot!(listed(&found.notes[..1]), @"FOLDER/machines/small.toml:17: `small-model` does not fit the pool of `small`: its weights take 768 B as held there, and 1 × small-chip give 1 × (600 B − 0 B reserved) = 600 B. The smallest group that holds it is 3 × small-chip");
    assert_eq!(found.notes[1..], Catalogue::built_in().validate().notes);
    insta::assert_snapshot!(listed(&found.problems), @r"
    FOLDER/chips/broken.toml:1: the key `kind` is missing; add it
    FOLDER/chips/broken.toml:2: unknown key `titel`; did you mean `title`?
    FOLDER/machines/lost.toml:12: there is no chip `smal-chip`; did you mean `small-chip`?
    ");
}

#[test]
fn a_figure_that_nobody_publishes_stops_the_machine_that_needs_it() {
    let text = chip(1_000_000).replace(
        &format!("layer_seconds = {}\n", known("1e-3")),
        "layer_seconds = { unknown = true, source = \"a test\", date = \"2026-11\" }\n",
    );
    let catalogue = Small::default().catalogue();
    let catalogue = catalogue.with_text(ProfileKind::Chip, "small-chip", text);
    insta::assert_snapshot!(catalogue.deploy("small", None).unwrap_err(), @"`small-chip.latency.layer_seconds` is unknown, so the machine cannot be timed; give it a value in a copy of the profile");
}

#[test]
fn a_deployment_names_the_estimates_it_rests_on_and_no_others() {
    let catalogue = Catalogue::built_in();
    let estimates =
        |machine: &str, model| catalogue.deploy(machine, Some(model)).unwrap().estimates;
    let dense = estimates("vera-rubin-nvl72", "llama-3.3-70b");
    let experts = estimates("vera-rubin-nvl72", "gpt-oss-120b");
    assert!(dense.contains(&"rubin.achieved.weight_read_fraction".to_owned()));
    assert!(!dense.contains(&"rubin.latency.expert_seconds".to_owned()), "it has no experts");
    assert!(experts.contains(&"rubin.latency.expert_seconds".to_owned()));
    let sorted: BTreeSet<&String> = experts.iter().collect();
    assert!(experts.iter().eq(sorted), "sorted, each once");
    // Nothing of the small machine is estimated but the CPU that agents run on.
    assert_eq!(Small::default().deployment().estimates, ["vera-cpu.host.ns_per_fuel"]);
}

#[test]
fn the_digest_changes_with_every_file_of_the_machine_and_with_no_other() {
    let small = Small::default().catalogue();
    let digest = |catalogue: &Catalogue| catalogue.deploy("small", None).unwrap().digest;
    let before = digest(&small);
    let edited = |kind, name: &str| {
        let text = format!("{}# A remark.\n", small.text(kind, name).unwrap());
        digest(&small.clone().with_text(kind, name, text))
    };
    for (kind, name) in [
        (ProfileKind::Machine, "small"),
        (ProfileKind::Chip, "small-chip"),
        (ProfileKind::Chip, "vera-cpu"),
        (ProfileKind::Model, "small-model"),
    ] {
        assert_ne!(edited(kind, name), before, "{name}");
    }
    assert_eq!(edited(ProfileKind::Chip, "h200"), before);
    let windows = small.text(ProfileKind::Chip, "small-chip").unwrap().replace('\n', "\r\n");
    let windows = small.clone().with_text(ProfileKind::Chip, "small-chip", windows);
    assert_eq!(digest(&windows), before, "however its lines end");
}

#[test]
fn the_digest_changes_with_the_draft_of_the_model_that_is_served() {
    let catalogue = Catalogue::built_in();
    let text =
        format!("{}# A remark.\n", catalogue.text(ProfileKind::Model, "gpt-oss-20b").unwrap());
    let edited = catalogue.clone().with_text(ProfileKind::Model, "gpt-oss-20b", text);
    let digest = |catalogue: &Catalogue, model| {
        catalogue.deploy("rubin-groq3-draft", Some(model)).unwrap().digest
    };
    assert_ne!(digest(&edited, "gpt-oss-120b"), digest(&catalogue, "gpt-oss-120b"));
    assert_eq!(digest(&edited, "llama-3.3-70b"), digest(&catalogue, "llama-3.3-70b"));
}

#[test]
fn figures_stand_in_the_order_of_their_file() {
    let figures = Catalogue::built_in().figures(ProfileKind::Chip, "h200").unwrap();
    let keys: Vec<&str> = figures.iter().map(|figure| figure.key.as_str()).take(4).collect();
    let expected = [
        "status",
        "compute.bf16_flops_per_second",
        "compute.fp8_flops_per_second",
        "memory.capacity_bytes",
    ];
    assert_eq!(keys, expected);
    assert_eq!(figures[1].value.as_deref(), Some("989e12"), "as the file writes it");
}

#[test]
fn a_wrong_profile_does_not_hinder_the_others() {
    let catalogue =
        Catalogue::built_in().with_text(ProfileKind::Chip, "h200", "name = 1\n".to_owned());
    assert!(catalogue.deploy("dgx-spark", None).is_ok());
    let error = catalogue.deploy("h200-8", None).unwrap_err();
    assert!(
        matches!(error, MachineError::Profile(ProfileError::Invalid { line: 1, .. })),
        "{error}"
    );
}
