//! A name out of so many that a list of them all would be no help: whoever mistypes it is told the
//! nearest, and where the list is.

use clap::builder::{StyledStr, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error};
use std::ffi::OsStr;

/// Takes these names and no others.
#[derive(Clone)]
pub(super) struct OneOf(pub(super) fn() -> Vec<&'static str>);

impl TypedValueParser for OneOf {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        let word = value.to_string_lossy();
        let names = (self.0)();
        match names.contains(&&*word) {
            true => Ok(word.into_owned()),
            false => Err(unknown(command, argument, &word, &names)),
        }
    }
}

fn unknown(command: &Command, argument: Option<&Arg>, word: &str, names: &[&str]) -> Error {
    let mut error = Error::new(ErrorKind::InvalidValue).with_cmd(command);
    if let Some(argument) = argument {
        let name = ContextValue::String(argument.to_string());
        error.insert(ContextKind::InvalidArg, name);
    }
    let string = |text: &str| ContextValue::String(text.to_owned());
    error.insert(ContextKind::InvalidValue, string(word));
    if let Some(near) = nearest(word, names) {
        error.insert(ContextKind::SuggestedValue, string(near));
    }
    let list = StyledStr::from("--list shows all names");
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![list]));
    error
}

/// As clap does it: nothing that is less alike than this.
const ALIKE_MIN: f64 = 0.7;

fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let alike = |name: &str| strsim::jaro(&word, &name.to_lowercase());
    names
        .iter()
        .copied()
        .filter(|name| alike(name) > ALIKE_MIN)
        .max_by(|one, other| alike(one).total_cmp(&alike(other)))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["no-lock", "lock-stolen", "FlockWithoutRecheck"];
        assert_eq!(nearest("lock-stollen", &names), Some("lock-stolen"));
        assert_eq!(
            nearest("flockwithoutcheck", &names),
            Some("FlockWithoutRecheck")
        );
        assert_eq!(nearest("quux", &names), None);
    }
}
