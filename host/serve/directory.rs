//! Which machine a request goes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use timeslip_timeline::conversation::nearest;

use crate::error::ApiError;

/// The machines by the models that they serve.
pub(crate) struct Directory {
    entries: Vec<Entry>,
}

struct Entry {
    machine: Arc<str>,
    model: Arc<str>,
    /// `MACHINE:MODEL`, which means this one alone.
    full: String,
    /// Requests that were given to it and are not over.
    under_way: Arc<AtomicUsize>,
}

/// A machine that takes a request, which counts there until this is dropped.
pub(crate) struct Taken {
    pub(crate) place: usize,
    pub(crate) machine: Arc<str>,
    pub(crate) model: Arc<str>,
    under_way: Arc<AtomicUsize>,
}

impl Directory {
    pub(crate) fn new(machines: impl Iterator<Item = (Arc<str>, Arc<str>)>) -> Directory {
        let entry = |(machine, model): (Arc<str>, Arc<str>)| Entry {
            full: format!("{machine}:{model}"),
            machine,
            model,
            under_way: Arc::default(),
        };
        Directory { entries: machines.map(entry).collect() }
    }

    /// The machine for a request that names a model, or `MACHINE:MODEL`; of several that serve it the
    /// one with the fewest requests. A request that names none goes to the first one's model.
    pub(crate) fn take(&self, name: Option<&str>) -> Result<Taken, ApiError> {
        let name = name.unwrap_or(&self.entries[0].model);
        let fits = |entry: &&(usize, &Entry)| *entry.1.model == *name || entry.1.full == name;
        let entries: Vec<(usize, &Entry)> = self.entries.iter().enumerate().collect();
        let fitting = entries.iter().filter(fits);
        let least = fitting.min_by_key(|(_, entry)| entry.under_way.load(Ordering::Relaxed));
        let Some((place, entry)) = least else {
            return Err(self.unknown(name));
        };
        entry.under_way.fetch_add(1, Ordering::Relaxed);
        Ok(Taken {
            place: *place,
            machine: entry.machine.clone(),
            model: entry.model.clone(),
            under_way: entry.under_way.clone(),
        })
    }

    /// Why nobody serves a model.
    pub(crate) fn unknown(&self, name: &str) -> ApiError {
        let names = self.names();
        let advice = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("here are {}", names.join(", ")),
        };
        ApiError::unknown_model(format!("the model `{name}` is not served: {advice}"))
    }

    /// What requests may name: each model once, and where several machines serve one, each of them.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for entry in &self.entries {
            if !names.iter().any(|name| *name == *entry.model) {
                names.push(entry.model.to_string());
            }
        }
        let served = |model: &str| self.entries.iter().filter(|one| &*one.model == model).count();
        let shared = self.entries.iter().filter(|entry| served(&entry.model) > 1);
        names.extend(shared.map(|entry| entry.full.clone()));
        names
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        let machines = [("a", "llama"), ("b", "llama"), ("c", "qwen")];
        Directory::new(machines.into_iter().map(|(machine, model)| (machine.into(), model.into())))
    }

    #[test]
    fn requests_go_to_the_machine_of_their_model_with_the_fewest() {
        let directory = directory();
        let place = |name: Option<&str>| directory.take(name).map(|taken| taken.place).unwrap();
        assert_eq!((place(Some("qwen")), place(None), place(Some("b:llama"))), (2, 0, 1));
        let first = directory.take(Some("llama")).unwrap();
        assert_eq!((first.place, place(Some("llama"))), (0, 1));
        drop(first);
        assert_eq!(place(Some("llama")), 0);
    }

    #[test]
    fn an_unknown_model_has_its_nearest_named() {
        let error = directory().take(Some("lama")).err().unwrap();
        insta::assert_snapshot!(error.message, @"the model `lama` is not served: did you mean `llama`?");
        assert_eq!(directory().names(), ["llama", "qwen", "a:llama", "b:llama"]);
    }
}
