//! Two slips that hold the laws, compared: whatever they say, the costs of their changes sum to the
//! difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_gate::attribute::{NamedMachine, attribute};
use timeslip_gate::laws::breaches;
use timeslip_gate::slip::Slip;
use timeslip_gate::tolerance::Tolerance;
use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::engine::ModelledMachine;

fuzz_target!(|texts: (&str, &str)| {
    let slip = |text| Slip::parse("fuzz.json", text).ok().filter(|slip| breaches(slip).is_empty());
    let (Some(before), Some(now)) = (slip(texts.0), slip(texts.1)) else { return };
    let deployment = Catalogue::built_in().deploy("h200-8", None).expect("it is built in");
    let mut machines = || {
        vec![NamedMachine {
            name: "h200-8".into(),
            model: deployment.model.name.as_str().into(),
            backend: Box::new(ModelledMachine::new(deployment.clone())),
        }]
    };
    let found = attribute(&before, &now, &mut machines, &Tolerance::default());
    let sum: i64 = found.changes.iter().map(|change| change.cost.time_ns).sum();
    assert_eq!(sum, found.time_difference_ns);
});
