//! What `timeslip build` makes for a bench, and what a bench says whose components it has not made.

use std::io;
use std::path::{Path, PathBuf};

use super::build_file::BuildTable;
use super::files::{BenchFolder, tidy};
use super::load::{BenchSource, Overrides, bench_file};
use super::recording::RecordingFile;
use super::resolve::Reader;
use super::text::TomlText;
use crate::exit::Failure;

/// The components that a bench file says how to make.
pub(crate) struct Builds {
    /// The folder that its paths start from.
    pub(crate) folder: PathBuf,
    /// One for each component.
    pub(crate) tables: Vec<BuildTable>,
    agent: String,
    text: TomlText,
}

impl Builds {
    /// Reads the bench file at a path, or in a folder; a recording leads to the bench that was
    /// recorded.
    ///
    /// # Errors
    /// When it cannot be read, or makes nothing.
    pub(crate) fn read(path: &Path) -> Result<Builds, Failure> {
        let mut file = bench_file(path)?;
        let text = TomlText::read(&file)?;
        if let Some(recording) = RecordingFile::in_text(&text)? {
            let home = file.parent().unwrap_or(Path::new("")).to_owned();
            file = recording.source(&home, &text)?.ok_or_else(|| {
                Failure::usage(format!(
                    "{} is a recording of the built-in example, which is built already",
                    text.file
                ))
            })?;
        }
        let BenchSource { file: bench, text, .. } =
            BenchSource::read(Some(&file), &Overrides::default())?;
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Builds { folder, tables: bench.build, agent: bench.agent.component, text })
    }

    /// The folder that its paths start from, as the system finds it.
    pub(crate) fn home(&self) -> &Path {
        match self.folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.folder,
        }
    }

    /// Refuses a bench that makes nothing.
    ///
    /// # Errors
    /// When there is no table.
    pub(crate) fn check_some(&self) -> Result<(), Failure> {
        match self.tables.is_empty() {
            true => Err(nothing_to_build(&self.agent, &self.text)),
            false => Ok(()),
        }
    }

    /// Whether the component of a table is made of a file: it lies under the sources or the SDK, and
    /// is neither the bench nor what the bench itself reads, such as a script of words.
    pub(crate) fn is_made_of(&self, index: usize, file: &Path) -> bool {
        let table = &self.tables[index];
        let home = self.home();
        let is_under = |path: &str| {
            home.join(path).canonicalize().is_ok_and(|root| match root.is_dir() {
                true => file.starts_with(root),
                false => root.parent().is_some_and(|folder| file.starts_with(folder)),
            })
        };
        (is_under(&table.source) || is_under(&table.sdk)) && !self.is_read_by_bench(home, file)
    }

    /// Whether the bench names a file, or a folder that it lies in, for another end than building.
    fn is_read_by_bench(&self, home: &Path, file: &Path) -> bool {
        let is_bench = Path::new(&self.text.file).canonicalize().is_ok_and(|bench| bench == file);
        let Ok(inside) = home.canonicalize().map(|home| file.strip_prefix(home).map(tidy)) else {
            return is_bench;
        };
        let is_for_building = |path: &str| {
            let tables = self.tables.iter();
            tables.flat_map(|table| [&table.source, &table.sdk]).any(|one| one == path)
        };
        let names = |path: &Path| {
            let path = path.to_string_lossy().replace('\\', "/");
            !path.is_empty()
                && !is_for_building(&path)
                && self.text.text.contains(&format!("\"{path}\""))
        };
        is_bench || inside.is_ok_and(|inside| inside.ancestors().any(names))
    }

    /// `FILE:LINE` of a table's header.
    pub(crate) fn place(&self, index: usize) -> String {
        let begins = |line: &&str| {
            let line = line.trim_start();
            line.starts_with("[build]") || line.starts_with("[[build]]")
        };
        let header = self.text.text.lines().filter(begins).nth(index);
        match header.map(|header| header.as_ptr().addr() - self.text.text.as_ptr().addr()) {
            Some(byte) => format!("{}:{}", self.text.file, self.text.line_of_byte(byte)),
            None => self.text.file.clone(),
        }
    }
}

fn nothing_to_build(agent: &str, text: &TomlText) -> Failure {
    Failure::usage(format!(
        "{} has no [build] table, so nothing says how {agent} is made\n  fix: add\n    [build]\n    \
         language = \"python\"\n    kind = \"agent\"\n    output = \"{agent}\"\n  or let `timeslip new \
         NAME --lang LANGUAGE` write a project",
        text.file
    ))
}

impl Reader<'_> {
    /// What is said of a file that is missing since `timeslip build` has not made it yet; nothing
    /// for any other.
    pub(super) fn not_built(&self, what: &str, path: &str, error: &io::Error) -> Option<Failure> {
        let is_made = |table: &BuildTable| tidy(Path::new(&table.output)) == tidy(Path::new(path));
        if error.kind() != io::ErrorKind::NotFound || !self.builds.iter().any(is_made) {
            return None;
        }
        let place = self.text.place_of(path);
        let shown = self.folder.shown(path);
        Some(Failure::usage(match self.folder {
            BenchFolder::AtRevision(_) => format!(
                "{place}: {what} {shown} is not in that revision, which has its sources alone\n  \
                 fix: commit the component too, or compare with a baseline in place of --against"
            ),
            _ => format!(
                "{place}: {what} {shown} is not built yet\n  fix: timeslip build{}",
                argument(&self.text.file)
            ),
        }))
    }
}

/// What names a bench file on the command line: nothing for the one of this folder.
fn argument(file: &str) -> String {
    match file.strip_suffix("timeslip.toml") {
        Some("") => String::new(),
        Some(folder) => format!(" {}", folder.trim_end_matches(['/', '\\'])),
        None => format!(" {file}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENCH: &str = "name = \"a\"\n[agent]\ncomponent = \"build/a.wasm\"\n[words]\n\
                         kind = \"synthetic\"\noutput_tokens = { fixed = 1 }\n";

    fn read(build: &str) -> Result<Builds, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("timeslip.toml");
        std::fs::write(&file, format!("{BENCH}{build}")).unwrap();
        let here = format!("{}/", folder.path().display());
        Builds::read(&file).map_err(|failure| failure.message.replace(&here, ""))
    }

    #[test]
    fn one_table_and_several_are_read_and_found_by_their_lines() {
        let one = read("[build]\nlanguage = \"go\"\nkind = \"agent\"\noutput = \"build/a.wasm\"\n");
        let one = one.unwrap();
        assert_eq!(one.tables.len(), 1);
        assert_eq!((&*one.tables[0].source, &*one.tables[0].sdk), (".", "sdk"));
        assert!(one.place(0).ends_with("timeslip.toml:7"), "{}", one.place(0));
        let table = "[[build]]\nlanguage = \"c\"\nkind = \"tool\"\noutput = \"b.wasm\"\n";
        let two = read(&format!("{table}{table}")).unwrap();
        assert_eq!(two.tables.len(), 2);
        assert!(two.place(1).ends_with("timeslip.toml:11"), "{}", two.place(1));
    }

    #[test]
    fn a_wrong_table_is_told_with_its_line_and_the_nearest_name() {
        let said = |from: &str, to: &str| {
            let table = "[build]\nlanguage = \"rust\"\nkind = \"agent\"\noutput = \"a.wasm\"\n";
            assert!(table.contains(from));
            read(&table.replace(from, to)).err().unwrap()
        };
        insta::assert_snapshot!(said("rust", "pyton"), @"timeslip.toml:8: unknown language `pyton`; did you mean `python`?");
        insta::assert_snapshot!(said("rust", "js"), @"timeslip.toml:8: unknown language `js`; did you mean `javascript`?");
        insta::assert_snapshot!(said("rust", "cobol-85"), @"timeslip.toml:8: unknown language `cobol-85`; known here: rust, python, javascript, typescript, c, go, zig");
        insta::assert_snapshot!(said("agent", "agnet"), @"timeslip.toml:9: unknown kind `agnet`; did you mean `agent`?");
        insta::assert_snapshot!(said("output", "ouput"), @"timeslip.toml:10: unknown key `ouput`; did you mean `output`?");
        insta::assert_snapshot!(said("output = \"a.wasm\"", ""), @"timeslip.toml:7: the key `output` is missing; add it");
        let nothing = read("").unwrap().check_some().unwrap_err().message;
        assert!(nothing.contains("has no [build] table"), "{nothing}");
    }

    #[test]
    fn the_argument_of_a_bench_is_the_shortest() {
        assert_eq!(argument("timeslip.toml"), "");
        assert_eq!(argument("a/b/timeslip.toml"), " a/b");
        assert_eq!(argument("a/bench.toml"), " a/bench.toml");
    }
}
