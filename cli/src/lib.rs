//! What the commands of hookstate share, so that all of them end, look and let themselves be
//! interrupted in the same way.
//!
//! In reading order: [`exit`] has the exit codes and what is said of a failure, [`interrupt`] hears
//! Ctrl-C, [`terminal`] tells whether there is something to draw on, and on that stand [`paint`] for
//! the report and [`progress`] for what is shown until it is there. What a command found, and how it
//! words that, is its own affair.

pub mod exit;

pub mod interrupt;

pub mod terminal;

pub mod paint;
pub mod progress;
