//! Commands in any language under stress.
//!
//! Each lane starts the command over and over, one fresh process for each iteration, told by
//! placeholders and by its environment which one it is. Exit code 0 acknowledges its update;
//! whatever else it does leaves that in doubt. In the end [`oracle`]s compare what was acknowledged
//! with the files that the command has left.
//!
//! In reading order: [`plan`] is what is asked for, made of [`template`]s and [`claim`]s; [`run`]
//! goes round by round, [`round`] starts the lanes, [`lane`] its processes, and [`listen`] hears
//! them out; what is [`heard`] of all of them is counted, and each [`record`] goes into a [`journal`],
//! which the oracles read; their [`verdict`] is what the [`report`] prints.

mod claim;
mod plan;
mod template;

mod aside;
mod heard;
mod history;
mod journal;
mod lane;
mod listen;
mod orphans;
mod record;
mod round;
mod run;
mod shown;

mod oracle;
mod report;
mod verdict;

pub(crate) use oracle::{ExpectJson, ExpectTokens};
pub(crate) use plan::{Again, MaxFail, Oracles, Plan, Stdin};
pub(crate) use run::{Summary, main, outcome};
pub(crate) use template::{Scope, Template};
