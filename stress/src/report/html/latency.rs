//! How long the changes took: a histogram for each run but those of controls, all on the same logarithmic
//! axis, so that they can be compared at a glance.

use crate::pace::Quantiles;
use crate::report::view::{Row, View};
use crate::report::words::time;
use crate::subject::Role;
use maud::{Markup, html};

/// In how many bars a decade is divided.
const BARS: f64 = 8.0;

/// In pixels, if nothing makes the picture smaller.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 96.0;
/// For the labels of the axis.
const BELOW: f64 = 18.0;

/// The part of the page.
pub(super) fn section(view: &View) -> Markup {
    let strategies = || {
        let runs = view.runs.iter();
        let runs = runs.filter(|run| run.role == Role::Strategy);
        runs.filter_map(|run| Some((run, run.pace.quantiles()?)))
    };
    let axis = Axis::around(strategies().map(|(_, quantiles)| quantiles));
    html! {
        @if let Some(axis) = axis {
            section {
                h2 { (view.words.pace_title) }
                p { (view.words.pace) }
                div class="charts" {
                    @for (run, quantiles) in strategies() { (figure(run, &quantiles, &axis)) }
                }
            }
        }
    }
}

/// Whole decades of nanoseconds, as powers of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    from: i32,
    to: i32,
}

impl Axis {
    /// As long as it has to be for all of these.
    fn around(all: impl Iterator<Item = Quantiles>) -> Option<Self> {
        let ends = all.map(|one| (one.min, one.max));
        let (min, max) = ends.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))?;
        let from = decade(min).floor() as i32;
        let to = decade(max).ceil() as i32;
        Some(Self {
            from,
            to: to.max(from + 1),
        })
    }

    /// Where a decade is, in pixels.
    fn x(&self, decade: f64) -> f64 {
        WIDTH * (decade - f64::from(self.from)) / f64::from(self.to - self.from)
    }
}

fn decade(ns: u64) -> f64 {
    (ns.max(1) as f64).log10()
}

/// The number of changes in each bar of the axis.
fn bars(run: &Row, axis: &Axis) -> Vec<u64> {
    let mut bars = vec![0; ((axis.to - axis.from) as f64 * BARS) as usize];
    let last = bars.len() - 1;
    for (ns, changes) in run.pace.distribution() {
        let bar = ((decade(ns) - f64::from(axis.from)) * BARS) as usize;
        bars[bar.min(last)] += changes;
    }
    bars
}

fn figure(run: &Row, quantiles: &Quantiles, axis: &Axis) -> Markup {
    let (name, shape) = (&run.title.name, run.title.shape);
    let words = words(quantiles);
    html! {
        figure {
            figcaption { strong { (name) " " (shape) } " " (words) }
            (picture(run, quantiles, axis, &format!("{name} {shape}: {words}")))
        }
    }
}

fn words(all: &Quantiles) -> String {
    let (p50, p99, max) = (time(all.p50), time(all.p99), time(all.max));
    format!("p50 {p50}, p99 {p99}, max {max}")
}

fn picture(run: &Row, quantiles: &Quantiles, axis: &Axis, label: &str) -> Markup {
    let bars = bars(run, axis);
    let most = bars.iter().copied().max().unwrap_or(0).max(1);
    let view = format!("0 0 {WIDTH} {}", HEIGHT + BELOW);
    html! {
        svg class="latency" viewBox=(view) role="img" aria-label=(label) {
            @for decade in axis.from..=axis.to { (tick(decade, axis)) }
            @for (number, changes) in bars.iter().enumerate() {
                @if *changes > 0 { (bar(number, *changes, most, axis)) }
            }
            (mark("p50", quantiles.p50, axis, 9))
            (mark("p99", quantiles.p99, axis, 21))
        }
    }
}

/// One with few changes is seen all the same.
fn bar(number: usize, changes: u64, most: u64, axis: &Axis) -> Markup {
    let x = axis.x(f64::from(axis.from) + number as f64 / BARS);
    let width = axis.x(f64::from(axis.from) + 1.0 / BARS) - 1.0;
    let height = (0.85 * HEIGHT * changes as f64 / most as f64).max(1.5);
    let from = 10f64.powf(f64::from(axis.from) + number as f64 / BARS) as u64;
    let y = HEIGHT - height;
    html! {
        rect x=(px(x)) y=(px(y)) width=(px(width)) height=(px(height)) {
            title { (changes) " from " (time(from)) }
        }
    }
}

/// The line of a decade, and its label; those at the ends stay inside.
fn tick(decade: i32, axis: &Axis) -> Markup {
    let x = axis.x(f64::from(decade));
    let anchor = match decade {
        first if first == axis.from => "start",
        last if last == axis.to => "end",
        _ => "middle",
    };
    let label = time(10u64.pow(decade as u32)).replace(".0", "");
    html! {
        line class="grid" x1=(px(x)) x2=(px(x)) y1="0" y2=(px(HEIGHT)) {}
        text x=(px(x)) y=(px(HEIGHT + BELOW - 4.0)) text-anchor=(anchor) { (label) }
    }
}

/// The line of a quantile, with its name beside it at that height, on the side where there is more room.
fn mark(name: &str, ns: u64, axis: &Axis, y: u32) -> Markup {
    let x = axis.x(decade(ns));
    let (anchor, beside) = match x > 0.8 * WIDTH {
        true => ("end", -3.0),
        false => ("start", 3.0),
    };
    html! {
        line class="mark" x1=(px(x)) x2=(px(x)) y1="0" y2=(px(HEIGHT)) {}
        text class="mark" x=(px(x + beside)) y=(y) text-anchor=(anchor) { (name) }
    }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::{Axis, Quantiles, WIDTH};

    fn quantiles(min: u64, max: u64) -> Quantiles {
        Quantiles {
            changes: 2,
            min,
            p50: min,
            p99: max,
            p99_9: max,
            max,
        }
    }

    #[test]
    fn the_axis_has_whole_decades_around_everything() {
        let all = [quantiles(12_000, 40_000), quantiles(900, 3_000_000)];
        let axis = Axis::around(all.into_iter()).unwrap();
        assert_eq!(axis, Axis { from: 2, to: 7 });
        assert_eq!((axis.x(2.0), axis.x(7.0)), (0.0, WIDTH));
        assert_eq!(Axis::around(std::iter::empty()), None);
    }

    #[test]
    fn one_value_has_a_decade_too() {
        let axis = Axis::around([quantiles(1000, 1000)].into_iter()).unwrap();
        assert_eq!(axis, Axis { from: 3, to: 4 });
    }
}
