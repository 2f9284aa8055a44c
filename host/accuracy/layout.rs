//! How the chips of a group share a model: what a row states, brought to what was served.

use timeslip_sim::profile::Model;

use crate::row::StatedLayout;

/// How the chips of one group share a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Ways in which attention and dense weights are split.
    pub tensor: u64,
    /// Copies of attention, each for chats of its own.
    pub data: u64,
    /// Ways in which the experts are shared out; 1 where each expert is split as dense weights are.
    pub expert: u64,
    /// Stages of layers.
    pub pipeline: u64,
}

impl Layout {
    /// Chips of the group.
    pub fn chips(&self) -> u64 {
        self.tensor * self.data * self.pipeline
    }

    /// The layout that a row states.
    ///
    /// # Errors
    /// A short reason, when it states none, or one that no software serves.
    pub(crate) fn of(stated: &StatedLayout, model: &Model) -> Result<Layout, String> {
        let tensor = stated.tensor.ok_or("the tensor parallelism is not stated")?;
        let expert_tensor = stated.expert_tensor.unwrap_or(1);
        let expert = stated.expert.unwrap_or(1);
        // Attention and experts stand on the same chips, so one side's product is the other's.
        let missing_data = match (expert_tensor * expert).checked_div(tensor) {
            Some(copies) if copies * tensor == expert_tensor * expert => copies.max(1),
            _ => 1,
        };
        let data = stated.attention_data.unwrap_or(missing_data);
        let pipeline = stated.pipeline.unwrap_or(1);
        let square =
            stated.attention_data.and_then(|data| squared(tensor, data, expert_tensor, expert));
        let layout = match square {
            Some(chips) if data > 1 => Layout { tensor: 1, data: chips, expert: chips, pipeline },
            Some(chips) => Layout { tensor: chips, data: 1, expert: chips, pipeline },
            None => Layout { tensor, data, expert, pipeline },
        };
        layout.check(model)
    }

    fn check(self, model: &Model) -> Result<Layout, String> {
        let heads = model.layers.iter().find_map(|layers| {
            let grouped = layers.grouped.as_ref().map(|attention| attention.heads);
            let latent = layers.latent.as_ref().map(|attention| attention.heads);
            grouped.or(latent).or(layers.compressed.as_ref().map(|attention| attention.heads))
        });
        match heads {
            Some(heads) if !heads.is_multiple_of(self.tensor) => Err(format!(
                "how the chips are grouped is not stated: {} heads cannot be split {} ways, so that \
                 is the sum of several groups",
                heads, self.tensor
            )),
            _ => Ok(self),
        }
    }
}

/// The chips of a group whose parallelism is stated squared. Where experts are shared out over the
/// same chips that split attention, some files state that number for both ways of dividing experts,
/// and its square for attention: 8 chips as 64 × 1, experts 8 × 8. Those files state the copies of
/// attention, and rows without them mean what they say.
fn squared(tensor: u64, data: u64, expert_tensor: u64, expert: u64) -> Option<u64> {
    let square = tensor * data;
    let as_both = expert_tensor == expert && square == expert * expert;
    let as_product = tensor == data && expert_tensor == 1 && square == expert;
    let chips = if as_both { expert } else { tensor };
    (chips > 1 && (as_both || as_product)).then_some(chips)
}

#[cfg(test)]
mod tests {
    use super::*;
    use timeslip_sim::catalogue::Catalogue;

    fn of(numbers: [u64; 4]) -> Result<[u64; 4], String> {
        let [tensor, attention_data, expert_tensor, expert] =
            numbers.map(|number| (number > 0).then_some(number));
        let stated = StatedLayout {
            tensor,
            attention_data,
            expert_tensor,
            expert,
            ..StatedLayout::default()
        };
        let model = Catalogue::built_in().model("deepseek-r1").unwrap();
        let layout = Layout::of(&stated, &model)?;
        Ok([layout.tensor, layout.data, layout.expert, layout.chips()])
    }

    #[test]
    fn what_is_stated_is_what_was_served() {
        assert_eq!(of([8, 1, 8, 1]), Ok([8, 1, 1, 8]));
        assert_eq!(of([8, 1, 1, 8]), Ok([8, 1, 8, 8]));
        assert_eq!(of([1, 8, 1, 8]), Ok([1, 8, 8, 8]));
        assert_eq!(of([4, 0, 2, 2]), Ok([4, 1, 2, 4]));
    }

    #[test]
    fn squared_numbers_are_brought_back_to_the_chips_there_are() {
        assert_eq!(of([64, 1, 8, 8]), Ok([8, 1, 8, 8]));
        assert_eq!(of([16, 1, 4, 4]), Ok([4, 1, 4, 4]));
        assert_eq!(of([1, 64, 8, 8]), Ok([1, 8, 8, 8]));
        assert_eq!(of([1, 4, 2, 2]), Ok([1, 2, 2, 2]));
        assert_eq!(of([4, 1, 2, 2]), Ok([2, 1, 2, 2]));
        assert_eq!(of([4, 4, 1, 16]), Ok([1, 4, 4, 4]));
    }

    #[test]
    fn copies_of_attention_that_are_not_stated_follow_from_the_experts() {
        assert_eq!(of([1, 0, 2, 1]), Ok([1, 2, 1, 2]));
        assert_eq!(of([8, 0, 1, 1]), Ok([8, 1, 1, 8]), "a dense model states no experts");
    }

    #[test]
    fn a_sum_of_groups_is_not_taken_for_one() {
        let why = of([72, 1, 72, 1]).unwrap_err();
        assert!(why.contains("128 heads cannot be split 72 ways"), "{why}");
        assert_eq!(of([0, 1, 1, 1]).unwrap_err(), "the tensor parallelism is not stated");
    }
}
