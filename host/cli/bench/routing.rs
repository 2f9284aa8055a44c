//! What a bench says of machines that serve the same model: `[routing]` and `[[routing.tier]]`.

use timeslip_timeline::conversation::nearest;
use timeslip_timeline::price::TokenPrice;
use timeslip_timeline::route::{EXPECTED_OUTPUT_TOKENS, RoutePolicy, Routing};

use super::file::{BenchFile, PolicyKey, RoutingTable};
use super::load::DEFAULT_MACHINE;
use super::price::price;
use super::resolve::Reader;
use super::{MachineChoice, Task};
use crate::exit::Failure;

/// How a bench's chats find their machines.
#[derive(Clone, Debug, Default)]
pub(crate) struct BenchRouting {
    /// What decides.
    pub(crate) rules: Routing,
    /// The tiers, in the order of the file.
    pub(crate) tiers: Vec<Tier>,
}

/// Machines that are offered together.
#[derive(Clone, Debug)]
pub(crate) struct Tier {
    /// The name.
    pub(crate) name: String,
    /// The machines' names.
    pub(crate) machines: Vec<String>,
    /// What its tokens cost; without, a chat costs its share of the machine.
    pub(crate) price: Option<TokenPrice>,
}

impl BenchRouting {
    /// The tier that a machine stands in.
    pub(crate) fn tier_of(&self, machine: &str) -> Option<&Tier> {
        self.tiers.iter().find(|tier| tier.machines.iter().any(|name| name == machine))
    }

    /// Whether several machines may serve one model.
    pub(crate) fn chooses(&self) -> bool {
        self.rules.policy != RoutePolicy::ByModel
    }
}

/// Reads what a bench says of routing, and holds the tiers that its tasks name against it.
pub(super) fn routing(
    reader: &Reader<'_>,
    file: &BenchFile,
    tasks: &[Task],
) -> Result<BenchRouting, Failure> {
    let table = &file.routing;
    let tiers = tiers(reader, file)?;
    check_policy(reader, table)?;
    let known = |name: &str| match tiers.iter().any(|tier| tier.name == name) {
        true => Ok(()),
        false => Err(unknown_tier(reader, name, &tiers)),
    };
    table.default_tier.as_deref().map_or(Ok(()), known)?;
    for tier in tasks.iter().filter_map(|task| task.tier.as_deref()) {
        known(tier)?;
    }
    if table.expected_output_tokens == Some(0) {
        let problem = "`expected_output_tokens` must be at least 1";
        return Err(reader.wrong("expected_output_tokens", problem));
    }
    Ok(BenchRouting {
        rules: Routing {
            policy: policy(table),
            default_tier: table.default_tier.as_deref().map(Into::into),
            expected_output_tokens: table.expected_output_tokens.unwrap_or(EXPECTED_OUTPUT_TOKENS),
        },
        tiers,
    })
}

fn policy(table: &RoutingTable) -> RoutePolicy {
    match table.policy {
        PolicyKey::Model => RoutePolicy::ByModel,
        PolicyKey::Tier => RoutePolicy::ByTier,
        PolicyKey::DeadlineAndBudget => RoutePolicy::ByDeadlineAndBudget,
    }
}

/// A policy and the tables that go with it.
fn check_policy(reader: &Reader<'_>, table: &RoutingTable) -> Result<(), Failure> {
    let fails = |key: &str, problem: &str, fix: &str| {
        Err(reader.wrong(key, &format!("{problem}\n  fix: {fix}")))
    };
    match (table.policy, table.tier.is_empty()) {
        (PolicyKey::Model, false) => fails(
            "[[routing.tier]]",
            "the policy `by_model` reads no tiers",
            "add `policy = \"by_tier\"` or `policy = \"by_deadline_and_budget\"` to [routing]",
        ),
        (PolicyKey::Tier, true) => fails(
            "policy",
            "the policy `by_tier` needs tiers",
            "add a [[routing.tier]] with `name` and `machines`",
        ),
        (PolicyKey::Tier, false) if table.default_tier.is_none() => fails(
            "policy",
            "the policy `by_tier` needs a tier for chats that name none",
            "add `default_tier = \"NAME\"` to [routing]",
        ),
        _ => Ok(()),
    }
}

fn tiers(reader: &Reader<'_>, file: &BenchFile) -> Result<Vec<Tier>, Failure> {
    let mut tiers: Vec<Tier> = Vec::new();
    for table in &file.routing.tier {
        let place = || place_of_tier(reader, &table.name);
        if tiers.iter().any(|tier| tier.name == table.name) {
            let problem = format!("two tiers are named `{}`; give one another name", table.name);
            return Err(Failure::usage(format!("{}: {problem}", place())));
        }
        if table.machines.is_empty() {
            let problem = format!("the tier `{}` has no machines; name some", table.name);
            return Err(Failure::usage(format!("{}: {problem}", place())));
        }
        for machine in &table.machines {
            check_machine(reader, file, machine)?;
            let holds = |tier: &&Tier| tier.machines.contains(machine);
            if let Some(other) = tiers.iter().find(holds) {
                return Err(Failure::usage(format!(
                    "{}: `{machine}` stands in the tiers `{}` and `{}`; a machine stands in one",
                    place(),
                    other.name,
                    table.name
                )));
            }
        }
        let (name, machines) = (table.name.clone(), table.machines.clone());
        let prices = [
            table.usd_per_million_input_tokens,
            table.usd_per_million_cached_input_tokens,
            table.usd_per_million_output_tokens,
        ];
        let price = price(&place(), &format!("the tier `{name}`"), prices)?;
        tiers.push(Tier { name, machines, price });
    }
    Ok(tiers)
}

/// A tier's machine is one of the bench's.
fn check_machine(reader: &Reader<'_>, file: &BenchFile, machine: &str) -> Result<(), Failure> {
    let choice = |on: &String| MachineChoice::parse(on, String::new()).machine;
    let mut known: Vec<String> = file.machines.iter().map(choice).collect();
    if known.is_empty() {
        known.push(DEFAULT_MACHINE.to_owned());
    }
    if known.iter().any(|name| name == machine) {
        return Ok(());
    }
    let near = nearest(machine, known.iter().map(String::as_str));
    let fix = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("add \"{machine}\" to `machines`"),
    };
    Err(Failure::usage(format!(
        "{}: `machines` of the bench has no `{machine}`\n  fix: {fix}",
        reader.text.place_of(machine)
    )))
}

/// The line that names a tier in its own table; other lines may hold the same text.
fn place_of_tier(reader: &Reader<'_>, name: &str) -> String {
    let lines = (1..).zip(reader.text.text.lines());
    let mut tier = lines.skip_while(|(_, line)| !line.trim_start().starts_with("[[routing.tier]]"));
    let quoted = [format!("\"{name}\""), format!("'{name}'")];
    let names = |line: &str| {
        let is_key = line.trim_start().starts_with("name");
        is_key && quoted.iter().any(|quoted| line.contains(quoted.as_str()))
    };
    match tier.find(|(_, line)| names(line)) {
        Some((number, _)) => format!("{}:{number}", reader.text.file),
        None => reader.text.place_of(name),
    }
}

fn unknown_tier(reader: &Reader<'_>, name: &str, tiers: &[Tier]) -> Failure {
    let known = || tiers.iter().map(|tier| tier.name.as_str());
    let hint = match nearest(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if tiers.is_empty() => "the bench has no [[routing.tier]]".to_owned(),
        None => format!("its tiers are {}", known().collect::<Vec<_>>().join(", ")),
    };
    Failure::usage(format!("{}: unknown tier `{name}`; {hint}", reader.text.place_of(name)))
}
