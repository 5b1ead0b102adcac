//! Which executions only repeat another one in a different order of independent steps.
//!
//! loom leaves out orders by the races that it sees, but does not remember which of the others it has been
//! through: of `n` independent steps it may make many orders. Sleep sets do (Godefroid, "Partial-Order
//! Methods for the Verification of Concurrent Systems", LNCS 1032, 1996, chapter 5): once all that can
//! follow a step has been explored, the step sleeps while others are tried in its place, until one of those
//! depends on it. A step that is made while it sleeps begins a repetition.
//!
//! A step here is the acquisition of one turn, and two steps depend on each other if they are of one
//! process or one turn. What a step is followed by is determined by the steps before it.
//!
//! For two processes only. A state counts as explored when those who are awake have gone on from there, but
//! where a process ends or waits, loom chooses who goes on, and with three it can choose one who is asleep
//! while another is awake. The execution would be cut off, and the races of the other never seen. Of two
//! there is no other.

/// A process, and the turn that it takes.
pub(crate) type Taken = (usize, usize);

/// The steps of the execution, and of those that loom made before.
#[derive(Debug, Default)]
pub(crate) struct SleepSets {
    /// loom goes through the executions depth first, so that what was tried in the place of a step is
    /// finished with.
    path: Vec<Node>,
    /// How many of the path's steps this execution has made.
    made: usize,
    asleep: Vec<Taken>,
}

#[derive(Debug)]
struct Node {
    taken: Taken,
    /// What was taken here before.
    finished: Vec<Taken>,
}

impl SleepSets {
    /// An execution begins.
    pub(crate) fn begin(&mut self) {
        self.made = 0;
        self.asleep.clear();
    }

    /// The execution makes a step. Whether it repeats another from here on.
    pub(crate) fn step(&mut self, taken: Taken) -> bool {
        let finished = self.finished_before(taken);
        if self.asleep.contains(&taken) || finished.contains(&taken) {
            return true;
        }
        self.asleep.extend(finished);
        let (process, turn) = taken;
        self.asleep
            .retain(|&(other, its)| other != process && its != turn);
        false
    }

    /// What was tried before in the place of this step.
    fn finished_before(&mut self, taken: Taken) -> Vec<Taken> {
        let at = self.made;
        self.made += 1;
        match self.path.get_mut(at) {
            None => self.path.push(Node {
                taken,
                finished: Vec::new(),
            }),
            Some(node) if node.taken == taken => {}
            Some(node) => {
                node.finished.push(node.taken);
                node.taken = taken;
                self.path.truncate(at + 1);
            }
        }
        self.path[at].finished.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::SleepSets;

    /// The executions that are no repetition.
    fn new(executions: &[&[(usize, usize)]]) -> Vec<bool> {
        let mut sets = SleepSets::default();
        let repeats = |steps: &&[(usize, usize)]| {
            sets.begin();
            let repeated = steps.iter().any(|step| sets.step(*step));
            !repeated
        };
        executions.iter().map(repeats).collect()
    }

    #[test]
    fn independent_steps_are_made_in_one_order() {
        let both = [&[(0, 7), (1, 8)][..], &[(1, 8), (0, 7)]];
        assert_eq!(new(&both), [true, false]);
    }

    #[test]
    fn dependent_steps_are_made_in_both_orders() {
        let both = [&[(0, 7), (1, 7)][..], &[(1, 7), (0, 7)]];
        assert_eq!(new(&both), [true, true]);
    }

    #[test]
    fn a_step_sleeps_until_one_is_made_that_depends_on_it() {
        let orders = [
            &[(0, 7), (1, 8), (1, 7)][..],
            &[(1, 8), (1, 7), (0, 7)],
            &[(1, 8), (0, 7), (1, 7)],
        ];
        assert_eq!(new(&orders), [true, true, false]);
    }

    #[test]
    fn the_same_steps_again_are_a_repetition_once_others_were_tried() {
        let a_b_a = [&[(0, 7), (1, 7)][..], &[(1, 7), (0, 7)], &[(0, 7), (1, 7)]];
        assert_eq!(new(&a_b_a), [true, true, false]);
    }
}
