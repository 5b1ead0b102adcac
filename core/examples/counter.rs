//! A counter that any number of processes may increase at once: `counter DIRECTORY`.

use hookstate::{NoDelta, State, Store};

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Count(u64);

impl State for Count {
    type Delta = NoDelta;
    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os()
        .nth(1)
        .ok_or("usage: counter DIRECTORY")?;
    let store = Store::<Count>::new(directory, "counter");
    let counted = store.locked_modify(|count| {
        count.0 += 1;
        count.0
    })?;
    println!("{}", counted.value);
    Ok(())
}
