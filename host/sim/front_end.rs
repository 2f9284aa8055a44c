//! What a chat passes before the scheduler knows of it.

use timeslip_timeline::time::Span;

/// From a chat's arrival to the scheduler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrontEnd {
    seconds: f64,
    token_seconds: f64,
    /// How many steps under way pass on average before new chats are taken in.
    steps: f64,
}

impl FrontEnd {
    /// `seconds` of any chat, `token_seconds` of each token of its prompt, and the steps between two
    /// of the scheduler's looks at what has come.
    pub(crate) fn new(seconds: f64, token_seconds: f64, interval_steps: f64) -> FrontEnd {
        FrontEnd { seconds, token_seconds, steps: 0.5 * interval_steps }
    }

    /// For a prompt of so many tokens, while each step takes `step`; nothing where none goes on.
    pub fn span(&self, input_tokens: u64, step: Span) -> Span {
        let waiting = match self.steps > 0.0 {
            true => self.steps * step.as_seconds_f64(),
            false => 0.0,
        };
        Span::from_seconds_f64(self.seconds + self.token_seconds * input_tokens as f64 + waiting)
    }

    /// Whether a chat waits for steps under way.
    pub(crate) fn waits_for_steps(&self) -> bool {
        self.steps > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_pays_for_its_tokens_and_for_half_of_the_interval() {
        let front_end = FrontEnd::new(0.02, 1e-6, 10.0);
        let step = Span::from_seconds_f64(0.004);
        assert_eq!(front_end.span(1_000, Span::ZERO), Span::from_seconds_f64(0.021));
        assert_eq!(front_end.span(1_000, step), Span::from_seconds_f64(0.041));
    }
}
