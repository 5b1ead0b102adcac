//! Reads the numbered steps of the protocols out of the comments at the top of a source file.
//!
//! A protocol is a heading and its steps, with nothing in between, and ends at the first line that
//! is empty:
//!
//! ```text
//! //! Protocol of `apply`
//! //!   1. Open the log; lock it.
//! //!   2. Append the record. (Power) Sync the
//! //!      log.
//! ```
//!
//! A heading begins with `Protocol` or `Recovery`, and what stands first in backticks is its name. A
//! step has two spaces before its number, and the lines that go on with it are in line with its text.
//! The numbers count from 1 on; those of a recovery are `R1`, `R2` and so on. What a step does only for
//! `Durability::Power` stands at its end, behind `(Power)`, and is a step of its own here, since
//! nothing but a power loss needs it.
//!
//! Whatever looks like a step and is none by these rules is an error: a step that nobody reads is one
//! that nobody has a control for.

use std::fmt;

/// One numbered step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What the protocol is for, as in ``Protocol of `apply` ``; empty if it is the only one.
    pub(crate) protocol: String,
    /// As it stands there, such as `4` or `R1`.
    pub(crate) number: String,
    /// Whether it is the part that only `Durability::Power` needs.
    pub(crate) power: bool,
    /// What is to be done, on one line.
    pub(crate) text: String,
    /// The line in the file on which it begins, counted from 1.
    pub(crate) line: usize,
}

/// A protocol that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// In this file.
    pub(crate) file: String,
    /// On this line, counted from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) why: String,
}

/// The steps in the comments at the top of `source`, which is the content of `file`.
pub(crate) fn steps_in(file: &str, source: &str) -> Result<Vec<Step>, Malformed> {
    let mut reader = Reader {
        file,
        section: None,
        steps: Vec::new(),
    };
    let header = source.lines().map_while(|line| line.strip_prefix("//!"));
    for (index, line) in header.enumerate() {
        let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
        reader.take(index + 1, line)?;
    }
    reader.end_section()?;
    Ok(reader.steps)
}

/// The name of the step among all the steps of all files, as that of a variant: `FlockStep6`,
/// `AppendLogApplyStep2Power`, `JournalStepR1`.
pub(crate) fn variant(file_stem: &str, step: &Step) -> String {
    let power = if step.power { "Power" } else { "" };
    let (file, protocol) = (camel(file_stem), camel(&step.protocol));
    format!("{file}{protocol}Step{}{power}", step.number)
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.why)
    }
}

struct Reader<'a> {
    file: &'a str,
    section: Option<Section>,
    steps: Vec<Step>,
}

/// A protocol that is being read.
struct Section {
    line: usize,
    protocol: String,
    /// What stands before each of its numbers.
    prefix: &'static str,
    /// How many steps it has so far.
    count: usize,
}

impl Reader<'_> {
    fn take(&mut self, number: usize, line: &str) -> Result<(), Malformed> {
        if line.is_empty() {
            return self.end_section();
        }
        if let Some(section) = Section::headed(number, line) {
            self.end_section()?;
            self.section = Some(section);
            return Ok(());
        }
        match (line.strip_prefix("  ").and_then(numbered), &self.section) {
            (Some((label, text)), Some(_)) => self.begin_step(number, label, text),
            (Some(_), None) => Err(self.malformed(number, "a step without a heading above it")),
            (None, Some(_)) => self.go_on(number, line),
            (None, None) => Ok(()),
        }
    }

    fn begin_step(&mut self, line: usize, label: &str, text: &str) -> Result<(), Malformed> {
        let Some(section) = &mut self.section else {
            unreachable!("a step begins inside of a section");
        };
        section.count += 1;
        let expected = format!("{}{}", section.prefix, section.count);
        if label != expected {
            let why = format!("step {label} stands where step {expected} is to be");
            return Err(self.malformed(line, &why));
        }
        self.steps.push(Step {
            protocol: section.protocol.clone(),
            number: expected,
            power: false,
            text: text.to_owned(),
            line,
        });
        Ok(())
    }

    /// A line that is neither a heading nor the beginning of a step goes on with what was before.
    fn go_on(&mut self, number: usize, line: &str) -> Result<(), Malformed> {
        let in_heading = self.section.as_ref().is_some_and(|it| it.count == 0);
        let more = line.trim_start();
        let indent = line.len() - more.len();
        match self.steps.last_mut() {
            _ if in_heading && indent == 0 => Ok(()),
            Some(step) if !in_heading && indent == "  . ".len() + step.number.len() => {
                step.text.push(' ');
                step.text.push_str(more);
                Ok(())
            }
            _ => Err(self.malformed(number, "neither a step nor the next line of one")),
        }
    }

    fn end_section(&mut self) -> Result<(), Malformed> {
        let Some(section) = self.section.take() else {
            return Ok(());
        };
        if section.count == 0 {
            return Err(self.malformed(section.line, "a protocol without steps"));
        }
        let begun = self.steps.len() - section.count;
        for step in self.steps.split_off(begun) {
            let parts = self.parts(step)?;
            self.steps.extend(parts);
        }
        Ok(())
    }

    /// The step, and what it does for `Durability::Power` as another.
    fn parts(&self, step: Step) -> Result<Vec<Step>, Malformed> {
        let Some((text, power)) = step.text.split_once("(Power)") else {
            return Ok(vec![step]);
        };
        if text.trim().is_empty() || power.trim().is_empty() || power.contains("(Power)") {
            return Err(self.malformed(step.line, "(Power) stands once, between two sentences"));
        }
        let part = |text: &str, power| Step {
            text: text.trim().to_owned(),
            power,
            ..step.clone()
        };
        Ok(vec![part(text, false), part(power, true)])
    }

    fn malformed(&self, line: usize, why: &str) -> Malformed {
        Malformed {
            file: self.file.to_owned(),
            line,
            why: why.to_owned(),
        }
    }
}

impl Section {
    fn headed(number: usize, line: &str) -> Option<Self> {
        let prefix = match line.split([' ', ',']).next() {
            Some("Protocol") => "",
            Some("Recovery") => "R",
            _ => return None,
        };
        Some(Self {
            line: number,
            protocol: line.split('`').nth(1).unwrap_or_default().to_owned(),
            prefix,
            count: 0,
        })
    }
}

/// The label and the text of a line that begins like a step.
fn numbered(line: &str) -> Option<(&str, &str)> {
    let (label, text) = line.split_once(". ")?;
    let digits = label.strip_prefix('R').unwrap_or(label);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((label, text))
}

/// `append_log` becomes `AppendLog`.
fn camel(name: &str) -> String {
    name.split(['_', '-'])
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        })
        .collect()
}
