//! The examples that authors of hooks copy, as programs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program as it is built together with all tests. If only these tests were built it is built
/// now, by `run`, which takes a while: for fewer packages cargo chooses other features of what they
/// depend on, and builds that anew. Whoever may not write there runs what others have built.
pub fn program(name: &str, run: impl FnOnce(Command) -> bool) -> PathBuf {
    let tests = std::env::current_exe().expect("this program");
    let profile = tests.ancestors().nth(2).expect("target/profile/deps/test");
    let example = profile.join("examples").join(name);
    if !is_up_to_date(&example) {
        let built = run(build(profile, name));
        assert!(built || example.exists());
    }
    example
}

/// Whether no file has changed since that it was built from, as cargo has written them down.
fn is_up_to_date(program: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let sources = std::fs::read_to_string(program.with_extension("d"));
    let sources = sources.unwrap_or_default();
    let sources = sources.split_whitespace().skip(1).map(Path::new);
    changed(program).is_some_and(|built| {
        let mut sources = sources.map(changed).peekable();
        sources.peek().is_some() && sources.all(|source| source.is_some_and(|at| at <= built))
    })
}

fn build(profile: &Path, name: &str) -> Command {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--offline", "--example", name]);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        build.arg("--release");
    }
    build
        .arg("--target-dir")
        .arg(profile.parent().expect("target"));
    build
}
