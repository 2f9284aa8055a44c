//! What single built-in machines are.

use super::{Catalogue, ProfileKind};
use crate::deployment::Deployment;

/// The two racks differ in the rates that NVIDIA gives differently, and in nothing else.
#[test]
fn vera_rubin_comes_at_the_rates_of_the_datasheet_and_of_factories() {
    let catalogue = Catalogue::built_in();
    let [sheet, factory] = ["vera-rubin-nvl72", "vera-rubin-nvl72-maxlps"]
        .map(|machine| catalogue.deploy(machine, None).unwrap());
    let rates = |deployment: &Deployment| {
        let chip = &deployment.reader().chip;
        let (memory, link) = (chip.memory.as_ref().unwrap(), chip.scale_up.as_ref().unwrap());
        [&memory.bandwidth_bytes_per_second, &link.bandwidth_bytes_per_second]
            .map(|figure| figure.value.unwrap())
    };
    assert_eq!(rates(&sheet), [22e12, 1.8e12]);
    assert_eq!(rates(&factory), [19.2e12, 1.5e12]);
    assert_eq!(sheet.reader().placement, factory.reader().placement);
    assert_eq!(sheet.reader().chip.compute, factory.reader().chip.compute);
}

#[test]
fn vera_rubin_names_the_figures_behind_which_its_six_chips_stand() {
    let catalogue = Catalogue::built_in();
    for machine in ["vera-rubin-nvl72", "vera-rubin-nvl72-maxlps"] {
        let deployment = catalogue.deploy(machine, None).unwrap();
        let names: Vec<&str> = deployment.parts.iter().map(|part| &*part.name).collect();
        let expected =
            ["Rubin GPU", "Vera CPU", "NVLink 6 switch", "ConnectX-9", "BlueField-4", "Spectrum-6"];
        assert_eq!(names, expected);
    }
}

#[test]
fn the_cancelled_machine_is_shown_and_refused() {
    let catalogue = Catalogue::built_in();
    let name = "vera-rubin-nvl144-cpx";
    insta::assert_snapshot!(catalogue.deploy(name, None).unwrap_err(), @r#"machine `vera-rubin-nvl144-cpx` rests on chip `rubin-cpx`, which was cancelled (SemiAnalysis newsletter, "Inference Kingdom Expands", 2026-03-24), so nothing is timed on it; `timeslip hardware show vera-rubin-nvl144-cpx` shows what was published"#);
    assert!(catalogue.figures(ProfileKind::Machine, name).is_ok());
}

#[test]
fn a_machine_whose_speed_nobody_publishes_is_an_estimate_as_a_whole() {
    let catalogue = Catalogue::built_in();
    for (machine, chip) in [("ai200-8", "ai200"), ("ai250-8", "ai250")] {
        let estimates = catalogue.deploy(machine, None).unwrap().estimates;
        assert_eq!(estimates[0], format!("{chip} (the whole chip)"));
    }
}
