//! The words about how long rounds go on, and about going back to one of them.

use super::words::Words;
use crate::hunt::{Bounds, Origin, positive_duration};
use clap::{Args, Parser};
use std::path::PathBuf;
use std::time::Duration;

/// For how long a round is tried to be shown again, unless told otherwise.
const REPRO: Duration = Duration::from_secs(60);

/// Words about hunting for what shows only now and then.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Regression hunting")]
pub(super) struct HuntWords {
    /// Goes on until a round fails, or the run is interrupted, or --duration is over
    ///
    /// In a hunt, which is this or --duration, the controls come first; then the strategies take turns,
    /// a round each, and the first round that is not exact ends it for all of them.
    #[arg(long, conflicts_with_all = ["rounds", "no_fail_fast"])]
    until_failure: bool,

    /// Goes on for this long, such as 60s, 5m or 2h, with as many rounds as there is time for
    ///
    /// A round that has begun is finished, and there is at least one of each strategy. With --rounds
    /// there are no more than that of each.
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    duration: Option<Duration>,

    /// Goes on after a round that is not exact, and tells how many there were
    ///
    /// The evidence and the directory that are kept are those of the first. A control is still caught
    /// once.
    #[arg(long)]
    no_fail_fast: bool,

    /// Runs a round again whose directory was kept, until it fails
    ///
    /// Each round has the seed, and so the workload, of that one. For 60s, unless --duration says how
    /// long, or with --no-fail-fast to see how often it fails. Exit code 10 says that it was seen
    /// again, 11 that it was not: a seed fixes the workload, not the scheduler. A control that was kept is
    /// caught again with 0.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = [
            "until_failure", "rounds", "procs", "iters", "workload", "strategy", "no_control", "shape",
            "durability", "state_bytes", "seed", "timeout", "lock_timeout", "chaos", "inject", "command",
            "expect_json", "expect_tokens", "check", "setup", "stdin", "max_fail",
        ]
    )]
    pub(super) repro: Option<PathBuf>,

    /// How often the state of a hunt is told
    #[arg(long, hide = true, value_name = "MS", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    pulse_ms: u64,

    /// The round that is run again.
    #[arg(skip)]
    pub(super) origin: Option<Origin>,
}

/// How long rounds go on.
pub(super) fn bounds(words: &Words) -> Bounds {
    let own = &words.hunting;
    let goes_on = own.until_failure || own.duration.is_some();
    Bounds {
        rounds: words.rounds.or((!goes_on).then_some(1)),
        duration: own.duration,
        fail_fast: !own.no_fail_fast,
        timeout: Duration::from_secs(words.timeout),
    }
}

/// How often it is told how far the rounds are, if there are several.
pub(super) fn pulse(words: &Words) -> Option<Duration> {
    let several = bounds(words).rounds != Some(1);
    several.then_some(Duration::from_millis(words.hunting.pulse_ms))
}

/// The words that run this round again, with those that say how and where to.
pub(super) fn again(words: &Words, origin: Origin) -> Result<Words, String> {
    let line = std::iter::once("stress").chain(origin.words.iter().map(String::as_str));
    let of_round = Words::try_parse_from(line).map_err(|error| {
        let file = origin.directory.join("run.json");
        let (file, error) = (file.display(), error.to_string());
        let error = error.lines().next().unwrap_or_default();
        format!("--repro: the words in {file} make no sense to this version of stress: {error}")
    })?;
    Ok(Words {
        dir: words.dir.clone().or(of_round.dir),
        keep: words.keep,
        format: words.format,
        junit: words.junit.clone(),
        html: words.html.clone(),
        hunting: HuntWords {
            until_failure: !words.hunting.no_fail_fast,
            duration: words.hunting.duration.or(Some(REPRO)),
            origin: Some(origin),
            ..words.hunting.clone()
        },
        ..of_round
    })
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Duration, Origin, PathBuf, REPRO, Words, again, bounds, pulse};
    use crate::workload::Seed;
    use clap::Parser;

    fn parsed(line: &str) -> Words {
        Words::try_parse_from(line.split(' ')).unwrap()
    }

    fn of(line: &str) -> Bounds {
        bounds(&parsed(line))
    }

    #[test]
    fn there_is_one_round_unless_something_bounds_them() {
        assert_eq!(of("stress").rounds, Some(1));
        assert_eq!(of("stress --rounds 7").rounds, Some(7));
        assert_eq!(of("stress --until-failure").rounds, None);
        let both = of("stress --duration 5m --rounds 7");
        let time = Duration::from_secs(300);
        assert_eq!((both.rounds, both.duration), (Some(7), Some(time)));
        assert!(both.fail_fast && !of("stress --no-fail-fast").fail_fast);
    }

    #[test]
    fn only_several_rounds_are_told_of_meanwhile() {
        assert_eq!(pulse(&parsed("stress")), None);
        let told = pulse(&parsed("stress --rounds 2"));
        assert_eq!(told, Some(Duration::from_secs(5)));
    }

    #[test]
    fn the_options_of_bounds_ask_for_the_same() {
        for line in [
            "stress",
            "stress --rounds 7 --no-fail-fast --timeout 3",
            "stress --until-failure",
            "stress --until-failure --duration 90s",
            "stress --duration 1h --no-fail-fast",
            "stress --duration 1h --rounds 9",
        ] {
            let bounds = of(line);
            let again = format!("stress {}", bounds.options().join(" "));
            assert_eq!(of(&again), bounds, "{line}");
        }
    }

    #[test]
    fn what_excludes_each_other_is_refused() {
        for line in [
            "stress --until-failure --rounds 3",
            "stress --until-failure --no-fail-fast",
            "stress --repro x --seed 3",
            "stress --repro x --check true -- true",
        ] {
            let refused = Words::try_parse_from(line.split(' ')).unwrap_err();
            assert!(
                refused.to_string().contains("cannot be used with"),
                "{line}"
            );
        }
    }

    fn origin(words: &str) -> Origin {
        Origin {
            directory: PathBuf::from("kept"),
            words: words.split(' ').map(str::to_owned).collect(),
            work_in: PathBuf::from("/"),
            seed: Seed(1),
            round: 4,
        }
    }

    #[test]
    fn a_round_is_run_again_for_a_minute_unless_told_otherwise() {
        let words = parsed("stress --repro kept");
        let words = again(&words, origin("--procs 3 --seed 9 --timeout 7")).unwrap();
        assert_eq!((words.procs, words.seed), (3, Some(Seed(9))));
        let expected = Bounds {
            rounds: None,
            duration: Some(REPRO),
            fail_fast: true,
            timeout: Duration::from_secs(7),
        };
        assert_eq!(bounds(&words), expected);
        let words = parsed("stress --repro kept --duration 1s --no-fail-fast");
        let longer = bounds(&again(&words, origin("--procs 3")).unwrap());
        assert!(!longer.fail_fast && longer.duration == Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_round_is_run_again_with_the_files_that_are_asked_for_now() {
        let words = parsed("stress --repro kept --html x --junit y");
        for line in ["--procs 3", "--check true -- true"] {
            let again = again(&words, origin(line)).unwrap();
            let files = [again.html, again.junit];
            assert_eq!(files, ["x", "y"].map(|name| Some(PathBuf::from(name))));
        }
    }

    #[test]
    fn words_of_another_version_are_told_with_their_file() {
        let text = again(&parsed("stress --repro kept"), origin("--frob")).unwrap_err();
        assert!(
            text.contains("kept/run.json") && text.contains("'--frob'"),
            "{text}"
        );
    }
}
