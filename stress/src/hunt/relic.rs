//! The directory of a round that is kept, and how to go back to it.
//!
//! ```text
//! files/    what was there when the round had ended
//! run.json  what was run, and what came of it
//! ```
//!
//! The command line stands in `run.json` word by word, because text for a shell would have to be read
//! back; so does the directory that relative paths in it begin at.

use crate::verdict::Status;
use crate::workload::{Operation, Seed};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The name and number of the schema.
const SCHEMA: &str = "hookstate-stress-round/1";

const FILES: &str = "files";
const RUN: &str = "run.json";

/// The directory of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relic {
    directory: PathBuf,
}

/// What is told of a round to whoever finds its directory.
#[derive(Debug, Serialize)]
pub(crate) struct Story<'a, E> {
    /// The command line that runs it again, without the name of the program: the round is the first.
    pub(crate) words: Vec<String>,
    /// The seed of all rounds, and which of them it was, counted from 1.
    pub(crate) seed: Seed,
    pub(crate) round: u32,
    pub(crate) status: Status,
    pub(crate) why: Option<&'a str>,
    pub(crate) evidence: Option<&'a E>,
    /// What processes of a command that failed have said last: the first few.
    pub(crate) said: &'a [Said],
}

/// What a process that failed has said last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Said {
    #[serde(flatten)]
    pub(crate) operation: Operation,
    /// How it ended.
    pub(crate) fate: String,
    /// The last line of its standard error.
    pub(crate) words: String,
}

#[derive(Serialize)]
struct Written<'a, E> {
    schema: &'static str,
    version: &'static str,
    work_in: PathBuf,
    #[serde(flatten)]
    story: &'a Story<'a, E>,
}

/// The round that is to be shown again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) directory: PathBuf,
    pub(crate) words: Vec<String>,
    pub(crate) work_in: PathBuf,
    pub(crate) seed: Seed,
    pub(crate) round: u32,
}

#[derive(Deserialize)]
struct Read {
    words: Vec<String>,
    work_in: PathBuf,
    seed: Seed,
    round: u32,
}

#[derive(Deserialize)]
struct Head {
    schema: String,
    version: String,
}

impl Relic {
    /// Makes the directory, with nothing in it.
    pub(crate) fn make(directory: PathBuf) -> io::Result<Self> {
        std::fs::create_dir(&directory)?;
        Ok(Self { directory })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the round has its files. It does not exist: that it is made in time is up to whatever is
    /// put under stress.
    pub(crate) fn files(&self) -> PathBuf {
        self.directory.join(FILES)
    }

    /// Writes down what was run.
    pub(crate) fn tell<E: Serialize>(&self, story: &Story<'_, E>) -> anyhow::Result<()> {
        let file = self.directory.join(RUN);
        let written = Written {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            work_in: std::env::current_dir().context("cannot find the working directory")?,
            story,
        };
        let mut text = serde_json::to_vec_pretty(&written)?;
        text.push(b'\n');
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Removes the directory with everything in it.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        let removed = match std::fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                open_up(&self.directory).and_then(|()| std::fs::remove_dir_all(&self.directory))
            }
            // A command may have done so.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        removed.with_context(|| format!("cannot remove {}", self.directory.display()))
    }
}

/// Gives back the permission to remove what is in directories that a command has locked, as those do
/// that keep a cache of what must not be changed.
fn open_up(directory: &Path) -> io::Result<()> {
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        std::fs::set_permissions(&directory, Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                left.push(entry.path());
            }
        }
    }
    Ok(())
}

impl Origin {
    /// Reads what was written down of a round, or says what is wrong with it and what can be done.
    pub(crate) fn read(directory: &Path) -> Result<Self, String> {
        let file = directory.join(RUN);
        let name = file.display();
        let text = std::fs::read(&file).map_err(|error| {
            format!(
                "--repro: cannot read {name}: {error}; it takes a directory that a report has called \
                 'kept in', which has {RUN} in it"
            )
        })?;
        let origin =
            Self::parse(directory, &text).map_err(|why| format!("--repro: {name} {why}"))?;
        if !origin.work_in.is_dir() {
            let gone = origin.work_in.display();
            return Err(format!(
                "--repro: {name} was written in {gone}, which is no directory now: make it again, or \
                 change work_in in that file"
            ));
        }
        Ok(origin)
    }

    fn parse(directory: &Path, text: &[u8]) -> Result<Self, String> {
        let damaged = |error: serde_json::Error| {
            format!("is not as stress has written it: {error}; repair it, or find the round anew")
        };
        let head: Head = serde_json::from_slice(text).map_err(damaged)?;
        if head.schema != SCHEMA {
            let Head { schema, version } = head;
            return Err(format!(
                "has the schema {schema}, and this stress knows {SCHEMA}: take stress {version}, which \
                 has written it"
            ));
        }
        let read: Read = serde_json::from_slice(text).map_err(damaged)?;
        Ok(Self {
            directory: directory.to_owned(),
            words: read.words,
            work_in: read.work_in,
            seed: read.seed,
            round: read.round,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Path, Permissions, PermissionsExt, Relic, Seed, Status, Story, open_up};

    fn story() -> Story<'static, ()> {
        Story {
            words: ["--seed", "9", "--", "echo", "it's {token}"]
                .map(str::to_owned)
                .to_vec(),
            seed: Seed(7),
            round: 17,
            status: Status::Violated,
            why: None,
            evidence: None,
            said: &[],
        }
    }

    #[test]
    fn what_is_told_of_a_round_is_read_back() {
        let place = tempfile::tempdir().unwrap();
        let relic = Relic::make(place.path().join("r")).unwrap();
        relic.tell(&story()).unwrap();
        let origin = Origin::read(relic.directory()).unwrap();
        assert_eq!(origin.words, story().words);
        assert_eq!((origin.seed, origin.round), (Seed(7), 17));
        assert_eq!(origin.work_in, std::env::current_dir().unwrap());
        relic.remove().unwrap();
        let text = Origin::read(relic.directory()).unwrap_err();
        let file = relic.directory().join("run.json");
        let says = format!("--repro: cannot read {}: ", file.display());
        assert!(
            text.starts_with(&says) && text.contains("'kept in'"),
            "{text}"
        );
    }

    /// Who is root could remove it in any case.
    #[test]
    fn what_a_command_has_locked_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let relic = Relic::make(place.path().join("r")).unwrap();
        let inner = relic.directory().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(inner.join("file"), "x").unwrap();
        let locked = [inner.as_path(), inner.parent().unwrap()];
        let lock = || {
            for path in locked {
                std::fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
            }
        };
        lock();
        open_up(relic.directory()).unwrap();
        for path in locked {
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        lock();
        relic.remove().unwrap();
        relic.remove().unwrap();
        assert!(!relic.directory().exists());
    }

    #[test]
    fn what_is_no_such_file_is_told_what_can_be_done() {
        let refused = |text: &str| Origin::parse(Path::new("r"), text.as_bytes()).unwrap_err();
        let text = refused("{");
        assert!(
            text.contains("line 1 column 1") && text.contains("anew"),
            "{text}"
        );
        let text = refused(r#"{"schema":"hookstate-stress-round/1","version":"9.0"}"#);
        assert!(text.contains("missing field `words`"), "{text}");
        assert_eq!(
            refused(r#"{"schema":"hookstate-stress-round/2","version":"9.0"}"#),
            "has the schema hookstate-stress-round/2, and this stress knows \
             hookstate-stress-round/1: take stress 9.0, which has written it"
        );
    }

    #[test]
    fn a_round_whose_working_directory_is_gone_is_not_run_elsewhere() {
        let place = tempfile::tempdir().unwrap();
        let gone = place.path().join("gone");
        let text = format!(
            r#"{{"schema":"hookstate-stress-round/1","version":"1","words":[],"work_in":{gone:?},"seed":"1","round":1}}"#
        );
        std::fs::write(place.path().join("run.json"), text).unwrap();
        let text = Origin::read(place.path()).unwrap_err();
        assert!(text.contains("which is no directory now"), "{text}");
    }
}
