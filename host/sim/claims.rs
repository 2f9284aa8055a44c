//! What NVIDIA claims of Vera Rubin with Groq 3 LPX, held against what the machines of
//! `hardware-profiles/claims` say. `hardware-profiles/CLAIMS.md` has the tables; with
//! `UPDATE_CLAIMS=1` the test writes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::catalogue::{Catalogue, ProfileKind};
use crate::deployment::Deployment;
use crate::explain::{Explanation, OperatingPoint, explain};
use crate::profile::Figure;
use crate::text::count;

/// The claim's context: 400,000 tokens that are cached, and what comes after them.
const CONTEXT_TOKENS: u64 = 404_000;
/// Of one user, at which the claim is made.
const CLAIMED_SPEED: f64 = 400.0;
const BEGIN: &str = "<!-- computed: UPDATE_CLAIMS=1 cargo test -p timeslip-sim claims -->\n";
const END: &str = "<!-- end of what is computed -->\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hardware-profiles")
}

/// A machine of the comparison, how many groups write in it, and its least and most watts.
struct Rival {
    name: &'static str,
    deployment: Deployment,
    watts: [f64; 2],
}

/// The most that a machine writes while each user has a speed.
struct Best {
    chats: u64,
    tokens_per_second: f64,
    explanation: Explanation,
}

impl Rival {
    fn at(&self, batch: u64) -> Explanation {
        let (input_tokens, context_tokens) = (CONTEXT_TOKENS, CONTEXT_TOKENS);
        explain(&self.deployment, &OperatingPoint { input_tokens, context_tokens, batch })
    }

    fn most_chats(&self) -> u64 {
        let placement = &self.deployment.writer().placement;
        placement.blocks / placement.blocks_for(CONTEXT_TOKENS)
    }

    /// The largest batch of a group in which each user has this speed, if there is any: steps with
    /// more chats are never shorter.
    fn best(&self, speed: f64) -> Option<Best> {
        let meets = |batch| self.at(batch).tokens_per_second_per_user >= speed;
        let (mut fits, mut fails) = (0, self.most_chats() + 1);
        while fails - fits > 1 {
            let middle = fits + (fails - fits) / 2;
            if meets(middle) { fits = middle } else { fails = middle }
        }
        let explanation = (fits > 0).then(|| self.at(fits))?;
        let groups = self.deployment.writer().replicas as f64;
        let tokens_per_second = groups * explanation.tokens_per_second_per_group;
        Some(Best { chats: fits, tokens_per_second, explanation })
    }

    /// Tokens a second for each megawatt, at the most and at the least power.
    fn per_megawatt(&self, best: &Best) -> [f64; 2] {
        let [least, most] = self.watts;
        [best.tokens_per_second / most * 1e6, best.tokens_per_second / least * 1e6]
    }
}

fn watts() -> BTreeMap<String, f64> {
    let file = folder().join("claims/rack-watts.toml");
    let text = std::fs::read_to_string(file).expect("the racks' power is there");
    let figures: BTreeMap<String, Figure> = toml::from_str(&text).expect("they are figures");
    figures.into_iter().map(|(name, figure)| (name, figure.value.expect("is known"))).collect()
}

fn claimed() -> Catalogue {
    Catalogue::built_in().with_folder(&folder().join("claims")).unwrap()
}

/// The same, with what serving software reaches on Rubin taken from GB200, whose software is not
/// that of pilot parts.
fn with_ripe_software() -> Catalogue {
    let catalogue = claimed();
    let gb200 = catalogue.text(ProfileKind::Chip, "claim-gb200").unwrap();
    let mut rubin = catalogue.text(ProfileKind::Chip, "rubin").unwrap().to_owned();
    for key in [
        "latency.layer_seconds",
        "latency.expert_seconds",
        "scale_up.collective_seconds",
        "achieved.weight_read_fraction",
        "achieved.expert_read_fraction",
        "achieved.kv_read_fraction",
        "achieved.expert_fraction",
    ] {
        rubin = rubin.replace(section(&rubin.clone(), key), section(gb200, key));
    }
    catalogue.with_text(ProfileKind::Chip, "rubin", rubin)
}

/// The text of one figure of a profile.
fn section<'a>(text: &'a str, key: &str) -> &'a str {
    let begin = text.find(&format!("[{key}]")).expect("the figure is there");
    let end = text[begin..].find("\n\n").map_or(text.len(), |length| begin + length);
    &text[begin..end]
}

/// GB200, Rubin alone, and Rubin with LPX as one chain for all of its groups.
fn rivals(catalogue: &Catalogue) -> [Rival; 3] {
    let watts = watts();
    let rival = |name: &'static str, machine, nvl72: [f64; 2], racks: [f64; 2]| {
        let deployment = catalogue.deploy(machine, None).unwrap();
        let lpx = [watts["lpx_least"], watts["lpx_most"]];
        let watts = [0, 1].map(|end| racks[0] * nvl72[end] + racks[1] * lpx[end]);
        Rival { name, deployment, watts }
    };
    let blackwell = [watts["gb200_nvl72"]; 2];
    let rubin = [watts["rubin_nvl72_least"], watts["rubin_nvl72_most"]];
    [
        rival("GB200 NVL72", "claim-gb200-nvl72", blackwell, [1.0, 0.0]),
        rival("Rubin NVL72", "claim-rubin-nvl72", rubin, [1.0, 0.0]),
        rival("26 Rubin NVL72 + 16 LPX", "claim-rubin-lpx-afd", rubin, [26.0, 16.0]),
    ]
}

/// Tokens a second for each megawatt by the speed of one user.
fn megawatts(rivals: &[Rival; 3]) -> String {
    let mut text = String::from(
        "| tokens/s of one user | machine | chats of a group | tokens/s/MW | against GB200 |\n\
         |---|---|---|---|---|\n",
    );
    for speed in [50.0, 100.0, 200.0, 300.0, 350.0, 400.0, 500.0, 600.0] {
        let base = rivals[0].best(speed).map(|best| rivals[0].per_megawatt(&best));
        for rival in rivals {
            let Some(best) = rival.best(speed) else {
                writeln!(text, "| {speed} | {} | none is as fast | | |", rival.name).unwrap();
                continue;
            };
            let [least, most] = rival.per_megawatt(&best);
            let range = |least: String, most: String| match least == most {
                true => least,
                false => format!("{least} to {most}"),
            };
            let tokens = range(count(least as u64), count(most as u64));
            let ratio = base.map_or("it cannot".to_owned(), |base| {
                range(format!("{:.1}×", least / base[1]), format!("{:.1}×", most / base[0]))
            });
            let chats = best.chats;
            writeln!(text, "| {speed} | {} | {chats} | {tokens} | {ratio} |", rival.name).unwrap();
        }
    }
    text
}

/// What the ratio at the claim's speed is made of: groups for each megawatt, chats of a group, and
/// the speed of a chat, of Rubin with LPX against GB200.
fn factors() -> String {
    let mut text = String::from(
        "| software on Rubin | groups/MW | chats of a group | tokens/s of a chat | tokens/s/MW |\n\
         |---|---|---|---|---|\n",
    );
    for (software, catalogue) in
        [("as on pilot parts", claimed()), ("as ripe as GB200's", with_ripe_software())]
    {
        let [base, _, both] = rivals(&catalogue);
        let (Some(old), Some(new)) = (base.best(CLAIMED_SPEED), both.best(CLAIMED_SPEED)) else {
            writeln!(text, "| {software} | | | | one of them is not as fast |").unwrap();
            continue;
        };
        let middle = |rival: &Rival| (rival.watts[0] + rival.watts[1]) / 2e6;
        let groups = |rival: &Rival| rival.deployment.writer().replicas as f64 / middle(rival);
        let speed = |best: &Best| best.explanation.tokens_per_second_per_user;
        let factors: [f64; 3] = [
            groups(&both) / groups(&base),
            new.chats as f64 / old.chats as f64,
            speed(&new) / speed(&old),
        ];
        writeln!(
            text,
            "| {software} | {:.2}× | {:.1}× | {:.2}× | {:.1}× |",
            factors[0],
            factors[1],
            factors[2],
            factors.iter().product::<f64>()
        )
        .unwrap();
    }
    text
}

/// The step of each machine where one chat is alone, and where users have the claim's speed.
fn parts(rivals: &[Rival; 3]) -> String {
    let mut text = String::from(
        "| machine | chats | step | tokens of a step | its parts |\n|---|---|---|---|---|\n",
    );
    for rival in rivals {
        let claimed = rival.best(CLAIMED_SPEED).map(|best| best.explanation);
        for explanation in std::iter::once(rival.at(1)).chain(claimed) {
            let step = &explanation.decode;
            let terms = step.terms.iter().filter(|term| term.seconds > 0.0);
            let terms: Vec<String> = terms
                .map(|term| format!("{} {:.2} ms", term.part.word(), term.seconds * 1e3))
                .collect();
            let (chats, milliseconds) = (explanation.point.batch, step.seconds * 1e3);
            let written = explanation.tokens_per_reply;
            writeln!(
                text,
                "| {} | {chats} | {milliseconds:.2} ms | {written:.2} | {} |",
                rival.name,
                terms.join(", ")
            )
            .unwrap();
        }
    }
    text
}

/// The speed of one chat that is alone, writing one token a step and with a layer that proposes
/// more. Where a small model proposes, there is no other way.
fn speeds(machine: &str) -> (Option<f64>, f64) {
    let catalogue = claimed();
    let of = |catalogue: &Catalogue| {
        let deployment = catalogue.deploy(machine, None).unwrap();
        let (input_tokens, context_tokens) = (CONTEXT_TOKENS, CONTEXT_TOKENS);
        let point = OperatingPoint { input_tokens, context_tokens, batch: 1 };
        explain(&deployment, &point).tokens_per_second_per_user
    };
    let proposing = of(&catalogue);
    let text = catalogue.text(ProfileKind::Machine, machine).unwrap();
    if text.contains("role = \"draft\"") {
        return (None, proposing);
    }
    let (before, rest) = text.split_once("[speculation.proposed_tokens]").expect("it proposes");
    let (_, serves) = rest.split_once("[[serves]]").expect("it serves a model");
    let plain = format!("{before}[[serves]]{serves}");
    (Some(of(&catalogue.with_text(ProfileKind::Machine, machine, plain))), proposing)
}

/// One chat alone in NVIDIA's three ways to use LPX, against Rubin alone. Gives the gains over
/// Rubin alone that writes one token a step.
fn modes() -> (String, Vec<f64>) {
    let (alone, alone_proposing) = speeds("claim-rubin-nvl72");
    let alone = alone.expect("it can write one token a step");
    let mut text = format!(
        "| way | one token a step | proposing three | gain, neither proposes | both propose | \
         only with LPX | only without | projected by NVIDIA |\n\
         |---|---|---|---|---|---|---|---|\n\
         | Rubin alone | {alone:.0} | {alone_proposing:.0} | 1× | 1× | | | 1× |\n"
    );
    let ways = [
        ("prefill/decode split", "claim-rubin-lpx-decode", 5.0),
        ("AFD", "claim-rubin-lpx-afd", 3.0),
        ("external drafter", "claim-rubin-lpx-draft", 3.0),
    ];
    let mut gains = Vec::new();
    for (way, machine, projected) in ways {
        let (plain, proposing) = speeds(machine);
        let cell = |value: Option<f64>, unit: &str| match value {
            Some(value) if unit.is_empty() => format!("{value:.0}"),
            Some(value) => format!("{value:.1}{unit}"),
            None => String::new(),
        };
        writeln!(
            text,
            "| {way} | {} | {proposing:.0} | {} | {:.1}× | {:.1}× | {} | {projected}× |",
            cell(plain, ""),
            cell(plain.map(|plain| plain / alone), "×"),
            proposing / alone_proposing,
            proposing / alone,
            cell(plain.map(|plain| plain / alone_proposing), "×"),
        )
        .unwrap();
        gains.push(plain.unwrap_or(proposing) / alone);
    }
    (text, gains)
}

/// NVIDIA's claims are projections, and of a model that is not published: 35 times the tokens a
/// second for each megawatt at 400 tokens/s of one user, and 3 to 5 times the speed of one user.
/// None of them is calibrated on, so what is asserted here is their order and that the file says
/// what the machines say.
#[test]
fn the_tables_of_the_claims_are_what_the_machines_say() {
    let rivals = rivals(&claimed());
    let (modes, gains) = modes();
    let computed = format!(
        "## Tokens a second for each megawatt\n\n{}\n## What the ratio is made of, at \
         {CLAIMED_SPEED} tokens/s of one user\n\n{}\n## The steps\n\n{}\n## The speed of one user\n\n{modes}",
        megawatts(&rivals),
        factors(),
        parts(&rivals)
    );
    let file = folder().join("CLAIMS.md");
    let text = std::fs::read_to_string(&file).expect("the claims are there");
    let (before, rest) = text.split_once(BEGIN).expect("a place for what is computed");
    let (known, after) = rest.split_once(END).expect("its end");
    eprintln!("{computed}");
    if std::env::var_os("UPDATE_CLAIMS").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{computed}{END}{after}")).unwrap();
    } else {
        assert_eq!(known, computed, "CLAIMS.md is old; run the test with UPDATE_CLAIMS=1");
    }
    assert!(gains.iter().all(|gain| *gain > 1.0), "each way is faster than Rubin alone: {gains:?}");
    assert!(gains[0] > gains[1], "all in SRAM is faster than across Ethernet: {gains:?}");
    let [_, rubin, both] = &rivals;
    let alone = rubin.best(CLAIMED_SPEED).map_or(0.0, |best| rubin.per_megawatt(&best)[0]);
    let together = both.best(CLAIMED_SPEED).map_or(0.0, |best| both.per_megawatt(&best)[0]);
    assert!(together > alone, "LPX pays at the claim's speed: {together} {alone}");
}
