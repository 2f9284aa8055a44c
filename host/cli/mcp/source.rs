//! What is served: a bench, or bare plugins.

use std::path::Path;

use super::args::ServeArgs;
use crate::bench::{BareGrants, BarePlugin, Bench, Overrides};
use crate::exit::Failure;

/// The bench that the arguments name.
///
/// # Errors
/// When it cannot be read, or the arguments do not go together.
pub(super) fn bench(args: &ServeArgs) -> Result<Bench, Failure> {
    let overrides = Overrides { on: args.on.clone(), seed: args.seed, ..Overrides::default() };
    let plugins: Vec<BarePlugin> = args.sources.iter().filter_map(|one| plugin(one)).collect();
    match (args.sources.as_slice(), plugins.len()) {
        ([] | [_], 0) => {
            let given = args.write || !args.fetch.is_empty();
            if given {
                return Err(Failure::usage(
                    "--write and --fetch grant something to plugins of the command line, and a \
                     bench has its own grants\n  fix: put `write = true` or `http = [\"ADDRESS\"]` \
                     into its [[tool]]",
                ));
            }
            Bench::load(args.sources.first().map(Path::new), &overrides)
        }
        (sources, count) if count == sources.len() => {
            let grants = BareGrants {
                write: args.write,
                http: args.fetch.clone(),
                http_methods: args.fetch_method.clone(),
            };
            Bench::of_plugins(&plugins, &grants, &overrides)
        }
        (sources, _) => {
            let other = sources.iter().find(|one| plugin(one).is_none());
            Err(Failure::usage(format!(
                "`{}` is no .wasm file, and several things are served only if each is a plugin\n  \
                 fix: give plugins alone, or one bench that names all of them",
                other.map_or("", String::as_str)
            )))
        }
    }
}

/// The plugin that an argument names, if it names one: `PLUGIN.wasm` or `PLUGIN.wasm=FOLDER`.
fn plugin(argument: &str) -> Option<BarePlugin> {
    let (component, files) = match argument.split_once(".wasm=") {
        Some((component, folder)) => (format!("{component}.wasm"), Some(folder.to_owned())),
        None => (argument.to_owned(), None),
    };
    let is_component = component.ends_with(".wasm") || component.ends_with(".wat");
    is_component.then_some(BarePlugin { component, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_told_from_a_bench() {
        let read = |argument| plugin(argument).map(|one| (one.component, one.files));
        assert_eq!(read("a/b.wasm"), Some(("a/b.wasm".to_owned(), None)));
        assert_eq!(read("b.wasm=x=y"), Some(("b.wasm".to_owned(), Some("x=y".to_owned()))));
        for bench in ["bench.toml", ".", "a.wasm/bench.toml", "folder=x"] {
            assert_eq!(read(bench), None, "{bench}");
        }
    }
}
