//! The shipping strategies without one of their steps: what the model must reject.
//!
//! A twin is the very code that ships, over a kernel with something in between that leaves the step
//! out.
