//! The simulated kernel is a claim about the real one. Here every fact that the protocols rely on
//! is one function that must hold on both, and random calls of three processes must get the same
//! answers from both and leave the same files and locks. The host's side runs on a tmpfs and on the
//! file system of a disk.
//!
//! In reading order: [`world`] is a kernel with an empty directory, [`host`] says where the host's
//! are, [`facts`] are the facts. [`act`] is what a random process does, [`player`] does it on one
//! kernel, [`random`] compares two, and [`mistakes`] are kernels that the comparison must find out.

mod world;

mod host;

mod facts;

mod act;
mod answer;
mod ending;
mod player;
mod random;

mod mistakes;
