//! The report for people: a line for each scenario and control, and under it what there is to say.
//! Nobody should parse it; see the `json` module for that.

use super::describe::{again, count, extent, kind, plural, why};
use super::summary::{summary, wrapped};
use super::table::{TIME, Table, section};
use super::{Judged, Report, Reporter, Tried};
use crate::command::plan::{Engine, Extent, Setting, Subject, TraceStyle};
use crate::command::verdict::Status;
use hookstate::strategy::AnyStrategy;
use hookstate_cli::paint::{Paint, Style, WORD_WIDTH};
use hookstate_model::search::Budget;
use hookstate_model::story::story;
use std::io::{Result, Write};

/// Of a number of states.
const CELL: usize = 10;
/// Of the one strategy whose writes must not be cut short within a page.
const KNOWN_LIMIT: &str = "if a write was cut short inside of a page before something else went wrong, this \
                           is a known limit of flock, and Linux does not do it: docs/design.md, \"What is \
                           not covered\"";
/// What the letters over a column mean.
const LETTERS: &str = "k: kills, f: failing calls, s: short transfers, c: power cuts";

/// Prints a report for people.
pub(super) struct Human<W> {
    out: W,
    paint: Paint,
    tables: Vec<Table>,
    trace: Option<TraceStyle>,
    in_full: bool,
    /// How it was called.
    program: String,
    /// The heading that was printed last.
    section: String,
}

impl<W: Write> Reporter for Human<W> {
    fn begin(&mut self, report: &Report) -> Result<()> {
        self.tables.clone_from(&report.tables);
        self.trace = report.trace;
        self.in_full = report.in_full;
        let line = headline(report);
        self.word("Running", &line)?;
        self.out.flush()
    }

    fn line(&mut self, judged: &Judged) -> Result<()> {
        let table = self.table(judged);
        self.head(judged, &table)?;
        let word = match judged.is_half_done() {
            true => self.paint.word(Style::Warn, "INTERRUPTED"),
            false => self.paint.word(style(judged.status), word(judged.status)),
        };
        let time = format!("[{:>7.2}s]", judged.elapsed().as_secs_f64());
        let line = match judged.subject {
            Subject::Scenario { .. } => scenario_line(judged, &table),
            Subject::Control { .. } => control_line(judged, &table),
        };
        writeln!(self.out, "{word} {time} {}", line.trim_end())?;
        self.details(judged)?;
        self.out.flush()
    }

    fn end(&mut self, report: &Report) -> Result<()> {
        writeln!(self.out)?;
        self.told_after("Summary", &summary(report))?;
        let mut all = report.lines.iter();
        let is_clean =
            |judged: &Judged| matches!(judged.status, Status::Complete | Status::LeftOut);
        if report.trace.is_some() && !report.interrupted && all.all(is_clean) {
            self.word("Note", "nothing is wrong, so there is no trace to show")?;
        }
        if report.has_several_mishaps() {
            self.word("Note", LETTERS)?;
        }
        if report.has_known_limit() {
            self.told_after("Note", &wrapped(KNOWN_LIMIT))?;
        }
        for note in &report.notes {
            self.told_after("Note", &wrapped(note))?;
        }
        let violated = report.lines.iter();
        for judged in violated.filter(|judged| judged.status == Status::Violated) {
            for tried in judged.with(Status::Violated) {
                self.word("Again", &again(&self.program, judged, tried))?;
            }
        }
        self.out.flush()
    }
}

impl<W: Write> Human<W> {
    pub(super) const fn new(out: W, paint: Paint, program: String) -> Self {
        Self {
            out,
            paint,
            tables: Vec::new(),
            trace: None,
            in_full: false,
            program,
            section: String::new(),
        }
    }

    fn word(&mut self, word: &str, line: &str) -> Result<()> {
        let word = self.paint.word(Style::Emphasis, word);
        writeln!(self.out, "{word} {line}")
    }

    /// The lines, the first of them after the word.
    fn told_after(&mut self, word: &str, lines: &[String]) -> Result<()> {
        for (index, line) in lines.iter().enumerate() {
            match index {
                0 => self.word(word, line)?,
                _ => self.under(line)?,
            }
        }
        Ok(())
    }

    /// A line that belongs to the one above it.
    fn under(&mut self, line: &str) -> Result<()> {
        let line = format!("{:WORD_WIDTH$} {line}", "");
        writeln!(self.out, "{}", line.trim_end())
    }

    /// A sentence that belongs to the line above it, in as many lines as it needs.
    fn tell(&mut self, sentence: &str) -> Result<()> {
        wrapped(sentence)
            .iter()
            .try_for_each(|line| self.under(line))
    }

    /// The one that the line is in.
    fn table(&self, judged: &Judged) -> Table {
        let section = section(&judged.subject);
        let mut tables = self.tables.iter();
        let table = tables.find(|table| table.section == section);
        table.expect("each line of a plan is in a table").clone()
    }

    /// The heading, where another table begins.
    fn head(&mut self, judged: &Judged, table: &Table) -> Result<()> {
        if self.section == table.section {
            return Ok(());
        }
        self.section.clone_from(&table.section);
        writeln!(self.out)?;
        let title = self.paint.with(Style::Emphasis, &table.section);
        if judged.subject.is_control() {
            return self.under(&title);
        }
        let [processes, mishaps, unit] = headings(&table.columns);
        let before_cells = TIME + table.name_width;
        let gap = " ".repeat(before_cells.saturating_sub(table.section.len()));
        self.under(&format!("{title}{gap}{processes}"))?;
        let gap = " ".repeat(before_cells);
        self.under(&format!("{gap}{mishaps}"))?;
        self.under(&format!("{gap}{unit}"))
    }

    fn details(&mut self, judged: &Judged) -> Result<()> {
        if let Some(reason) = judged.left_out {
            self.tell(reason)?;
        }
        if let Subject::Control { missing, .. } = &judged.subject
            && (self.in_full || judged.status > Status::LeftOut)
        {
            self.tell(&format!("{missing} (control)"))?;
        }
        for tried in &judged.tried {
            self.explain(judged, tried)?;
        }
        Ok(())
    }

    fn explain(&mut self, judged: &Judged, tried: &Tried) -> Result<()> {
        if judged.subject.is_control() && judged.tried.len() > 1 {
            let cells = control_cells(tried);
            let cells: Vec<&str> = cells.split_whitespace().collect();
            self.under(&format!("{}: {}", tried.setting, cells.join(" ")))?;
        } else if judged.subject.is_control() && self.in_full {
            self.under(&tried.setting.to_string())?;
        }
        if let Some(why) = why(judged, tried) {
            self.tell(&why)?;
        }
        let Some(found) = &tried.outcome.found else {
            return Ok(());
        };
        if tried.status == Status::Violated {
            let kind = kind(found.violation.kind(), ' ');
            self.under(&format!("VIOLATED, {kind}: {}", tried.setting))?;
        }
        if self.in_full || tried.status > Status::LeftOut {
            for sentence in story(&found.violation, &found.trace) {
                self.tell(&sentence)?;
            }
        }
        let trace = match self.trace {
            None => return Ok(()),
            Some(TraceStyle::Short) => found.trace.to_string(),
            Some(TraceStyle::Full) => format!("{:#}", found.trace),
        };
        writeln!(self.out)?;
        writeln!(self.out, "{trace}")
    }
}

impl Report {
    fn has_known_limit(&self) -> bool {
        let mut lines = self.lines.iter();
        lines.any(|line| {
            let mut violated = line.with(Status::Violated);
            let is_flock = matches!(
                line.subject,
                Subject::Scenario {
                    strategy: Some(AnyStrategy::Flock(_)),
                    ..
                }
            );
            // A short transfer by itself it must stand.
            let is_more = |budget: Budget| budget.kills + budget.failures + budget.power_cuts > 0;
            let is_it = |budget: Budget| budget.shorts > 0 && is_more(budget);
            is_flock && violated.any(|tried| is_it(tried.setting.budget))
        })
    }

    fn has_several_mishaps(&self) -> bool {
        let scenarios = self.lines.iter().filter(|line| !line.subject.is_control());
        let mut tried = scenarios.flat_map(|line| &line.tried);
        tried.any(|tried| mishaps(tried.setting.budget).contains('+'))
    }
}

impl Judged {
    /// Whether there was nothing wrong with it when somebody asked to end.
    fn is_half_done(&self) -> bool {
        self.interrupted && self.status <= Status::Bounded
    }

    fn with(&self, status: Status) -> impl Iterator<Item = &Tried> {
        self.tried
            .iter()
            .filter(move |tried| tried.status == status)
    }
}

fn headline(report: &Report) -> String {
    let mut parts = Vec::new();
    if report.searches > 0 {
        parts.push(plural(
            report.searches,
            "search of the shipping code",
            "searches of the shipping code",
        ));
    }
    if report.controls > 0 {
        let controls = plural(report.controls, "control", "controls");
        let must = if report.controls == 1 {
            "must"
        } else {
            "must all"
        };
        parts.push(format!("{controls} that {must} be rejected"));
    }
    parts.join(", ")
}

pub(super) const fn word(status: Status) -> &'static str {
    match status {
        Status::Complete => "COMPLETE",
        Status::Caught => "CAUGHT",
        Status::LeftOut => "LEFT OUT",
        Status::Bounded => "BOUNDED",
        Status::Inconclusive => "INCONCLUSIVE",
        Status::Missed => "MISSED",
        Status::Violated => "VIOLATED",
    }
}

const fn style(status: Status) -> Style {
    match status {
        Status::Complete | Status::Caught => Style::Good,
        Status::Violated => Style::Bad,
        Status::Missed | Status::Inconclusive | Status::Bounded => Style::Warn,
        Status::LeftOut => Style::Emphasis,
    }
}

/// Three lines over the columns.
fn headings(columns: &[Setting]) -> [String; 3] {
    let over = |heading: &dyn Fn(&Setting) -> String| {
        let cells = columns.iter().map(heading);
        cells.map(|cell| format!(" {cell:>0$}", CELL - 1)).collect()
    };
    let unit = |setting: &Setting| match setting.engine {
        Engine::Search => "states".to_owned(),
        Engine::Loom => "loom".to_owned(),
    };
    [
        over(&procs),
        over(&|setting| mishaps(setting.budget)),
        over(&unit),
    ]
}

fn procs(setting: &Setting) -> String {
    match setting.processes {
        1 => "1 proc".to_owned(),
        more => format!("{more} procs"),
    }
}

fn mishaps(budget: Budget) -> String {
    let kinds = [
        (budget.kills, "kill", "kills"),
        (budget.failures, "failure", "failures"),
        (budget.shorts, "short", "shorts"),
        (budget.power_cuts, "cut", "cuts"),
    ];
    let kinds = kinds.into_iter().filter(|(count, ..)| *count > 0);
    let all: Vec<_> = kinds.collect();
    match all[..] {
        [] => "no mishap".to_owned(),
        [(count, one, more)] => format!("{count} {}", if count == 1 { one } else { more }),
        _ => {
            let short = all
                .iter()
                .map(|(count, one, _)| format!("{count}{}", &one[..1]));
            short.collect::<Vec<_>>().join("+")
        }
    }
}

fn scenario_line(judged: &Judged, table: &Table) -> String {
    let columns = table.columns.iter();
    let cells = columns.map(|column| {
        let mut tried = judged.tried.iter();
        let tried = tried.find(|tried| tried.setting == *column);
        format!("{:>CELL$}", tried.map(cell).unwrap_or_default())
    });
    let cells: String = cells.collect();
    format!("{:<1$}{cells}", judged.name, table.name_width)
}

/// With a plus if there is more.
fn cell(tried: &Tried) -> String {
    let number = match tried.outcome.extent {
        Extent::Search { states, .. } => states,
        Extent::Loom { executions } => executions,
    };
    let more = tried.outcome.bounded_by.is_some() || tried.outcome.found.is_some();
    format!("{}{}", count(number), if more { "+" } else { "" })
}

fn control_line(judged: &Judged, table: &Table) -> String {
    let found = match &judged.tried[..] {
        [] => String::new(),
        [alone] => control_cells(alone),
        several => plural(several.len(), "search", "searches"),
    };
    format!("{:<1$}  {found}", judged.name, table.name_width)
}

/// As what it was rejected, after how many calls, and how much was searched for that.
fn control_cells(tried: &Tried) -> String {
    let extent = extent(tried.outcome.extent);
    let (what, calls) = match &tried.outcome.found {
        Some(found) => (
            kind(found.violation.kind(), ' '),
            plural(found.trace.len(), "call", "calls"),
        ),
        None => (String::new(), String::new()),
    };
    format!("{what:<16} {calls:>8} {extent:>12}")
}
