//! What the program writes of its own command line.

use crate::full;
use crate::program::{stderr, stdout};
use std::process::{Command, Output, Stdio};

fn stress(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
    command.args(words.split_whitespace()).stdin(Stdio::null());
    command
}

fn output(words: &str) -> Output {
    stress(words).output().unwrap()
}

/// A script with a mistake in it would break the shell of whoever sources it.
#[test]
fn bash_reads_its_completions_and_completes_a_strategy_option() {
    let completions = output("completions bash");
    assert_eq!(completions.status.code(), Some(0));
    let ask = "COMP_WORDS=(stress --strat); COMP_CWORD=1; _stress stress --strat stress
               echo \"${COMPREPLY[@]}\"";
    let script = format!("{}\n{ask}\n", stdout(&completions));
    let bash = Command::new("bash").args(["-euc", &script]).output();
    let bash = bash.unwrap();
    assert_eq!(stdout(&bash), "--strategy\n", "{bash:?}");
    assert_eq!(stderr(&bash), "");
}

#[test]
fn the_man_page_is_printed() {
    let page = output("man");
    assert_eq!(page.status.code(), Some(0));
    assert!(stdout(&page).contains(".SH OPTIONS"), "{page:?}");
}

#[test]
fn a_page_that_cannot_be_written_is_a_failure() {
    for words in ["man", "completions fish"] {
        let output = stress(words).stdout(full()).stderr(Stdio::piped()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1), "{words}");
        let text = stderr(&output);
        assert!(
            text.starts_with("error: cannot write to standard output: "),
            "{text}"
        );
    }
}

#[test]
fn a_run_and_a_page_are_not_asked_for_at_once() {
    for words in ["--procs 3 man", "completions", "completions dos"] {
        let output = output(words);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(stderr(&output).starts_with("error: "), "{words}");
    }
}
