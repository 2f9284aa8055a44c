//! The time of a step as a component states it, for machines that the equations here do not fit.
//!
//! What runs components is not here: whoever makes a catalogue gives it a [`ComponentLoader`]. An
//! answer that is no time ends the run: it is kept, nothing is timed from then on, and the machine
//! reports it as its failure. That holds for steps that are timed ahead and then do not come, too.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use timeslip_timeline::time::Instant;

use super::work::Work;
use crate::placement::Placement;
use crate::profile::{Confidence, Model, Serving, check_provenance};

/// Loads a component that times steps.
#[derive(Clone)]
pub struct ComponentLoader(Arc<LoadComponent>);

type LoadComponent = dyn Fn(&ComponentInput<'_>) -> Result<LoadedComponent, String> + Send + Sync;

impl ComponentLoader {
    /// A loader, which says in a sentence why a component cannot be used.
    pub fn new(
        load: impl Fn(&ComponentInput<'_>) -> Result<LoadedComponent, String> + Send + Sync + 'static,
    ) -> ComponentLoader {
        ComponentLoader(Arc::new(load))
    }

    pub(crate) fn load(&self, input: &ComponentInput<'_>) -> Result<LoadedComponent, String> {
        (self.0)(input)
    }
}

impl fmt::Debug for ComponentLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ComponentLoader")
    }
}

/// A component, and what it is prepared for.
#[derive(Clone, Copy, Debug)]
pub struct ComponentInput<'a> {
    /// The component's file, for messages.
    pub file: &'a str,
    /// What stands in it.
    pub bytes: &'a [u8],
    /// The model.
    pub model: &'a Model,
    /// The formats asked for.
    pub serving: &'a Serving,
    /// The model in one group's memory.
    pub placement: &'a Placement,
    /// Figures of the machine's profile, by name.
    pub figures: &'a [(String, f64)],
}

/// A component that was loaded and prepared.
pub struct LoadedComponent {
    /// What it says of itself.
    pub about: ComponentDescription,
    /// Makes instances of it.
    pub begin: Box<BeginTiming>,
}

/// Makes an instance that was prepared and has timed nothing yet, or says why it cannot be made.
pub type BeginTiming = dyn Fn() -> Result<StepTimer, String> + Send + Sync;

/// An instance of a component: gives the seconds of a step, or says why it gave none.
pub type StepTimer = Box<dyn FnMut(&StepCounts) -> Result<f64, String> + Send>;

/// What a component says of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComponentDescription {
    /// A short name.
    pub name: String,
    /// What it times, in one line.
    pub title: String,
    /// Who says that its equations are those of the machine.
    pub source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: String,
    /// How far to trust them.
    pub confidence: Confidence,
    /// The models that it times; empty for all of them.
    pub models: Vec<String>,
}

/// The most characters of each text that a component says of itself.
const DESCRIPTION_CHARACTERS_MAX: usize = 200;

impl ComponentDescription {
    /// Whether it can stand in tables and messages, and says where it comes from.
    fn check(&self) -> Result<(), String> {
        for (key, text) in [("name", &self.name), ("title", &self.title), ("source", &self.source)]
        {
            let length = text.chars().count();
            let fits = (1..=DESCRIPTION_CHARACTERS_MAX).contains(&length);
            if !fits || text.chars().any(char::is_control) {
                return Err(format!(
                    "the `{key}` of its description is no line of 1 to \
                     {DESCRIPTION_CHARACTERS_MAX} characters"
                ));
            }
        }
        check_provenance(&self.source, &self.date)
            .map_err(|problem| format!("its description: {problem}"))
    }
}

/// What a component is told of a step. Windows do not count in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepCounts {
    /// Tokens that pass all layers.
    pub tokens: u64,
    /// Chats in the step.
    pub chats: u64,
    /// Tokens whose successor is wanted.
    pub outputs: u64,
    /// Chats that write a token.
    pub decodes: u64,
    /// Tokens that those look back at, themselves included.
    pub decode_context: u64,
    /// Tokens of prompts that are read.
    pub prefill_tokens: u64,
    /// Cached tokens before those.
    pub prefill_past: u64,
    /// Pairs of a prompt's token and one that it looks back at, itself included.
    pub prefill_pairs: u64,
}

impl StepCounts {
    fn of(work: &Work) -> StepCounts {
        StepCounts {
            tokens: work.tokens,
            chats: work.calls,
            outputs: work.outputs,
            decodes: work.decodes,
            decode_context: work.decode_context,
            prefill_tokens: work.prefill_tokens,
            prefill_past: work.prefill_past,
            prefill_pairs: work.prefill_pairs,
        }
    }
}

impl fmt::Display for StepCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StepCounts { tokens, chats, outputs, decodes, decode_context, .. } = self;
        let StepCounts { prefill_tokens, prefill_past, prefill_pairs, .. } = self;
        write!(
            f,
            "the step of tokens {tokens}, chats {chats}, outputs {outputs}, decodes {decodes}, \
             decode-context {decode_context}, prefill-tokens {prefill_tokens}, prefill-past \
             {prefill_past}, prefill-pairs {prefill_pairs}"
        )
    }
}

/// The steps of a group, timed by a component.
///
/// A clone has an instance of its own, made when it is first asked: a machine never shares one, so
/// that what another machine asks on another thread cannot matter to it.
pub struct ComponentSteps {
    about: Arc<ComponentDescription>,
    begin: Arc<BeginTiming>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    timer: Option<StepTimer>,
    failure: Option<String>,
}

/// Steps that every group takes sooner or later: a token of a reply, and a prompt.
const CHECKED: [StepCounts; 2] = [
    StepCounts {
        tokens: 1,
        chats: 1,
        outputs: 1,
        decodes: 1,
        decode_context: 1,
        prefill_tokens: 0,
        prefill_past: 0,
        prefill_pairs: 0,
    },
    StepCounts {
        tokens: 16,
        chats: 1,
        outputs: 1,
        decodes: 0,
        decode_context: 0,
        prefill_tokens: 16,
        prefill_past: 0,
        prefill_pairs: 136,
    },
];

impl ComponentSteps {
    /// Steps that a loaded component times, after it was asked for a few.
    ///
    /// # Errors
    /// A sentence, when it gives no time, not the same one twice, or no fit description.
    pub(crate) fn checked(loaded: LoadedComponent) -> Result<ComponentSteps, String> {
        loaded.about.check()?;
        let mut state = State::default();
        let begin: Arc<BeginTiming> = loaded.begin.into();
        let mut ask = |counts| state.ask(&*begin, counts);
        let first = [ask(&CHECKED[0])?, ask(&CHECKED[1])?];
        let again = ask(&CHECKED[0])?;
        if again.to_bits() != first[0].to_bits() {
            return Err(format!(
                "it gave {} and then {again} seconds for the same step; seconds may depend on \
                 nothing but the model, the placement, the figures and the step's counts",
                first[0]
            ));
        }
        Ok(ComponentSteps { about: Arc::new(loaded.about), begin, state: Mutex::default() })
    }

    /// What the component says of itself.
    pub fn about(&self) -> &ComponentDescription {
        &self.about
    }

    /// The step's time in seconds; none once the component has failed.
    pub(crate) fn seconds(&self, work: &Work) -> f64 {
        let mut state = self.state();
        if state.failure.is_some() {
            return 0.0;
        }
        match state.ask(&*self.begin, &StepCounts::of(work)) {
            Ok(seconds) => seconds,
            Err(problem) => {
                let name = &self.about.name;
                state.failure = Some(format!(
                    "the component `{name}` that times its steps failed: {problem}\n  fix: \
                     correct the component, or name another as `cost_component`"
                ));
                0.0
            }
        }
    }

    /// Why nothing that was timed can be used.
    pub(crate) fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ask(&mut self, begin: &BeginTiming, counts: &StepCounts) -> Result<f64, String> {
        let timer = match &mut self.timer {
            Some(timer) => timer,
            None => self.timer.insert(begin()?),
        };
        let seconds = timer(counts).map_err(|problem| format!("{problem}, for {counts}"))?;
        check(seconds).map_err(|problem| format!("{problem}, for {counts}"))
    }
}

/// A step takes some time, and ends before the clock does.
fn check(seconds: f64) -> Result<f64, String> {
    let most = Instant::END.as_nanos() / 1_000_000_000;
    match seconds > 0.0 && seconds < most as f64 {
        true => Ok(seconds),
        false => Err(format!(
            "it gave {seconds} seconds, and a step takes a number of seconds above 0 and below \
             {most}, where the clock ends"
        )),
    }
}

impl Clone for ComponentSteps {
    fn clone(&self) -> ComponentSteps {
        ComponentSteps {
            about: Arc::clone(&self.about),
            begin: Arc::clone(&self.begin),
            state: Mutex::default(),
        }
    }
}

impl fmt::Debug for ComponentSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComponentSteps").field("about", &self.about).finish_non_exhaustive()
    }
}
