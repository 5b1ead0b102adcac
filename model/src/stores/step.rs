//! The numbered steps of the protocols of what stands on the strategies, and for each the controls
//! that leave it out or do it wrong.

use super::Control;
use super::guards::{breaker, confirmed, debounce, failures, pending, slots};
use super::tasks::{additions, claims, clock, import, removal};
use crate::twin::Source;

include!(concat!(env!("OUT_DIR"), "/store_steps.rs"));

impl Step {
    /// The mistakes in it. Each must be rejected.
    #[must_use]
    pub const fn controls(self) -> &'static [Control] {
        match self {
            Self::SlotsStep1 => &[
                slots::UNLOCKED,
                slots::COUNTED,
                slots::COUNTED_FOR_EVER,
                slots::REMOVED,
            ],
            Self::SlotsStep2 => &[slots::GIVES_UP],
            Self::SlotsStep3 => &[slots::KEPT],

            Self::DebounceStep1 => &[
                debounce::UNLOCKED,
                debounce::IN_TWO_WINDOWS,
                debounce::ROLE_UNLOCKED,
            ],
            Self::DebounceStep2 => &[debounce::CONFIRMS_FIRST],
            Self::DebounceStep3 => &[debounce::LEAVES_LATE],
            Self::DebounceStep4 => &[debounce::LEAVES_AFTER_ACTING, debounce::LEADING_EDGE_ONLY],
            Self::DebounceStep5 => &[debounce::ROLE_UNLOCKED],

            Self::BreakerStep1 => &[
                breaker::UNLOCKED,
                breaker::IN_TWO_WINDOWS,
                breaker::WITHOUT_TIME_LIMIT,
                breaker::WITHOUT_PATIENCE,
            ],
            Self::BreakerStep2 => &[
                breaker::WITHOUT_GENERATIONS,
                breaker::FORGETS_REPORTS,
                failures::UNLOCKED,
                failures::IN_TWO_WINDOWS,
            ],

            Self::PendingStep1 => &[pending::UNLOCKED, pending::ADDED_IN_TWO_WINDOWS],
            Self::PendingStep2 => &[pending::UNLOCKED, pending::TAKEN_IN_TWO_WINDOWS],
            Self::PendingStep3 => &[
                confirmed::UNLOCKED,
                confirmed::IN_TWO_WINDOWS,
                confirmed::NEVER_GIVEN_BACK,
            ],
            Self::PendingStep4 => &[confirmed::WITHOUT_NUMBERS, confirmed::CONFIRMED_FIRST],

            Self::CheckStep1 => &[claims::UNLOCKED, claims::TWO_WINDOWS, claims::NOT_PASSED],
            Self::CheckStep2 => &[claims::CONFIRMED_FIRST, claims::PASSING_CONFIRMED_FIRST],
            Self::CheckStep3 => &[
                removal::SNAPSHOT,
                removal::SESSION_SNAPSHOT,
                additions::ANY_START,
                claims::FAILING_UNLOCKED,
            ],
            Self::CheckStep4 => &[claims::NEVER_RETRIED, claims::RETRIED_UNLOCKED],

            Self::ClockStep1 => &[clock::READ_BEFORE],
            Self::ClockStep2 => &[clock::FORGETS_THE_CLOCK],
            Self::ClockStep3 => &[clock::NEVER_DROPPED],

            Self::ImportStep1 => &[import::TWO_WINDOWS],
            Self::ImportStep2 => &[import::REMOVES_THE_FILE],
            Self::ImportStep3 => &[import::SECOND_LOOK, import::TWO_WINDOWS],
        }
    }
}

/// A step with no controls is one without a control.
const _: () = {
    let mut index = 0;
    while index < Step::ALL.len() {
        assert!(!Step::ALL[index].controls().is_empty());
        index += 1;
    }
};
