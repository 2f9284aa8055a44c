//! `timeslip calibrate`: a machine's figures, fitted to what a real endpoint took.

mod recordings;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use clap::Args;
use serde_json::json;
use timeslip_calibrate::derived::{DerivedProfile, Provenance};
use timeslip_calibrate::measurements::Measurements;
use timeslip_calibrate::read::{date_of, read};
use timeslip_calibrate::split::HeldOut;
use timeslip_calibrate::{Calibration, Options};
use timeslip_runtime::engine::component_digest;
use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_timeline::time::Span;

use crate::bench::MachineChoice;
use crate::exit::{Exit, Failure};
use crate::hardware::catalogue;
use crate::output;
use crate::run::available_threads;

/// `timeslip calibrate`.
#[derive(Args, Debug)]
#[command(after_help = CALIBRATE_HELP)]
pub(crate) struct CalibrateArgs {
    /// A recording of `timeslip record`, a log of vLLM's requests, or the CSV of
    /// hardware-profiles/measure/layer.py.
    pub(crate) file: PathBuf,
    /// The machine that the requests were served on, as far as it is known: the fit begins with its
    /// figures. MACHINE:MODEL for another model than its default.
    #[arg(long, value_name = "MACHINE[:MODEL]")]
    pub(crate) on: String,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// The part of the file that the fit does not see, for its errors.
    #[arg(long, value_name = "PERCENT", default_value = "20%")]
    pub(crate) held_out: String,
    /// Writes the fitted machine into a folder of profiles, as one that inherits from MACHINE.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
    /// The fitted machine's name; MACHINE-fitted if left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Threads that fit; the result does not depend on them. All cores if left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

const CALIBRATE_HELP: &str = "\
Observe, fit, replay:
  timeslip record bench --endpoint http://127.0.0.1:8000/v1 -o rec
  timeslip calibrate rec --on rtx-4090 --write mine --name desk
  timeslip run rec --on desk --profiles mine
  timeslip calibrate requests.jsonl --on rtx-4090 --write mine --name desk
  timeslip replay requests.jsonl --on desk --profiles mine
The requests are served on the modelled machine as they came. Figures that the file tells apart are
moved: fixed times of a layer, parts of the peaks that are reached, the work of host and front end.
The others stay where the profile has them, with the reason. What is held out are a few whole
stretches of time; its errors say what the fit is worth. An error is modelled / measured - 1,
without its sign.
`timeslip hardware calibrate` is another fit: of built-in chips and software, to published rows.";

/// Fits, prints, and writes where it is asked to.
pub(crate) fn calibrate(args: &CalibrateArgs) -> Result<Exit, Failure> {
    let shown = args.file.display().to_string();
    let (measurements, bytes) = measurements(&args.file)?;
    let catalogue = catalogue(args.profiles.as_deref())?;
    let choice = MachineChoice::parse(&args.on, "--on".to_owned());
    let name = match &args.name {
        Some(name) => name.clone(),
        None => format!("{}-fitted", choice.machine),
    };
    check_name(&name, &choice.machine)?;
    let file_name = args.file.file_name().map_or(shown, |name| name.to_string_lossy().into_owned());
    let digest = component_digest(&bytes);
    let date = match measurements.date() {
        Some(date) => date.to_owned(),
        None => modified_on(&args.file),
    };
    let options = Options {
        machine: &choice.machine,
        model: choice.model.as_deref(),
        name: &name,
        held_out: held_out(&args.held_out)?,
        provenance: Provenance { source: format!("{file_name} ({digest})"), date: date.clone() },
        threads: args.threads.map_or_else(available_threads, usize::from),
    };
    let mut progress = |done: &str| eprintln!("done: {done}");
    let fitted = timeslip_calibrate::calibrate(&catalogue, &measurements, &options, &mut progress)
        .map_err(|error| Failure::usage(format!("--on {}: {error}", args.on)))?;
    let written = match &args.write {
        Some(folder) => write(&fitted, folder)?,
        None => Vec::new(),
    };
    let text = match args.json {
        true => {
            let file = json!({ "name": file_name, "digest": digest, "date": date });
            let all = json!({ "file": file, "calibration": fitted, "written": written });
            format!("{all:#}\n")
        }
        false => fitted.screen() + &written_lines(&written, args.write.as_deref(), &name),
    };
    output::print(&text)?;
    Ok(Exit::Pass)
}

/// What a file or a recording holds, and its bytes.
fn measurements(path: &Path) -> Result<(Measurements, Vec<u8>), Failure> {
    if let Some(cassettes) = recordings::cassettes_at(path)? {
        let (observations, bytes) = recordings::read(&cassettes)?;
        return Ok((Measurements::Requests(observations), bytes));
    }
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::usage(format!(
            "cannot read {shown}: {error}\n  fix: give the path of a recording, of a log of \
             requests, or of the CSV of hardware-profiles/measure/layer.py"
        ))
    })?;
    let measurements = read(&shown, &bytes).map_err(Failure::usage)?;
    Ok((measurements, bytes))
}

/// A part that is held out: `20%`, or `0.2`.
fn held_out(text: &str) -> Result<HeldOut, Failure> {
    let (number, whole) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let part = number.trim().parse::<f64>().ok().and_then(|number| HeldOut::of(number / whole));
    part.ok_or_else(|| {
        Failure::usage(format!(
            "--held-out {text}: give a part over 0 % and under 100 %, such as 20%"
        ))
    })
}

/// A name that becomes a file's, and does not hide the machine that it inherits from.
fn check_name(name: &str, machine: &str) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
        return Err(Failure::usage(format!(
            "--name {name}: write it in small letters, digits, `-` and `.`"
        )));
    }
    let built_in = Catalogue::built_in();
    if name == machine || built_in.names(ProfileKind::Machine).any(|known| known == name) {
        return Err(Failure::usage(format!(
            "--name {name}: a machine of this name is there already, and would be hidden\n  fix: \
             choose another name"
        )));
    }
    Ok(())
}

/// When a file was last changed, by universal time; the first day of 1970 where that is unknown.
fn modified_on(file: &Path) -> String {
    let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified());
    let since = modified.ok().and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    date_of(Span::from_millis(since.map_or(0, |since| since.as_millis() as u64)))
}

/// Writes the fitted machine's profiles, each after those that it refers to. Returns their paths in
/// the folder.
fn write(fitted: &Calibration, folder: &Path) -> Result<Vec<String>, Failure> {
    check_folder(fitted, folder)?;
    let mut files: Vec<(String, &str)> = Vec::new();
    for (kind, name, text) in &fitted.profiles {
        files.push((format!("{}/{name}.toml", kind.folder()), text));
    }
    if let Some(layers) = &fitted.layers {
        for (name, text) in layers.files() {
            files.push((format!("machines/{name}"), text));
        }
    }
    for (path, text) in &files {
        let file = folder.join(path);
        let inner = file.parent().unwrap_or(folder);
        std::fs::create_dir_all(inner).map_err(|error| {
            Failure::usage(format!("cannot make the folder {}: {error}", inner.display()))
        })?;
        output::write_file(&file, text.as_bytes())?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// Whether the fitted machine can be used from the folder alone, before anything is written.
fn check_folder(fitted: &Calibration, folder: &Path) -> Result<(), Failure> {
    let there = match folder.is_dir()
        && std::fs::read_dir(folder).is_ok_and(|mut all| all.next().is_some())
    {
        true => catalogue(Some(folder))?,
        false => catalogue(None)?,
    };
    let with = |catalogue: Catalogue, (kind, name, text): &DerivedProfile| {
        catalogue.with_text(*kind, name, text.clone())
    };
    let there = fitted.profiles.iter().fold(there, with);
    match there.deploy(&fitted.name, Some(&fitted.model)) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::usage(format!(
            "--write {}: the fitted machine cannot be used from there: {error}\n  fix: write into \
             the folder of --profiles, where what it inherits from stands",
            folder.display()
        ))),
    }
}

fn written_lines(written: &[String], folder: Option<&Path>, name: &str) -> String {
    let Some(folder) = folder else {
        return String::new();
    };
    let folder = folder.display();
    let files: String = written.iter().map(|path| format!("  {path}\n")).collect();
    format!("\nWRITTEN INTO {folder}\n{files}use it as: --on {name} --profiles {folder}\n")
}
