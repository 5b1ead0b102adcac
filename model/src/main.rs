//! `hookstate-model`: searches every state that processes can bring the simulated kernel into with
//! the shipping code, and says how much was searched and whether anything was lost.
#![expect(
    clippy::disallowed_methods,
    reason = "a tool around the model: its own clocks are not part of a protocol"
)]

mod command;

use hookstate_cli::exit;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> exit::Code {
    command::main()
}
