//! The answers as a page of a repository: `REACH.md`.

use std::collections::BTreeMap;

use super::{Answer, AtContext, CONTEXTS, Evidence, Limit, LongestTerm, Pair, Question, Reach};
use crate::cost::Part;
use crate::text::{count, seconds, wrapped};

impl Reach {
    /// The page, as Markdown.
    pub fn page(&self) -> String {
        let target = number(self.question.target_tokens_per_second);
        let mut text = format!(
            "# What it takes to reach {target} tokens/s for each user\n\nWritten by\n\n```console\n$ \
             {}\n```\n\n",
            self.question.command()
        );
        text += &self.introduction(&target);
        text += &self.machines_table();
        text += &self.parts_table();
        text += &self.reached_table();
        text += &self.slower_table();
        text += &self.refused_table();
        if !self.cancelled.is_empty() {
            let names = self.cancelled.join(", ");
            text +=
                &format!("\n## Left out\n\nCancelled, so that nothing is timed on it: {names}.\n");
        }
        text
    }

    /// Pairs that are timed.
    pub(super) fn timed(&self) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(|pair| pair.refused.is_none())
    }

    fn introduction(&self, target: &str) -> String {
        let timed = self.timed().count();
        let with = |known: fn(&Pair) -> bool| self.timed().filter(|pair| known(pair)).count();
        let reached = with(Pair::reaches);
        let partly = with(|pair| pair.reaches() && pair.evidence == Evidence::PartlyKnown);
        let without =
            with(|pair| pair.slower().is_some_and(|slower| slower.longest.reaches_without));
        let paragraphs = [
            format!(
                "{reached} of {timed} pairs of a machine and a model reach it where a user is alone, \
                 {partly} of them on chips of which something was measured or published. {without} more \
                 would if the longest part of their step took no time. {} further pairs cannot be \
                 served.",
                self.pairs.len() - timed
            ),
            format!(
                "Each figure is of a decode step as `timeslip hardware explain` explains it, without \
                 queues and without prompts that are read meanwhile. A batch is the replies of one \
                 step of one group of chips; with it, and with all smaller ones, every user gets \
                 {target} tokens/s. Where tokens are proposed, that is with the mean number of \
                 accepted ones. `+` is a batch that memory for KV ends, and `=` one that the machine's \
                 scheduler ends: no larger one was tried. `–` stands where the model takes no such \
                 context or a group's memory does not hold it, and a part below 1 where even a user \
                 who is alone gets only that part of the target."
            ),
            "What a machine rests on: *known in part* – some of what its chips reach was measured or \
             published, be it of a chip that they inherit from; *no measurements* – all of that is \
             estimated, if only from one measurement of the whole; *an estimate as a whole* – a \
             chip's chief figures are not published; *stated times* – a file or a component states \
             the time of a step."
                .to_owned(),
        ];
        paragraphs.map(|paragraph| wrapped(&paragraph, "", 100)).join("\n")
    }

    /// How often each part is the longest of a step that is too slow, the most frequent first.
    fn parts_table(&self) -> String {
        let mut parts: BTreeMap<(Part, &str), [usize; 2]> = BTreeMap::new();
        for slower in self.timed().filter_map(Pair::slower) {
            let longest = &slower.longest;
            let counts = parts.entry((longest.part, longest.binds.word())).or_default();
            counts[0] += 1;
            counts[1] += usize::from(longest.reaches_without);
        }
        let mut parts: Vec<_> = parts.into_iter().collect();
        parts.sort_by_key(|(_, [pairs, _])| std::cmp::Reverse(*pairs));
        let rows = parts.into_iter().map(|((part, binds), [pairs, without])| {
            vec![part.word().to_owned(), binds.to_owned(), pairs.to_string(), without.to_string()]
        });
        let heading = ["longest part", "bound by", "pairs", "would reach it without it"];
        section("What binds those that do not reach it", &heading, rows)
    }

    fn machines_table(&self) -> String {
        let mut machines: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
        for pair in self.timed() {
            machines.entry(&pair.machine).or_default().push(pair);
        }
        let reaching = |pairs: &[&Pair]| pairs.iter().filter(|pair| pair.reaches()).count();
        let mut machines: Vec<(&str, Vec<&Pair>)> = machines.into_iter().collect();
        machines.sort_by_key(|(_, pairs)| std::cmp::Reverse(reaching(pairs)));
        let rows = machines.iter().map(|(machine, pairs)| {
            let named = pairs.iter().filter(|pair| pair.reaches()).map(|pair| &*pair.model);
            let named: Vec<&str> = named.collect();
            let evidence = pairs[0].evidence.word().to_owned();
            let of = format!("{} of {}", reaching(pairs), pairs.len());
            vec![(*machine).to_owned(), evidence, of, named.join(", ")]
        });
        let heading = ["machine", "rests on", "models that reach it", "which"];
        section("Machines", &heading, rows)
    }

    fn reached_table(&self) -> String {
        let mut pairs: Vec<&Pair> = self.timed().filter(|pair| pair.reaches()).collect();
        pairs.sort_by_key(|pair| {
            std::cmp::Reverse(pair.contexts.iter().map(batch).collect::<Vec<_>>())
        });
        let rows = pairs.iter().map(|pair| {
            let mut cells = vec![pair.machine.clone(), pair.model.clone()];
            cells.push(pair.evidence.word().to_owned());
            cells.push(count(pair.groups));
            cells.extend(pair.contexts.iter().map(|at| at.cell()));
            cells.push(pair.first_limit());
            cells
        });
        let contexts = CONTEXTS.map(|context| format!("batch at {}", count(context)));
        let mut heading = vec!["machine", "model", "rests on", "groups"];
        heading.extend(contexts.iter().map(|context| &**context));
        let binds = format!("what ends the batch at {}", count(CONTEXTS[0]));
        heading.push(&binds);
        section("Reached", &heading, rows)
    }

    fn slower_table(&self) -> String {
        let slower = self.timed().filter_map(|pair| Some((pair, pair.slower()?)));
        let mut slower: Vec<_> = slower.collect();
        slower.sort_by(|(_, one), (_, other)| other.part_of_target.total_cmp(&one.part_of_target));
        let rows = slower.iter().map(|(pair, slower)| {
            let longest = &slower.longest;
            let without = longest.tokens_per_second_without.map_or("–".to_owned(), number);
            let reaches = if longest.reaches_without { "yes" } else { "no" };
            vec![
                pair.machine.clone(),
                pair.model.clone(),
                pair.evidence.word().to_owned(),
                number(slower.tokens_per_second),
                part(slower.part_of_target),
                longest.words(),
                seconds(longest.seconds),
                longest.basis.clone(),
                without,
                reaches.to_owned(),
            ]
        });
        let heading = [
            "machine",
            "model",
            "rests on",
            "tokens/s",
            "of the target",
            "longest part, its share, what binds it",
            "its time",
            "which follows from",
            "tokens/s without it",
            "would reach it",
        ];
        let title = format!("Not reached by a user who is alone, at {}", count(CONTEXTS[0]));
        section(&title, &heading, rows)
    }

    fn refused_table(&self) -> String {
        let refused = self.pairs.iter().filter_map(|pair| {
            let reason = pair.refused.clone().or_else(|| {
                let is_beyond = pair.contexts[0].answer == Answer::BeyondMemory;
                is_beyond.then(|| format!("no memory for a chat of {}", count(CONTEXTS[0])))
            })?;
            Some(vec![pair.machine.clone(), pair.model.clone(), reason])
        });
        section("Not served", &["machine", "model", "why not"], refused)
    }
}

impl Question {
    /// The command that answers it again into the page that stands with the profiles.
    fn command(&self) -> String {
        let mut command = "timeslip hardware reach".to_owned();
        if self.target_tokens_per_second != crate::explain::TARGET_TOKENS_PER_SECOND {
            command += &format!(" --target {}", self.target_tokens_per_second);
        }
        for (option, name) in [("machine", &self.machine), ("model", &self.model)] {
            if let Some(name) = name {
                command += &format!(" --{option} {name}");
            }
        }
        command + " --markdown hardware-profiles/REACH.md"
    }
}

impl Pair {
    /// Whether users get the target at the shortest context, if they are alone.
    pub(super) fn reaches(&self) -> bool {
        self.contexts.first().is_some_and(|at| matches!(at.answer, Answer::Reached(_)))
    }

    pub(super) fn slower(&self) -> Option<&super::Slower> {
        match &self.contexts.first()?.answer {
            Answer::NotReached(slower) => Some(slower),
            _ => None,
        }
    }

    /// What ends the batch at the shortest context.
    pub(super) fn first_limit(&self) -> String {
        let Some(Answer::Reached(reached)) = self.contexts.first().map(|at| &at.answer) else {
            return String::new();
        };
        match reached.limit {
            Limit::Time => reached.longest.words(),
            Limit::Memory => "memory for KV".to_owned(),
            Limit::CallsPerStep => "chats of a step".to_owned(),
        }
    }
}

impl AtContext {
    /// The batch, or the part of the target.
    pub(super) fn cell(&self) -> String {
        match &self.answer {
            Answer::BeyondModel | Answer::BeyondMemory => "–".to_owned(),
            Answer::NotReached(slower) => part(slower.part_of_target),
            Answer::Reached(reached) => match reached.limit {
                Limit::Time => count(reached.batch),
                Limit::Memory => format!("{}+", count(reached.batch)),
                Limit::CallsPerStep => format!("{}=", count(reached.batch)),
            },
        }
    }
}

impl LongestTerm {
    /// `experts 45 %, memory`.
    pub(super) fn words(&self) -> String {
        format!("{} {:.0} %, {}", self.part.word(), self.share * 100.0, self.binds.word())
    }
}

fn batch(at: &AtContext) -> u64 {
    match &at.answer {
        Answer::Reached(reached) => reached.batch,
        _ => 0,
    }
}

/// Of the target: what is less never reads as all of it.
pub(super) fn part(value: f64) -> String {
    format!("{:.3}", (value * 1e3).floor() / 1e3)
}

/// Tokens per second, whole ones where there are many.
pub(super) fn number(value: f64) -> String {
    match value {
        value if value < 100.0 => format!("{value:.1}"),
        value => count(value as u64),
    }
}

fn section(title: &str, heading: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<String> = rows.map(|cells| line(&cells)).collect();
    if rows.is_empty() {
        return String::new();
    }
    let heading: Vec<String> = heading.iter().map(|cell| (*cell).to_owned()).collect();
    let rule = "|---".repeat(heading.len()) + "|\n";
    format!("\n## {title}\n\n{}{rule}{}", line(&heading), rows.concat())
}

fn line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
