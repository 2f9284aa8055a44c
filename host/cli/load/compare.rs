//! `timeslip compare`: one workload on several machines, side by side.

use serde_json::{Value, json};
use timeslip_gate::slip::{MachineBands, Slip};
use timeslip_report::page::Page;
use timeslip_report::text::{count, dollars, joules, rate};

use super::args::CompareArgs;
use super::figures::Figures;
use super::runs::{LoadChoice, deploy_each, run_once};
use super::sweep_screen::{shown, span};
use super::workload::Workload;
use crate::bands::machine_bands;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::parallel::in_parallel;
use crate::run::available_threads;
use crate::show;
use crate::table::columns_apart;

/// A machine's name, whether it rests on estimates, and what the workload came to on it.
struct Column {
    name: String,
    digest: String,
    estimated: bool,
    bands: MachineBands,
    figures: Figures,
    target_tokens_per_second: u32,
    /// For a report; `None` where no bench ran.
    slip: Option<Slip>,
}

/// Runs the workload on every machine and prints their figures beside each other.
pub(crate) fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    if args.on.len() < 2 {
        return Err(Failure::usage(
            "compare needs two machines\n  fix: give --on at least twice; `timeslip run` shows one",
        ));
    }
    if args.at_once == Some(0) {
        return Err(Failure::usage("--at-once 0: at least one session is there at once"));
    }
    if let Some(rate) = args.rate.filter(|rate| !(*rate > 0.0 && rate.is_finite())) {
        return Err(Failure::usage(format!("--rate {rate}: a rate is a number above 0")));
    }
    show::report::check_place(args.report.as_deref())?;
    let workload = Workload::load(&args.workload)?;
    let deployments = deploy_each(workload.catalogue(), &args.on)?;
    let load = match (args.at_once, args.rate) {
        (Some(sessions), _) => LoadChoice::AtOnce(sessions),
        (_, Some(rate)) => LoadChoice::Rate(rate),
        (None, None) => LoadChoice::AsItIs,
    };
    let threads = args.threads.map_or_else(available_threads, usize::from);
    let columns = in_parallel(deployments.len(), threads, |index| {
        let deployment = &deployments[index];
        let ran = run_once(&workload, deployment, workload.sessions(), load)?;
        Ok(Column {
            name: format!("{}:{}", deployment.machine, deployment.model.name),
            digest: deployment.digest.clone(),
            estimated: deployment.estimated(),
            bands: machine_bands(deployment),
            figures: Figures::of(&ran),
            target_tokens_per_second: ran.summary.target_tokens_per_second,
            slip: ran.slip.filter(|_| args.report.is_some()),
        })
    });
    let columns = columns.into_iter().collect::<Result<Vec<Column>, Failure>>()?;
    if let Some(path) = &args.report {
        let slips = columns.iter().filter_map(|column| column.slip.as_ref());
        let comparison = Some(as_json(&workload, &columns));
        let page = Page { title: workload.name().to_owned(), comparison, ..Page::of_slips(slips) };
        show::report::write(path, &page)?;
    }
    match args.json {
        true => output::print(&format!("{:#}\n", as_json(&workload, &columns)))?,
        false => output::print(&screen(&workload, &columns))?,
    }
    let failed = columns.iter().any(|column| column.figures.failed > 0);
    Ok(if failed { Exit::RunFailed } else { Exit::Pass })
}

fn as_json(workload: &Workload, columns: &[Column]) -> Value {
    let machines: Vec<_> = columns
        .iter()
        .map(|column| {
            json!({
                "machine": column.name,
                "digest": column.digest,
                "estimated": column.estimated,
                "bands": column.bands,
                "figures": column.figures,
            })
        })
        .collect();
    json!({
        "workload": workload.name(),
        "target_tokens_per_second": columns[0].target_tokens_per_second,
        "machines": machines,
    })
}

/// A line of the screen: its name, and its value for a machine in words and as a number.
type Line = (&'static str, fn(&Figures) -> (String, Option<f64>));

const LINES: [Line; 13] = [
    ("session p50", |f| time(f.session_p50_ns)),
    ("session p95", |f| time(f.session_p95_ns)),
    ("TTFT p50", |f| time(f.ttft_p50_ns)),
    ("TTFT p95", |f| time(f.ttft_p95_ns)),
    ("inter-token p50", |f| time(f.inter_token_p50_ns)),
    ("tokens/s/user", |f| number(f.tokens_per_second_per_user, rate)),
    ("tokens/s", |f| number(f.output_tokens_per_second, rate)),
    ("whole run", |f| time(Some(f.makespan_ns))),
    ("cached tokens", |f| number(Some(f.cached_input_tokens as f64), |v| count(v as u64))),
    ("energy, all chips", |f| number(f.energy_j, joules)),
    ("tokens/s/MW", |f| number(f.tokens_per_second_per_megawatt, rate)),
    ("cost, all chips", |f| number(f.cost_usd, dollars)),
    ("$/M tokens", |f| number(f.usd_per_million_output_tokens, dollars)),
];

fn time(nanos: Option<u64>) -> (String, Option<f64>) {
    (span(nanos), nanos.map(|nanos| nanos as f64))
}

fn number(value: Option<f64>, form: fn(f64) -> String) -> (String, Option<f64>) {
    (shown(value, form), value)
}

fn screen(workload: &Workload, columns: &[Column]) -> String {
    let first = &columns[0].figures;
    let mut text = format!(
        "{}: {} sessions, {} chats, {} output tokens\n\n",
        workload.name(),
        count(first.sessions),
        count(first.model_calls),
        count(first.output_tokens)
    );
    let name =
        |column: &Column| format!("{}{}", if column.estimated { "~" } else { "" }, column.name);
    let mut rows = vec![
        std::iter::once(String::new()).chain(columns.iter().map(name)).collect::<Vec<String>>(),
    ];
    for (title, figure) in LINES {
        let base = figure(first).1;
        let cells = columns.iter().enumerate().map(|(index, column)| {
            let (shown, value) = figure(&column.figures);
            match value.zip(base).filter(|(_, base)| index > 0 && *base > 0.0) {
                Some((value, base)) => format!("{shown}  ×{:.2}", value / base),
                None => shown,
            }
        });
        rows.push(std::iter::once(title.to_owned()).chain(cells).collect());
    }
    text += &columns_apart(&rows, 3);
    if columns.iter().any(|column| column.estimated) {
        text += "\nMachines with ~ rest on estimates: `timeslip hardware show` names them.\n";
    }
    for column in columns.iter().filter(|column| column.figures.failed > 0) {
        let figures = &column.figures;
        text += &format!(
            "{} of {} sessions failed on {}; its figures are as far as they came\n",
            figures.failed, figures.sessions, column.name
        );
    }
    text
}
