use std::fmt::Write as _;

use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_sim::profile::Confidence;

use super::*;
use crate::calibration::{CalibrateError, Calibration, Options, calibrate};
use crate::derived::{Provenance, Variant};
use crate::fit::Told;
use crate::knobs::{Knob, knobs};
use crate::measurements::Measurements;
use crate::read::read;
use crate::split::HeldOut;

const HEAD: &str = "date,device,driver,torch,dtype,model,part,phase,batch,new_tokens,\
                    context_tokens,time_us,repeats\n";

/// A row of the file; `what` is from the part to the context.
fn line(what: &str, microseconds: f64) -> String {
    format!("2026-11-20,A card,570.1,2.9,bfloat16,llama-3.1-8b,{what},{microseconds},5\n")
}

fn layers(text: &str) -> LayerRows {
    match read("f", text.as_bytes()) {
        Ok(Measurements::Layers(rows)) => rows,
        other => panic!("{other:?}"),
    }
}

fn options<'a>(machine: &'a str, held_out: f64) -> Options<'a> {
    Options {
        machine,
        model: Some("llama-3.1-8b"),
        name: "mine",
        held_out: HeldOut::of(held_out).unwrap(),
        provenance: Provenance { source: "layer.csv".to_owned(), date: "2026-11-20".to_owned() },
        threads: 2,
    }
}

fn fit(text: &str) -> Result<Calibration, CalibrateError> {
    let measured = Measurements::Layers(layers(text));
    calibrate(&Catalogue::built_in(), &measured, &options("rtx-4090", 0.2), &mut |_| {})
}

#[test]
fn what_is_wrong_with_a_line_is_said_with_its_place() {
    let cases = [
        ("layer,decode,1,2,16", "column `new_tokens`: `2` is not 1"),
        ("layer,writing,1,1,16", "column `phase`: `writing` is neither"),
        ("layers,decode,1,1,16", "did you mean `layer`?"),
        ("layer,decode,0,1,16", "column `batch`: `0` must be at least 1"),
        ("layer,decode,1,1,", "column `context_tokens`: the cell is empty"),
    ];
    for (what, expected) in cases {
        let text = format!("{HEAD}{}{}", line("layer,decode,1,1,16", 9.0), line(what, 9.0));
        let refused = read("f", text.as_bytes()).unwrap_err().to_string();
        assert!(refused.starts_with("f:3") && refused.contains(expected), "{refused}");
    }
    let other = line("layer,decode,1,1,16", 9.0).replace("A card", "Another");
    let text = format!("{HEAD}{}{other}", line("layer,decode,1,1,16", 9.0));
    let refused = read("f", text.as_bytes()).unwrap_err().to_string();
    assert!(
        refused.starts_with("f:3, column `device`") && refused.contains("`A card`"),
        "{refused}"
    );
    let refused = read("f", HEAD.replace("phase", "phas").as_bytes()).unwrap_err().to_string();
    assert!(
        refused.contains("column `phase` is missing") && refused.contains("`phas`"),
        "{refused}"
    );
    let refused = read("f", HEAD.as_bytes()).unwrap_err().to_string();
    assert!(refused.contains("no row below the header"), "{refused}");
}

/// Whole layers as a chip with these factors would take them, with the time that each row has.
fn planted(factors: &[(&str, f64)]) -> String {
    let catalogue = Catalogue::built_in();
    let machine = catalogue.machine("rtx-4090").unwrap();
    let knobs = knobs(&catalogue, "rtx-4090").unwrap();
    let knob = |name: &str| knobs.iter().find(|knob| knob.name == name).unwrap();
    let moved: Vec<(&Knob, f64)> = factors.iter().map(|(name, by)| (knob(name), *by)).collect();
    let bare = crate::calibration::bare_software("vllm");
    let catalogue = catalogue.with_text(ProfileKind::Software, "vllm", bare);
    let provenance = options("rtx-4090", 0.2).provenance;
    let variant = Variant {
        catalogue: &catalogue,
        machine: &machine,
        name: "real",
        provenance: &provenance,
        confidence: Confidence::Medium,
    };
    let real = variant.in_catalogue(&moved).unwrap().deploy("real", Some("llama-3.1-8b")).unwrap();
    let decodes = [1, 4, 16, 64].into_iter().flat_map(|batch| {
        [128, 1_024, 8_192].map(|context| format!("layer,decode,{batch},1,{context}"))
    });
    let prefills = [64, 512, 2_048, 8_192].into_iter().flat_map(|new| {
        [0, 2_048, 16_384].map(|context| format!("layer,prefill,1,{new},{context}"))
    });
    let mut text = HEAD.to_owned();
    for what in decodes.chain(prefills) {
        let row = &layers(&format!("{HEAD}{}", line(&what, 1.0))).rows[0];
        text += &line(&what, row.modelled_seconds(&real).unwrap() * 1e6);
    }
    text
}

#[test]
fn a_chips_figures_are_found_in_its_layers() {
    let factors =
        [("matrix products", 0.6), ("reads of weights", 1.15), ("attention over prompts", 0.5)];
    let fitted = fit(&planted(&factors)).unwrap();
    for (name, planted) in factors {
        let knob = fitted.knobs.iter().find(|knob| knob.name == name).unwrap();
        assert_eq!(knob.told, Told::Fitted, "{name}");
        assert!((knob.factor / planted - 1.0).abs() < 0.1, "{name}: {}", knob.factor);
    }
    let held_out = fitted.errors.iter().find(|row| row.held_out).unwrap();
    assert!(held_out.before.median > 0.1 && held_out.after.median < 0.02, "{held_out:?}");
    assert!(fitted.knobs.iter().all(|knob| !knob.name.starts_with("host")), "layers have no host");
    assert_eq!(fitted.layers, None, "parts were not timed");
}

#[test]
fn layers_of_another_model_or_format_are_refused_with_the_fix() {
    let text = planted(&[]);
    let other = fit(&text.replace("llama-3.1-8b", "qwen3-32b")).unwrap_err().to_string();
    assert!(other.contains("name the machine as rtx-4090:qwen3-32b"), "{other}");
    let wide = fit(&text.replace("bfloat16", "float32")).unwrap_err().to_string();
    assert!(wide.contains("float32") && wide.contains("--dtype bfloat16"), "{wide}");
}

/// Every part takes 10 µs and a hundredth of a microsecond for each token, or chat.
fn all_parts() -> String {
    let mut text = planted(&[]);
    let taken = |count: u64| 10.0 + 0.01 * count as f64;
    for part in tables::parts() {
        for count in [1, 64, 4_096] {
            let what = match ["lm_head", "sampler"].contains(&part) {
                true => format!("{part},decode,{count},1,0"),
                false => format!("{part},prefill,1,{count},0"),
            };
            text += &line(&what, taken(count));
        }
    }
    for context in [128, 8_192] {
        for count in [1, 64] {
            text += &line(&format!("attention,decode,{count},1,{context}"), taken(count * context));
            text += &line(&format!("attention,prefill,1,{},{context}", 64 * count), taken(context));
        }
    }
    text
}

#[test]
fn timed_parts_become_a_machine_that_they_time() {
    let fitted = fit(&all_parts()).unwrap();
    let layered = fitted.layers.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in layered.files() {
        let path = folder.path().join("machines").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let catalogue = Catalogue::built_in().with_folder(folder.path()).unwrap();
    let deployed = catalogue.deploy("mine-layers", Some("llama-3.1-8b")).unwrap();
    let mut seconds = 0.0;
    let mut work = deployed.no_work();
    work.add_decode(128);
    deployed.writer().cost.terms(&work, &mut |term| match term.part {
        Part::Host => {}
        _ => seconds += term.seconds,
    });
    // Eight parts in each of 32 layers, the norm twice, and attention; four parts once.
    let expected = 32.0 * (9.0 * 10.01 + 11.28) + 4.0 * 10.01;
    assert!((seconds * 1e6 - expected).abs() < 1.0, "{} µs, expected {expected}", seconds * 1e6);
    let both = layered.tables.attention.lines().find(|line| line.starts_with("64,128,1,128,"));
    assert_eq!(both, Some("64,128,1,128,22.560"), "a prompt's and a reply's, one after the other");
}

#[test]
fn tables_say_which_parts_are_missing() {
    let text = all_parts();
    let kept =
        text.lines().filter(|line| !line.contains(",down_proj,")).map(|line| format!("{line}\n"));
    let text = kept.fold(String::new(), |mut text, line| {
        write!(text, "{line}").unwrap();
        text
    });
    let missing = tables::Tables::of(&layers(&text), "bfloat16").unwrap_err();
    assert_eq!(missing, ["down_proj"]);
}
