//! `timeslip serve`: modelled machines as an OpenAI-compatible server, or agents as a server of tasks.

mod agents;
pub(crate) mod args;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use timeslip_serve::{ServedMachine, Server, Settings, Voice};
use timeslip_sim::deployment::Deployment;

use crate::bench::{Bench, LoadedWords, MachineChoice, Overrides};
use crate::exit::{Exit, Failure};
use crate::hardware::catalogue;
use crate::interrupt;
use crate::live::args::LiveArgs;
use crate::output::print;
use crate::run::available_threads;
use crate::stage;
use args::{ServeArgs, Speed};

/// What a server serves.
struct Plan {
    deployments: Vec<Deployment>,
    words: LoadedWords,
    voice: Voice,
    seed: u64,
}

/// Serves until it is interrupted.
pub(crate) fn serve(args: &ServeArgs) -> Result<Exit, Failure> {
    match &args.agents {
        Some(bench) => agents::serve(args, bench),
        None => serve_machines(args),
    }
}

fn serve_machines(args: &ServeArgs) -> Result<Exit, Failure> {
    let Speed::Times(speed) = args.speed else {
        return Err(Failure::usage(
            "--speed max goes with --agents: clients of a machine come by the clock\n  fix: give a \
             number, as in --speed 100x",
        ));
    };
    let plan = match &args.bench {
        Some(_) => of_bench(args)?,
        None => of_arguments(args)?,
    };
    check_apart(&plan.deployments)?;
    let about = about(&plan, speed);
    let settings = Settings {
        listen: args.listen,
        speed,
        keys: keys(args)?,
        faults: args.fault.clone(),
        seed: plan.seed,
        threads: args.threads.map_or_else(available_threads, usize::from),
        limits: args.limits.limits(),
    };
    let machines = plan.deployments.iter().map(|deployment| ServedMachine {
        name: deployment.machine.as_str().into(),
        model: deployment.model.name.as_str().into(),
        backend: stage::modelled(deployment, None),
    });
    interrupt::watch();
    let server = Server::start(machines.collect(), plan.voice, settings).map_err(Failure::run)?;
    about(args.json, server.address())?;
    interrupt::wait();
    eprintln!("stopping; requests under way may go on for {:?}", args.limits.grace);
    match server.stop(args.limits.grace) {
        true => Ok(Exit::Pass),
        false => {
            Err(Failure::run("some requests were cut off, since they took longer than --grace"))
        }
    }
}

/// What a bench says, with what the command line says in its place.
fn of_bench(args: &ServeArgs) -> Result<Plan, Failure> {
    let overrides = Overrides {
        on: args.on.iter().map(|on| with_model(on, args)).collect(),
        seed: args.seed,
        profiles: args.profiles.clone(),
        live: LiveArgs::default(),
        ..Overrides::default()
    };
    let bench = Bench::load(args.bench.as_deref(), &overrides)?;
    let deployments = stage::deploy(&bench, &bench.machines)?;
    let voice = words::voice(&bench.words, &bench.tokenizer)?;
    Ok(Plan { deployments, voice, seed: bench.seed, words: bench.words })
}

/// What the command line says alone.
fn of_arguments(args: &ServeArgs) -> Result<Plan, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let deploy = |on: &String| {
        let MachineChoice { machine, model, place } =
            MachineChoice::parse(&with_model(on, args), "--on".to_owned());
        let deployed = catalogue.deploy(&machine, model.as_deref());
        deployed.map_err(|error| Failure::usage(format!("{place}: {error}")))
    };
    let deployments = args.on.iter().map(deploy).collect::<Result<Vec<Deployment>, Failure>>()?;
    let tokenizer = Arc::new(words::tokenizer(args.tokenizer.as_deref())?);
    let seed = args.seed.unwrap_or(0);
    let words = words::load(args, seed, &tokenizer)?;
    let voice = words::voice(&words, &tokenizer)?;
    Ok(Plan { deployments, words, voice, seed })
}

fn with_model(on: &str, args: &ServeArgs) -> String {
    match &args.model {
        Some(model) if !on.contains(':') => format!("{on}:{model}"),
        _ => on.to_owned(),
    }
}

/// Two machines of one name and model could not be told apart.
fn check_apart(deployments: &[Deployment]) -> Result<(), Failure> {
    for (place, one) in deployments.iter().enumerate() {
        let is_same =
            |other: &Deployment| other.machine == one.machine && other.model.name == one.model.name;
        if deployments[..place].iter().any(is_same) {
            return Err(Failure::usage(format!(
                "--on: `{}` serves `{}` twice, and requests could not tell which\n  fix: name it \
                 once, or give it another model, as MACHINE:MODEL",
                one.machine, one.model.name
            )));
        }
    }
    Ok(())
}

fn keys(args: &ServeArgs) -> Result<Vec<String>, Failure> {
    let Some(file) = &args.api_keys else {
        return Ok(Vec::new());
    };
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("--api-keys: cannot read {}: {error}", file.display()))
    })?;
    let keys: Vec<String> =
        text.lines().map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect();
    match keys.is_empty() {
        true => Err(Failure::usage(format!(
            "--api-keys: {} has no key\n  fix: write one a line",
            file.display()
        ))),
        false => Ok(keys),
    }
}

/// Prints what is served, once it is known where.
fn about(plan: &Plan, speed: f64) -> impl Fn(bool, SocketAddr) -> Result<(), Failure> + use<> {
    let machines: Vec<(String, String)> =
        plan.deployments.iter().map(|one| (one.machine.clone(), one.model.name.clone())).collect();
    let (used, note) = (plan.words.used(), plan.words.note());
    move |as_json, address| {
        if as_json {
            let named = |(name, model): &(String, String)| json!({"name": name, "model": model});
            let line = json!({
                "listening": format!("http://{address}"),
                "speed": speed,
                "machines": machines.iter().map(named).collect::<Vec<_>>(),
                "words": used,
            });
            return print(&format!("{line}\n"));
        }
        let mut text = format!("serving on http://{address}/v1, modelled time at {speed}x\n");
        let wide = machines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, model) in &machines {
            text += &format!("  {name:wide$}  {model}\n");
        }
        print(&format!("{text}words: {note}\n"))
    }
}
