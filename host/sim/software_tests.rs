//! What serving software does to the machines that name it.

use timeslip_timeline::time::Span;

use crate::catalogue::{Catalogue, ProfileKind};
use crate::cost::{Part, Work};
use crate::deployment::Deployment;
use crate::examples::{Small, known};
use crate::explain::{OperatingPoint, explain};
use crate::profile::Software;

/// What the software of a test says, beside what it must.
#[derive(Clone, Copy, Default)]
struct Says<'a> {
    all: &'a [(&'a str, &'a str)],
    on_chip: &'a [(&'a str, &'a str)],
}

fn lines(figures: &[(&str, &str)]) -> String {
    figures.iter().map(|(key, value)| format!("{key} = {}\n", known(value))).collect()
}

fn software(says: Says<'_>) -> String {
    let must = [("front_end_seconds", "7e-3"), ("host_step_seconds", "1e-3")];
    let must = must.iter().filter(|(key, _)| says.all.iter().all(|(said, _)| said != key));
    let must: Vec<(&str, &str)> = must.copied().collect();
    let on = match says.on_chip.is_empty() {
        true => String::new(),
        false => format!("[[on]]\nchip = \"small-chip\"\n{}", lines(says.on_chip)),
    };
    format!(
        "name = \"small-software\"\ntitle = \"Small software\"\n{}{}\
         [scheduler]\n{}{on}",
        lines(&must),
        lines(says.all),
        lines(&[("tokens_per_step", "32"), ("calls_per_step", "4")]),
    )
}

/// The small machine with software that says this, without some of its own lines.
fn catalogue(says: Says<'_>, without: &[(&str, &str)]) -> Catalogue {
    let mut text = Small::default().machine_text();
    for (key, value) in without {
        let line = format!("{key} = {}\n", known(value));
        assert!(text.contains(&line), "`{line}` is not there");
        text = text.replacen(&line, "", 1);
    }
    let text = text.replacen("host_cpu", "software = \"small-software\"\nhost_cpu", 1);
    Small::default()
        .catalogue()
        .with_text(ProfileKind::Software, "small-software", software(says))
        .with_text(ProfileKind::Machine, "small", text)
}

/// All that a machine may leave to its software.
const LEFT_OUT: [(&str, &str); 4] = [
    ("front_end_seconds", "5e-3"),
    ("tokens_per_step", "64"),
    ("calls_per_step", "8"),
    ("host_step_seconds", "0"),
];

fn deployed(says: Says<'_>) -> Deployment {
    catalogue(says, &LEFT_OUT).deploy("small", None).unwrap()
}

fn seconds(deployment: &Deployment, part: Part, work: &Work) -> f64 {
    let mut seconds = 0.0;
    deployment.writer().cost.terms(work, &mut |term| {
        seconds += if term.part == part { term.seconds } else { 0.0 };
    });
    seconds
}

fn writing(deployment: &Deployment, chats: u64) -> Work {
    let mut work = Work::new(&deployment.model);
    (0..chats).for_each(|_| work.add_decode(10));
    work
}

#[test]
fn what_a_machine_leaves_out_is_its_softwares() {
    let own = deployed(Says::default());
    assert_eq!(own.front_end.span(0, Span::ZERO).as_nanos(), 7_000_000);
    assert_eq!((own.tokens_per_step, own.calls_per_step), (32, 4));
    let host = seconds(&own, Part::Host, &writing(&own, 4));
    assert!((host - 2e-3).abs() < 1e-12, "{host}");
    let machines = catalogue(Says::default(), &[]).deploy("small", None).unwrap();
    assert_eq!(
        machines.front_end.span(0, Span::ZERO).as_nanos(),
        5_000_000,
        "the machine's own goes before"
    );
    assert_eq!((machines.tokens_per_step, machines.calls_per_step), (64, 8));
    assert_eq!(seconds(&machines, Part::Host, &writing(&machines, 4)), 0.0);
}

#[test]
fn a_chips_section_goes_before_the_rest_of_the_software() {
    let all = Says { all: &[("kernel_factor", "3")], on_chip: &[] };
    let own = Says { on_chip: &[("kernel_factor", "2"), ("front_end_seconds", "1e-3")], ..all };
    let kernels =
        |deployment: &Deployment| seconds(deployment, Part::Kernels, &writing(deployment, 1));
    assert_eq!(kernels(&deployed(all)), 3e-3);
    assert_eq!(kernels(&deployed(own)), 2e-3);
    assert_eq!(deployed(own).front_end.span(0, Span::ZERO).as_nanos(), 1_000_000);
}

#[test]
fn a_chip_has_the_section_of_the_nearest_chip_that_it_inherits_from() {
    let text = software(Says { on_chip: &[("kernel_factor", "2")], ..Says::default() });
    let software: Software = toml::from_str(&text).unwrap();
    let factor = |lineage: &[&str]| {
        let lineage: Vec<String> = lineage.iter().map(|chip| (*chip).to_owned()).collect();
        let on_chip = software.on_chip(&lineage);
        let figure = on_chip.figure("kernel_factor");
        figure.map(|(figure, key)| (figure.value.unwrap(), key))
    };
    let own = Some((2.0, "on.small-chip.kernel_factor".to_owned()));
    assert_eq!(factor(&["variant", "small-chip"]), own);
    assert_eq!(factor(&["another-chip"]), None);
}

/// √4 × 1 ms, 4 × 2 ms and 3 ms.
#[test]
fn the_host_works_for_each_step_and_for_each_chat() {
    let says = [("host_call_seconds", "2e-3"), ("host_fixed_seconds", "3e-3")];
    let deployment = deployed(Says { all: &says, on_chip: &[] });
    let host = seconds(&deployment, Part::Host, &writing(&deployment, 4));
    assert!((host - 13e-3).abs() < 1e-12, "{host}");
    let point = OperatingPoint { input_tokens: 1, context_tokens: 10, batch: 4 };
    let explained = explain(&deployment, &point);
    let line = explained.decode.terms.iter().find(|term| term.part == Part::Host).unwrap();
    assert_eq!(line.basis, "1.00 ms × √4 + 2.00 ms × 4 + 3.00 ms");
    assert!(explained.to_string().contains("serving: small-software, policy fcfs"));
}

/// On a chip whose arithmetic takes time, a prompt's counts for more, and a reply's does not.
#[test]
fn the_arithmetic_of_prompts_takes_a_factor_more() {
    let slow = |says| {
        let catalogue = catalogue(says, &LEFT_OUT);
        let chip = catalogue.text(ProfileKind::Chip, "small-chip").unwrap().replacen(
            "bf16_flops_per_second = { value = 1e30",
            "bf16_flops_per_second = { value = 1e6",
            1,
        );
        catalogue.with_text(ProfileKind::Chip, "small-chip", chip).deploy("small", None).unwrap()
    };
    let (plain, slower) =
        (slow(Says::default()), slow(Says { all: &[("prefill_factor", "3")], on_chip: &[] }));
    let mut reading = Work::new(&plain.model);
    reading.add_prefill(0, 16, true);
    for part in [Part::Linear, Part::Attention] {
        let (one, three) = (seconds(&plain, part, &reading), seconds(&slower, part, &reading));
        assert!((three / one - 3.0).abs() < 1e-9, "{part:?}: {one} {three}");
        let writing = writing(&plain, 3);
        assert_eq!(seconds(&plain, part, &writing), seconds(&slower, part, &writing));
    }
    let mut both = reading.clone();
    both.add_decode(10);
    let linear = |deployment| seconds(deployment, Part::Linear, &both);
    assert!((linear(&slower) / linear(&plain) - 49.0 / 17.0).abs() < 1e-9);
}

#[test]
fn each_layer_of_a_step_that_reads_is_begun_by_the_host() {
    let says = [("prefill_layer_seconds", "1e-3")];
    let (plain, begun) = (deployed(Says::default()), deployed(Says { all: &says, on_chip: &[] }));
    let mut reading = Work::new(&plain.model);
    reading.add_prefill(0, 16, true);
    let kernels = |deployment, work| seconds(deployment, Part::Kernels, work);
    let layers: u64 = plain.model.layers.iter().map(|layers| layers.count).sum();
    let more = kernels(&begun, &reading) - kernels(&plain, &reading);
    assert!((more - 1e-3 * layers as f64).abs() < 1e-12, "{more} for {layers} layers");
    let writing = writing(&plain, 3);
    assert_eq!(kernels(&begun, &writing), kernels(&plain, &writing));
}

#[test]
fn estimates_of_the_software_are_named() {
    let estimate =
        |value: &str| known(value).replace("confidence = \"high\"", "confidence = \"estimate\"");
    let text = software(Says { on_chip: &[("kernel_factor", "2")], ..Says::default() });
    let text = text.replace(&known("2"), &estimate("2")).replace(&known("7e-3"), &estimate("7e-3"));
    let catalogue = catalogue(Says::default(), &LEFT_OUT);
    let catalogue = catalogue.with_text(ProfileKind::Software, "small-software", text);
    let estimates = catalogue.deploy("small", None).unwrap().estimates;
    let expected = [
        "small-software.front_end_seconds",
        "small-software.on.small-chip.kernel_factor",
        "vera-cpu.host.ns_per_fuel",
    ];
    assert_eq!(estimates, expected);
}

#[test]
fn the_digest_covers_the_software() {
    let digest = |catalogue: Catalogue| catalogue.deploy("small", None).unwrap().digest;
    let before = digest(catalogue(Says::default(), &LEFT_OUT));
    let other = Says { all: &[("kernel_factor", "3")], on_chip: &[] };
    assert_ne!(digest(catalogue(other, &LEFT_OUT)), before);
    let unused = catalogue(Says::default(), &LEFT_OUT).with_text(
        ProfileKind::Software,
        "vllm",
        String::new(),
    );
    assert_eq!(digest(unused), before);
}

#[test]
fn software_that_is_not_there_or_does_not_fit_is_told() {
    let text = Small::default().machine_text();
    let text = text.replacen("host_cpu", "software = \"vlm\"\nhost_cpu", 1);
    let unknown = Small::default().catalogue().with_text(ProfileKind::Machine, "small", text);
    insta::assert_snapshot!(unknown.deploy("small", None).unwrap_err(), @"machines/small.toml:4: there is no software `vlm`; did you mean `vllm`?");
    let fewer_tokens = catalogue(Says::default(), &[("calls_per_step", "8")]);
    let text = fewer_tokens
        .text(ProfileKind::Machine, "small")
        .unwrap()
        .replace(&known("64"), &known("2"));
    let fewer_tokens = fewer_tokens.with_text(ProfileKind::Machine, "small", text);
    insta::assert_snapshot!(fewer_tokens.deploy("small", None).unwrap_err(), @"a step of `small` has at most 4 chats and 2 tokens, one of which `small-software` says; each chat of a step passes at least one token, so give both in [scheduler]");
    let elsewhere = software(Says { on_chip: &[("kernel_factor", "2")], ..Says::default() });
    let elsewhere = elsewhere.replace("small-chip", "small-chap");
    let catalogue = Small::default().catalogue();
    let catalogue = catalogue.with_text(ProfileKind::Software, "small-software", elsewhere);
    let problems: Vec<String> =
        catalogue.validate().problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(problems.join("\n"), @"software/small-software.toml:9: there is no chip `small-chap`; did you mean `small-chip`?");
}

/// What the built-in software says is used on the built-in machines.
#[test]
fn built_in_machines_can_be_served_by_the_built_in_software() {
    let catalogue = Catalogue::built_in();
    let machine = catalogue.text(ProfileKind::Machine, "h200-8").unwrap();
    for name in ["vllm", "sglang", "trtllm"] {
        let named = machine.replacen("software = \"vllm\"", &format!("software = \"{name}\""), 1);
        let served = catalogue.clone().with_text(ProfileKind::Machine, "h200-8", named);
        let deployment = served.deploy("h200-8", None).unwrap();
        assert_eq!(deployment.software.as_deref(), Some(name));
        let own = format!("{name}.scheduler.calls_per_step");
        assert!(deployment.estimates.contains(&own), "{own}");
    }
}
