//! Taking over the tasks of the program before.

use super::cast::{Cast, Reach};
use super::control::forget_the_import;
use super::said::{Act, Flaw, Key};
use super::{FLOCK, SETTINGS};
use crate::oracle::Token;
use crate::oracle::ViolationKind;
use crate::stores::{Control, Ground, Kind, Setting, Subject};

pub(in crate::stores) const IMPORT: Subject = Subject {
    name: "task-import",
    kind: Kind::Tasks,
    holds: "of all imports one takes over the tasks, and one that was removed since does not come back",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(ALL_IMPORT.search(sound, setting))
    }),
    settings: SETTINGS,
    controls: &[TWO_WINDOWS, SECOND_LOOK, REMOVES_THE_FILE],
};

pub(in crate::stores) const TWO_WINDOWS: Control = Control {
    name: "imports-in-two-windows",
    leaves_out: "Looks for the mark of the import in one window, and puts the tasks in another.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(ALL_IMPORT_IN_STEPS.search(sound, setting)),
};

pub(in crate::stores) const SECOND_LOOK: Control = Control {
    name: "imports-without-second-look",
    leaves_out: "Does not look for the mark of the import in the window that puts the tasks.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(ALL_LOOK_ONCE.search(sound, setting)),
};

pub(in crate::stores) const REMOVES_THE_FILE: Control = Control {
    name: "import-removes-the-file",
    leaves_out: "Removes the file of the program before once it is imported.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(1, 0),
    search: |sound, setting| Box::new(ONE_REMOVES_THE_FILE.search(sound, setting)),
};

const LEGACY: &[Token] = &[2_000, 2_001];
const REMOVES_ONE: Act = Act::Remove(Key::Imported(2_000));
const IMPORTS: &[Act] = &[Act::Import];

/// Several make the import at once, and one of them ends a task that came with it.
const ALL_IMPORT: Cast = Cast {
    before: &[],
    legacy: LEGACY,
    goals: &[Reach::ImportsOnce],
    ..Cast::of(&[&[Act::Import, REMOVES_ONE], IMPORTS, IMPORTS])
};

const ALL_IMPORT_IN_STEPS: Cast = Cast {
    before: &[],
    legacy: LEGACY,
    ..Cast::of(&[&[Act::Flawed(Flaw::HoldsASnapshot(&Act::Import))]])
};

const ALL_LOOK_ONCE: Cast = Cast {
    before: &[],
    legacy: LEGACY,
    misread: Some(forget_the_import),
    ..Cast::of(&[IMPORTS])
};

const ONE_REMOVES_THE_FILE: Cast = Cast {
    before: &[],
    legacy: LEGACY,
    ..Cast::of(&[&[Act::Flawed(Flaw::RemovesTheFile)]])
};
