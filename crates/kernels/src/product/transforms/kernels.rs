//! Winograd's transform of the weights, for many outputs and inputs at once.

use super::Transforms;
use crate::{
    Element,
    instructions::Pass,
    product::lines::{COLUMNS, Line, Turn},
};

/// Taps of a kernel.
const TAPS: usize = 9;

/// Room for the transform of as many lines as are turned together.
pub(crate) struct Kernels {
    /// One depth of each word, `[tap][group][column]`.
    taps: Vec<f32>,
    /// Lines of kernels transformed, `[line][value][group][column]`.
    lines: Vec<f32>,
    /// Words of the values, `[value][group][column]`.
    values: Vec<Line>,
}

impl Kernels {
    pub fn new<T>(transforms: &Transforms<T>) -> Self {
        let side = transforms.kernel.len();
        let count = Turn::groups(TAPS) * COLUMNS;
        Self {
            taps: vec![0.0; TAPS * count],
            lines: vec![0.0; 3 * side * count],
            values: vec![[0; COLUMNS]; side * side * Turn::groups(TAPS)],
        }
    }
}

/// G·g·Gᵀ for lines `[group][tap]` of words of `group` depths, to lines `[value][group]`; rounded once, at the end.
pub(super) struct Transform<'a, T> {
    pub transforms: &'a Transforms<T>,
    pub group: usize,
    pub lines: &'a [Line],
    pub room: &'a mut Kernels,
}

impl<'a, T: Element> Pass for Transform<'a, T> {
    type Output = &'a [Line];

    #[inline(always)]
    fn run(self) -> &'a [Line] {
        let matrix = self.transforms.kernel;
        let groups = self.lines.len() / TAPS;
        let (side, count) = (matrix.len(), groups * COLUMNS);
        let Kernels {
            taps,
            lines,
            values,
        } = self.room;
        let values = &mut values[..side * side * groups];
        for member in 0..self.group {
            widen::<T>(self.lines, 16 * member as u32, &mut taps[..TAPS * count]);
            for (to, taps) in lines
                .chunks_exact_mut(side * count)
                .zip(taps.chunks_exact(3 * count))
            {
                for (row, to) in matrix.iter().zip(to.chunks_exact_mut(count)) {
                    weigh(row, [0, 1, 2].map(|tap| &taps[tap * count..][..count]), to);
                }
            }
            let sums = &mut taps[..count];
            for (index, to) in values.chunks_exact_mut(groups).enumerate() {
                let (row, column) = (index / side, index % side);
                let from = [0, 1, 2].map(|line| &lines[(line * side + column) * count..][..count]);
                weigh(&matrix[row], from, sums);
                narrow::<T>(sums, 16 * member as u32, to.as_flattened_mut());
            }
        }
        values
    }
}

/// The depth of each word that begins at a bit.
#[inline(always)]
fn widen<T: Element>(lines: &[Line], bit: u32, to: &mut [f32]) {
    let (to, _) = to.as_chunks_mut::<COLUMNS>();
    let groups = lines.len() / TAPS;
    for (group, lines) in lines.chunks_exact(TAPS).enumerate() {
        for (tap, line) in lines.iter().enumerate() {
            for (to, word) in to[tap * groups + group].iter_mut().zip(line) {
                *to = T::from_bits(*word >> bit).to_f32();
            }
        }
    }
}

/// Rounded, to the part of each word that begins at a bit; the first part clears the others.
#[inline(always)]
fn narrow<T: Element>(sums: &[f32], bit: u32, words: &mut [u32]) {
    if bit == 0 {
        for (word, sum) in words.iter_mut().zip(sums) {
            *word = T::from_f32(*sum).to_bits();
        }
    } else {
        for (word, sum) in words.iter_mut().zip(sums) {
            *word |= T::from_f32(*sum).to_bits() << bit;
        }
    }
}

/// A weighted sum of three slices.
#[inline(always)]
fn weigh(weights: &[f64; 3], [x, y, z]: [&[f32]; 3], to: &mut [f32]) {
    let [a, b, c] = [weights[0] as f32, weights[1] as f32, weights[2] as f32];
    for (((to, x), y), z) in to.iter_mut().zip(x).zip(y).zip(z) {
        *to = a * x + b * y + c * z;
    }
}
