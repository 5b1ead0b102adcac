//! What is claimed of a number: `=procs*iters`, `>=acked`, `=acked..started`.
//!
//! ```text
//! claim   = ("=" | ">=" | "<=") sum | "=" sum ".." sum
//! sum     = product (("+" | "-") product)*
//! product = atom ("*" atom)*
//! atom    = integer | name | "-" atom | "(" sum ")"
//! ```

mod doubt;

use std::fmt;

/// How deep parentheses and signs go at most, since each costs a frame of the stack.
const DEPTH_MAX: u32 = 100;

/// A claim about a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    source: String,
    relation: Relation,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Relation {
    Equal(Sum),
    AtLeast(Sum),
    AtMost(Sum),
    /// Both bounds belong to it.
    Between(Sum, Sum),
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sum {
    Number(i64),
    Name(Name),
    Negated(Box<Sum>),
    Of(Operator, Box<[Sum; 2]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
}

/// What an expression can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Procs,
    Iters,
    Acked,
    Started,
    Failed,
}

/// The numbers behind the names, of one round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) procs: u64,
    pub(crate) iters: u64,
    /// Processes that ended with exit code 0.
    pub(crate) acked: u64,
    /// Processes that were started.
    pub(crate) started: u64,
    /// Processes that ended otherwise.
    pub(crate) failed: u64,
}

impl Name {
    const ALL: [Self; 5] = [
        Self::Procs,
        Self::Iters,
        Self::Acked,
        Self::Started,
        Self::Failed,
    ];

    const fn text(self) -> &'static str {
        match self {
            Self::Procs => "procs",
            Self::Iters => "iters",
            Self::Acked => "acked",
            Self::Started => "started",
            Self::Failed => "failed",
        }
    }

    const fn of(self, numbers: &Numbers) -> u64 {
        match self {
            Self::Procs => numbers.procs,
            Self::Iters => numbers.iters,
            Self::Acked => numbers.acked,
            Self::Started => numbers.started,
            Self::Failed => numbers.failed,
        }
    }
}

impl Numbers {
    /// Processes that may have made their update or not: those that have failed or were killed.
    pub(crate) const fn in_doubt(&self) -> u64 {
        self.started.saturating_sub(self.acked)
    }
}

impl Claim {
    /// Parses a claim, from the sign of the relation on.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        Ok(Self {
            relation: relation(source).map_err(|why| format!("'{source}': {why}"))?,
            source: source.to_owned(),
        })
    }

    /// Whether it is true of a number.
    pub(crate) fn holds(&self, number: i128, numbers: &Numbers) -> bool {
        match &self.relation {
            Relation::Equal(sum) => number == sum.value(numbers),
            Relation::AtLeast(sum) => number >= sum.value(numbers),
            Relation::AtMost(sum) => number <= sum.value(numbers),
            Relation::Between(least, most) => {
                (least.value(numbers)..=most.value(numbers)).contains(&number)
            }
        }
    }

    /// Whether it may be true of a number, whichever of the commands in doubt have made their update.
    pub(crate) fn may_hold(&self, number: i128, numbers: &Numbers) -> bool {
        self.relation.allows(number, numbers)
    }

    /// The only number that it is true of, if there is one.
    pub(crate) fn only(&self, numbers: &Numbers) -> Option<i128> {
        match &self.relation {
            Relation::Equal(sum) => Some(sum.value(numbers)),
            _ => None,
        }
    }

    /// Whether it is exact about how many updates there are. Where processes are killed, no program
    /// on earth can keep such a claim: an update whose process was killed is made, or is not.
    pub(crate) fn counts_exactly(&self) -> bool {
        matches!(&self.relation, Relation::Equal(sum) if sum.has_names())
    }

    /// What it is true of, in numbers.
    pub(crate) fn in_numbers(&self, numbers: &Numbers) -> String {
        match &self.relation {
            Relation::Equal(sum) => sum.value(numbers).to_string(),
            Relation::AtLeast(sum) => format!("at least {}", sum.value(numbers)),
            Relation::AtMost(sum) => format!("at most {}", sum.value(numbers)),
            Relation::Between(least, most) => {
                format!("{} to {}", least.value(numbers), most.value(numbers))
            }
        }
    }
}

impl Sum {
    /// Stays at the bounds of 128 bits, which are out of reach for anything sensible.
    fn value(&self, numbers: &Numbers) -> i128 {
        match self {
            Self::Number(number) => i128::from(*number),
            Self::Name(name) => i128::from(name.of(numbers)),
            Self::Negated(sum) => sum.value(numbers).saturating_neg(),
            Self::Of(operator, sides) => {
                let [left, right] = [sides[0].value(numbers), sides[1].value(numbers)];
                match operator {
                    Operator::Plus => left.saturating_add(right),
                    Operator::Minus => left.saturating_sub(right),
                    Operator::Times => left.saturating_mul(right),
                }
            }
        }
    }
}

fn relation(source: &str) -> Result<Relation, String> {
    if let Some(rest) = source.strip_prefix(">=") {
        return Ok(Relation::AtLeast(whole_sum(rest)?));
    }
    if let Some(rest) = source.strip_prefix("<=") {
        return Ok(Relation::AtMost(whole_sum(rest)?));
    }
    let rest = source.strip_prefix('=');
    let rest = rest.ok_or("a claim begins with =, >= or <=")?;
    match rest.split_once("..") {
        Some((least, most)) => Ok(Relation::Between(whole_sum(least)?, whole_sum(most)?)),
        None => Ok(Relation::Equal(whole_sum(rest)?)),
    }
}

fn whole_sum(text: &str) -> Result<Sum, String> {
    let mut parser = Parser {
        rest: text.trim_start(),
        depth: 0,
    };
    let sum = parser.sum()?;
    if parser.rest.is_empty() {
        Ok(sum)
    } else {
        Err(format!("'{}' does not belong there", parser.rest))
    }
}

struct Parser<'a> {
    // Invariant: does not begin with a space.
    rest: &'a str,
    depth: u32,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<Sum, String> {
        let mut sum = self.product()?;
        loop {
            let operator = if self.eat('+') {
                Operator::Plus
            } else if self.eat('-') {
                Operator::Minus
            } else {
                return Ok(sum);
            };
            sum = Sum::Of(operator, Box::new([sum, self.product()?]));
        }
    }

    fn product(&mut self) -> Result<Sum, String> {
        let mut product = self.atom()?;
        while self.eat('*') {
            product = Sum::Of(Operator::Times, Box::new([product, self.atom()?]));
        }
        Ok(product)
    }

    fn atom(&mut self) -> Result<Sum, String> {
        if self.eat('-') {
            let negated = self.deeper(Self::atom)?;
            return Ok(Sum::Negated(Box::new(negated)));
        }
        if self.eat('(') {
            let sum = self.deeper(Self::sum)?;
            return self
                .eat(')')
                .then_some(sum)
                .ok_or("a ) is missing".to_owned());
        }
        match self.word() {
            "" => Err("a number, a name or ( is missing".to_owned()),
            word if word.starts_with(|c: char| c.is_ascii_digit()) => number(word),
            word => name(word),
        }
    }

    fn deeper(&mut self, parse: fn(&mut Self) -> Result<Sum, String>) -> Result<Sum, String> {
        if self.depth == DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
        self.depth += 1;
        let sum = parse(self);
        self.depth -= 1;
        sum
    }

    fn eat(&mut self, sign: char) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &str {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }
}

fn number(word: &str) -> Result<Sum, String> {
    let number = word.parse().map(Sum::Number);
    number.map_err(|_| format!("'{word}' is no integer of 64 bits"))
}

fn name(word: &str) -> Result<Sum, String> {
    let name = Name::ALL.into_iter().find(|name| name.text() == word);
    name.map(Sum::Name).ok_or_else(|| {
        let names = Name::ALL.map(Name::text).join(", ");
        format!("there is no '{word}'; there are {names} and integers")
    })
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, Numbers};
    use proptest::prelude::*;

    const NUMBERS: Numbers = Numbers {
        procs: 8,
        iters: 100,
        acked: 790,
        started: 800,
        failed: 10,
    };

    fn value(text: &str) -> i128 {
        let claim = Claim::parse(&format!("={text}")).unwrap();
        claim.only(&NUMBERS).unwrap()
    }

    fn refused(text: &str) -> String {
        Claim::parse(text).unwrap_err()
    }

    #[test]
    fn times_binds_before_plus_and_minus_goes_from_the_left() {
        assert_eq!(value("procs*iters"), 800);
        assert_eq!(value(" 1 + 2 * 3 - 4 - 5 "), -2);
        assert_eq!(value("2*(acked+failed)--1"), 1601);
        assert_eq!(value("-(started-acked)*failed"), -100);
    }

    #[test]
    fn each_relation_has_its_bounds() {
        let holds = |claim: &str, number| Claim::parse(claim).unwrap().holds(number, &NUMBERS);
        assert!(holds("=800", 800) && !holds("=800", 799));
        assert!(holds(">=acked", 790) && !holds(">=acked", 789));
        assert!(holds("<=started", 800) && !holds("<=started", 801));
        for (number, expected) in [(789, false), (790, true), (800, true), (801, false)] {
            assert_eq!(holds("=acked..started", number), expected, "{number}");
        }
    }

    #[test]
    fn only_an_equation_with_names_counts_exactly() {
        let exactly = |claim: &str| Claim::parse(claim).unwrap().counts_exactly();
        assert!(exactly("=acked") && exactly("=2*(1+procs)"));
        assert!(!exactly("=1") && !exactly("=acked..started") && !exactly(">=acked"));
    }

    #[test]
    fn a_mistake_is_named() {
        assert_eq!(
            refused("=procs*iter"),
            "'=procs*iter': there is no 'iter'; there are procs, iters, acked, started, failed and integers"
        );
        assert_eq!(refused("800"), "'800': a claim begins with =, >= or <=");
        assert_eq!(refused("=(1"), "'=(1': a ) is missing");
        assert_eq!(refused("=1 2"), "'=1 2': '2' does not belong there");
        assert_eq!(refused("="), "'=': a number, a name or ( is missing");
        assert!(refused("=99999999999999999999").contains("no integer of 64 bits"));
        assert!(refused(&format!("={}1", "(".repeat(101))).contains("nested deeper"));
    }

    /// An expression, its value, and how it is written.
    fn expression() -> impl Strategy<Value = (i128, String)> {
        let name = prop_oneof![
            Just((8, "procs".to_owned())),
            Just((790, "acked".to_owned())),
        ];
        let leaf = prop_oneof![(0..1000_i128).prop_map(|n| (n, n.to_string())), name];
        leaf.prop_recursive(6, 40, 2, |inner| {
            let two = (inner.clone(), inner.clone(), 0..3);
            prop_oneof![
                two.prop_map(|((a, left), (b, right), operator)| match operator {
                    0 => (a.saturating_add(b), format!("({left}) + ({right})")),
                    1 => (a.saturating_sub(b), format!("({left})-({right})")),
                    _ => (a.saturating_mul(b), format!("({left}) *({right})")),
                }),
                inner.prop_map(|(a, text)| (a.saturating_neg(), format!("-({text})"))),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_expression_has_the_value_of_its_parts((expected, text) in expression()) {
            prop_assert_eq!(value(&text), expected);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+*()=<>.a-z0-9 ]{0,40}") {
            let _ = Claim::parse(&text);
        }
    }
}
