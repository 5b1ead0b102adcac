//! The table of a suite.

use super::row::{Ending, Row, Tried, conclusion};
use super::run::Plan;
use crate::args::Format;
use crate::report::{plural, word};
use crate::verdict::Conclusion;
use crate::workload::Seed;
use hookstate_cli::paint::{Paint, Style, WORD_WIDTH};
use serde::Serialize;
use std::io::{Result, Write, stdout};
use std::path::Path;
use std::time::Duration;

/// The name and number of the schema, see `docs/stress-json.md`.
const SCHEMA: &str = "hookstate-stress-suite/1";

/// The width of the longest name of the suites that there are.
const NAME_WIDTH: usize = 21;

/// Prints a table.
pub(super) trait Reporter {
    fn begin(&mut self, plan: &Plan, cases: usize) -> Result<()>;
    fn row(&mut self, row: &Row) -> Result<()>;
    fn end(&mut self, plan: &Plan, rows: &[Row], took: Duration, interrupted: bool) -> Result<()>;
}

/// The reporter that prints in this format.
pub(super) fn reporter(format: Format) -> Box<dyn Reporter> {
    match format {
        Format::Human => Box::new(Human {
            out: stdout(),
            paint: Paint::for_stdout(),
        }),
        Format::Json => Box::new(Json { out: stdout() }),
    }
}

struct Human<W> {
    out: W,
    paint: Paint,
}

impl<W: Write> Reporter for Human<W> {
    fn begin(&mut self, plan: &Plan, cases: usize) -> Result<()> {
        let cases = plural(cases as u64, "case", "cases");
        let durations = [plan.duration, plan.twin_duration].map(humantime::format_duration);
        let [most, twin_most] = durations;
        let word = self.paint.word(Style::Emphasis, "Running");
        let seed = plan.seed;
        writeln!(
            self.out,
            "{word} {cases}: at most {most} to catch each, {twin_most} for its repaired twin, seed {seed}"
        )?;
        self.out.flush()
    }

    fn row(&mut self, row: &Row) -> Result<()> {
        let (style, word) = look(row.ending);
        let word = self.paint.word(style, word);
        let (number, name) = (row.number, &row.name);
        let seen = seen(&row.seen, row.ending);
        let repaired = repaired(row.repaired.as_ref());
        writeln!(
            self.out,
            "{word} {number:>2} {name:NAME_WIDTH$}  {seen:<34}  {repaired}"
        )?;
        for line in evidence(row) {
            writeln!(self.out, "{:WORD_WIDTH$}    {line}", "")?;
        }
        self.out.flush()
    }

    fn end(&mut self, _: &Plan, rows: &[Row], took: Duration, interrupted: bool) -> Result<()> {
        let word = self.paint.word(Style::Emphasis, "Summary");
        let took = took.as_secs_f64();
        let summary = summary(rows, interrupted);
        writeln!(self.out, "{word} [{took:>7.2}s] {summary}")?;
        self.out.flush()
    }
}

const fn look(ending: Ending) -> (Style, &'static str) {
    match ending {
        Ending::Caught => (Style::Good, "CAUGHT"),
        Ending::Left => (Style::Emphasis, "LEFT"),
        Ending::Missed => (Style::Warn, "MISSED"),
        Ending::Accused => (Style::Bad, "ACCUSED"),
        Ending::Inconclusive => (Style::Warn, "INCONCLUSIVE"),
    }
}

fn seen(seen: &Tried, ending: Ending) -> String {
    let (rounds, seconds) = (rounds(seen), seen.seconds);
    match ending {
        Ending::Caught | Ending::Accused => format!("in {rounds}, {seconds:.2} s"),
        Ending::Left => format!("not in {rounds}, {seconds:.2} s: explorer"),
        Ending::Missed | Ending::Inconclusive => format!("not in {rounds}, {seconds:.2} s"),
    }
}

fn repaired(repaired: Option<&Tried>) -> String {
    match repaired {
        Some(tried) => format!(
            "repaired: {} in {}",
            word(tried.status).to_lowercase(),
            rounds(tried)
        ),
        None => "repaired: not run".to_owned(),
    }
}

fn rounds(tried: &Tried) -> String {
    plural(tried.rounds, "round", "rounds")
}

/// What an accusation, or a verdict that could not be reached, is about.
fn evidence(row: &Row) -> Vec<String> {
    let twins = [
        ("seen", Some(&row.seen)),
        ("repaired", row.repaired.as_ref()),
    ];
    let telling = match row.ending {
        Ending::Accused => &twins[1..],
        Ending::Inconclusive => &twins[..],
        Ending::Caught | Ending::Left | Ending::Missed => &twins[..0],
    };
    let mut lines = Vec::new();
    for (name, tried) in telling {
        for tried in tried.iter() {
            lines.extend(tried.evidence.iter().map(|line| format!("{name}: {line}")));
            lines.push(format!("{name} again: {}", tried.again));
        }
    }
    lines
}

fn summary(rows: &[Row], interrupted: bool) -> String {
    let count = |ending| rows.iter().filter(|row| row.ending == ending).count();
    let caught = count(Ending::Caught);
    let mut parts = vec![format!("{caught} of {} caught", rows.len())];
    for (ending, what) in [
        (Ending::Left, "left to the explorer"),
        (Ending::Missed, "missed"),
        (Ending::Inconclusive, "inconclusive"),
    ] {
        if count(ending) > 0 {
            parts.push(format!("{} {what}", count(ending)));
        }
    }
    parts.push(match count(Ending::Accused) {
        0 => "no repaired twin accused".to_owned(),
        1 => "1 repaired twin accused".to_owned(),
        many => format!("{many} repaired twins accused"),
    });
    if interrupted {
        parts.push("interrupted".to_owned());
    }
    parts.join(", ")
}

struct Json<W> {
    out: W,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: &'static str,
    conclusion: Conclusion,
    exit_code: u8,
    interrupted: bool,
    seconds: f64,
    directory: &'a Path,
    duration_s: f64,
    twin_duration_s: f64,
    seed: Seed,
    cases: &'a [Row],
}

impl<W: Write> Reporter for Json<W> {
    fn begin(&mut self, _: &Plan, _: usize) -> Result<()> {
        Ok(())
    }

    fn row(&mut self, _: &Row) -> Result<()> {
        Ok(())
    }

    fn end(&mut self, plan: &Plan, rows: &[Row], took: Duration, interrupted: bool) -> Result<()> {
        let conclusion = conclusion(rows, interrupted);
        let report = JsonReport {
            schema: SCHEMA,
            conclusion,
            exit_code: conclusion.exit_code().number(),
            interrupted,
            seconds: took.as_secs_f64(),
            directory: &plan.directory,
            duration_s: plan.duration.as_secs_f64(),
            twin_duration_s: plan.twin_duration.as_secs_f64(),
            seed: plan.seed,
            cases: rows,
        };
        serde_json::to_writer_pretty(&mut self.out, &report)?;
        writeln!(self.out)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::row;
    use super::{Ending, Format, Human, Json, Paint, Plan, Reporter, Row};
    use crate::verdict::Status;
    use crate::workload::Seed;
    use std::time::Duration;

    fn plan() -> Plan {
        Plan {
            directory: "programs".into(),
            names: Vec::new(),
            duration: Duration::from_secs(60),
            twin_duration: Duration::from_secs(10),
            seed: Seed(7),
            format: Format::Human,
        }
    }

    fn rows() -> Vec<Row> {
        use Status::{Exact, Inconclusive, Violated};
        vec![
            row(Ending::Caught, Violated, Some(Exact)),
            row(Ending::Left, Exact, Some(Exact)),
            row(Ending::Missed, Exact, Some(Exact)),
            row(Ending::Accused, Violated, Some(Violated)),
            row(Ending::Inconclusive, Inconclusive, None),
        ]
    }

    fn print(reporter: &mut dyn Reporter) {
        let (plan, rows) = (plan(), rows());
        reporter.begin(&plan, rows.len()).unwrap();
        rows.iter().for_each(|row| reporter.row(row).unwrap());
        let took = Duration::from_millis(61_250);
        reporter.end(&plan, &rows, took, true).unwrap();
    }

    #[test]
    fn every_ending_has_its_line() {
        let mut out = Vec::new();
        let paint = Paint::Plain;
        print(&mut Human {
            out: &mut out,
            paint,
        });
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn json_has_all_of_it() {
        let mut out = Vec::new();
        print(&mut Json { out: &mut out });
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
