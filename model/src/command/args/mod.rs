//! The command line: first what the words say, then what they mean.

mod meaning;
mod nearest;
mod words;

pub(super) use meaning::Request;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, ValueEnum};
use hookstate_cli::exit;
use words::Words;

use super::plan::TraceStyle;

/// What the command line asks for. One that asks for nothing sensible, or for help, ends the
/// program.
pub(super) fn request() -> Request {
    let words = Words::try_parse().unwrap_or_else(|error| end(&with_tip(error)));
    meaning::meaning(&words)
        .unwrap_or_else(|text| end(&Words::command().error(ErrorKind::ValueValidation, text)))
}

/// Help that nobody can read is a failure. An error that nobody can read is still one.
fn end(told: &clap::Error) -> ! {
    let code = match told.print() {
        Err(_) if !told.use_stderr() => exit::Code::Failed.number().into(),
        _ => told.exit_code(),
    };
    std::process::exit(code)
}

/// Only `--trace` takes its value with `=`, since it can stand without one.
fn with_tip(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    if error.kind() == ErrorKind::UnknownArgument && TraceStyle::from_str(word, false).is_ok() {
        let tip = StyledStr::from(format!("a style is given as '--trace={word}'"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::{Words, with_tip};
    use clap::Parser;

    #[test]
    fn whoever_forgets_the_sign_of_a_style_is_told() {
        let told = |line: &str| {
            let error = Words::try_parse_from(line.split(' ')).unwrap_err();
            with_tip(error).to_string()
        };
        assert!(told("model --trace full").contains("tip: a style is given as '--trace=full'"));
        assert!(!told("model --trace much").contains("a style is given"));
    }
}
