//! The facts, each of them a sentence that is true of both kernels.
//!
//! A fact is a function of a [`World`](crate::world::World) and is named in the list at the top of its
//! file, which makes it a test on the simulated kernel, on a tmpfs and on the disk. One that is left
//! out of the list is dead code, which the compiler reports.

/// Makes a test on each kernel of every function that is given by name.
macro_rules! facts {
    ($($(#[$only:meta])* $fact:ident)+) => {
        mod on_the_simulated_kernel {
            $($(#[$only])* #[test] fn $fact() { super::$fact(&crate::world::Simulated::new()) })+
        }
        #[cfg(target_os = "linux")]
        mod on_tmpfs {
            use crate::host::{Real, Tmpfs};
            $($(#[$only])* #[test] fn $fact() { super::$fact(&Real::<Tmpfs>::new()) })+
        }
        mod on_the_disk {
            use crate::host::{Disk, Real};
            $($(#[$only])* #[test] fn $fact() { super::$fact(&Real::<Disk>::new()) })+
        }
    };
}

mod locks;
mod waiting;

mod opening;

mod names;

mod contents;

mod processes;
