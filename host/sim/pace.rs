//! A machine that is faster or slower than its chips' figures say, as its file asks for.

use crate::cost::{PacedCost, StepModel};
use crate::deployment::{DeployedLink, DeployedPool};
use crate::ledger::Ledger;
use crate::profile::{Figure, MachineProfile};

/// Makes steps and transfers as much faster or slower as the machine's `speed` says.
pub(crate) fn paced(
    machine: &MachineProfile,
    pools: &mut [DeployedPool],
    link: Option<DeployedLink>,
    ledger: &Ledger,
) -> Option<DeployedLink> {
    let Some(speed) = &machine.speed else { return link };
    let factor = |key: &str, figure: &Option<Figure>| {
        let known = figure.as_ref().and_then(|one| ledger.known(one, &machine.name, key));
        known.unwrap_or(1.0)
    };
    let prefill = factor("speed.prefill", &speed.prefill);
    let decode = factor("speed.decode", &speed.decode);
    let transfer = factor("speed.transfer", &speed.transfer);
    for pool in pools {
        let inner = pool.cost.clone();
        pool.cost = StepModel::Paced(Box::new(PacedCost { inner, prefill, decode }));
    }
    link.map(|link| DeployedLink {
        bytes_per_second: link.bytes_per_second * transfer,
        latency_seconds: link.latency_seconds / transfer,
        ..link
    })
}

#[cfg(test)]
mod tests {
    use crate::catalogue::{Catalogue, ProfileKind};
    use crate::cost::Work;
    use crate::deployment::Deployment;

    fn variant(of: &str, speed: &str) -> Deployment {
        let figure = |value: &str| {
            format!(
                "{{ value = {value}, source = \"a test\", date = \"2026\", confidence = \"low\" }}"
            )
        };
        let mut text = format!("inherits = \"{of}\"\nname = \"fast\"\n[speed]\n");
        for line in speed.lines() {
            let (key, value) = line.split_once('=').expect("a key and a value");
            text += &format!("{key} = {}\n", figure(value));
        }
        let catalogue = Catalogue::built_in().with_text(ProfileKind::Machine, "fast", text);
        catalogue.deploy("fast", None).unwrap()
    }

    #[test]
    fn steps_that_write_and_steps_that_read_have_speeds_of_their_own() {
        let plain = Catalogue::built_in().deploy("h200-8", None).unwrap();
        let fast = variant("h200-8", "decode=2.0\nprefill=0.5");
        let mut reads = Work::new(&plain.model);
        reads.add_prefill(0, 100, true);
        let mut writes = Work::new(&plain.model);
        writes.add_decode(100);
        let seconds = |deployment: &Deployment, work| deployment.writer().cost.seconds(work);
        assert_eq!(seconds(&fast, &writes), seconds(&plain, &writes) / 2.0);
        assert_eq!(seconds(&fast, &reads), seconds(&plain, &reads) * 2.0);
    }

    #[test]
    fn a_link_at_twice_the_speed_takes_half_the_time() {
        let plain = Catalogue::built_in().deploy("rubin-groq3", None).unwrap();
        let fast = variant("rubin-groq3", "transfer=2.0");
        let seconds =
            |deployment: &Deployment| deployment.link.as_ref().unwrap().transfer_seconds(1e9).1;
        assert_eq!(seconds(&fast), seconds(&plain) / 2.0);
    }
}
