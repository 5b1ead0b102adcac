//! The report for people who were not there: one page with everything in it. It needs nothing from
//! elsewhere and runs no program, follows the reader's choice of light or dark, and fits a phone.

mod latency;
mod space_time;

use super::human;
use super::view::{Row, Title, View};
use super::words::{percent, time};
use crate::pace::Quantiles;
use crate::verdict::{Conclusion, Status};
use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");

/// The whole page.
pub(crate) fn text(view: &View) -> Result<String> {
    Ok(page(view).into_string())
}

fn page(view: &View) -> Markup {
    let conclusion = conclusion(view.conclusion);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "stress: " (conclusion) ", seed " (view.seed) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(view, conclusion))
                main {
                    section { h2 { "Runs" } (runs(view)) }
                    (found(view))
                    (latency::section(view))
                    (again(view))
                }
                footer { p { (view.words.seed) } }
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

fn header(view: &View, conclusion: &str) -> Markup {
    html! {
        header class=(conclusion) {
            h1 { "stress " strong { (conclusion) } }
            @for line in &view.lines { p { (line) } }
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
fn runs(view: &View) -> Markup {
    html! {
        div class="scroll" tabindex="0" {
            table {
                thead {
                    tr {
                        @for name in ["", "name"] { th scope="col" { (name) } }
                        @for name in NUMBERS { th scope="col" class="number" { (name) } }
                    }
                }
                tbody { @for run in &view.runs { (row(run)) } }
            }
        }
    }
}

const NUMBERS: [&str; 9] = [
    "expected", "got", "p50", "p99", "p99.9", "max", "fairness", "rounds", "seconds",
];

fn row(run: &Row) -> Markup {
    html! {
        tr {
            td { span class=(format!("status {}", class(run.status))) {
                (human::word(run.status))
            } }
            th scope="row" { (run.title.name) " " span class="soft" { (run.title.shape) } }
            @for number in numbers(run) { td class="number" { (number) } }
        }
    }
}

fn numbers(run: &Row) -> [String; 9] {
    let quantiles = run.pace.quantiles();
    let of =
        |pick: fn(&Quantiles) -> u64| quantiles.as_ref().map_or_else(none, |all| time(pick(all)));
    [
        count(run.expected),
        count(run.got),
        of(|all| all.p50),
        of(|all| all.p99),
        of(|all| all.p99_9),
        of(|all| all.max),
        run.fairness.map_or_else(none, percent),
        match run.rounds {
            Some(most) => format!("{} of {most}", run.rounds_done),
            None => run.rounds_done.to_string(),
        },
        format!("{:.2}", run.elapsed.as_secs_f64()),
    ]
}

fn count(number: Option<i128>) -> String {
    number.map_or_else(none, |number| number.to_string())
}

fn none() -> String {
    "–".to_owned()
}

/// What was found, worst first: violations, then what says nothing, then what had to be found.
fn found(view: &View) -> Markup {
    let with = |status: Status| view.runs.iter().filter(move |run| run.status == status);
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

fn title(run: &Row) -> String {
    let Title { name, shape, .. } = &run.title;
    format!("{name}, {shape}: {}", run.outcome)
}

fn finding(run: &Row) -> Markup {
    html! {
        h2 { (human::word(run.status)) " " (title(run)) }
        (evidence(run))
    }
}

fn evidence(run: &Row) -> Markup {
    html! {
        ul { @for line in &run.details { li { (line) } } }
        @if let Some(diagram) = &run.diagram { (space_time::figure(diagram)) }
    }
}

fn again(view: &View) -> Markup {
    html! {
        section {
            h2 { "Run again" }
            div class="scroll" tabindex="0" {
                pre { @for run in &view.runs { (run.again) "\n" } }
            }
        }
    }
}
