//! Which size a network has, by the shapes of its tensors: no file says it otherwise.

use std::collections::BTreeSet;

use super::{HEAD, PATCH, names::Layout};
use crate::{Result, Weights};

/// Sizes of a network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Config {
    /// Numbers of a token.
    pub(super) width: usize,
    /// Blocks.
    pub(super) depth: usize,
    /// Numbers between the two layers of a perceptron.
    pub(super) hidden: usize,
    /// Sides of the grid of positions, in patches.
    pub(super) grid: usize,
}

impl Config {
    /// Of exactly these tensors.
    pub(super) fn of(weights: &Weights, layout: &Layout) -> Result<Self> {
        let shape = |name: &str| weights.get(name).map(|tensor| tensor.shape().to_vec());
        let misshapen = |name: &str, shape: &[usize], expected: &str| {
            weights.wrong(format!("{name} is {shape:?} where {expected} was expected"))
        };
        let class = shape(layout.class)?;
        let width = match class[..] {
            [1, 1, width] if width > 0 && width.is_multiple_of(HEAD) => width,
            _ => {
                let expected = format!("[1, 1, multiple of {HEAD}]");
                return Err(misshapen(layout.class, &class, &expected));
            }
        };
        let positions = shape(layout.positions)?;
        let patches = positions.get(1).map_or(0, |count| count.saturating_sub(1));
        let grid = patches.isqrt();
        if patches == 0 || grid * grid != patches {
            let expected = format!("[1, 1 + square, {width}]");
            return Err(misshapen(layout.positions, &positions, &expected));
        }
        let expand = format!("{}.weight", layout.in_block(0, "mlp.fc1"));
        let expand_shape = shape(&expand)?;
        let hidden = expand_shape.first().copied().unwrap_or(0);
        if hidden == 0 {
            return Err(misshapen(&expand, &expand_shape, "[hidden, features]"));
        }
        let blocks = weights.iter().filter_map(|(name, _)| layout.block_of(name));
        let config = Self {
            width,
            depth: blocks.collect::<BTreeSet<_>>().len(),
            hidden,
            grid,
        };
        let mut expected = config.tensors(layout);
        if weights.get(layout.mask).is_ok() {
            expected.push((layout.mask.to_owned(), vec![1, width]));
        }
        weights.check(&expected)?;
        Ok(config)
    }

    /// Names and shapes of all tensors.
    fn tensors(&self, layout: &Layout) -> Vec<(String, Vec<usize>)> {
        let &Self {
            width,
            depth,
            hidden,
            grid,
        } = self;
        let mut tensors = vec![
            (layout.class.to_owned(), vec![1, 1, width]),
            (layout.positions.to_owned(), vec![1, 1 + grid * grid, width]),
        ];
        let mut layer = |name: String, weight: &[usize]| {
            tensors.push((format!("{name}.weight"), weight.to_vec()));
            tensors.push((format!("{name}.bias"), vec![weight[0]]));
        };
        layer(layout.patches.to_owned(), &[width, 3, PATCH, PATCH]);
        layer(layout.norm.to_owned(), &[width]);
        for block in 0..depth {
            let attention = layout.attention(block);
            let outputs = 3 * width / attention.len();
            attention.for_each(|name| layer(name, &[outputs, width]));
            let mut part = |part: &str, weight: &[usize]| {
                layer(layout.in_block(block, part), weight);
            };
            part("norm1", &[width]);
            part(layout.projection, &[width, width]);
            part("norm2", &[width]);
            part("mlp.fc1", &[hidden, width]);
            part("mlp.fc2", &[width, hidden]);
        }
        for (block, scale) in (0..depth).flat_map(|block| layout.scales.map(|scale| (block, scale)))
        {
            tensors.push((layout.in_block(block, scale), vec![width]));
        }
        tensors
    }
}
