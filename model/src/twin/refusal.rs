//! Twins that write a state which does not read back.

use super::control::Control;
use crate::oracle::{ViolationKind, set_credulous};
use crate::sim::{AnyDoor, Door, Reply, Request};
use hookstate::ErrorKind;
use hookstate::kernel::Result;

/// `base` with [`RefusesNothing`]. Somebody must spoil the state.
pub(super) const fn refuses_nothing(name: &'static str, base: Control) -> Control {
    Control {
        name,
        leaves_out: "Writes a state that does not read back, instead of refusing it.",
        excused: &[ErrorKind::Unstorable],
        twin: |door| AnyDoor::new(RefusesNothing(door)),
        verdicts: &[ViolationKind::Torn, ViolationKind::Lost],
        ..base
    }
}

/// Reads back what does not read back. Between two calls of the process nobody else runs in its
/// thread, so the state that it makes there is parsed as credulously as its own door says.
#[derive(Debug)]
pub struct RefusesNothing<D: Door>(pub D);

impl<D: Door> Door for RefusesNothing<D> {
    fn call(&self, request: Request) -> Result<Reply> {
        let answer = self.0.call(request);
        set_credulous(true);
        answer
    }
}

impl<D: Door> Drop for RefusesNothing<D> {
    fn drop(&mut self) {
        set_credulous(false);
    }
}
