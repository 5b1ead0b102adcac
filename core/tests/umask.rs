//! The mode of new files, whatever the umask. It belongs to the whole process, so that this test
//! has one for itself.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the files from outside, as any other program would"
)]

use hookstate::kernel::Host;
use hookstate::strategy::ALL;
use hookstate::{NoDelta, State, Store};
use rustix::fs::Mode;
use serde::{Deserialize, Serialize};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[derive(Default, Serialize, Deserialize)]
struct Text(String);

impl State for Text {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

#[test]
fn files_are_0600_and_directories_0700_whatever_the_umask() {
    for mask in [0o000, 0o002, 0o022, 0o077] {
        rustix::process::umask(Mode::from_raw_mode(mask));
        for strategy in ALL {
            let scratch = tempfile::tempdir().expect("a temporary directory");
            let directory = scratch.path().join("a").join("b");
            let store = Store::<Text, _>::with(&directory, "state", strategy, Host);
            for text in ["small".to_owned(), "large".repeat(2_000), String::new()] {
                let _clean = store
                    .locked_modify(|state| state.0 = text)
                    .expect("a change");
            }
            assert_eq!(mode(&scratch.path().join("a")), 0o700, "umask {mask:o}");
            assert_eq!(mode(&directory), 0o700, "umask {mask:o}");
            let files = std::fs::read_dir(&directory).expect("list");
            let mut seen = 0;
            for file in files {
                let path = file.expect("entry").path();
                assert_eq!(mode(&path), 0o600, "umask {mask:o}: {}", path.display());
                seen += 1;
            }
            assert!(seen > 0);
        }
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("stat").permissions().mode() & 0o7777
}
