//! `[build]` of a bench file: how the components that the bench names are made of their sources.
//! Nothing of it is part of the bench's digest; the component's own digest is.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use timeslip_timeline::conversation::nearest;

/// `[build]`, or one `[[build]]` of several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BuildTable {
    /// The language of the sources.
    pub(crate) language: Language,
    /// What the component is.
    pub(crate) kind: ComponentKind,
    /// The folder of the sources, or their first file; the bench's own folder if absent.
    #[serde(default = "here")]
    pub(crate) source: String,
    /// The component that is written: what `[agent]` or a `[[tool]]` names.
    pub(crate) output: String,
    /// The folder of the language's SDK.
    #[serde(default = "sdk")]
    pub(crate) sdk: String,
    /// What runs JavaScript inside the component; QuickJS if absent.
    #[serde(default)]
    pub(crate) engine: Option<Engine>,
}

fn here() -> String {
    ".".to_owned()
}

fn sdk() -> String {
    "sdk".to_owned()
}

/// A language that components are built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// JavaScript.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// C.
    C,
    /// Go.
    Go,
    /// Zig.
    Zig,
}

impl Language {
    /// All of them, in the order in which they are listed.
    pub(crate) const ALL: [Language; 7] = [
        Language::Rust,
        Language::Python,
        Language::JavaScript,
        Language::TypeScript,
        Language::C,
        Language::Go,
        Language::Zig,
    ];

    /// Its name in a bench and on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::TypeScript => "typescript",
            Language::C => "c",
            Language::Go => "go",
            Language::Zig => "zig",
        }
    }

    /// Its name in a sentence.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::Python => "Python",
            Language::JavaScript => "JavaScript",
            Language::TypeScript => "TypeScript",
            Language::C => "C",
            Language::Go => "Go",
            Language::Zig => "Zig",
        }
    }

    /// The language of a name.
    ///
    /// # Errors
    /// A sentence with the nearest name, or all of them.
    pub(crate) fn named(name: &str) -> Result<Language, String> {
        let names = || Language::ALL.iter().map(|language| language.name());
        if let Some(language) = Language::ALL.into_iter().find(|one| one.name() == name) {
            return Ok(language);
        }
        let lower = name.to_lowercase();
        let meant = match lower.as_str() {
            "js" | "node" => Some("javascript"),
            "ts" => Some("typescript"),
            "py" | "python3" => Some("python"),
            "rs" => Some("rust"),
            "golang" => Some("go"),
            other => nearest(other, names()),
        };
        Err(match meant {
            Some(near) => format!("unknown language `{name}`; did you mean `{near}`?"),
            None => {
                let known: Vec<&str> = names().collect();
                format!("unknown language `{name}`; known here: {}", known.join(", "))
            }
        })
    }
}

impl TryFrom<String> for Language {
    type Error = String;

    fn try_from(name: String) -> Result<Language, String> {
        Language::named(&name)
    }
}

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ComponentKind {
    /// An agent.
    Agent,
    /// A tool plugin.
    Tool,
}

impl ComponentKind {
    /// Its name in a bench, which is that of its world too.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ComponentKind::Agent => "agent",
            ComponentKind::Tool => "tool",
        }
    }
}

/// What runs JavaScript inside a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Engine {
    /// QuickJS: small, and starts at once.
    Quickjs,
    /// SpiderMonkey in WebAssembly: large, and complete.
    Starlingmonkey,
}

/// Reads one table, or an array of them.
pub(crate) fn one_or_several<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<BuildTable>, D::Error> {
    struct Tables;

    impl<'de> Visitor<'de> for Tables {
        type Value = Vec<BuildTable>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a table [build], or several [[build]]")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            BuildTable::deserialize(MapAccessDeserializer::new(map)).map(|table| vec![table])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, tables: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(tables))
        }
    }

    deserializer.deserialize_any(Tables)
}
