//! What is done to a product's sums before they are stored, while they are in the first-level cache.

#![allow(unsafe_code, reason = "threads write disjoint parts")]

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use super::avx512;
use super::{memory::Shared, packing::copy, run::Sink};
use crate::{
    Element, InstructionSet, Instructions,
    instructions::Pass,
    passes::{
        Activation,
        activation::{Choice, Function},
    },
};

/// `clip(mix(activation(gain · (sum + bias))))`, each part optional, in this order.
#[derive(Debug, Clone, Copy)]
pub struct Epilogue<'a, T> {
    /// `[columns]`, added.
    pub bias: Option<&'a [f32]>,
    /// `[batch, columns]`, multiplied.
    pub gain: Option<&'a [f32]>,
    /// Applied to each value.
    pub activation: Activation,
    /// Mixed with each value.
    pub residual: Option<Residual<'a, T>>,
    /// Limits values to −clip … clip.
    pub clip: Option<f32>,
}

impl<T> Default for Epilogue<'_, T> {
    fn default() -> Self {
        Self {
            bias: None,
            gain: None,
            activation: Activation::None,
            residual: None,
            clip: None,
        }
    }
}

impl<T> Epilogue<'_, T> {
    fn is_plain(&self) -> bool {
        let Self {
            bias,
            gain,
            activation,
            residual,
            clip,
        } = self;
        let nothing = bias.is_none() && gain.is_none() && residual.is_none() && clip.is_none();
        nothing && *activation == Activation::None
    }

    /// That every part has the length the output asks for.
    pub(crate) fn check(&self, batch: usize, columns: usize, length: usize) {
        let of = |part: Option<usize>, name: &str, wanted: usize| {
            if let Some(length) = part {
                assert_eq!(
                    length, wanted,
                    "{name} of an output of {columns} columns for {batch} samples"
                );
            }
        };
        of(self.bias.map(<[_]>::len), "bias", columns);
        of(self.gain.map(<[_]>::len), "gain", batch * columns);
        of(
            self.residual.as_ref().map(|residual| residual.data.len()),
            "residual",
            length,
        );
    }
}

/// `scale · (residual + t · (value − residual))`.
#[derive(Debug, Clone, Copy)]
pub struct Residual<'a, T> {
    /// As long as the output.
    pub data: &'a [T],
    /// 0 is the residual alone, 1 the value alone.
    pub t: f32,
    /// Multiplies the mix.
    pub scale: f32,
}

impl<'a, T> Residual<'a, T> {
    /// The plain sum, residual + value.
    pub fn sum(data: &'a [T]) -> Self {
        Self {
            data,
            t: 0.5,
            scale: 2.0,
        }
    }

    /// The magnitude-preserving sum, lerp(residual, value, t) / √((1−t)² + t²) (Karras et al. 2024, Eq. 88).
    pub fn magnitude_preserving(data: &'a [T], t: f32) -> Self {
        Self {
            data,
            t,
            scale: 1.0 / (1.0 - t).hypot(t),
        }
    }
}

/// The output `[rows, columns]` of a product, with its epilogue.
pub(crate) struct Output<'a, T, M> {
    pub instructions: Instructions,
    pub epilogue: &'a Epilogue<'a, T>,
    pub out: Shared<'a, T>,
    pub columns: usize,
    /// Rows of one sample, to which one line of `gain` belongs.
    pub rows_in_sample: usize,
    /// Where a row of the product lies in the output.
    pub place: M,
    /// Whether that is everywhere the same place.
    pub in_order: bool,
}

impl<T: Element, M: Fn(usize) -> usize + Sync> Sink for Output<'_, T, M> {
    fn take(&self, rows: Range<usize>, columns: Range<usize>, sums: &mut [f32], stride: usize) {
        self.instructions.run(Finish {
            output: self,
            rows,
            columns,
            sums,
            stride,
        });
    }
}

struct Finish<'a, 'b, T, M> {
    output: &'a Output<'b, T, M>,
    rows: Range<usize>,
    columns: Range<usize>,
    sums: &'a mut [f32],
    stride: usize,
}

impl<T: Element, M: Fn(usize) -> usize> Pass for Finish<'_, '_, T, M> {
    type Output = ();

    /// One pass over a line after another, each a loop of its own: over arrays of known length the compiler unrolls them and
    /// then finds no vectors.
    #[inline(always)]
    fn run(self) {
        let Self {
            output,
            rows,
            columns,
            sums,
            stride,
        } = self;
        let epilogue = output.epilogue;
        let width = columns.len();
        if epilogue.is_plain() && width == stride && width == output.columns && output.in_order {
            // A tile as wide as the output is one line.
            let start = rows.start * width;
            // SAFETY: as below.
            let out = unsafe { output.out.part(start, rows.len() * width) };
            return store(output.instructions, &sums[..rows.len() * width], out);
        }
        for (row, line) in rows.zip(sums.chunks_mut(stride)) {
            let line = &mut line[..width];
            let row = (output.place)(row);
            let start = row * output.columns + columns.start;
            if let Some(bias) = epilogue.bias {
                add(line, &bias[columns.clone()]);
            }
            if let Some(gain) = epilogue.gain {
                let sample = row / output.rows_in_sample;
                multiply(
                    line,
                    &gain[sample * output.columns + columns.start..][..width],
                );
            }
            epilogue.activation.choose(Each(line));
            if let Some(residual) = &epilogue.residual {
                mix(line, residual, &residual.data[start..][..width]);
            }
            if let Some(clip) = epilogue.clip {
                limit(line, clip);
            }
            // SAFETY: every row and column of the output belongs to one tile, and each tile is taken once.
            let out = unsafe { output.out.part(start, width) };
            store(output.instructions, line, out);
        }
    }
}

#[inline(always)]
fn add(line: &mut [f32], bias: &[f32]) {
    for (value, bias) in line.iter_mut().zip(bias) {
        *value += bias;
    }
}

#[inline(always)]
fn multiply(line: &mut [f32], gain: &[f32]) {
    for (value, gain) in line.iter_mut().zip(gain) {
        *value *= gain;
    }
}

/// The activation of each value; the choice is made once for all of them.
struct Each<'a>(&'a mut [f32]);

impl Choice for Each<'_> {
    type Output = ();

    #[inline(always)]
    fn with<F: Function>(self, function: F) {
        for value in self.0 {
            *value = function.apply(*value);
        }
    }
}

#[inline(always)]
fn mix<T: Element>(line: &mut [f32], residual: &Residual<'_, T>, data: &[T]) {
    let Residual { t, scale, .. } = *residual;
    for (value, other) in line.iter_mut().zip(data) {
        let other = other.to_f32();
        *value = scale * (other + t * (*value - other));
    }
}

#[inline(always)]
fn limit(line: &mut [f32], clip: f32) {
    for value in line {
        // Comparisons let NaN through, as it should be seen.
        let low = if *value < -clip { -clip } else { *value };
        *value = if low > clip { clip } else { low };
    }
}

#[inline(always)]
fn store<T: Element>(instructions: Instructions, line: &[f32], out: &mut [T]) {
    if let Some(out) = T::as_f32_mut(out) {
        return copy(out, line);
    }
    #[cfg(target_arch = "x86_64")]
    if instructions.set() >= InstructionSet::Avx512Bf16
        && let Some(out) = T::as_bf16_mut(out)
    {
        // SAFETY: the instructions are of a processor that has them.
        return unsafe { avx512::narrow(line, out) };
    }
    for (out, value) in out.iter_mut().zip(line) {
        *out = T::from_f32(*value);
    }
}
