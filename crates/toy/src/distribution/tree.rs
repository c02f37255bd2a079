//! The shape of the distribution: a binary tree of branches, eight Gaussians along each.
//!
//! The order in which random numbers are drawn is part of the definition: a branch draws its length, then its children
//! are grown one after the other, each drawing its angle first.

use std::f64::consts::{FRAC_PI_4, PI};

use foil_diffusion::random::RandomState;
use serde::{Deserialize, Serialize};

/// What is modelled: one of the two classes, or both together as an unconditional model sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Class {
    /// The first tree.
    A,
    /// The second tree.
    B,
    /// Both.
    AB,
}

impl Class {
    /// The name used on command lines and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::AB => "AB",
        }
    }
}

/// Branches of one class: a full binary tree of seven levels.
pub const BRANCHES: usize = 127;
/// Gaussians along a branch.
pub(super) const PER_BRANCH: usize = 8;
/// The depth at which the tree is cut for coarse coverage.
pub const COARSE_DEPTH: usize = 4;
/// Subtrees below that depth.
pub const COARSE_SUBTREES: usize = 1 << COARSE_DEPTH;

const LEVELS: usize = 7;
const ORIGIN: [f64; 2] = [0.0030, 0.0325];
const SCALE: [f64; 2] = [1.3136, 1.3844];

/// One Gaussian before any noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Component {
    /// Its weight, normalised over the class.
    pub share: f64,
    /// Its mean.
    pub mean: [f64; 2],
    /// Its covariance: xx, xy, yy.
    pub covariance: [f64; 3],
}

/// The components of a class, branch after branch in the order in which the tree grows.
pub(super) fn components(class: Class) -> Vec<Component> {
    let mut random = RandomState::new(2);
    let [mut first, mut second] = [FRAC_PI_4, FRAC_PI_4 + PI].map(|angle| {
        let mut components = Vec::with_capacity(BRANCHES * PER_BRANCH);
        grow(&mut components, &mut random, 0, ORIGIN, angle);
        components
    });
    let mut components = match class {
        Class::A => first,
        Class::B => second,
        Class::AB => {
            first.append(&mut second);
            first
        }
    };
    let total: f64 = components.iter().map(|component| component.share).sum();
    for component in &mut components {
        component.share /= total;
    }
    components
}

/// Adds a branch that starts at `position` in direction `angle`, and all that grows from it.
fn grow(
    components: &mut Vec<Component>,
    random: &mut RandomState,
    depth: usize,
    position: [f64; 2],
    angle: f64,
) {
    if depth == LEVELS {
        return;
    }
    let shrink = 0.8_f64.powi(depth as i32);
    let direction = [angle.cos(), angle.sin()];
    let length = 0.292 * shrink * (1.0 + 0.2 * random.normal());
    let thickness = 0.2 * shrink / length;
    let size = SCALE.map(|scale| scale * length * 0.06);
    let (along, across) = (1.0 - thickness * thickness, thickness * thickness);
    for index in 0..PER_BRANCH {
        let way = length * (0.07 + 0.86 * index as f64 / (PER_BRANCH - 1) as f64);
        let [x, y] = direction;
        components.push(Component {
            share: length * 0.5_f64.powi(depth as i32),
            mean: [
                (position[0] + x * way) * SCALE[0],
                (position[1] + y * way) * SCALE[1],
            ],
            covariance: [
                (x * x * along + across) * size[0] * size[0],
                x * y * along * size[0] * size[1],
                (y * y * along + across) * size[1] * size[1],
            ],
        });
    }
    let end = [
        position[0] + direction[0] * length,
        position[1] + direction[1] * length,
    ];
    for sign in [1.0, -1.0] {
        let turn = sign * 0.7_f64.powi(depth as i32) * (1.0 + 0.2 * random.normal());
        grow(components, random, depth + 1, end, angle + turn);
    }
}

/// Which of the subtrees below [`COARSE_DEPTH`] a branch belongs to; none for the branches above.
///
/// Branches are numbered as they grow: a node, its first subtree, its second.
pub fn coarse_subtree(branch: usize) -> Option<usize> {
    let (mut number, mut remaining, mut subtree) = (branch, BRANCHES, 0);
    for _ in 0..COARSE_DEPTH {
        if number == 0 {
            return None;
        }
        let below = (remaining - 1) / 2;
        let second = usize::from(number > below);
        number -= 1 + second * below;
        (remaining, subtree) = (below, 2 * subtree + second);
    }
    Some(subtree)
}

#[cfg(test)]
mod tests {
    use super::{BRANCHES, COARSE_SUBTREES, coarse_subtree};

    #[test]
    fn sixteen_subtrees_of_seven_branches_hang_below_fifteen_branches() {
        let mut counts = [0; COARSE_SUBTREES];
        let mut above = 0;
        for branch in 0..BRANCHES {
            match coarse_subtree(branch) {
                Some(subtree) => counts[subtree] += 1,
                None => above += 1,
            }
        }
        assert_eq!((above, counts), (15, [7; COARSE_SUBTREES]));
        assert_eq!(coarse_subtree(4), Some(0));
        assert_eq!(coarse_subtree(BRANCHES - 1), Some(COARSE_SUBTREES - 1));
    }
}
