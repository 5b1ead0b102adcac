//! Who goes on next, of those who can.

/// One call each, in turn.
pub(crate) fn turns() -> impl FnMut(&[usize]) -> usize {
    let mut last = usize::MAX;
    move |able| {
        let mut later = able
            .iter()
            .filter(|&&seat| last != usize::MAX && seat > last);
        last = *later.next().unwrap_or(&able[0]);
        last
    }
}

/// By chance, always the same for the same seed.
pub(crate) fn by_chance(seed: u64) -> impl FnMut(&[usize]) -> usize {
    let mut state = seed;
    move |able| {
        // Knuth's MMIX generator, of which the upper bits are good.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let draw = usize::try_from(state >> 33).expect("31 bits fit");
        able[draw % able.len()]
    }
}
