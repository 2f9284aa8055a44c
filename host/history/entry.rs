//! What a history holds for a run.

use timeslip_gate::slip::Slip;

use crate::figures::{self, Figure};
use crate::moment::is_utc;

/// A run in a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it was recorded, as [`crate::moment::utc`] writes it.
    pub recorded_at: String,
    /// The commit that was run; `None` outside a repository.
    pub commit: Option<String>,
    /// The branch it was run on.
    pub branch: Option<String>,
    /// When the commit was made, as [`crate::moment::utc`] writes it.
    pub commit_time: Option<String>,
    /// The bench's name.
    pub bench: String,
    /// The machines of the run, joined by `+`.
    pub on: String,
    /// The digest of the slip that the figures are from.
    pub slip_digest: String,
    /// The digest of all that the bench says.
    pub bench_digest: String,
    /// The version of timeslip that ran it.
    pub timeslip: String,
    /// The figures, in the order in which they are shown; none that is unknown.
    pub metrics: Vec<Figure>,
}

/// Where a slip comes from: what stands in an entry and not in the slip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// When it is recorded, as [`crate::moment::utc`] writes it.
    pub recorded_at: String,
    /// The commit that was run.
    pub commit: Option<String>,
    /// The branch it was run on.
    pub branch: Option<String>,
    /// When the commit was made, as [`crate::moment::utc`] writes it.
    pub commit_time: Option<String>,
    /// The digest of the slip's bytes.
    pub slip_digest: String,
}

impl Entry {
    /// The entry of a slip.
    pub fn of_slip(slip: &Slip, origin: Origin) -> Entry {
        let known = |text: Option<String>| text.filter(|text| !text.is_empty());
        let machines: Vec<&str> = slip.machines.iter().map(|one| one.name.as_str()).collect();
        Entry {
            recorded_at: origin.recorded_at,
            commit: known(origin.commit),
            branch: known(origin.branch),
            commit_time: known(origin.commit_time),
            bench: slip.bench.name.clone(),
            on: machines.join("+"),
            slip_digest: origin.slip_digest,
            bench_digest: slip.bench.digest.clone(),
            timeslip: slip.timeslip.clone(),
            metrics: figures::of_slip(slip),
        }
    }

    /// What is wrong with it, if anything is, in words that end a sentence.
    pub(crate) fn fault(&self) -> Option<String> {
        let moments = [("recorded_at", Some(&self.recorded_at))];
        for (name, moment) in
            moments.into_iter().chain([("commit_time", self.commit_time.as_ref())])
        {
            if let Some(moment) = moment.filter(|moment| !is_utc(moment)) {
                return Some(format!(
                    "its {name} is {moment:?}; write it in UTC as 2026-11-24T21:58:00Z"
                ));
            }
        }
        let mut names: Vec<&str> = Vec::new();
        for (name, _, value) in &self.metrics {
            if !value.is_finite() {
                return Some(format!("its figure {name} is {value}; leave out what is unknown"));
            }
            if names.contains(&name.as_str()) {
                return Some(format!("it has the figure {name} twice; name each once"));
            }
            names.push(name);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn an_entry_says_what_was_run_and_where_it_comes_from() {
        let origin = Origin {
            recorded_at: "2026-11-24T21:58:00Z".to_owned(),
            commit: Some("c0ffee".to_owned()),
            branch: Some(String::new()),
            commit_time: None,
            slip_digest: "sha256:51".to_owned(),
        };
        let entry = Entry::of_slip(&examples::slip(), origin);
        assert_eq!((entry.bench.as_str(), entry.on.as_str()), ("airline", "rack+other"));
        assert_eq!(entry.commit.as_deref(), Some("c0ffee"));
        assert_eq!(entry.branch, None);
        assert_eq!(entry.fault(), None);
    }

    #[test]
    fn a_faulty_entry_is_told_what_to_write() {
        let good = examples::entry(0, 1.0);
        let fault = |change: fn(&mut Entry)| {
            let mut entry = good.clone();
            change(&mut entry);
            entry.fault().unwrap()
        };
        let no_utc =
            fault(|entry| entry.commit_time = Some("2026-11-24T21:58:00+01:00".to_owned()));
        assert!(no_utc.contains("commit_time") && no_utc.contains("in UTC"), "{no_utc}");
        let no_number = fault(|entry| entry.metrics[0].2 = f64::NAN);
        assert!(no_number.contains("session_e2e.p50 is NaN"), "{no_number}");
        let twice = fault(|entry| entry.metrics.push(entry.metrics[0].clone()));
        assert!(twice.contains("twice"), "{twice}");
    }
}
