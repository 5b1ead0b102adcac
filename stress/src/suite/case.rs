//! A case: a program that loses something, its repaired twin, and how both are run and judged.
//!
//! It is a folder with a file `case.toml`, whose keys are the options of `stress` with these names.

use crate::args::command_plan;
use crate::command::Plan;
use crate::workload::Seed;
use anyhow::{Context, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file that makes a folder a case.
const FILE: &str = "case.toml";

/// A case as it was read.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Where its commands are run.
    pub(super) folder: PathBuf,
    pub(super) words: Words,
}

/// What stands in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Words {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) pattern: String,
    pub(super) lost: String,
    pub(super) needs: String,
    procs: u32,
    iters: u32,
    chaos: Option<String>,
    setup: Option<String>,
    stdin: Option<String>,
    expect_json: Option<String>,
    expect_tokens: Option<String>,
    check: Option<String>,
    max_fail: Option<String>,
    seen: Vec<String>,
    repaired: Vec<String>,
    pub(super) catches: Catches,
}

/// What it takes to catch the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Catches {
    /// To run it.
    Free,
    /// To try every order of its steps.
    Explorer,
}

/// One of the two programs of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twin {
    Seen,
    Repaired,
}

/// All cases in the folders of a directory, in the order of their numbers.
pub(super) fn read_all(directory: &Path) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let cannot_list = || format!("cannot list {}", directory.display());
    for entry in std::fs::read_dir(directory).with_context(cannot_list)? {
        let folder = entry.with_context(cannot_list)?.path();
        if folder.join(FILE).is_file() {
            cases.push(read(folder)?);
        }
    }
    if cases.is_empty() {
        let directory = directory.display();
        bail!("no folder in {directory} has a {FILE}; stress/testdata/programs has examples");
    }
    cases.sort_by_key(|case| case.words.number);
    Ok(cases)
}

fn read(folder: PathBuf) -> anyhow::Result<Case> {
    let path = folder.join(FILE);
    let text = std::fs::read_to_string(&path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    case(folder, &text).with_context(|| path.display().to_string())
}

/// The case in this text. That its words make sense is seen by planning both of its runs.
fn case(folder: PathBuf, text: &str) -> anyhow::Result<Case> {
    let words = toml::from_str(text)?;
    let case = Case { folder, words };
    for twin in [Twin::Seen, Twin::Repaired] {
        case.plan(twin, Seed(0), Duration::from_secs(1), &std::env::temp_dir())?;
    }
    Ok(case)
}

impl Case {
    /// To run one of the twins for that long, in a place of its own in `scratch`.
    pub(super) fn plan(
        &self,
        twin: Twin,
        seed: Seed,
        duration: Duration,
        scratch: &Path,
    ) -> anyhow::Result<Plan> {
        let (name, command) = match twin {
            Twin::Seen => ("seen", &self.words.seen),
            Twin::Repaired => ("repaired", &self.words.repaired),
        };
        if command.is_empty() {
            bail!("{name}: a command has at least one word");
        }
        let mut line = self.options();
        line.push(format!("--seed={seed}"));
        line.push(format!("--duration={}ms", duration.as_millis()));
        line.push("--".to_owned());
        line.extend_from_slice(command);
        let plan = command_plan(&line).map_err(|why| anyhow!("{name}: {why}"))?;
        Ok(Plan {
            name: format!("{} {name}", self.words.name),
            within: Some(self.folder.clone()),
            directory: Some(scratch.to_owned()),
            pulse: None,
            ..plan
        })
    }

    fn options(&self) -> Vec<String> {
        let words = &self.words;
        // The programs may fail as they like: what they have not acknowledged is in doubt.
        let max_fail = words.max_fail.as_deref().unwrap_or("100%");
        let mut line = vec![
            format!("--procs={}", words.procs),
            format!("--iters={}", words.iters),
            format!("--max-fail={max_fail}"),
        ];
        let options = [
            ("chaos", &words.chaos),
            ("setup", &words.setup),
            ("stdin", &words.stdin),
            ("expect-json", &words.expect_json),
            ("expect-tokens", &words.expect_tokens),
            ("check", &words.check),
        ];
        for (name, value) in options {
            line.extend(value.as_ref().map(|value| format!("--{name}={value}")));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::{Catches, Duration, Path, PathBuf, Seed, Twin, case, read_all};

    const WHOLE: &str = r#"
        number = 7
        name = "lost"
        pattern = "Reads, then writes."
        lost = "an update"
        needs = "two processes"
        procs = 3
        iters = 20
        chaos = "kill=10%"
        expect-tokens = "{dir}/state:lines"
        seen = ["sh", "seen.sh", "{dir}", "{token}"]
        repaired = ["sh", "repaired.sh", "{dir}", "{token}"]
        catches = "free"
    "#;

    fn error(text: &str) -> String {
        format!("{:#}", case(PathBuf::new(), text).unwrap_err())
    }

    #[test]
    fn a_whole_case_says_how_each_twin_is_run() {
        let case = case(PathBuf::from("/cases/it's"), WHOLE).unwrap();
        assert_eq!(case.words.catches, Catches::Free);
        let (seed, scratch) = (Seed(7), Path::new("/scratch"));
        let plan = case.plan(Twin::Repaired, seed, Duration::from_secs(3), scratch);
        let plan = plan.unwrap();
        assert_eq!((plan.procs, plan.iters), (3, 20));
        assert_eq!(plan.line(), "sh repaired.sh '{dir}' '{token}'");
        assert_eq!(plan.work_in(), Some(Path::new("/cases/it's")));
        assert_eq!(plan.directory.as_deref(), Some(scratch));
        assert_eq!(plan.bounds.duration, Some(Duration::from_secs(3)));
        assert_eq!((plan.seed, plan.max_fail.tolerates(9, 9)), (seed, true));
    }

    #[test]
    fn what_is_wrong_with_a_case_is_named() {
        let changed = |from: &str, to: &str| error(&WHOLE.replace(from, to));
        assert!(
            error("number = ").contains("line 1"),
            "{}",
            error("number = ")
        );
        let blind = changed("expect-tokens = \"{dir}/state:lines\"", "");
        for (text, wanted) in [
            (changed("procs = 3", ""), "missing field `procs`"),
            (changed("procs", "prox"), "unknown field `prox`"),
            (changed("procs = 3", "procs = 0"), "0 is not in 1..=1000"),
            (changed("kill=10%", "kil=10%"), "there is no chaos 'kil'"),
            (changed("{dir}/state:lines", "x"), "--expect-tokens"),
            (changed("\"{token}\"", "\"{tken}\""), "{tken}"),
            (
                changed(r#"["sh", "seen.sh", "{dir}", "{token}"]"#, "[]"),
                "seen: a command has",
            ),
            (blind, "seen: nothing says what the command must have done"),
        ] {
            assert!(text.contains(wanted), "{text:?} does not say {wanted:?}");
        }
    }

    #[test]
    fn the_cases_of_this_project_are_all_of_their_numbers() {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/programs");
        let cases = read_all(&programs).unwrap();
        let numbers: Vec<u32> = cases.iter().map(|case| case.words.number).collect();
        assert_eq!(numbers, Vec::from_iter(1..=24));
    }

    #[test]
    fn a_directory_without_a_case_is_told() {
        let empty = tempfile::tempdir().unwrap();
        let error = format!("{:#}", read_all(empty.path()).unwrap_err());
        assert!(
            error.contains("no folder in ") && error.contains("case.toml"),
            "{error}"
        );
        let nowhere = format!("{:#}", read_all(&empty.path().join("x")).unwrap_err());
        assert!(nowhere.starts_with("cannot list "), "{nowhere}");
    }
}
