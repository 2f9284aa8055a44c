//! An explanation as text of at most 100 columns.

use std::fmt;

use super::{Explanation, PoolMemory, StepExplanation};
use crate::cost::ComponentDescription;
use crate::profile::{PlatformPart, Role};
use crate::text::{bytes, columns, count, quantity, seconds, wrapped};

const WIDTH: usize = 100;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} serving {}", self.machine, self.model)?;
        writeln!(f, "profiles {}", self.digest)?;
        for warning in &self.warnings {
            write!(f, "{}", wrapped(&format!("warning: {warning}"), "", WIDTH))?;
        }
        self.write_memory(f)?;
        let point = &self.point;
        let prompt = format!("READING A PROMPT of {} tokens", count(point.input_tokens));
        write_step(f, &prompt, &self.prefill)?;
        let replies = match point.batch {
            1 => "WRITING A TOKEN of 1 reply".to_owned(),
            batch => format!("WRITING A TOKEN of {} replies", count(batch)),
        };
        let replies = format!("{replies} with {} tokens of context", count(point.context_tokens));
        write_step(f, &replies, &self.decode)?;
        self.write_first_token(f)?;
        self.write_speed(f)?;
        self.write_bands(f)?;
        self.write_parts(f)?;
        self.write_estimates(f)
    }
}

impl Explanation {
    fn write_memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nMEMORY of one group of chips")?;
        let chats = format!("chats of {}", count(self.point.context_tokens));
        let heading =
            ["  pool", "group", "groups", "memory", "reserved", "weights", "for KV", &chats];
        let mut rows = vec![heading.map(str::to_owned).to_vec()];
        rows.extend(self.memory.iter().map(memory_row));
        write!(f, "{}", columns(&rows, &[2, 3, 4, 5, 6, 7]))?;
        for pool in &self.memory {
            write!(f, "{}", wrapped(&formats_line(pool), "    ", WIDTH))?;
        }
        let prefix_cache = match self.prefix_cache {
            true => "on; the prompt below finds nothing in it",
            false => "off",
        };
        writeln!(f, "  prefix cache: {prefix_cache}")?;
        write!(f, "{}", wrapped(&self.serving.choices(), "    ", WIDTH))?;
        write!(f, "{}", wrapped(&self.serving.tiers(), "    ", WIDTH))
    }

    fn write_first_token(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = &self.first_token;
        writeln!(f, "\nFIRST TOKEN of a chat that is alone")?;
        let row = |name: &str, span: timeslip_timeline::time::Span, note: String| {
            vec![format!("  {name}"), span.to_string(), note]
        };
        let mut rows = vec![
            row("front end", first.front_end, String::new()),
            row("prefill", first.prefill, String::new()),
        ];
        if self.memory[0].role == Role::Prefill {
            rows.push(row("transfer", first.transfer, bytes(first.transfer_bytes)));
            rows.push(row("first decode step", first.decode, String::new()));
        }
        rows.push(row("all", first.total, String::new()));
        write!(f, "{}", columns(&rows, &[1]))
    }

    fn write_speed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nSPEED")?;
        let per_user = self.tokens_per_second_per_user;
        let target = self.target_tokens_per_second;
        let verdict = match self.target_met {
            true => "reaches",
            false => "does not reach",
        };
        writeln!(
            f,
            "  {} tokens/s for one user, {} for one group of {}",
            speed(per_user),
            speed(self.tokens_per_second_per_group),
            group_of(&self.decode)
        )?;
        if self.tokens_per_reply > 1.0 {
            let mean = self.tokens_per_reply;
            writeln!(f, "  a step writes {mean:.2} tokens of each reply on average")?;
        }
        writeln!(
            f,
            "  {verdict} the target of {} tokens/s for one user ({:.2} of it)",
            speed(target),
            per_user / target
        )
    }

    fn write_bands(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nBAND around what is said above")?;
        let bands = &self.bands;
        for (name, band) in [
            ("time to the first token", &bands.first_token),
            ("time per token", &bands.output_token),
        ] {
            write!(f, "{}", wrapped(&format!("  {name}: {}", band.sentence()), "    ", WIDTH))?;
        }
        Ok(())
    }

    fn write_parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nPARTS of the platform, and the figures that each stands behind")?;
        for part in &self.parts {
            write!(f, "{}", wrapped(&format!("  {}", part_line(part)), "    ", WIDTH))?;
        }
        Ok(())
    }

    fn write_estimates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.estimates.is_empty() {
            return writeln!(f, "\nNothing above rests on an estimate.");
        }
        writeln!(f, "\nESTIMATES that this rests on, {}", count(self.estimates.len() as u64))?;
        self.estimates.iter().try_for_each(|name| writeln!(f, "  {name}"))
    }
}

/// What a part is, how many there are, and which figures follow from it.
fn part_line(part: &PlatformPart) -> String {
    let many = part.count.value.map(|value| format!("{} × ", count(value as u64)));
    let (name, does, figures) = (&part.name, &part.does, part.figures.join(", "));
    format!("{}{name}: {does} ({figures})", many.unwrap_or_default())
}

/// In which formats a pool holds what, and on which chips.
fn formats_line(pool: &PoolMemory) -> String {
    let placement = &pool.placement;
    let formats = &placement.formats;
    let mut line = format!("  {}: linear {}", pool.role.word(), formats.linear.word());
    if let Some(experts) = formats.experts {
        line += &format!(", experts {}", experts.word());
    }
    if placement.blocks == 0 {
        return line + "; no KV";
    }
    let kv = bytes(placement.kv_bytes_per_token);
    line += &format!(", output {}; KV {kv} a token", formats.head.word());
    for layers in &placement.windows {
        let (kv, window) = (bytes(layers.bytes_per_token), count(layers.window));
        line += &format!(" and {kv} in a window of {window}");
    }
    if placement.state_bytes > 0.0 {
        line += &format!(", and a state of {} a chat", bytes(placement.state_bytes));
    }
    let parallel = placement.parallel;
    if parallel.is_divided() {
        line += &format!(
            "; shared by tensor {}, data {}, expert {}, pipeline {}",
            parallel.tensor, parallel.data, parallel.expert, parallel.pipeline
        );
    }
    line
}

fn memory_row(pool: &PoolMemory) -> Vec<String> {
    let placement = &pool.placement;
    vec![
        format!("  {}", pool.role.word()),
        format!("{} × {}", count(placement.chips), pool.chip),
        count(pool.groups),
        bytes(placement.capacity_bytes),
        bytes(placement.reserved_bytes),
        bytes(placement.weights_bytes),
        unless_0(placement.kv_bytes, bytes),
        if placement.blocks > 0 { count(pool.chats_at_context) } else { String::new() },
    ]
}

fn write_step(f: &mut fmt::Formatter<'_>, title: &str, step: &StepExplanation) -> fmt::Result {
    let steps = match step.steps {
        1 => "one step".to_owned(),
        steps => format!("{} steps", count(steps)),
    };
    let group = group_of(step);
    let title = format!("{title}: {steps} of {group}; FLOP, bytes and rates are one chip's");
    write!(f, "\n{}", wrapped(&title, "  ", WIDTH))?;
    let heading = ["  part", "time", "share", "bound by", "FLOP", "bytes", "from"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for term in &step.terms {
        rows.push(vec![
            format!("  {}", term.part.word()),
            seconds(term.seconds),
            format!("{:.1} %", term.share * 100.0),
            term.binds.word().to_owned(),
            unless_0(term.flops, quantity),
            unless_0(term.bytes, bytes),
            term.basis.clone(),
        ]);
    }
    rows.push(vec!["  all".to_owned(), seconds(step.seconds)]);
    write!(f, "{}", columns(&rows, &[1, 2, 4, 5]))?;
    match &step.component {
        None => Ok(()),
        Some(about) => write!(f, "{}", wrapped(&component_line(about), "    ", WIDTH)),
    }
}

/// What times a step, and who says so.
fn component_line(about: &ComponentDescription) -> String {
    let ComponentDescription { name, title, source, date, confidence, .. } = about;
    format!("  {name}: {title}; {}, {date}, {source}", confidence.word())
}

/// The chips that take part in a step.
fn group_of(step: &StepExplanation) -> String {
    let group = format!("{} × {}", count(step.chips), step.chip);
    match &step.helper {
        Some(helper) => format!("{group} with {} × {}", count(helper.chips), helper.chip),
        None => group,
    }
}

fn unless_0(value: f64, shown: impl Fn(f64) -> String) -> String {
    match value > 0.0 {
        true => shown(value),
        false => String::new(),
    }
}

/// Tokens per second: whole, or three digits below ten.
fn speed(value: f64) -> String {
    match value < 100.0 {
        true => format!("{value:.1}"),
        false => count(value.round() as u64),
    }
}
