//! Makes enumerations of the numbered steps of all protocols, out of the comments at the top of the
//! sources of `core`, so that a step without a control does not compile: one of the strategies, and one
//! of what stands on them.

#![expect(
    clippy::disallowed_methods,
    reason = "what is read is the source of the strategies, not their files"
)]

#[path = "build/protocol.rs"]
mod protocol;

use protocol::{Step, steps_in, variant};
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let core = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../core/src");
    let mut strategies = files_in(&core, "strategy");
    strategies.insert(0, "lock.rs".to_owned());
    println!("cargo::rerun-if-changed=build/protocol.rs");
    write("steps.rs", &steps_of(&core, &strategies));
    let stores = [files_in(&core, "guard"), files_in(&core, "tasks")].concat();
    write("store_steps.rs", &steps_of(&core, &stores));
}

fn steps_of(core: &Path, files: &[String]) -> Vec<Named> {
    let steps = files.iter().flat_map(|file| {
        println!("cargo::rerun-if-changed={}", core.join(file).display());
        named_steps(core, file)
    });
    steps.collect()
}

fn write(name: &str, steps: &[Named]) {
    let generated = Path::new(&variable("OUT_DIR")).join(name);
    fs::write(generated, enumeration(steps)).expect("cargo has made the directory");
}

struct Named {
    variant: String,
    file: String,
    step: Step,
}

/// In the order of their names, whether they have a protocol or not.
fn files_in(core: &Path, directory: &str) -> Vec<String> {
    // A file that is added to the directory, too.
    println!("cargo::rerun-if-changed={}", core.join(directory).display());
    let listed = fs::read_dir(core.join(directory)).expect("the sources of core are there");
    let mut files: Vec<String> = listed
        .map(|entry| entry.expect("the sources can be listed").file_name())
        .map(|name| format!("{directory}/{}", name.to_string_lossy()))
        .collect();
    files.sort();
    files
}

fn named_steps(core: &Path, file: &str) -> Vec<Named> {
    let source = fs::read_to_string(core.join(file)).expect("sources are text");
    let shown = format!("core/src/{file}");
    let steps = steps_in(&shown, &source).unwrap_or_else(|malformed| panic!("{malformed}"));
    let stem = PathBuf::from(file);
    let stem = stem.file_stem().unwrap_or_default().to_string_lossy();
    steps
        .into_iter()
        .map(|step| Named {
            variant: variant(&stem, &step),
            file: shown.clone(),
            step,
        })
        .collect()
}

fn enumeration(steps: &[Named]) -> String {
    let mut variants = String::new();
    let mut all = String::new();
    let mut sources = String::new();
    for Named {
        variant,
        file,
        step,
    } in steps
    {
        let Step {
            protocol,
            number,
            power,
            text,
            line,
        } = step;
        let doc = format!("`{file}`, {number}. {text}");
        writeln!(variants, "    #[doc = {doc:?}]\n    {variant},").expect(IN_MEMORY);
        writeln!(all, "        Self::{variant},").expect(IN_MEMORY);
        writeln!(
            sources,
            "            Self::{variant} => Source {{ file: {file:?}, line: {line}, \
             protocol: {protocol:?}, number: {number:?}, power: {power}, text: {text:?} }},"
        )
        .expect(IN_MEMORY);
    }
    format!(
        "/// A numbered step of a protocol.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
         pub enum Step {{\n{variants}}}\n\n\
         impl Step {{\n    \
             /// All of them, file by file, in the order in which they stand there.\n    \
             pub const ALL: &'static [Self] = &[\n{all}    ];\n\n    \
             /// Where it stands, and what it says.\n    \
             #[must_use]\n    \
             pub const fn source(self) -> Source {{\n        match self {{\n{sources}        }}\n    }}\n\
         }}\n"
    )
}

const IN_MEMORY: &str = "writing to a string does not fail";

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
