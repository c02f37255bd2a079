//! Without named instructions: a multiplication and an addition, which the compiler makes of the architecture's baseline.

use std::hint::black_box;

use super::{Chains, chains};

const LANES: usize = 8;

pub(super) const PORTABLE: Chains = Chains {
    run: portable,
    operations: 2 * 6 * LANES,
};

fn portable(rounds: usize) {
    // The factor is multiplied by the sum: a product of two constants would be computed once, before the loop.
    let [factor, term] = black_box([0.5_f32; 2]);
    chains!(rounds, 6, [0.0_f32; LANES], |sum| sum
        .map(|lane| lane * factor + term));
}
