//! The report for people who were not there: one page with everything in it. It needs nothing from
//! elsewhere and runs no program, follows the reader's choice of light or dark, and fits a phone.

mod latency;
mod space_time;

use super::human;
use super::words::{percent, time};
use super::{Report, Run};
use crate::verdict::{Conclusion, Evidence, Status, Verdict};
use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub(super) fn text(report: &Report) -> Result<String> {
    Ok(page(report).into_string())
}

fn page(report: &Report) -> Markup {
    let conclusion = conclusion(report.conclusion());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "stress: " (conclusion) ", seed " (report.seed) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(report, conclusion))
                main {
                    section { h2 { "Runs" } (runs(report)) }
                    (found(report))
                    (latency::section(report))
                    (again(report))
                }
                footer {
                    p {
                        "A seed fixes what is done and where the processes pause. It does not fix \
                         the scheduler, so a violation may take several tries to show again."
                    }
                }
            }
        }
    }
}

const fn conclusion(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Exact => "exact",
        Conclusion::Violated => "violated",
        Conclusion::Inconclusive => "inconclusive",
        Conclusion::Interrupted => "interrupted",
    }
}

fn header(report: &Report, conclusion: &str) -> Markup {
    let settings = human::settings(report);
    html! {
        header class=(conclusion) {
            h1 { "stress " strong { (conclusion) } }
            p { (human::headline(report)) }
            @if !settings.is_empty() { p { (settings) } }
            p { (human::summary(report)) }
        }
    }
}

const fn class(status: Status) -> &'static str {
    match status {
        Status::Exact | Status::Caught => "good",
        Status::Violated => "bad",
        Status::Missed | Status::Inconclusive => "warn",
    }
}

/// The table. It is as wide as it has to be and scrolls inside itself.
fn runs(report: &Report) -> Markup {
    html! {
        div class="scroll" tabindex="0" {
            table {
                thead {
                    tr {
                        @for name in ["", "name", "shape"] { th scope="col" { (name) } }
                        @for name in NUMBERS { th scope="col" class="number" { (name) } }
                    }
                }
                tbody { @for run in &report.runs { (row(run)) } }
            }
        }
    }
}

const NUMBERS: [&str; 9] = [
    "rounds", "expected", "got", "p50", "p99", "p99.9", "max", "fairness", "seconds",
];

fn row(run: &Run) -> Markup {
    html! {
        tr {
            td { span class=(format!("status {}", class(run.status()))) {
                (human::word(run.status()))
            } }
            th scope="row" { (<&str>::from(run.subject)) }
            td { (run.shape) }
            @for number in numbers(run) { td class="number" { (number) } }
        }
    }
}

fn numbers(run: &Run) -> [String; 9] {
    let quantiles = run.pace.quantiles();
    let of = |pick: fn(&crate::pace::Quantiles) -> u64| {
        quantiles.as_ref().map_or_else(none, |all| time(pick(all)))
    };
    [
        match run.rounds {
            Some(most) => format!("{} of {most}", run.count.done),
            None => run.count.done.to_string(),
        },
        run.expected.to_string(),
        run.got.map_or_else(none, |got| got.to_string()),
        of(|all| all.p50),
        of(|all| all.p99),
        of(|all| all.p99_9),
        of(|all| all.max),
        run.fairness().map_or_else(none, percent),
        format!("{:.2}", run.elapsed.as_secs_f64()),
    ]
}

fn none() -> String {
    "–".to_owned()
}

/// What was found, worst first: violations, then what says nothing, then what had to be found.
fn found(report: &Report) -> Markup {
    let with = |status: Status| report.runs.iter().filter(move |run| run.status() == status);
    html! {
        @for status in [Status::Violated, Status::Missed, Status::Inconclusive] {
            @for run in with(status) { section class=(class(status)) { (finding(run)) } }
        }
        @if with(Status::Caught).next().is_some() {
            section {
                h2 { "Lost by the controls, as it has to be" }
                @for run in with(Status::Caught) {
                    details { summary { (title(run)) } (evidence(run)) }
                }
            }
        }
    }
}

fn title(run: &Run) -> String {
    let (name, outcome) = (<&str>::from(run.subject), human::outcome(run));
    format!("{name}, {}: {outcome}", run.shape)
}

fn finding(run: &Run) -> Markup {
    html! {
        h2 { (human::word(run.status())) " " (title(run)) }
        (evidence(run))
    }
}

fn evidence(run: &Run) -> Markup {
    html! {
        ul { @for line in human::details(run) { li { (line) } } }
        @if let Verdict::Violated(evidence) = &run.verdict { (diagram(evidence)) }
    }
}

fn diagram(evidence: &Evidence) -> Markup {
    match evidence.fork {
        Some(fork) if !evidence.around.is_empty() => space_time::figure(fork, &evidence.around),
        _ => html! {},
    }
}

fn again(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Run again" }
            div class="scroll" tabindex="0" {
                pre { @for run in &report.runs { (run.again) "\n" } }
            }
        }
    }
}
