//! How the report on strategies and controls is shown in files.

use super::view::{Diagram, Moment as Shown, Row, Title, View, Words};
use super::words::time;
use super::{Report, Run, human};
use crate::args::Shape;
use crate::subject::Subject;
use crate::verdict::{Evidence, Moment, Verdict};

const WORDS: Words = Words {
    pace_title: "How long a change took",
    pace: "From its beginning to its acknowledgement, waiting for the lock, retries and the pauses that \
           the seed chooses included. The axis is logarithmic and the same for all.",
    seed: "A seed fixes what is done and where the processes pause. It does not fix the scheduler, so a \
           violation may take several tries to show again.",
};

impl Report {
    /// What is shown of it.
    pub(crate) fn view(&self) -> View {
        let settings = Some(human::settings(self)).filter(|settings| !settings.is_empty());
        let lines = [human::headline(self)].into_iter().chain(settings);
        let asked = self.asked.iter();
        View {
            conclusion: self.conclusion(),
            lines: lines.chain([human::summary(self)]).collect(),
            suite: self.workload.to_string(),
            procs: self.procs,
            iters: self.iters,
            bounds: self.bounds,
            seed: self.seed,
            asked: asked
                .map(|(subject, shape)| self.title(*subject, *shape))
                .collect(),
            runs: self.runs.iter().map(|run| self.row(run)).collect(),
            words: WORDS,
            elapsed: self.elapsed,
        }
    }

    fn title(&self, subject: Subject, shape: Shape) -> Title {
        let name = <&str>::from(subject);
        Title {
            name: name.to_owned(),
            shape,
            class: format!("stress.{}.{name}", self.workload),
            case: format!("{name} {shape}"),
        }
    }

    fn row(&self, run: &Run) -> Row {
        Row {
            title: self.title(run.subject, run.shape),
            role: run.subject.role(),
            status: run.status(),
            rounds_done: run.count.done,
            rounds: run.rounds,
            expected: Some(run.expected.into()),
            got: run.got.map(i128::from),
            pace: run.pace.clone(),
            fairness: run.fairness(),
            elapsed: run.elapsed,
            outcome: human::outcome(run),
            details: human::details(run),
            diagram: diagram(&run.verdict),
            again: run.again.clone(),
        }
    }
}

/// The changes around a fork.
fn diagram(verdict: &Verdict) -> Option<Diagram> {
    let Verdict::Violated(evidence) = verdict else {
        return None;
    };
    let Evidence { fork, around, .. } = &**evidence;
    let fork = fork.filter(|_| !around.is_empty())?;
    Some(Diagram {
        culprits: [fork.first, fork.second],
        label: fork.to_string(),
        columns: "A column for each process, the two that lost an update first",
        boxes: "A box says which version the change read and which it wrote.",
        moments: around.iter().map(shown).collect(),
    })
}

fn shown(moment: &Moment) -> Shown {
    Shown {
        operation: moment.operation,
        began_ns: moment.began_ns,
        ended_ns: moment.ended_ns(),
        label: label(moment),
        words: words(moment),
    }
}

fn label(moment: &Moment) -> String {
    match moment.read {
        Some(read) => format!("{read}→{}", read + 1),
        None => "+1".to_owned(),
    }
}

fn words(moment: &Moment) -> String {
    let (operation, took) = (moment.operation, time(moment.took_ns));
    match moment.read {
        Some(read) => format!("{operation}: read {read}, wrote {}, in {took}", read + 1),
        None => format!("{operation}: added one without reading, in {took}"),
    }
}
