//! `--expect-json FILE:POINTER=EXPR`: a number in a file of JSON is what it must be.

use super::super::claim::{Claim, Numbers};
use super::super::shown;
use super::super::template::{Scope, Template};
use super::file::{Unread, value_in};
use super::{Counted, Finding, Scene};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// A claim about a number in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpectJson {
    file: Template,
    pointer: String,
    claim: Claim,
}

impl ExpectJson {
    /// Whether no program could keep it, if processes are killed.
    pub(crate) fn counts_exactly(&self) -> bool {
        self.claim.counts_exactly()
    }

    /// Looks at the number. If the claim names one number, gives it and the one that is there.
    pub(super) fn look(&self, scene: &Scene<'_>, finding: &mut Finding) -> Option<Counted> {
        let numbers = &scene.numbers;
        let got = self.number(scene);
        let expected = self.claim.only(numbers);
        match &got {
            Ok(Some(number)) if self.claim.holds(*number, numbers) => {}
            Ok(Some(number)) if self.claim.may_hold(*number, numbers) => {
                finding.doubt_with(self.doubt(*number, numbers));
                return None;
            }
            // Nobody has said that there is anything to be found.
            Ok(None) if numbers.acked == 0 => return None,
            Ok(Some(number)) => finding.complain(self.complaint(numbers, &format!("got {number}"))),
            Ok(None) => {
                let why = format!("but {} is not there", self.path(scene));
                finding.complain(self.complaint(numbers, &why));
            }
            Err(Unread::Wrong(why)) => {
                finding.complain(self.complaint(numbers, &format!("but {why}")));
            }
            Err(Unread::Unknown(why)) => finding.doubt_with(format!("{self}: {why}")),
        }
        expected.map(|expected| (expected, got.ok().flatten()))
    }

    /// The number that is there; nothing, if there is no file.
    fn number(&self, scene: &Scene<'_>) -> Result<Option<i128>, Unread> {
        let value = value_in(&self.path(scene), &self.pointer)?;
        let none = |value: &Value| format!("{} is no integer", shown::word(&value.to_string()));
        let number = |value| integer(&value).ok_or_else(|| none(&value).into());
        value.map(number).transpose()
    }

    fn path(&self, scene: &Scene<'_>) -> String {
        let directory = || scene.directory.to_string_lossy().into_owned();
        self.file.fill(|_| directory())
    }

    fn complaint(&self, numbers: &Numbers, found: &str) -> String {
        let wanted = self.claim.in_numbers(numbers);
        format!("{}:{}: expected {wanted} {found}", self.file, self.pointer)
    }

    /// Why a number that the claim is not true of accuses nobody.
    fn doubt(&self, number: i128, numbers: &Numbers) -> String {
        let found = format!(
            "got {number}, which {} of {} commands may explain that failed or were killed: each of \
             them has made its update or not; =acked..started says so",
            numbers.in_doubt(),
            numbers.started
        );
        self.complaint(numbers, &found)
    }
}

/// The integer that a value is, also where a program writes it as 800.0.
fn integer(value: &Value) -> Option<i128> {
    let number = value.as_number()?;
    if let Some(integer) = number.as_i128() {
        return Some(integer);
    }
    // Up to here every integer is a float of its own.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float.abs() <= EXACT_MAX).then_some(float as i128)
}

impl FromStr for ExpectJson {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (place, claim) = split_claim(text).ok_or_else(|| {
            "it is FILE:POINTER=EXPR, such as {dir}/s.json:/count=procs*iters".to_owned()
        })?;
        let (file, pointer) = split_pointer(place).ok_or_else(|| {
            "FILE and POINTER have a colon between them, such as {dir}/s.json:/count".to_owned()
        })?;
        Ok(Self {
            file: Template::parse(file, Scope::Round)?,
            pointer: pointer.to_owned(),
            claim: Claim::parse(claim)?,
        })
    }
}

/// The place and the claim. No expression has a sign of a relation in it, so the last one divides.
fn split_claim(text: &str) -> Option<(&str, &str)> {
    let at = text.rfind('=')?;
    let sign_before = text[..at].ends_with(['<', '>']);
    Some(text.split_at(at - usize::from(sign_before)))
}

/// The file and the pointer, which is empty or begins with a slash (RFC 6901).
pub(super) fn split_pointer(place: &str) -> Option<(&str, &str)> {
    let at = place.find(":/");
    let (file, pointer) = match at {
        Some(at) => (&place[..at], &place[at + 1..]),
        None => (place.strip_suffix(':')?, ""),
    };
    (!file.is_empty()).then_some((file, pointer))
}

impl fmt::Display for ExpectJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{}", self.file, self.pointer, self.claim)
    }
}

#[cfg(test)]
mod tests {
    use super::{ExpectJson, integer};
    use serde_json::json;

    #[test]
    fn a_claim_has_a_file_a_pointer_and_an_expression() {
        for text in [
            "{dir}/s.json:/tool_count=procs*iters",
            "{dir}/s.json:/a=b/0>=acked",
            "/tmp/x y:=1",
        ] {
            let parsed: ExpectJson = text.parse().unwrap();
            assert_eq!(parsed.to_string(), text);
        }
        let parsed: ExpectJson = "f:/a=b/0<=3".parse().unwrap();
        assert_eq!(
            (parsed.pointer.as_str(), parsed.claim.to_string()),
            ("/a=b/0", "<=3".to_owned())
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let refused = |text: &str| text.parse::<ExpectJson>().unwrap_err();
        assert!(refused("{dir}/s.json:/count").contains("FILE:POINTER=EXPR"));
        assert!(refused("{dir}/s.json=1").contains("a colon between them"));
        assert!(refused("{token}:/count=1").contains("no placeholder {token}"));
        assert!(refused("f:/count=1+").contains("is missing"));
    }

    #[test]
    fn a_float_without_a_fraction_is_an_integer() {
        assert_eq!(integer(&json!(800.0)), Some(800));
        assert_eq!(integer(&json!(u64::MAX)), Some(u64::MAX.into()));
        assert_eq!(integer(&json!(-3)), Some(-3));
        for value in [json!(1.5), json!(1e300), json!("800"), json!(null)] {
            assert_eq!(integer(&value), None, "{value}");
        }
    }
}
