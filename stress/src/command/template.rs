//! Text with placeholders: `{dir}`, `{proc}`, `{iter}` and `{token}`.
//!
//! Braces are common in what commands are made of: `{"a": 1}`, `awk '{ print $1 }'`, `${HOME}`. So
//! only a lower-case word in braces without a dollar sign before them is a placeholder, and one that
//! nobody knows is an error rather than a word that goes out as it stands. Doubled braces,
//! `{{dir}}`, are the text `{dir}`.

use std::fmt;

/// Text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Placeholder),
}

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// The directory of the round.
    Dir,
    /// The number of the lane, counted from 1.
    Proc,
    /// The number of the iteration of the lane, counted from 1.
    Iter,
    /// A word that no other process has.
    Token,
}

/// Where a template is used, which decides what there is to put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Once in a round: the directory.
    Round,
    /// Once for each process: everything.
    Process,
}

impl Placeholder {
    const ALL: [Self; 4] = [Self::Dir, Self::Proc, Self::Iter, Self::Token];

    const fn name(self) -> &'static str {
        match self {
            Self::Dir => "dir",
            Self::Proc => "proc",
            Self::Iter => "iter",
            Self::Token => "token",
        }
    }
}

impl Scope {
    const fn placeholders(self) -> &'static [Placeholder] {
        match self {
            Self::Round => &[Placeholder::Dir],
            Self::Process => &Placeholder::ALL,
        }
    }

    fn names(self) -> String {
        let names = self.placeholders().iter();
        let names = names.map(|placeholder| format!("{{{}}}", placeholder.name()));
        names.collect::<Vec<String>>().join(", ")
    }
}

impl Template {
    /// The template that the text is, or what is wrong with it.
    pub(crate) fn parse(text: &str, scope: Scope) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, braced) = rest.split_at(at);
            plain.push_str(before);
            let in_shell = plain.ends_with('$');
            let (piece, behind) = split_braced(braced);
            match piece {
                Braced::Doubled(name) => plain.push_str(&format!("{{{name}}}")),
                Braced::Word(name) if !in_shell => {
                    let placeholder = named(name, scope)?;
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Place(placeholder));
                }
                Braced::Word(name) => plain.push_str(&format!("{{{name}}}")),
                Braced::Nothing => plain.push('{'),
            }
            rest = behind;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self {
            source: text.to_owned(),
            parts,
        })
    }

    /// The text with everything put in.
    pub(crate) fn fill(&self, value: impl Fn(Placeholder) -> String) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Place(placeholder) => value(*placeholder),
        });
        parts.collect()
    }

    /// The text as it was given.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

/// What stands at an opening brace.
enum Braced<'a> {
    /// `{{name}}`
    Doubled(&'a str),
    /// `{name}`
    Word(&'a str),
    /// Anything else: the brace is a brace.
    Nothing,
}

/// Takes apart a text that begins with an opening brace, and gives what is behind.
fn split_braced(text: &str) -> (Braced<'_>, &str) {
    let inner = &text[1..];
    if let Some((name, behind)) = inner.strip_prefix('{').and_then(split_word)
        && let Some(behind) = behind.strip_prefix("}}")
    {
        return (Braced::Doubled(name), behind);
    }
    if let Some((name, behind)) = split_word(inner)
        && let Some(behind) = behind.strip_prefix('}')
    {
        return (Braced::Word(name), behind);
    }
    (Braced::Nothing, inner)
}

/// The lower-case word that the text begins with, and what is behind it.
fn split_word(text: &str) -> Option<(&str, &str)> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
    let end = text.find(|c| !is_letter(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn named(name: &str, scope: Scope) -> Result<Placeholder, String> {
    let mut all = scope.placeholders().iter().copied();
    all.find(|placeholder| placeholder.name() == name)
        .ok_or_else(|| {
            let names = scope.names();
            format!(
                "there is no placeholder {{{name}}} here; there is {names}, and {{{{{name}}}}} is the text {{{name}}}"
            )
        })
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::{Placeholder, Scope, Template};

    fn filled(text: &str) -> String {
        let template = Template::parse(text, Scope::Process).unwrap();
        template.fill(|placeholder| match placeholder {
            Placeholder::Dir => "/d".to_owned(),
            Placeholder::Proc => "3".to_owned(),
            Placeholder::Iter => "17".to_owned(),
            Placeholder::Token => "r1-p3-17".to_owned(),
        })
    }

    #[test]
    fn every_placeholder_is_filled_wherever_it_stands() {
        assert_eq!(
            filled("{dir}/s{proc}.{iter}: {token}{token}"),
            "/d/s3.17: r1-p3-17r1-p3-17"
        );
        assert_eq!(filled(""), "");
    }

    #[test]
    fn braces_that_are_no_placeholder_stay() {
        for text in [
            r#"{"dir":"x","n":{}}"#,
            "awk '{ print $1 }' <{",
            "${dir} ${HOME}",
            "{Dir} {1} {} }{",
        ] {
            assert_eq!(filled(text), text);
        }
    }

    #[test]
    fn doubled_braces_are_the_text() {
        assert_eq!(filled("{{dir}} {{print}}"), "{dir} {print}");
        assert_eq!(filled("{{dir}"), "{/d");
    }

    #[test]
    fn an_unknown_placeholder_is_told_what_there_is() {
        let text = Template::parse("{dri}", Scope::Process).unwrap_err();
        assert_eq!(
            text,
            "there is no placeholder {dri} here; there is {dir}, {proc}, {iter}, {token}, and \
             {{dri}} is the text {dri}"
        );
        let text = Template::parse("{proc}", Scope::Round).unwrap_err();
        assert!(text.contains("there is {dir}, and"), "{text}");
    }
}
