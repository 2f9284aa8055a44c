//! `timeslip replay`: a trace, a made-up load or an earlier slip on machines, without any agent.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Instant as WallInstant;

use serde_json::{Value, json};
use timeslip_replay::arrivals::Load;
use timeslip_replay::drive::{ReplayOptions, replay as replay_source};
use timeslip_replay::figures::{CallRow, ReplayOutcome};
use timeslip_replay::hit_rate::HitRate;
use timeslip_replay::measured::{Accuracy, Both, Compared};
use timeslip_replay::source::Source;
use timeslip_replay::trace::{Format, Trace};
use timeslip_sim::deployment::Deployment;
use timeslip_timeline::backend::MachineTotals;
use timeslip_timeline::time::Span;

use super::args::ReplayArgs;
use super::objectives::{Objectives, span_flag};
use super::outages::PlannedOutage;
use super::replay_report::replay_report;
use super::replay_screen::{ReplayScreen, replay_screen};
use super::runs::{check_machines, deploy_each, replay_machines};
use super::workload::Replayed;
use crate::bands::machine_bands;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::show;

/// Replays what the arguments name.
pub(crate) fn replay(args: &ReplayArgs) -> Result<Exit, Failure> {
    show::report::check_place(args.report.as_deref())?;
    let replayed = source(args)?;
    let trace = match &replayed.source {
        Source::Trace { trace, .. } => Some(Arc::clone(trace)),
        Source::Generated(_) | Source::Slip(_) => None,
    };
    let outages = args.fail.iter().map(|text| PlannedOutage::parse(text));
    let outages = outages.collect::<Result<Vec<_>, Failure>>()?;
    let deployments = deploy_each(&replayed.catalogue, &args.on)?;
    let mut machines = replay_machines(&deployments, &outages)?;
    let options = options(args, trace.as_deref())?;
    let load = load(args, &replayed)?;
    let began = WallInstant::now();
    let outcome = replay_source(&replayed.source, load, &mut machines, &options);
    check_machines(&machines)?;
    tell_speed(&outcome, began.elapsed().as_secs_f64());
    if let Some(path) = &args.requests {
        output::write_file(path, requests_csv(args, &outcome.rows).as_bytes())?;
    }
    if let Some(path) = &args.report {
        let html = replay_report(&replayed, &outcome, &deployments);
        output::write_file(path, html.as_bytes())?;
    }
    let result = Replay {
        replayed: &replayed,
        outcome: &outcome,
        hit_rate: trace.as_deref().map(HitRate::of).filter(|rate| rate.blocks > 0),
        accuracy: trace.as_deref().and_then(|trace| Accuracy::of(trace, &outcome.rows)),
        deployments: &deployments,
    };
    let is_terminal = io::stdout().is_terminal();
    if args.json {
        output::print(&format!("{:#}\n", result.as_json()))?;
    } else if args.screen || is_terminal {
        output::print(&replay_screen(&result.as_screen()))?;
    } else {
        let summary = serde_json::to_string_pretty(&outcome.summary);
        output::print(&(summary.expect("a summary has only text keys") + "\n"))?;
    }
    Ok(Exit::Pass)
}

fn source(args: &ReplayArgs) -> Result<Replayed, Failure> {
    let profiles = args.profiles.as_deref();
    match (&args.source, &args.generate) {
        (_, Some(spec)) => Replayed::made_up(spec, args.seed, profiles),
        (Some(path), None) => {
            let format = args.format.as_deref().map(Format::of_name).transpose();
            let format = format.map_err(|error| Failure::usage(format!("--format: {error}")))?;
            Replayed::file(path, format, args.sessions, args.seed, profiles)
        }
        (None, None) => Err(Failure::usage("give a trace, a slip, or --generate SPEC")),
    }
}

fn options(args: &ReplayArgs, trace: Option<&Trace>) -> Result<ReplayOptions, Failure> {
    let timeout = args.timeout.as_deref().map(|text| span_flag("--timeout", text)).transpose()?;
    let objectives = args.slo.as_deref().map(|text| Objectives::parse(text, "--slo"));
    let objectives = objectives.transpose()?.unwrap_or_default();
    if objectives.session.is_some() {
        return Err(Failure::usage(
            "--slo: `session` is no objective of a request\n  fix: leave it out; `timeslip capacity` \
             takes it",
        ));
    }
    let is_measured = trace.is_some_and(|trace| {
        trace.sessions().first().is_some_and(|session| !trace.measured_of(session).is_empty())
    });
    Ok(ReplayOptions {
        seed: args.seed,
        timeout,
        objectives: objectives.requests,
        keep_rows: args.requests.is_some() || args.report.is_some() || is_measured,
        ..ReplayOptions::default()
    })
}

fn load(args: &ReplayArgs, replayed: &Replayed) -> Result<Load, Failure> {
    let positive = |flag: &str, value: f64| match value > 0.0 && value.is_finite() {
        true => Ok(value),
        false => Err(Failure::usage(format!("{flag} {value}: give a number above 0"))),
    };
    if let Some(speed) = args.speed {
        return Ok(Load::Recorded { speed: positive("--speed", speed)? });
    }
    if let Some(rate) = args.rate {
        let shape = args.burstiness.map_or(Ok(1.0), |shape| positive("--burstiness", shape))?;
        return Ok(Load::Random { rate: positive("--rate", rate)?, shape });
    }
    if let Some(every) = &args.every {
        return Ok(Load::Every(span_flag("--every", every)?));
    }
    if let Some(sessions) = args.at_once {
        if sessions == 0 {
            return Err(Failure::usage("--at-once 0: at least one session is there at once"));
        }
        let think = args.think.as_deref().map(|text| span_flag("--think", text)).transpose()?;
        return Ok(Load::AtOnce { sessions, think: think.unwrap_or(Span::ZERO) });
    }
    Ok(replayed.load)
}

/// A replay that is over, and what is told of it.
struct Replay<'a> {
    replayed: &'a Replayed,
    outcome: &'a ReplayOutcome,
    /// Where the trace says what prompts have in common.
    hit_rate: Option<HitRate>,
    /// Where the trace says what a real server took.
    accuracy: Option<Accuracy>,
    deployments: &'a [Deployment],
}

impl Replay<'_> {
    fn as_json(&self) -> Value {
        let load = &self.outcome.load;
        let machine = |(deployment, totals): (&Deployment, &MachineTotals)| {
            json!({
                "name": deployment.machine,
                "digest": deployment.digest,
                "model": deployment.model.name,
                "estimated": deployment.estimated(),
                "bands": machine_bands(deployment),
                "energy_j": totals.energy_j,
                "cost_usd": totals.cost_usd,
                "busy_ns": totals.busy.as_nanos(),
                "preempted": totals.incidents.preempted,
                "requeued": totals.incidents.requeued,
                "rejected_full": totals.incidents.rejected,
                "rejected_late": totals.incidents.expired,
            })
        };
        let machines = self.deployments.iter().zip(&self.outcome.machines).map(machine);
        json!({
            "source": self.replayed.name,
            "digest": self.replayed.digest,
            "seed": self.replayed.seed,
            "machines": machines.collect::<Vec<Value>>(),
            "summary": self.outcome.summary,
            "load": {
                "requests": {
                    "submitted": load.calls.submitted,
                    "completed": load.calls.completed,
                    "rejected": load.calls.rejected,
                    "timed_out": load.calls.timed_out,
                    "failed": load.calls.failed,
                    "given_up": load.calls.given_up,
                    "unfinished": load.calls.unfinished,
                    "errors": load.calls.errors,
                },
                "requests_per_second": load.requests_per_second,
                "output_tokens_per_second": load.output_tokens_per_second,
                "good_requests": load.good_requests,
                "goodput_per_second": load.goodput_per_second,
                "cached_share": load.cached_share,
                "requests_at_once_max": load.calls_at_once_max,
                "queue_ns": load.queue_ns,
                "request_e2e_ns": load.request_e2e_ns,
            },
            "infinite_cache_share": self.hit_rate.as_ref().and_then(HitRate::of_tokens),
            "measured": self.accuracy.as_ref().map(accuracy_json),
            "notes": self.outcome.notes,
        })
    }

    fn as_screen(&self) -> ReplayScreen<'_> {
        ReplayScreen {
            source: &self.replayed.name,
            deployments: self.deployments,
            outcome: self.outcome,
            infinite_cache_share: self.hit_rate.as_ref().and_then(HitRate::of_tokens),
            accuracy: self.accuracy.as_ref(),
        }
    }
}

fn accuracy_json(accuracy: &Accuracy) -> Value {
    let both = |both: &Both| json!({ "measured_ns": both.measured_ns, "replayed_ns": both.replayed_ns, "error": both.error() });
    let compared = |compared: &Option<Compared>| {
        compared.as_ref().map(|compared| {
            json!({
                "mean": both(&compared.mean),
                "p50": both(&compared.p50),
                "p90": both(&compared.p90),
                "mean_absolute_error": compared.mean_absolute_error,
            })
        })
    };
    json!({
        "requests": accuracy.requests,
        "left_out": accuracy.left_out,
        "time_to_first_token": compared(&accuracy.time_to_first_token),
        "inter_token_latency": compared(&accuracy.inter_token_latency),
        "end_to_end": compared(&accuracy.end_to_end),
    })
}

/// How fast the replay went, in wall time, which no result depends on.
fn tell_speed(outcome: &ReplayOutcome, seconds: f64) {
    let requests = outcome.load.calls.submitted;
    eprintln!(
        "{requests} requests in {seconds:.3} s of wall time: {:.0} requests per second",
        requests as f64 / seconds
    );
}

/// What became of each request, a line for each.
fn requests_csv(args: &ReplayArgs, rows: &[CallRow]) -> String {
    let mut text = String::from(
        "session,call,machine,at_ns,input_tokens,cached_input_tokens,output_tokens,queue_ns,\
         prefill_ns,transfer_ns,decode_ns,ttft_ns,e2e_ns,end,energy_j,cost_usd\n",
    );
    let known = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    for row in rows {
        let timing = &row.timing;
        writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            row.session,
            row.place,
            args.on[row.machine as usize],
            row.at.as_nanos(),
            row.input_tokens,
            row.cached_input_tokens,
            row.output_tokens,
            timing.queue.as_nanos(),
            timing.prefill.as_nanos(),
            timing.transfer.as_nanos(),
            timing.decode.as_nanos(),
            timing.time_to_first_token.as_nanos(),
            timing.end_to_end().as_nanos(),
            row.end.word(),
            known(row.energy_j),
            known(row.cost_usd),
        )
        .expect("a string takes all that is written");
    }
    text
}
