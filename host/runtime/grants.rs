//! What a component may reach. Everything is denied unless it is granted here, and every refusal
//! names the line that would grant it.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The models an agent may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelGrant {
    /// None.
    Nothing,
    /// These.
    Named(Vec<String>),
    /// Every model the run's machines serve.
    Every,
}

impl ModelGrant {
    /// Whether the model may be asked.
    ///
    /// # Errors
    /// The refusal, which names the line to add to the bench.
    pub fn check(&self, model: &str) -> Result<(), String> {
        let granted = match self {
            ModelGrant::Nothing => false,
            ModelGrant::Named(names) => names.iter().any(|name| name == model),
            ModelGrant::Every => true,
        };
        if granted {
            return Ok(());
        }
        Err(format!(
            "the agent has no grant for the model \"{model}\": \
             add \"{model}\" to `models` under [agent] in the bench"
        ))
    }
}

/// What is left of a session's budgets; absent is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Calls of models.
    pub model_calls: Option<u64>,
    /// Calls of tools.
    pub tool_calls: Option<u64>,
    /// Output tokens of all chats.
    pub output_tokens: Option<u64>,
}

/// Files granted to a plugin, read before the run so that every session sees the same bytes.
#[derive(Clone, Debug, Default)]
pub struct FileGrant {
    /// Contents by path, with `/` between the parts.
    pub files: BTreeMap<String, Arc<[u8]>>,
}

/// Why a file is not to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileRefusal {
    Refused(String),
    NotFound(String),
    InvalidPath(String),
}

impl FileGrant {
    pub(crate) fn read(&self, plugin: &str, path: &str) -> Result<&Arc<[u8]>, FileRefusal> {
        if let Some(problem) = path_problem(path) {
            return Err(FileRefusal::InvalidPath(format!("\"{path}\" {problem}")));
        }
        if self.files.is_empty() {
            return Err(FileRefusal::Refused(format!(
                "the plugin \"{plugin}\" has no grant for files: \
                 add `files = \"FOLDER\"` to its [[tool]] in the bench"
            )));
        }
        self.files.get(path).ok_or_else(|| {
            let known = self.files.keys().map(String::as_str);
            let near = timeslip_timeline::conversation::nearest(path, known);
            let hint = near.map(|near| format!("; the nearest is \"{near}\"")).unwrap_or_default();
            FileRefusal::NotFound(format!("the granted files hold no \"{path}\"{hint}"))
        })
    }
}

fn path_problem(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        Some("is empty")
    } else if path.starts_with('/') || path.contains('\\') || path.contains(':') {
        Some("is not relative to the granted folder, with `/` between its parts")
    } else if path.split('/').any(|part| part == ".." || part == "." || part.is_empty()) {
        Some("has an empty part, `.` or `..` in it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_refused_unless_granted_and_the_refusal_names_the_line() {
        assert!(ModelGrant::Every.check("m").is_ok());
        assert!(ModelGrant::Named(vec!["m".into()]).check("m").is_ok());
        let refusal = ModelGrant::Named(vec!["m".into()]).check("n").unwrap_err();
        assert!(refusal.contains("add \"n\" to `models` under [agent]"), "{refusal}");
        assert!(ModelGrant::Nothing.check("m").is_err());
    }

    #[test]
    fn files_are_reached_only_inside_the_grant() {
        let empty = FileGrant::default();
        assert!(
            matches!(empty.read("p", "a.json"), Err(FileRefusal::Refused(m)) if m.contains("[[tool]]"))
        );
        let grant = FileGrant { files: [("d/a.json".to_owned(), Arc::from(*b"1"))].into() };
        assert!(grant.read("p", "d/a.json").is_ok());
        assert!(
            matches!(grant.read("p", "d/b.json"), Err(FileRefusal::NotFound(m)) if m.contains("d/a.json"))
        );
        for path in
            ["", "/etc/passwd", "../d/a.json", "d/../d/a.json", "d//a.json", "d\\a.json", "C:/a"]
        {
            assert!(matches!(grant.read("p", path), Err(FileRefusal::InvalidPath(_))), "{path}");
        }
    }
}
