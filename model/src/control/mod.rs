//! Programs that lose updates, on purpose: what the checks must catch.
