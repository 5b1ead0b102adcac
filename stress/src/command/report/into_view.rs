//! How the report on a command is shown in files.

use super::super::plan::Plan;
use super::super::verdict::{Moment, Verdict};
use super::{Report, human};
use crate::args::Shape;
use crate::report::view::{Diagram, Moment as Shown, Row, Title, View, Words};
use crate::report::{time, was};
use crate::subject::Role;

const WORDS: Words = Words {
    pace_title: "How long a process took",
    pace: "Those with exit code 0, from before the start to after the exit: what it takes to start the \
           program and its interpreter is included, and so is waiting for others. The axis is \
           logarithmic.",
    seed: "A seed fixes what is done to the processes on purpose. It does not fix the scheduler, so a \
           violation may take several tries to show again.",
};

/// What a version is cut to in a box.
const VERSION_CHARS_MAX: usize = 12;

impl Report {
    /// What is shown of it.
    pub(in super::super) fn view(&self, plan: &Plan) -> View {
        let title = title(plan);
        View {
            conclusion: self.conclusion(plan),
            lines: self.lines(plan),
            suite: "command".to_owned(),
            procs: plan.procs,
            iters: plan.iters,
            bounds: plan.bounds,
            seed: plan.seed,
            asked: vec![title.clone()],
            runs: vec![self.row(plan, title)],
            words: WORDS,
            elapsed: self.elapsed,
        }
    }

    fn lines(&self, plan: &Plan) -> Vec<String> {
        let chaos = plan.chaos.is_any().then(|| format!("chaos {}", plan.chaos));
        let before = [human::headline(plan), plan.line()];
        let after = [human::outcome(self), human::timed_summary(plan, self)];
        let between = chaos.into_iter().chain(plan.origin.as_ref().map(was));
        before.into_iter().chain(between).chain(after).collect()
    }

    fn row(&self, plan: &Plan, title: Title) -> Row {
        Row {
            title,
            role: Role::Strategy,
            status: self.verdict.status(),
            rounds_done: self.count.done,
            rounds: plan.bounds.rounds,
            expected: self.expected,
            got: self.got,
            pace: self.pace.clone(),
            fairness: self.pace.fairness(),
            elapsed: self.elapsed,
            outcome: human::outcome(self),
            details: human::details(plan, self),
            diagram: diagram(&self.verdict),
            again: self.again.clone(),
        }
    }
}

/// A CI system that keeps books of several commands knows them by their words.
fn title(plan: &Plan) -> Title {
    Title {
        name: "command".to_owned(),
        shape: Shape::Fresh,
        class: "stress.command".to_owned(),
        case: plan.line(),
    }
}

/// The processes around the two at fault.
fn diagram(verdict: &Verdict) -> Option<Diagram> {
    let Verdict::Violated(evidence) = verdict else {
        return None;
    };
    let culprits = evidence.culprits()?;
    Some(Diagram {
        culprits: culprits.both,
        label: culprits.words,
        columns: "A column for each lane, those of the two at fault first",
        boxes: "A box is a process from its start to its exit. It says which version the process has \
                read and which it wrote, or only its number, if it did not tell.",
        moments: evidence.around.iter().map(shown).collect(),
    })
}

fn shown(moment: &Moment) -> Shown {
    let (operation, fate, took) = (moment.operation, &moment.fate, time(moment.took_ns));
    let (label, versions) = match (&moment.read, &moment.wrote) {
        (Some(read), Some(wrote)) => (
            format!("{}→{}", short(read), short(wrote)),
            format!("read {read}, wrote {wrote}, "),
        ),
        _ => (format!("#{:02}", operation.iteration), String::new()),
    };
    Shown {
        operation,
        began_ns: moment.began_ns,
        ended_ns: moment.began_ns.saturating_add(moment.took_ns),
        label,
        words: format!("{operation}: {versions}{fate}, in {took}"),
    }
}

/// A version as it fits into a box. It may be any word, such as a hash.
fn short(version: &str) -> String {
    let mut chars = version.chars();
    let first: String = chars.by_ref().take(VERSION_CHARS_MAX).collect();
    match chars.next() {
        Some(_) => format!("{first}…"),
        None => first,
    }
}
