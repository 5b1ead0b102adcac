//! To whom it is done. The seed decides, so that the same line does it to the same ones again; at
//! which instant of their work it hits them is up to the scheduler all the same.

use super::plan::Share;
use crate::workload::{Operation, Seed};

/// What a number is drawn for. Each has a sequence of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Kill,
    Stop,
    KillWhen,
    StopWhen,
}

/// A number from 0 up to, and without, 1.
pub(super) fn draw(seed: Seed, operation: Operation, question: Question) -> f64 {
    let own = Seed(seed.at(question as u64 + 1));
    // As many bits as a float holds.
    (own.at(operation.token()) >> 11) as f64 / (1_u64 << 53) as f64
}

impl Share {
    /// Whether a number that was drawn falls into it.
    pub(super) fn has(self, drawn: f64) -> bool {
        drawn < f64::from(self.0) / 1e6
    }
}

impl Share {
    /// Whether the seed chooses this change for a pause of its worker.
    pub(crate) fn is_slow(self, seed: Seed, operation: Operation) -> bool {
        let own = Seed(seed.at(u64::MAX));
        self.has((own.at(operation.token()) >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, Question, Seed, Share, draw};

    #[test]
    fn a_share_of_all_is_chosen_and_each_question_chooses_others() {
        let operations = (1..=10_000).map(|iteration| Operation { lane: 1, iteration });
        let chosen = |question| {
            let drawn = operations
                .clone()
                .map(|operation| draw(Seed(7), operation, question));
            drawn
                .map(|drawn| Share(50_000).has(drawn))
                .collect::<Vec<bool>>()
        };
        let (kills, stops) = (chosen(Question::Kill), chosen(Question::Stop));
        let count = kills.iter().filter(|chosen| **chosen).count();
        assert!((400..600).contains(&count), "{count}");
        let both = kills
            .iter()
            .zip(&stops)
            .filter(|(kill, stop)| **kill && **stop)
            .count();
        assert!(both < 60, "{both}");
        assert!(Share(1_000_000).has(draw(
            Seed(7),
            operations.clone().next().unwrap(),
            Question::Kill
        )));
    }
}
