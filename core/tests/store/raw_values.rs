//! A hook that keeps its input as it came uses `RawValue`, which writes JSON as it was read, newlines
//! included. The append log, whose records are lines, acknowledged such a change and then took its
//! record for several damaged ones.

use crate::directory::Scratch;
use hookstate::kernel::Host;
use hookstate::strategy::ALL;
use hookstate::{State, Store};
use serde_json::value::RawValue;

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Inputs(Vec<Box<RawValue>>);

impl State for Inputs {
    type Delta = Box<RawValue>;
    fn apply(&mut self, input: &Box<RawValue>) {
        self.0.push(input.clone());
    }
}

#[test]
fn json_that_is_spread_over_lines_is_kept() {
    let input = "{\n  \"command\": \"echo \\n\"\n}";
    let raw = RawValue::from_string(input.to_owned()).expect("JSON");
    for strategy in ALL {
        let scratch = Scratch::new();
        let store = Store::<Inputs, _>::with(scratch.store(), "state", strategy, Host);
        assert!(store.apply(&raw).expect("a change").recovery.is_none());
        let changed = store.locked_modify(|inputs| inputs.0.push(raw.clone()));
        assert!(changed.expect("a change").recovery.is_none());
        let read = store.read().expect("a state");
        assert!(read.recovery.is_none());
        assert_eq!(read.value.0.len(), 2, "{strategy:?}");
        for kept in &read.value.0 {
            let value: serde_json::Value = serde_json::from_str(kept.get()).expect("JSON");
            assert_eq!(value["command"], "echo \n");
        }
    }
}
