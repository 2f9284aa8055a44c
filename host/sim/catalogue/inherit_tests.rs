//! Profiles that have what they do not say from others.

use std::sync::Arc;

use super::{Catalogue, ProfileKind};
use crate::error::MachineError;
use crate::examples::{Small, chip, known};
use crate::profile::Status;

/// The small machine's catalogue with a chip that is a variant of its chip.
fn with_variant(text: &str) -> Catalogue {
    let text = format!("name = \"variant\"\ninherits = \"small-chip\"\n{text}");
    Small::default().catalogue().with_text(ProfileKind::Chip, "variant", text)
}

/// The small machine on the chip `variant`.
fn machine_on(chip: &str) -> String {
    Small::default().machine_text().replace("small-chip", chip)
}

#[test]
fn a_chip_has_what_it_does_not_say_from_its_parent() {
    let text = format!("[scale_up]\ncollective_seconds = {}\n", known("3e-3"));
    let catalogue = with_variant(&text);
    let (parent, variant) =
        (catalogue.chip("small-chip").unwrap(), catalogue.chip("variant").unwrap());
    assert_eq!(variant.scale_up.as_ref().unwrap().collective_seconds.value, Some(3e-3));
    let expected = parent.scale_up.as_ref().unwrap().domain_chips.clone();
    assert_eq!(variant.scale_up.as_ref().unwrap().domain_chips, expected);
    assert_eq!((&variant.memory, &variant.power), (&parent.memory, &parent.power));
    assert_eq!(variant.title, parent.title);
}

#[test]
fn a_chip_that_says_nothing_of_its_own_is_its_parent_under_another_name() {
    let catalogue =
        with_variant("").with_text(ProfileKind::Machine, "small", machine_on("variant"));
    let (variant, parent) = (catalogue.chip("variant").unwrap(), catalogue.chip("small-chip"));
    let mut renamed = Arc::unwrap_or_clone(parent.unwrap());
    renamed.name = "variant".to_owned();
    renamed.inherits = Some("small-chip".to_owned());
    assert_eq!(*variant, renamed);
    let one = catalogue.deploy("small", None).unwrap();
    let other = Small::default().deployment();
    assert_eq!(one.reader().placement.blocks, other.reader().placement.blocks);
}

#[test]
fn a_figure_is_replaced_whole() {
    let text = "[latency]\nlayer_seconds = { value = 3e-3, confidence = \"high\" }\n";
    let error = with_variant(text).chip("variant").unwrap_err();
    insta::assert_snapshot!(error, @"chips/variant.toml:4: the key `source` is missing; add it");
}

#[test]
fn what_a_parent_says_wrongly_is_told_with_the_parents_file_and_line() {
    let text = chip(1_000_000).replace("kv_read_fraction", "kv_red_fraction");
    let catalogue = with_variant("").with_text(ProfileKind::Chip, "small-chip", text);
    insta::assert_snapshot!(catalogue.chip("variant").unwrap_err(), @"chips/small-chip.toml:16: unknown key `kv_red_fraction`; did you mean `kv_read_fraction`?");
    let rate = format!("memory.bandwidth_bytes_per_second = {}", known("0"));
    insta::assert_snapshot!(with_variant(&rate).chip("variant").unwrap_err(), @"chips/variant.toml:3: `memory.bandwidth_bytes_per_second` must be over 0");
}

#[test]
fn a_parent_that_does_not_exist_and_a_circle_are_pointed_at() {
    let text = "name = \"variant\"\ninherits = \"smal-chip\"\n".to_owned();
    let catalogue = Small::default().catalogue().with_text(ProfileKind::Chip, "variant", text);
    insta::assert_snapshot!(catalogue.chip("variant").unwrap_err(), @"chips/variant.toml:2: there is no chip `smal-chip`; did you mean `small-chip`?");
    let first = "name = \"first\"\n\ninherits = \"second\"\n".to_owned();
    let second = "inherits = \"first\"\nname = \"second\"\n".to_owned();
    let catalogue = Catalogue::built_in().with_text(ProfileKind::Chip, "first", first).with_text(
        ProfileKind::Chip,
        "second",
        second,
    );
    insta::assert_snapshot!(catalogue.chip("first").unwrap_err(), @"chips/second.toml:1: `inherits` leads in a circle: first, second, first; remove one of them, or give this file another name");
    insta::assert_snapshot!(catalogue.chip("second").unwrap_err(), @"chips/first.toml:3: `inherits` leads in a circle: second, first, second; remove one of them, or give this file another name");
}

#[test]
fn figures_say_from_which_file_they_are_inherited() {
    let text = format!("[power]\nlimit_watts = {}\n", known("9"));
    let rows = with_variant(&text).figures(ProfileKind::Chip, "variant").unwrap();
    let from = |key: &str| {
        let row = rows.iter().find(|row| row.key == key).unwrap();
        (row.value.clone().unwrap(), row.inherited_from.clone().map(|file| file.replace('\\', "/")))
    };
    assert_eq!(from("power.limit_watts"), ("9".to_owned(), None));
    let parent = Some("chips/small-chip.toml".to_owned());
    assert_eq!(from("power.idle_watts"), ("10".to_owned(), parent));
    assert_eq!(rows.iter().filter(|row| row.key == "power.limit_watts").count(), 1);
    assert_eq!(rows[0].key, "power.limit_watts", "its own come first");
}

#[test]
fn the_digest_covers_the_parents() {
    let digest = |catalogue: &Catalogue| catalogue.deploy("small", None).unwrap().digest;
    let catalogue =
        with_variant("").with_text(ProfileKind::Machine, "small", machine_on("variant"));
    let text = format!("{}# A remark.\n", catalogue.text(ProfileKind::Chip, "small-chip").unwrap());
    let edited = catalogue.clone().with_text(ProfileKind::Chip, "small-chip", text);
    assert_ne!(digest(&catalogue), digest(&edited));
}

#[test]
fn a_machine_varies_the_pool_of_the_same_role_and_the_model_of_the_same_name() {
    let text = "name = \"varied\"\ninherits = \"small\"\n[[pools]]\nrole = \"all\"\n\
                chip = \"variant\"\n[[serves]]\nmodel = \"small-model\"\nkv = \"fp8\"\n";
    let catalogue = with_variant("").with_text(ProfileKind::Machine, "varied", text.to_owned());
    let (own, parent) = (catalogue.machine("varied").unwrap(), catalogue.machine("small").unwrap());
    assert_eq!(own.pools[0].chip, "variant");
    assert_eq!(own.pools[0].chips, parent.pools[0].chips);
    assert_eq!(own.serves[0].kv.word(), "fp8");
    assert_eq!(own.serves[0].linear, parent.serves[0].linear);
    assert_eq!((own.about, own.scheduler), (parent.about, parent.scheduler));
    assert_eq!((own.pools.len(), own.serves.len()), (1, 1));
}

fn cancelled() -> String {
    format!("status = {}\n", known("\"cancelled\""))
}

#[test]
fn a_machine_on_a_cancelled_chip_is_listed_and_refused() {
    let catalogue =
        with_variant(&cancelled()).with_text(ProfileKind::Machine, "small", machine_on("variant"));
    let error = catalogue.deploy("small", None).unwrap_err();
    assert!(matches!(error, MachineError::Cancelled { .. }));
    insta::assert_snapshot!(error, @"machine `small` rests on chip `variant`, which was cancelled (a test, 2026-11), so nothing is timed on it; `timeslip hardware show small` shows what was published");
    let machine = catalogue.machine("small").unwrap();
    assert_eq!(catalogue.status(&machine).unwrap(), Some(Status::Cancelled));
    assert!(catalogue.figures(ProfileKind::Machine, "small").is_ok(), "it is shown");
    let found = catalogue.validate();
    assert_eq!(found.problems, [], "it is no mistake");
    let built_in = Catalogue::built_in().validate().notes.len();
    assert_eq!(found.notes.len(), built_in + 1);
    let own = cancelled() + &machine_on("small-chip");
    let catalogue = catalogue.with_text(ProfileKind::Machine, "small", own);
    insta::assert_snapshot!(catalogue.deploy("small", None).unwrap_err(), @"machine `small` was cancelled (a test, 2026-11), so nothing is timed on it; `timeslip hardware show small` shows what was published");
}

#[test]
fn a_chip_that_is_an_estimate_is_the_first_estimate_of_its_machine() {
    let catalogue = with_variant("estimated = true\n").with_text(
        ProfileKind::Machine,
        "small",
        machine_on("variant"),
    );
    let estimates = catalogue.deploy("small", None).unwrap().estimates;
    assert_eq!(estimates, ["variant (the whole chip)", "vera-cpu.host.ns_per_fuel"]);
}

#[test]
fn a_part_stands_behind_figures_that_exist() {
    let part = |figure: &str| {
        format!(
            "{}[[parts]]\nname = \"Small switch\"\ndoes = \"joins chips\"\ncount = {}\n\
             figures = [\"front_end_seconds\", \"{figure}\"]\n",
            Small::default().machine_text(),
            known("3")
        )
    };
    let with =
        |text: String| Small::default().catalogue().with_text(ProfileKind::Machine, "small", text);
    let right = with(part("small-chip.scale_up.collective_seconds"));
    assert_eq!(right.deploy("small", None).unwrap().parts.len(), 1);
    let wrong = with(part("small-chip.scale_up.colective_seconds"));
    insta::assert_snapshot!(wrong.deploy("small", None).unwrap_err(), @"machines/small.toml:26: the part `Small switch` stands behind `small-chip.scale_up.colective_seconds`, which is no figure of the machine or its chips; did you mean `small-chip.scale_up.collective_seconds`?");
    assert!(wrong.figures(ProfileKind::Machine, "small").is_err(), "it is not shown either");
    let none = with(part("x").replace("[\"front_end_seconds\", \"x\"]", "[]"));
    insta::assert_snapshot!(none.machine("small").unwrap_err(), @"machines/small.toml:26: machine `small`: the part `Small switch` stands behind no figure; name one in `figures`, or remove it");
}

#[test]
fn a_model_that_the_machine_does_not_name_is_served_in_the_formats_of_others() {
    let others = "[other_models]\nlinear = \"bf16\"\nhead = \"bf16\"\nkv = \"bf16\"\n";
    let text = Small::default().machine_text() + others;
    let catalogue = Small::default().catalogue();
    let model = catalogue.text(ProfileKind::Model, "small-model").unwrap();
    let model = model.replace("small-model", "dropped-in");
    let catalogue = catalogue.with_text(ProfileKind::Machine, "small", text).with_text(
        ProfileKind::Model,
        "dropped-in",
        model,
    );
    let deployment = catalogue.deploy("small", Some("dropped-in")).unwrap();
    assert_eq!((&*deployment.model.name, &*deployment.serving.model), ("dropped-in", "dropped-in"));
    let error = catalogue.deploy("small", Some("llama-3.3-70b")).unwrap_err();
    assert!(matches!(error, MachineError::DoesNotFit(_)), "{error}");
    let error = catalogue.deploy("small", Some("dropped-im")).unwrap_err().to_string();
    assert!(
        error.starts_with("there is no model `dropped-im`; did you mean `dropped-in`?"),
        "{error}"
    );
    // That another model does not fit is not said of the machine.
    let found = catalogue.validate();
    assert_eq!(found.problems, []);
    assert_eq!(found.notes, Catalogue::built_in().validate().notes);
}
