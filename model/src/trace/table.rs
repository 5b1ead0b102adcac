//! A trace as a table: a row for each call, a column for each process, and a bar beside the rows
//! during which a process holds a lock.

use super::brief::{brief, whole};
use super::{Event, Hold, Holds, Trace};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// How wide a table may be.
const WIDTH: usize = 100;
/// How narrow a column gets for that.
const COLUMN_MIN: usize = 20;
/// The number of the row and the gap after it.
const NUMBER: usize = 5;
/// What stands left of each column: the bar and a gap.
const GUTTER: usize = 2;
/// Between two columns.
const GAP: usize = 2;

/// In up to 100 columns of text, for up to four processes, with a number for each call that others can
/// notice, and the name under which its file was opened where the process has several open. The alternate
/// form, `{:#}`, has every call, with all that was asked for, and is as wide as it needs to be.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows(f.alternate());
        let widths: Vec<usize> = (0..self.processes)
            .map(|column| width(&rows, column))
            .collect();
        head(f, &widths)?;
        let mut signs = BTreeSet::new();
        for row in &rows {
            line(f, row, &widths, &mut signs)?;
        }
        legend(f, &signs)
    }
}

/// One call, and what everybody holds when it is over.
struct Row {
    number: Option<usize>,
    process: usize,
    text: String,
    signs: Vec<Sign>,
}

/// What a character in the gutter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Nothing,
    Exclusive,
    Shared,
    Nameless,
    Killed,
}

impl Trace {
    fn rows(&self, in_full: bool) -> Vec<Row> {
        let column = (WIDTH - NUMBER) / self.processes.max(1);
        let width = column.saturating_sub(GUTTER + GAP).max(COLUMN_MIN);
        let mut holds = Holds::default();
        let mut number = 0;
        let mut rows = Vec::new();
        for (process, event) in &self.events {
            let before = holds.of(*process);
            let file = holds.told_apart(*process, event).map(Path::to_owned);
            holds.follow(*process, event);
            let noticed = !matches!(event, Event::Unnoticed(..));
            number += usize::from(noticed);
            if !noticed && !in_full {
                continue;
            }
            let signs = (0..self.processes).map(|other| match event {
                Event::PowerCut(_) => Sign::Killed,
                Event::Killed(..) if other == *process => Sign::Killed,
                // The row in which a lock is given back is the last beside the bar.
                _ if other == *process => Sign::of(before.max(holds.of(other))),
                _ => Sign::of(holds.of(other)),
            });
            let signs = signs.collect();
            rows.push(Row {
                number: noticed.then_some(number),
                process: *process,
                text: match in_full {
                    true => whole(event, file.as_deref()),
                    false => brief(event, file.as_deref(), width),
                },
                signs,
            });
            if let Event::PowerCut(losses) = event
                && !in_full
            {
                rows.extend(losses.iter().map(|loss| self.under(*process, loss)));
            }
        }
        rows
    }
}

impl Trace {
    /// A row that belongs to the one above it.
    fn under(&self, process: usize, text: &str) -> Row {
        Row {
            number: None,
            process,
            text: format!("  {text}"),
            signs: vec![Sign::Nothing; self.processes],
        }
    }
}

fn width(rows: &[Row], column: usize) -> usize {
    let mine = rows.iter().filter(|row| row.process == column);
    mine.map(|row| row.text.chars().count())
        .max()
        .unwrap_or(0)
        .max(4)
}

fn head(f: &mut fmt::Formatter<'_>, widths: &[usize]) -> fmt::Result {
    let columns = widths.iter().enumerate();
    let cells: String = columns
        .map(|(process, width)| {
            let title = format!("p{}", process + 1);
            format!("{:GUTTER$}{title:<width$}{:GAP$}", "", "")
        })
        .collect();
    writeln!(f, "{:NUMBER$}{}", "", cells.trim_end())
}

fn line(
    f: &mut fmt::Formatter<'_>,
    row: &Row,
    widths: &[usize],
    signs: &mut BTreeSet<Sign>,
) -> fmt::Result {
    let number = row.number.map_or_else(String::new, |it| it.to_string());
    let mut text = format!("{number:>3}  ");
    for (process, width) in widths.iter().enumerate() {
        let sign = row.signs[process];
        signs.insert(sign);
        let cell = if row.process == process {
            &*row.text
        } else {
            ""
        };
        text.push_str(&format!("{} {cell:<width$}{:GAP$}", sign.character(), ""));
    }
    writeln!(f, "{}", text.trim_end())
}

/// What those signs say that occur.
fn legend(f: &mut fmt::Formatter<'_>, signs: &BTreeSet<Sign>) -> fmt::Result {
    let meanings: Vec<String> = signs
        .iter()
        .filter_map(|sign| Some(format!("{} {}", sign.character(), sign.meaning()?)))
        .collect();
    match meanings.is_empty() {
        true => Ok(()),
        false => writeln!(f, "{:NUMBER$}{}", "", meanings.join("   ")),
    }
}

impl Sign {
    const fn of(hold: Hold) -> Self {
        match hold {
            Hold::Nothing => Self::Nothing,
            Hold::Shared => Self::Shared,
            Hold::Nameless => Self::Nameless,
            Hold::Exclusive => Self::Exclusive,
        }
    }

    const fn character(self) -> char {
        match self {
            Self::Nothing => ' ',
            Self::Exclusive => '┃',
            Self::Shared => '│',
            Self::Nameless => '┊',
            Self::Killed => '✗',
        }
    }

    const fn meaning(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Exclusive => Some("holds the lock"),
            Self::Shared => Some("shares the lock"),
            Self::Nameless => Some("holds the lock of a file without a name"),
            Self::Killed => Some("ends here"),
        }
    }
}
