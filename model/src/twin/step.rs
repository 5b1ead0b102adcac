//! The numbered steps of all protocols, and for each the controls that leave it out.

use super::Control;
use super::{append_log, flock, journal, power, rename};

include!(concat!(env!("OUT_DIR"), "/steps.rs"));

/// Where a step stands, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, from the root of the repository on.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: usize,
    /// What the protocol is for; empty if the file has only one.
    pub protocol: &'static str,
    /// The number, such as `4` or `R1`.
    pub number: &'static str,
    /// Whether it is the part that only `Durability::Power` needs.
    pub power: bool,
    /// What is to be done.
    pub text: &'static str,
}

impl Step {
    /// The twins without it. Each must be rejected.
    #[must_use]
    pub const fn controls(self) -> &'static [Control] {
        match self {
            Self::LockStep1 => &[
                flock::CHECKS_THEN_CREATES,
                append_log::CHECKS_THEN_CREATES,
                rename::CHECKS_THEN_CREATES,
            ],
            Self::LockStep2 => &[
                flock::TRUSTS_ANY_FILE_SYSTEM,
                append_log::TRUSTS_ANY_FILE_SYSTEM,
                rename::TRUSTS_ANY_FILE_SYSTEM,
            ],
            Self::LockStep3 => &[
                flock::WITHOUT_LOCK,
                append_log::WITHOUT_LOCK,
                rename::WITHOUT_LOCK,
                flock::GIVES_UP_AT_ONCE,
                append_log::GIVES_UP_AT_ONCE,
                rename::GIVES_UP_AT_ONCE,
                flock::WAITS_FOR_EVER,
                append_log::WAITS_FOR_EVER,
                rename::WAITS_FOR_EVER,
            ],
            Self::LockStep4 => &[
                flock::WITHOUT_RECHECK,
                rename::WITHOUT_RECHECK,
                append_log::WITHOUT_RECHECK,
                append_log::MODIFIES_WITHOUT_RECHECK,
            ],
            Self::LockStep5 => &[
                flock::KEEPS_THE_LOCK,
                append_log::KEEPS_THE_LOCK,
                append_log::KEEPS_THE_SHARED_LOCK,
                rename::KEEPS_THE_LOCK,
                flock::RELIES_ON_CLOSE,
                append_log::RELIES_ON_CLOSE,
                rename::RELIES_ON_CLOSE,
            ],

            Self::FlockStep1 => &[
                flock::WITHOUT_LOCK,
                flock::SHARES_THE_LOCK,
                flock::CHECKS_THEN_CREATES,
                flock::TRUSTS_ANY_FILE_SYSTEM,
                flock::GIVES_UP_AT_ONCE,
                flock::WAITS_FOR_EVER,
                flock::WITHOUT_RECHECK,
            ],
            Self::FlockStep2 => &[journal::WITHOUT_RECOVERY],
            Self::FlockStep3 => &[flock::KEEPS_NO_COPY],
            Self::FlockStep4 => &[flock::REFUSES_NOTHING],
            Self::FlockStep5 => &[flock::WITHOUT_LENGTHENING],
            Self::FlockStep6 => &[
                flock::TRUNCATES_FIRST,
                flock::WRITES_IN_PIECES,
                flock::WITHOUT_PADDING,
                flock::KEEPS_THE_JOURNAL,
            ],
            Self::FlockStep7 => &[journal::WITHOUT_JOURNAL],
            Self::FlockStep7Power => &[power::FLOCK_DIRECTORY],
            Self::FlockStep8 => &[flock::KEEPS_THE_LOCK, flock::RELIES_ON_CLOSE],

            Self::JournalStep1 => &[journal::NEVER_MAKES_THE_JOURNAL],
            Self::JournalStep2 => &[journal::WITHOUT_BODY],
            Self::JournalStep3 => &[journal::WITHOUT_HEADER],
            Self::JournalStep2Power => &[power::JOURNAL_NAME],
            Self::JournalStep3Power => &[power::JOURNAL],
            Self::JournalStep4 => &[journal::NEVER_PLACES, journal::NEVER_CUTS_OFF],
            Self::JournalStep4Power => &[power::PLACED],
            Self::JournalStep5 => &[journal::NEVER_CLEARED],
            Self::JournalStepR1 => &[journal::TAKES_PEERS_FOR_DAMAGE],
            Self::JournalStepR2 => &[journal::WITHOUT_RECOVERY],
            Self::JournalStepR2Power => &[power::TRUSTS_ITS_SYNC],

            Self::AppendLogApplyStep1 => &[
                append_log::WITHOUT_LOCK,
                append_log::WITHOUT_RECHECK,
                append_log::CHECKS_THEN_CREATES,
                append_log::TRUSTS_ANY_FILE_SYSTEM,
                append_log::APPENDS_AFTER_WAITING_FOR_EVER,
            ],
            Self::AppendLogApplyStep2 => &[
                append_log::IGNORES_SHORT_WRITES,
                append_log::CONTINUES_SHORT_WRITES,
                append_log::WITHOUT_LEADING_NEWLINE,
            ],
            Self::AppendLogApplyStep2Power => &[power::APPENDED, power::LOG_NAME],
            Self::AppendLogApplyStep3 => &[
                append_log::KEEPS_THE_SHARED_LOCK,
                append_log::NEVER_COMPACTS,
            ],
            Self::AppendLogModifyStep1 => &[
                append_log::COMPACTS_SHARED,
                append_log::COMPACTS_SHARED_AFTER_AN_APPEND,
                append_log::MODIFIES_WITHOUT_RECHECK,
                append_log::GIVES_UP_AT_ONCE,
                append_log::WAITS_FOR_EVER,
            ],
            Self::AppendLogModifyStep2 => &[append_log::KEEPS_NO_COPY],
            Self::AppendLogModifyStep3 => &[append_log::REFUSES_NOTHING],
            Self::AppendLogModifyStep4 => &[
                append_log::PUBLISHES_UNLOCKED,
                append_log::COMPACTS_IN_PLACE,
                append_log::COMPACTS_IN_PLACE_BESIDE_A_READER,
            ],
            Self::AppendLogModifyStep4Power => &[power::NEW_LOG, power::LOG_DIRECTORY],
            Self::AppendLogModifyStep5 => &[
                append_log::NEVER_EXCHANGES,
                append_log::REMOVES_THEN_RENAMES,
            ],
            Self::AppendLogModifyStep5Power => &[power::NEW_LOG_NAME],
            Self::AppendLogModifyStep6 => &[
                append_log::LEAVES_THE_OLD_LOG,
                append_log::KEEPS_THE_LOCK,
                append_log::RELIES_ON_CLOSE,
            ],

            Self::RenameStep1 => &[
                rename::WITHOUT_LOCK,
                rename::SHARES_THE_LOCK,
                rename::CHECKS_THEN_CREATES,
                rename::TRUSTS_ANY_FILE_SYSTEM,
                rename::GIVES_UP_AT_ONCE,
                rename::WAITS_FOR_EVER,
                rename::WITHOUT_RECHECK,
            ],
            Self::RenameStep2 => &[rename::KEEPS_NO_COPY, rename::IGNORES_THE_SPARE],
            Self::RenameStep3 => &[rename::REFUSES_NOTHING],
            Self::RenameStep4 => &[
                rename::WRITES_INTO_THE_SPARE,
                rename::WRITES_INTO_THE_SPARE_UNDER_A_READER,
            ],
            Self::RenameStep4Power => &[power::SPARE, power::RENAME_DIRECTORY],
            Self::RenameStep5 => &[rename::NEVER_EXCHANGES, rename::REMOVES_THEN_RENAMES],
            Self::RenameStep5Power => &[power::NEW_NAME],
            Self::RenameStep6 => &[rename::KEEPS_THE_LOCK, rename::RELIES_ON_CLOSE],

            Self::FlockRemoveStep1 => &[flock::REMOVES_UNLOCKED, flock::WITHOUT_RECHECK],
            Self::FlockRemoveStep2 => &[
                journal::REMOVES_WITHOUT_RECOVERY,
                flock::REMOVES_AND_KEEPS_NO_COPY,
            ],
            Self::FlockRemoveStep3 => &[flock::REMOVES_BEFORE_HANDING_OUT],
            Self::FlockRemoveStep4 => &[flock::REMOVES_THE_LOCK_FIRST, flock::LEAVES_THE_JOURNAL],
            Self::FlockRemoveStep4Power => &[power::FLOCK_REMOVES_THE_JOURNAL],
            Self::FlockRemoveStep5 => &[flock::LEAVES_THE_STATE],
            Self::FlockRemoveStep5Power => &[power::FLOCK_REMOVES],
            Self::FlockRemoveStep6 => &[flock::REMOVES_RELYING_ON_CLOSE],

            Self::AppendLogRemoveStep1 => &[
                append_log::REMOVES_UNLOCKED,
                append_log::REMOVES_SHARED,
                append_log::REMOVED_WITHOUT_RECHECK,
            ],
            Self::AppendLogRemoveStep2 => &[append_log::REMOVES_AND_KEEPS_NO_COPY],
            Self::AppendLogRemoveStep3 => &[append_log::REMOVES_BEFORE_HANDING_OUT],
            Self::AppendLogRemoveStep4 => &[append_log::REMOVES_THE_LOCK_FIRST],
            Self::AppendLogRemoveStep5 => &[append_log::LEAVES_THE_STATE],
            Self::AppendLogRemoveStep5Power => &[power::APPEND_LOG_REMOVES],
            Self::AppendLogRemoveStep6 => &[append_log::REMOVES_RELYING_ON_CLOSE],

            Self::RenameRemoveStep1 => &[rename::REMOVES_UNLOCKED, rename::WITHOUT_RECHECK],
            Self::RenameRemoveStep2 => &[rename::REMOVES_AND_KEEPS_NO_COPY],
            Self::RenameRemoveStep3 => &[rename::REMOVES_BEFORE_HANDING_OUT],
            Self::RenameRemoveStep4 => &[rename::LEAVES_THE_SPARE, rename::LEAVES_THE_STATE],
            Self::RenameRemoveStep5 => &[rename::REMOVES_THE_LOCK_FIRST, rename::LEAVES_THE_LOCK],
            Self::RenameRemoveStep5Power => &[power::RENAME_REMOVES],
            Self::RenameRemoveStep6 => &[rename::REMOVES_RELYING_ON_CLOSE],
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
