//! The cases.

use crate::stage::replayed;
use hookstate::kernel::Watched;
use hookstate::strategy::Flock;
use hookstate_model::replay::{Prediction, predict};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::twin::WithoutLock;

#[test]
fn probe() {
    let scenario = Scenario::new(Flock, Before::Changes(2), &[&[Act::Modify], &[Act::Modify]])
        .around(|process| Watched::new(process, WithoutLock));
    let got = replayed("cases::probe", &scenario, |scenario| {
        let p: Prediction = predict(scenario, None, |_, verdict| verdict.is_err()).expect("found");
        println!("{}", serde_json::to_string_pretty(&p.schedule).unwrap());
        p
    });
    match got {
        Ok(got) => println!("{got:?}"),
        Err(e) => panic!("{e}"),
    }
}
