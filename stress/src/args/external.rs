//! The words about external commands, and what they mean.

use super::hunting;
use super::plan::absolute;
use super::words::Words;
use crate::chaos::Chaos;
use crate::command::{
    Again, ExpectJson, ExpectTokens, MaxFail, Oracles, Plan, Scope, Stdin, Template,
};
use crate::workload::Seed;
use clap::Args;
use std::path::{Path, PathBuf};

/// Words that make sense with a command only.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "External commands")]
pub(super) struct CommandWords {
    /// A number that must be in a file of JSON in the end
    ///
    /// After the JSON pointer (RFC 6901) stands =EXPR, =FROM..TO, >=EXPR or <=EXPR. An expression has
    /// integers, + - * ( ) and the names procs, iters, acked (commands with exit code 0), failed and
    /// started. A number that is wrong by no more than the commands may explain that failed or were
    /// killed is inconclusive. Can be given several times, as can --expect-tokens.
    #[arg(long, value_name = "FILE:POINTER=EXPR", requires = "command")]
    expect_json: Vec<ExpectJson>,

    /// Where the tokens of the commands must be in the end: FILE:POINTER or FILE:lines
    ///
    /// The pointer leads to an array of tokens, or to an object with tokens as names; 'lines' says
    /// that each line is one. Each token of a command with exit code 0 must be there exactly once, any
    /// other at most once, and none that was not given out. Lines are read one by one; JSON is in memory
    /// as a whole while it is judged, up to 1 GiB of it.
    #[arg(long, value_name = "FILE:POINTER", requires = "command")]
    expect_tokens: Vec<ExpectTokens>,

    /// A line for sh that must succeed in the end; what it writes to standard error is the evidence
    ///
    /// $STRESS_ACKED and $STRESS_STARTED name files with the tokens of the commands with exit code 0
    /// and of all commands, one in each line. $STRESS_PROCS and $STRESS_ITERS are there, too,
    /// and {dir}, which is also $STRESS_DIR; it runs where stress was started. Exit codes
    /// 126 and 127, by which sh says that it cannot start something, are an error of the check and no evidence.
    #[arg(long, value_name = "CMD", requires = "command", value_parser = round_template)]
    check: Option<Template>,

    /// A line for sh that prepares the directory of each round: {dir}, or $STRESS_DIR
    ///
    /// It runs where stress was started. Braces of its own are written twice, as in awk '{{print}}'.
    #[arg(long, value_name = "CMD", requires = "command", value_parser = round_template)]
    setup: Option<Template>,

    /// What each command reads from standard input; a file, with placeholders in it [default: nothing]
    #[arg(long, value_name = "FILE", requires = "command")]
    stdin: Option<PathBuf>,

    /// How many commands may fail, by number or as N%, before the run is inconclusive
    ///
    /// A command fails if it ends with another exit code than 0. Whether it has made its update is
    /// not known then.
    #[arg(
        long,
        value_name = "N",
        default_value = "0",
        requires = "command",
        value_parser = clap::value_parser!(MaxFail)
    )]
    max_fail: MaxFail,

    /// A program and its arguments to put under stress instead of the strategies
    ///
    /// N lanes start it M times each, one fresh process after the other. In its words stand {dir} for
    /// a fresh directory, {proc} and {iter} for the numbers of the lane and of the iteration, and
    /// {token} for a word that no other process has; the same are in its environment as STRESS_DIR,
    /// STRESS_PROC, STRESS_ITER and STRESS_TOKEN. {{dir}} is the text {dir}. Exit code 0 says that its
    /// update is made; after any other it may have been made. A line 'stress: read VERSION wrote
    /// VERSION' of its output names the update that was overwritten and the one that has done it; by
    /// itself it accuses nobody, 'stress check' of a --history does. Of one process the first 64 such
    /// lines count, and the last; none that is longer than 1024 bytes does. However many processes a round
    /// has, memory holds a few bits of each; the rest, some 60 bytes and what these lines say, is in a
    /// file without a name in TMPDIR if it is more than 1 MiB.
    #[arg(
        last = true,
        value_name = "COMMAND",
        value_parser = process_template,
        conflicts_with_all = ["strategy", "shape", "durability", "state_bytes", "lock_timeout", "inject", "workload"]
    )]
    command: Vec<Template>,
}

fn round_template(text: &str) -> Result<Template, String> {
    Template::parse(text, Scope::Round)
}

fn process_template(text: &str) -> Result<Template, String> {
    Template::parse(text, Scope::Process)
}

impl CommandWords {
    /// Whether there is a command.
    pub(super) const fn is_any(&self) -> bool {
        !self.command.is_empty()
    }
}

/// Gives the words about a command their meaning, or says why they have none.
pub(super) fn plan(words: &Words) -> Result<Plan, String> {
    let own = &words.external;
    let oracles = Oracles {
        json: own.expect_json.clone(),
        tokens: own.expect_tokens.clone(),
        check: own.check.clone(),
    };
    if oracles.is_empty() {
        return Err(NO_ORACLE.to_owned());
    }
    if let Some(chaos) = &words.chaos {
        check_chaos(chaos, &oracles)?;
    }
    let seed = words.seed.unwrap_or_else(Seed::random);
    Ok(Plan {
        name: "command".to_owned(),
        words: own.command.clone(),
        stdin: own.stdin.as_deref().map(stdin).transpose()?,
        setup: own.setup.clone(),
        oracles,
        max_fail: own.max_fail,
        procs: words.procs,
        iters: words.iters,
        bounds: hunting::bounds(words),
        origin: words.hunting.origin.clone(),
        within: None,
        pulse: hunting::pulse(words),
        seed,
        directory: words.dir.as_deref().map(absolute),
        keep: words.keep,
        format: words.format,
        junit: words.junit.clone(),
        html: words.html.clone(),
        history: words.history.clone(),
        chaos: words.chaos.unwrap_or_default(),
        lacks_race: words.procs < 2 && !words.no_control,
        again: again(words),
    })
}

const NO_ORACLE: &str = "\
nothing says what the command must have done in the end; there are
  --expect-json '{dir}/s.json:/count=procs*iters'   a number in a file of JSON
  --expect-tokens '{dir}/s.json:/tokens'            each acknowledged {token} exactly once
  --check 'python3 check.py {dir}'                  a command of your own that has to succeed
as in
  stress --procs 8 --iters 100 --expect-tokens '{dir}/log:lines' -- sh -c 'echo {token} >>{dir}/log'";

/// What makes no sense with a command, or with what is expected of it.
fn check_chaos(chaos: &Chaos, oracles: &Oracles) -> Result<(), String> {
    if chaos.slow.is_some() {
        return Err(
            "only a strategy can be made slow where it holds the lock; stop=1%:50ms stops a \
                    command anywhere"
                .to_owned(),
        );
    }
    let exact = oracles
        .json
        .iter()
        .find(|expected| expected.counts_exactly());
    match exact {
        Some(exact) if chaos.kills() => Err(format!(
            "a command that is killed may have made its update or not, so nobody can keep \
             --expect-json {exact}; say =acked..started, or use --expect-tokens"
        )),
        _ => Ok(()),
    }
}

fn stdin(file: &Path) -> Result<Stdin, String> {
    let text = std::fs::read_to_string(file);
    let path = file.display();
    let text = text.map_err(|error| format!("--stdin {path} cannot be read: {error}"))?;
    let text = Template::parse(&text, Scope::Process);
    Ok(Stdin {
        file: file.to_owned(),
        text: text.map_err(|why| format!("--stdin {path}: {why}"))?,
    })
}

/// The words that do this again.
fn again(words: &Words) -> Again {
    let own = &words.external;
    let mut options: Vec<String> = Vec::new();
    let mut option = |name: &str, value: String| options.extend([format!("--{name}"), value]);
    option("procs", words.procs.to_string());
    option("iters", words.iters.to_string());
    if let Some(chaos) = &words.chaos {
        option("chaos", chaos.to_string());
    }
    if let Some(directory) = &words.dir {
        option("dir", absolute(directory).to_string_lossy().into_owned());
    }
    if own.max_fail != MaxFail::default() {
        option("max-fail", own.max_fail.to_string());
    }
    if let Some(stdin) = &own.stdin {
        option("stdin", absolute(stdin).to_string_lossy().into_owned());
    }
    if let Some(setup) = &own.setup {
        option("setup", setup.to_string());
    }
    for expected in &own.expect_json {
        option("expect-json", expected.to_string());
    }
    for expected in &own.expect_tokens {
        option("expect-tokens", expected.to_string());
    }
    if let Some(check) = &own.check {
        option("check", check.to_string());
    }
    if words.no_control {
        options.push("--no-control".to_owned());
    }
    Again {
        options,
        command: own.command.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, Words, plan};
    use clap::Parser;

    fn parsed(words: &[&str]) -> Words {
        let words = ["stress"].iter().chain(words).copied();
        Words::try_parse_from(words).unwrap()
    }

    fn planned(words: &[&str]) -> Plan {
        plan(&parsed(words)).unwrap()
    }

    fn refused(words: &[&str]) -> String {
        let words = ["stress"].iter().chain(words).copied();
        Words::try_parse_from(words).unwrap_err().to_string()
    }

    #[test]
    fn what_stands_behind_two_dashes_is_a_command() {
        let plan = planned(&[
            "--check", "true", "--", "python3", "hook.py", "--rounds", "{dir}",
        ]);
        assert_eq!(plan.line(), "python3 hook.py --rounds '{dir}'");
        assert_eq!(
            (plan.procs, plan.iters, plan.bounds.rounds),
            (8, 100, Some(1))
        );
        assert!(!parsed(&[]).external.is_any());
    }

    #[test]
    fn a_command_without_an_oracle_is_told_the_three() {
        let text = plan(&parsed(&["--", "true"])).unwrap_err();
        for oracle in ["--expect-json", "--expect-tokens", "--check", "as in\n"] {
            assert!(text.contains(oracle), "{text}");
        }
    }

    #[test]
    fn what_is_about_strategies_does_not_go_with_a_command() {
        for word in [
            "--strategy=flock",
            "--shape=loop",
            "--state-bytes=1",
            "--workload=tasks",
        ] {
            let text = refused(&["--check", "true", word, "--", "true"]);
            assert!(text.contains("cannot be used with"), "{text}");
        }
        let text = refused(&["--check", "true"]);
        assert!(text.contains("were not provided"), "{text}");
    }

    #[test]
    fn chaos_that_no_command_can_stand_is_refused() {
        let refused =
            |chaos: &str, claim: &str| plan(&parsed(&[chaos, claim, "--", "true"])).unwrap_err();
        let text = refused("--chaos=kill=1%", "--expect-json=f:/n=2*acked");
        assert!(
            text.contains("--expect-json f:/n=2*acked; say =acked..started"),
            "{text}"
        );
        let text = refused("--chaos=slow=1%:5ms", "--expect-json=f:/n=1");
        assert!(text.starts_with("only a strategy"), "{text}");
    }

    #[test]
    fn an_unknown_placeholder_is_refused_wherever_it_stands() {
        for words in [
            &["--check", "x {token}", "--", "true"][..],
            &["--setup", "x {iter}", "--", "true"],
            &["--check", "true", "--", "x", "{dri}"],
        ] {
            let text = refused(words);
            assert!(text.contains("there is no placeholder"), "{text}");
        }
    }

    #[test]
    fn a_command_that_runs_it_again_plans_the_same() {
        let words = [
            "--procs=3",
            "--iters=7",
            "--rounds=2",
            "--seed=7c1e9a4",
            "--max-fail=2%",
            "--chaos=kill=3%,nofile=20",
            "--setup=mkdir {dir}/a",
            "--expect-json={dir}/s.json:/n=acked..started",
            "--expect-tokens={dir}/t:lines",
            "--check=grep -q 'a b' {dir}/t",
            "--dir=/tmp/it's here",
            "--",
            "sh",
            "-c",
            "echo {token} >>{dir}/t",
        ];
        let first = planned(&words);
        let sh = std::process::Command::new("sh")
            .args(["-c", &format!("printf '%s\\n' {}", first.line_for(1))])
            .output()
            .unwrap();
        let again = String::from_utf8(sh.stdout).unwrap();
        let again: Vec<&str> = again.lines().skip(1).collect();
        let again = planned(&again);
        assert_eq!(again.line_for(1), first.line_for(1));
        assert_eq!(again.bounds, first.bounds);
        assert_eq!(again.words, first.words);
        assert_eq!(again.oracles, first.oracles);
        assert_eq!(again.setup, first.setup);
        assert_eq!(
            (again.max_fail, again.directory),
            (first.max_fail, first.directory)
        );
    }
}
