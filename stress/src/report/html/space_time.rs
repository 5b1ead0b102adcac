//! What went on around a lost update, in space and time: a lane for each process, time runs down.
//!
//! Every beginning and every end has a row of its own, so a box is high enough for its
//! words however short the change was, and what matters is seen exactly: what came before what, and
//! what overlapped. How long it took stands beside it.

use crate::report::view::{Diagram, Moment};
use crate::report::words::time;
use crate::workload::Operation;
use maud::{Markup, html};

/// How many boxes are shown, and in how many lanes at most.
const SHOWN_MAX: usize = 24;
const LANES_MAX: usize = 8;

/// In pixels.
const ROW: usize = 16;
const TOP: usize = 24;
const TIMES: usize = 62;
const DIGIT: usize = 7;

/// The figure of a diagram.
pub(super) fn figure(diagram: &Diagram) -> Markup {
    let picture = Picture::of(diagram);
    html! {
        figure class="spacetime" {
            div class="scroll" tabindex="0" { (picture.svg()) }
            figcaption {
                (diagram.columns)
                "; time runs down. Every beginning and end has a row of its own: the order is exact, \
                 and the height says nothing about the duration. "
                (diagram.boxes)
            }
        }
    }
}

struct Picture<'a> {
    diagram: &'a Diagram,
    shown: Vec<&'a Moment>,
    lanes: Vec<u32>,
    /// All beginnings and ends, in order.
    rows: Vec<u64>,
    lane_width: usize,
}

impl<'a> Picture<'a> {
    fn of(diagram: &'a Diagram) -> Self {
        let nearest = nearest(diagram);
        let lanes = lanes(diagram, &nearest);
        let mut shown = nearest;
        shown.retain(|moment| lanes.contains(&moment.operation.lane));
        let mut rows: Vec<u64> = shown.iter().flat_map(|moment| ends(moment)).collect();
        rows.sort_unstable();
        rows.dedup();
        let longest = shown
            .iter()
            .map(|moment| moment.label.chars().count())
            .max();
        Self {
            diagram,
            shown,
            lanes,
            rows,
            lane_width: (longest.unwrap_or(0) * DIGIT + 14).max(52),
        }
    }

    fn width(&self) -> usize {
        TIMES + self.lanes.len() * self.lane_width
    }

    fn height(&self) -> usize {
        TOP + self.rows.len() * ROW + 8
    }

    fn x(&self, lane: u32) -> usize {
        let column = self.lanes.iter().position(|&other| other == lane);
        TIMES + column.unwrap_or(0) * self.lane_width
    }

    fn y(&self, ns: u64) -> usize {
        TOP + self.rows.partition_point(|&row| row < ns) * ROW
    }

    fn svg(&self) -> Markup {
        let (width, height) = (self.width(), self.height());
        html! {
            svg width=(width) height=(height) viewBox=(format!("0 0 {width} {height}")) role="img"
                aria-label=(self.diagram.label) {
                @for &lane in &self.lanes { (self.lane(lane)) }
                @for &ns in &self.rows { (self.row(ns)) }
                @for moment in &self.shown { (self.change(moment)) }
            }
        }
    }

    fn lane(&self, lane: u32) -> Markup {
        let x = self.x(lane) + self.lane_width / 2;
        html! {
            text class="head" x=(x) y="14" text-anchor="middle" { "p" (lane) }
            line class="grid" x1=(x) x2=(x) y1=(TOP - 4) y2=(self.height()) {}
        }
    }

    fn row(&self, ns: u64) -> Markup {
        html! {
            text class="time" x=(TIMES - 8) y=(self.y(ns) + 4) text-anchor="end" { (time(ns)) }
        }
    }

    fn change(&self, moment: &Moment) -> Markup {
        let [from, to] = ends(moment).map(|ns| self.y(ns));
        let x = self.x(moment.operation.lane) + 3;
        let width = self.lane_width - 6;
        html! {
            g class=(self.class(moment.operation)) {
                title { (moment.words) }
                rect x=(x) y=(from + 1) width=(width) height=((to - from).max(ROW) - 2) rx="3" {}
                text x=(x + width / 2) y=((from + to) / 2 + 4) text-anchor="middle" {
                    (moment.label)
                }
            }
        }
    }

    fn class(&self, operation: Operation) -> &'static str {
        match self.diagram.is_culprit(operation) {
            true => "side",
            false => "other",
        }
    }
}

const fn ends(moment: &Moment) -> [u64; 2] {
    [moment.began_ns, moment.ended_ns]
}

/// Those that begin nearest to the two culprits, which are among them.
fn nearest(diagram: &Diagram) -> Vec<&Moment> {
    let is_culprit = |moment: &Moment| diagram.is_culprit(moment.operation);
    let culprits = diagram.moments.iter().filter(|moment| is_culprit(moment));
    let middle = culprits.map(|moment| moment.began_ns).max().unwrap_or(0);
    let mut nearest: Vec<&Moment> = diagram.moments.iter().collect();
    nearest.sort_by_key(|moment| (!is_culprit(moment), moment.began_ns.abs_diff(middle)));
    nearest.truncate(SHOWN_MAX);
    nearest
}

/// Those of the two culprits first, then the others in the order of their distance.
fn lanes(diagram: &Diagram, nearest: &[&Moment]) -> Vec<u32> {
    let culprits = diagram.culprits.map(|operation| operation.lane);
    let others = nearest.iter().map(|moment| moment.operation.lane);
    let mut lanes = Vec::new();
    for lane in culprits.into_iter().chain(others) {
        if !lanes.contains(&lane) && lanes.len() < LANES_MAX {
            lanes.push(lane);
        }
    }
    lanes
}
