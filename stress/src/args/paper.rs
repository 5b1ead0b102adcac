//! What can be written of the command line itself: completions for a shell, and a man page.

use super::words::Words;
use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;
use std::io::{Result, Write};

/// What is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Paper {
    /// Prints completions for a shell
    ///
    /// For bash, write them to ~/.local/share/bash-completion/completions/stress; for zsh, to a file
    /// _stress in a directory of $fpath; for fish, to ~/.config/fish/completions/stress.fish.
    Completions {
        /// For which shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Prints the man page; 'stress man | man -l -' shows it
    Man,
}

impl Paper {
    /// Writes all of it in one piece.
    pub(crate) fn write(self, out: &mut impl Write) -> Result<()> {
        out.write_all(&self.text()?)?;
        out.flush()
    }

    fn text(self) -> Result<Vec<u8>> {
        let mut command = Words::command();
        let mut text = Vec::new();
        match self {
            Self::Completions { shell } => {
                clap_complete::generate(shell, &mut command, "stress", &mut text);
            }
            Self::Man => clap_mangen::Man::new(command).render(&mut text)?,
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Paper, Words};
    use clap::{CommandFactory, ValueEnum};
    use clap_complete::Shell;

    fn text(paper: Paper) -> String {
        let mut text = Vec::new();
        paper.write(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn visible_options() -> Vec<String> {
        let command = Words::command();
        let options = command.get_arguments().filter(|arg| !arg.is_hide_set());
        options
            .filter_map(|arg| arg.get_long())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_shell_completes_every_option() {
        for &shell in Shell::value_variants() {
            let text = text(Paper::Completions { shell });
            for option in visible_options() {
                assert!(text.contains(&option), "{shell}: {option}");
            }
        }
    }

    #[test]
    fn the_man_page_has_every_option_and_what_the_long_help_ends_with() {
        let text = text(Paper::Man);
        assert!(text.contains(".TH stress 1"), "{text}");
        for option in visible_options() {
            let roff = option.replace('-', r"\-");
            assert!(text.contains(&format!(r"\-\-{roff}")), "{option}");
        }
        for part in ["Examples:", "Exit codes:", "inconclusive: a control"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("says more and gives examples"), "{text}");
    }
}
