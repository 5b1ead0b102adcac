//! How far a lane is: what its next process has to do, and what is not known of those before.

use crate::args::Shape;
use crate::chaos::Blows;
use crate::event::{Acknowledged, Event};
use crate::worker::ChangeOrders;
use crate::workload::Operation;
use std::time::Instant;

/// The course of a lane.
pub(super) struct Course {
    orders: ChangeOrders,
    shape: Shape,
    /// The last change of the process that runs now, or ran last.
    part_ends: u32,
    /// Since when its present change is under way.
    since: Instant,
}

impl Course {
    pub(super) fn new(orders: ChangeOrders, shape: Shape) -> Self {
        Self {
            orders,
            shape,
            part_ends: 0,
            since: Instant::now(),
        }
    }

    /// What the next process has to do, if there is anything left.
    pub(super) fn next_part(&mut self) -> Option<ChangeOrders> {
        let (first, all) = (self.orders.first, self.orders.iterations);
        let last = match self.shape {
            Shape::Loop => all,
            Shape::Fresh => first,
        };
        self.part_ends = last;
        self.since = Instant::now();
        (first <= all).then_some(ChangeOrders {
            last,
            ..self.orders
        })
    }

    /// The change that is under way.
    pub(super) const fn at(&self) -> Operation {
        Operation {
            lane: self.orders.lane,
            iteration: self.orders.first,
        }
    }

    /// How many changes of the lane are known to have been made.
    pub(super) const fn acknowledged(&self) -> u64 {
        self.orders.acknowledged
    }

    /// Takes note of what a process reports.
    pub(super) fn take(&mut self, event: &Event, blows: &mut Blows<'_>) {
        match event {
            Event::Acknowledged(Acknowledged {
                iteration, laid_on, ..
            }) => {
                self.orders.acknowledged += 1;
                self.orders.floor = laid_on.map_or(self.orders.floor, |version| version + 1);
                self.orders.first = iteration + 1;
                blows.take_lifetime(self.since.elapsed());
                self.since = Instant::now();
                if self.orders.first <= self.part_ends {
                    blows.choose(self.at());
                }
            }
            Event::Doubt(iteration) => {
                self.orders.doubts += 1;
                self.orders.first = iteration + 1;
            }
            _ => {}
        }
    }

    /// The process has done its part.
    pub(super) const fn finish(&mut self) {
        self.orders.first = self.part_ends + 1;
    }

    /// The process was killed. Tells whether it was killed in a change, which may have been made;
    /// the lane goes on with the one after it.
    pub(super) const fn is_killed_in_doubt(&mut self) -> bool {
        let in_doubt = self.orders.first <= self.part_ends;
        if in_doubt {
            self.orders.first += 1;
            self.orders.doubts += 1;
        }
        in_doubt
    }
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, Blows, ChangeOrders, Course, Event, Shape};
    use crate::chaos::{Chaos, Lifetimes};
    use crate::event::Span;
    use crate::worker::Terms;
    use crate::workload::{Entry, Seed};

    /// Four changes; and a blow that is never dealt.
    fn orders() -> ChangeOrders {
        let terms = r#"{"subject":"flock","durability":"process","lock_timeout_ms":250}"#;
        let terms: Terms = serde_json::from_str(terms).unwrap();
        ChangeOrders::of_lane(terms, Seed(1), 2, 4)
    }

    fn part(course: &mut Course) -> Option<(u32, u32)> {
        course.next_part().map(|part| (part.first, part.last))
    }

    fn acknowledge(course: &mut Course, iteration: u32) {
        let usual = Lifetimes::default();
        let event = Event::Acknowledged(Acknowledged {
            iteration,
            entry: Entry::Modify,
            span: Span {
                began_ns: 5,
                took_ns: 2,
            },
            laid_on: Some(7),
        });
        course.take(&event, &mut Blows::new(Chaos::default(), Seed(1), &usual));
    }

    #[test]
    fn a_loop_goes_on_behind_the_change_that_is_in_doubt() {
        let mut course = Course::new(orders(), Shape::Loop);
        assert_eq!(part(&mut course), Some((1, 4)));
        acknowledge(&mut course, 1);
        assert!(course.is_killed_in_doubt());
        let next = course.next_part().unwrap();
        assert_eq!((next.first, next.last), (3, 4));
        assert_eq!((next.acknowledged, next.doubts, next.floor), (1, 1, 8));
        acknowledge(&mut course, 3);
        acknowledge(&mut course, 4);
        // Everything was acknowledged before the kill.
        assert!(!course.is_killed_in_doubt());
        assert_eq!(part(&mut course), None);
        assert_eq!(course.acknowledged(), 3);
    }

    #[test]
    fn a_fresh_process_makes_one_change() {
        let mut course = Course::new(orders(), Shape::Fresh);
        assert_eq!(part(&mut course), Some((1, 1)));
        course.finish();
        assert_eq!(part(&mut course), Some((2, 2)));
        assert!(course.is_killed_in_doubt());
        assert_eq!(part(&mut course), Some((3, 3)));
    }
}
