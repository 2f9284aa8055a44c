//! Gives a bench file its meaning: reads what it leads to, and checks what can be checked before
//! anything runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use timeslip_gate::summary::TARGET_TOKENS_PER_SECOND;
use timeslip_market::name::Reference;
use timeslip_runtime::grants::{Budgets, ModelGrant};
use timeslip_runtime::http_grant::HttpGrant;
use timeslip_runtime::limits::Limits;
use timeslip_sim::catalogue::Catalogue;
use timeslip_timeline::time::Span;

use super::budgets::gate_rules;
use super::build_file::BuildTable;
use super::components::{Granted, find_component};
use super::digest::{digest_of, said_by};
use super::endpoints::{endpoint_of_command_line, endpoints};
use super::file::{BenchFile, ConfigValue, LimitsTable, ToolTable};
use super::files::BenchFolder;
use super::grants::GrantedFolders;
use super::load::{DEFAULT_MACHINE, Overrides};
use super::mounts::Mounts;
use super::routing::routing;
use super::starts::{overridden_load, starts};
use super::tasks::{load_tasks, only};
use super::text::TomlText;
use super::words::{load_tokenizer, load_words};
use super::{Bench, MachineChoice, Mounted};
use crate::exit::Failure;
use crate::hardware::catalogue;
use crate::live::EndpointPlan;

/// Reads all that a bench file leads to.
///
/// # Errors
/// When anything is missing or wrong, naming the file, the line and the fix.
pub(super) fn resolve(
    file: BenchFile,
    text: &TomlText,
    folder: &BenchFolder,
    overrides: &Overrides,
) -> Result<Bench, Failure> {
    let seed = overrides.seed.unwrap_or(file.seed);
    let reader = Reader { text, folder, builds: &file.build };
    let (tasks, cassettes) = load_tasks(&reader, &file, overrides)?;
    let routing = routing(&reader, &file, &tasks)?;
    let gate = gate_rules(&file, text, &tasks, &routing)?;
    let (tasks, cassettes) = only(overrides.only.as_deref(), tasks, cassettes)?;
    let tokenizer = Arc::new(load_tokenizer(file.tokenizer.as_deref(), &reader)?);
    let words = load_words(&file, &reader, seed, cassettes, tokenizer.clone())?;
    let mut endpoints = endpoints(&reader, &file.endpoint)?;
    let named = endpoint_of_command_line(&overrides.live);
    let machines = reader.machines(&file, overrides, named.as_ref());
    endpoints.extend(named);
    let mut granted = GrantedFolders::default();
    let agent = reader.agent(&file, &mut granted)?;
    let mounts = Mounts::read(&reader, &file, &mut granted)?;
    granted.check_apart(&reader)?;
    let load_table = overridden_load(&file.load, overrides);
    let starts = starts(&reader, &load_table, overrides, tasks.len(), seed)?;
    let mut bench = Bench {
        digest: String::new(),
        said: serde_json::Value::Null,
        seed,
        target_tokens_per_second: file.target_tokens_per_second.unwrap_or(TARGET_TOKENS_PER_SECOND),
        machines,
        endpoints,
        catalogue: reader.catalogue(&file, overrides)?,
        agent,
        models: model_grant(&file.agent.models),
        tools: mounts.plugins,
        agents: mounts.agents,
        servers: mounts.servers,
        tools_of_agent: mounts.of_agent,
        words,
        tokenizer,
        granted: granted.folders,
        folder: folder.clone(),
        gate,
        routing,
        tasks,
        sessions: starts.sessions,
        load: starts.load,
        limits: reader.limits(&file.limits)?,
        budgets: Budgets {
            model_calls: file.limits.model_calls,
            tool_calls: file.limits.tool_calls,
            output_tokens: file.limits.output_tokens,
        },
        deadline: reader
            .positive("deadline_seconds", file.limits.deadline_seconds)?
            .map(Span::from_seconds_f64),
        budget_usd: reader.positive("cost_usd", file.limits.cost_usd)?,
        run_budget_usd: run_budget(&reader, &file.limits, overrides)?,
        is_recording: false,
        name: file.name,
    };
    bench.said = said_by(&bench, &load_table, starts.trace.as_deref());
    bench.digest = digest_of(&bench.said);
    Ok(bench)
}

/// The dollars of a run: the command line's, or the bench's.
fn run_budget(
    reader: &Reader<'_>,
    limits: &LimitsTable,
    overrides: &Overrides,
) -> Result<Option<f64>, Failure> {
    match overrides.live.max_usd {
        Some(usd) if usd.is_finite() && usd > 0.0 => Ok(Some(usd)),
        Some(usd) => Err(Failure::usage(format!("--max-usd must be a number over 0, not {usd}"))),
        None => reader.positive("run_cost_usd", limits.run_cost_usd),
    }
}

pub(super) fn model_grant(models: &[String]) -> ModelGrant {
    match models {
        [] => ModelGrant::Nothing,
        names if names.iter().any(|name| name == "*") => ModelGrant::Every,
        names => ModelGrant::Named(names.to_vec()),
    }
}

/// What a component is called, unless the bench names it: the file's stem, or the plugin's name.
pub(super) fn stem_of(path: &str) -> String {
    if let (true, Ok(reference)) = (Reference::is_meant(path), Reference::parse(path)) {
        return reference.name.name().to_owned();
    }
    let stem = std::path::Path::new(path).file_stem().and_then(|stem| stem.to_str());
    stem.unwrap_or(path).to_owned()
}

/// What reading a bench's parts needs: its text for places, its folder for paths.
pub(super) struct Reader<'a> {
    pub(super) text: &'a TomlText,
    pub(super) folder: &'a BenchFolder,
    /// What `timeslip build` makes.
    pub(super) builds: &'a [BuildTable],
}

impl Reader<'_> {
    /// The bytes of a file that the bench names.
    pub(super) fn bytes(&self, what: &str, path: &str) -> Result<Vec<u8>, Failure> {
        self.folder.read(path).map_err(|error| {
            let (place, shown) = (self.text.place_of(path), self.folder.shown(path));
            if self.text.text.is_empty() {
                // The command line names the component, and there is no bench to point into.
                return Failure::usage(format!("cannot read {what} {shown}: {error}"));
            }
            if let Some(failure) = self.not_built(what, path, &error) {
                return failure;
            }
            let fix = match self.folder.nearest_file(path) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a path in a bench starts from the bench's own folder".to_owned(),
            };
            Failure::usage(format!("{place}: cannot read {what} {shown}: {error}\n  fix: {fix}"))
        })
    }

    pub(super) fn wrong(&self, key: &str, problem: &str) -> Failure {
        Failure::usage(format!("{}: {problem}", self.text.place_of_key(key)))
    }

    fn machines(
        &self,
        file: &BenchFile,
        overrides: &Overrides,
        endpoint: Option<&EndpointPlan>,
    ) -> Vec<MachineChoice> {
        let endpoint = endpoint.map(|plan| MachineChoice {
            machine: plan.name.clone(),
            model: plan.model.clone(),
            place: plan.place.clone(),
        });
        let on = overrides.on.iter().map(|on| MachineChoice::parse(on, "--on".to_owned()));
        let named: Vec<MachineChoice> = endpoint.into_iter().chain(on).collect();
        if !named.is_empty() {
            return named;
        }
        if file.machines.is_empty() {
            return vec![MachineChoice::parse(DEFAULT_MACHINE, "the default".to_owned())];
        }
        let choice = |on: &String| MachineChoice::parse(on, self.text.place_of(on));
        file.machines.iter().map(choice).collect()
    }

    fn catalogue(&self, file: &BenchFile, overrides: &Overrides) -> Result<Catalogue, Failure> {
        let mut catalogue = catalogue(None)?;
        let mut named = file.profiles.as_ref().and_then(|path| self.folder.on_disk(path));
        if let (Some(profiles), BenchFolder::Noted(..)) = (&file.profiles, self.folder) {
            // A machine of the bench's own could have any name, that of a real one among them.
            self.folder.note_problem(|| {
                let place = self.text.place_of(profiles);
                format!("{place}: `profiles` gives it machines of its own, and others have others")
            });
            named = None;
        }
        for folder in named.iter().chain(&overrides.profiles) {
            catalogue = catalogue.with_folder(folder).map_err(Failure::usage)?;
        }
        Ok(catalogue)
    }

    /// The component that does the tasks.
    fn agent(&self, file: &BenchFile, granted: &mut GrantedFolders) -> Result<Mounted, Failure> {
        let table = &file.agent;
        let found = find_component(self, "the agent", &table.component, table.digest.as_deref())?;
        found.check_grants(
            self,
            &Granted {
                files: table.files.as_deref(),
                write: table.write,
                http: &[],
                methods: &[],
                models: &table.models,
            },
        )?;
        Ok(Mounted {
            name: stem_of(&table.component),
            file: self.folder.shown(&table.component),
            bytes: found.bytes,
            config: self.config(&table.config)?,
            files: granted.grant(self, table.files.as_deref(), table.write)?,
            http: Arc::default(),
        })
    }

    pub(super) fn http_grant(&self, table: &ToolTable) -> Result<HttpGrant, Failure> {
        HttpGrant::new(&table.http, &table.http_methods).map_err(|error| {
            Failure::usage(format!("{}: {error}", self.text.place_of(&error.written)))
        })
    }

    pub(super) fn config(
        &self,
        values: &BTreeMap<String, ConfigValue>,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let mut config = BTreeMap::new();
        for (key, value) in values {
            let text = match value {
                ConfigValue::Text(text) => text.clone(),
                ConfigValue::File(named) => {
                    let bytes = self.bytes("the configured file", &named.file)?;
                    String::from_utf8(bytes).map_err(|_| {
                        let place = self.text.place_of(&named.file);
                        Failure::usage(format!("{place}: {} is not UTF-8 text", named.file))
                    })?
                }
            };
            config.insert(key.clone(), text);
        }
        Ok(config)
    }

    /// A number over 0, if given.
    pub(super) fn positive(&self, key: &str, value: Option<f64>) -> Result<Option<f64>, Failure> {
        match value {
            Some(value) if !(value.is_finite() && value > 0.0) => {
                Err(self.wrong(key, &format!("`{key}` must be a number over 0, not {value}")))
            }
            value => Ok(value),
        }
    }

    fn limits(&self, table: &LimitsTable) -> Result<Limits, Failure> {
        let standard = Limits::standard();
        let mib = |value: Option<usize>, standard: usize| {
            value.map_or(standard, |mib| mib.saturating_mul(1 << 20))
        };
        let wall = self.positive("burst_wall_seconds", table.burst_wall_seconds)?;
        let limits = Limits {
            memory_bytes: mib(table.memory_mib, standard.memory_bytes),
            table_elements: table.table_elements.unwrap_or(standard.table_elements),
            fuel: table.fuel.unwrap_or(standard.fuel),
            burst_wall_time: wall.map_or(standard.burst_wall_time, |seconds| {
                Duration::from_secs_f64(seconds.min(86_400.0))
            }),
            host_calls: table.host_calls.unwrap_or(standard.host_calls),
            boundary_bytes: mib(table.boundary_mib, standard.boundary_bytes),
            journal_lines: table.journal_lines.unwrap_or(standard.journal_lines),
            journal_bytes: table
                .journal_mib
                .map_or(standard.journal_bytes, |mib| mib.saturating_mul(1 << 20)),
            written_bytes: table
                .written_mib
                .map_or(standard.written_bytes, |mib| mib.saturating_mul(1 << 20)),
        };
        if !(1 << 20..=4 << 30).contains(&limits.memory_bytes) {
            return Err(self.wrong("memory_mib", "`memory_mib` must be from 1 to 4096"));
        }
        Ok(limits)
    }
}
