use hookstate::strategy::{ALL, Strategy};
use hookstate_model::scenario::*;
#[test]
fn try_it() {
    for s in ALL {
        for before in [Before::Nothing, Before::Changes(2)] {
            for tasks in [
                [Task::Modify; 2],
                [Task::Apply; 2],
                [Task::Modify, Task::Apply],
                [Task::Modify, Task::ReadTwice],
            ] {
                let t = std::time::Instant::now();
                let r = Scenario::new(s, before, &tasks).check();
                println!(
                    "{} {before:?} {tasks:?}: {r} {:?} calls {}",
                    s.name(),
                    t.elapsed(),
                    r.calls
                );
            }
        }
    }
}
