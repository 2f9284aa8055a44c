//! What a run may spend on real servers, held before anything is asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use timeslip_timeline::conversation::{ModelError, Usage};
use timeslip_timeline::price::TokenPrice;

/// A prompt may have so many times the tokens that the run's tokenizer counts: servers' tokenizers
/// and chat templates differ. English text differs by some percent between the vocabularies of
/// public models, and templates add a few tokens a message; a quarter covers both.
const PROMPT_MARGIN: f64 = 1.25;

/// The dollars of a run. Share it between all machines that cost money.
#[derive(Debug)]
pub struct Purse {
    limit_usd: f64,
    contents: Mutex<Contents>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Contents {
    spent_usd: f64,
    reserved_usd: f64,
}

impl Purse {
    /// A purse with so many dollars.
    pub fn new(limit_usd: f64) -> Purse {
        Purse { limit_usd, contents: Mutex::default() }
    }

    /// Dollars that chats have cost so far.
    pub fn spent_usd(&self) -> f64 {
        self.lock().spent_usd
    }

    /// Sets aside the most that a chat can cost.
    ///
    /// # Errors
    /// When that is not there any more, together with what other chats under way may cost.
    pub(crate) fn reserve(&self, most_usd: f64) -> Result<(), ModelError> {
        let mut contents = self.lock();
        let left = self.limit_usd - contents.spent_usd - contents.reserved_usd;
        if most_usd > left {
            return Err(ModelError::OverBudget(format!(
                "this chat may cost ${most_usd:.6}, and of the run's ${} there are ${:.6} left \
                 beside what was spent and what chats under way may cost; lower \
                 max_output_tokens, or raise the run's budget",
                self.limit_usd,
                left.max(0.0)
            )));
        }
        contents.reserved_usd += most_usd;
        Ok(())
    }

    /// Gives back what was set aside, and takes what the chat did cost.
    pub(crate) fn settle(&self, reserved_usd: f64, spent_usd: f64) {
        let mut contents = self.lock();
        contents.reserved_usd -= reserved_usd;
        contents.spent_usd += spent_usd;
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most that a chat of so many tokens can cost, as the run's tokenizer counts its prompt.
pub(crate) fn most_usd(price: &TokenPrice, counted_input_tokens: u64, output_tokens: u64) -> f64 {
    let input_tokens = (counted_input_tokens as f64 * PROMPT_MARGIN).ceil() as u64;
    price.usd(&Usage { input_tokens, cached_input_tokens: 0, output_tokens })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chats_under_way_may_cost_is_not_spent_twice() {
        let purse = Purse::new(1.0);
        purse.reserve(0.7).unwrap();
        let refused = purse.reserve(0.4).unwrap_err().to_string();
        assert!(refused.contains("$0.300000 left"), "{refused}");
        purse.settle(0.7, 0.2);
        purse.reserve(0.8).unwrap();
        assert_eq!(purse.spent_usd(), 0.2);
    }
}
