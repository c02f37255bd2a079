//! What is done to a product's sums before they are stored, while they are in the first-level cache.

#![allow(unsafe_code, reason = "threads write disjoint parts")]

use std::ops::Range;

use super::{memory::Shared, run::Sink};
use crate::{
    Element, Instructions,
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
}

impl<T: Element, M: Fn(usize) -> usize + Sync> Sink for Output<'_, T, M> {
    fn take(&self, rows: Range<usize>, columns: Range<usize>, sums: &[f32], stride: usize) {
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
    sums: &'a [f32],
    stride: usize,
}

/// Columns finished together; loops over so many become one vector or two.
const WIDTH: usize = 16;

impl<T: Element, M: Fn(usize) -> usize> Pass for Finish<'_, '_, T, M> {
    type Output = ();

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
        let plain = epilogue.is_plain();
        for (index, row) in rows.enumerate() {
            let row = (output.place)(row);
            if plain {
                let start = row * output.columns + columns.start;
                // SAFETY: every row and column of the output belongs to one tile, and each tile is taken once.
                let out = unsafe { output.out.part(start, columns.len()) };
                store_all(&sums[index * stride..], out);
                continue;
            }
            // Divided only where it is needed: it takes as long as several vectors.
            let sample = if epilogue.gain.is_some() {
                row / output.rows_in_sample
            } else {
                0
            };
            for column in columns.clone().step_by(WIDTH) {
                let count = WIDTH.min(columns.end - column);
                let start = row * output.columns + column;
                let mut values = [0.0; WIDTH];
                copy(
                    &mut values,
                    &sums[index * stride + column - columns.start..],
                    count,
                );
                if let Some(bias) = epilogue.bias {
                    add(&mut values, &bias[column..], count);
                }
                if let Some(gain) = epilogue.gain {
                    multiply(
                        &mut values,
                        &gain[sample * output.columns + column..],
                        count,
                    );
                }
                epilogue.activation.choose(Each(&mut values));
                if let Some(residual) = &epilogue.residual {
                    mix(&mut values, residual, start, count);
                }
                if let Some(clip) = epilogue.clip {
                    limit(&mut values, clip);
                }
                // SAFETY: every row and column of the output belongs to one tile, and each tile is taken once.
                let out = unsafe { output.out.part(start, count) };
                store(&values, out);
            }
        }
    }
}

/// Without an epilogue there is nothing between a load and a store.
#[inline(always)]
fn store_all<T: Element>(sums: &[f32], out: &mut [T]) {
    let (sums, sums_rest) = sums[..out.len()].as_chunks::<WIDTH>();
    let (out, out_rest) = out.as_chunks_mut::<WIDTH>();
    for (out, sums) in out.iter_mut().zip(sums) {
        for lane in 0..WIDTH {
            out[lane] = T::from_f32(sums[lane]);
        }
    }
    for (out, sum) in out_rest.iter_mut().zip(sums_rest) {
        *out = T::from_f32(*sum);
    }
}

/// The first `count` of `from`, with zeros behind. A full copy has a length known to the compiler: two moves instead of a call.
#[inline(always)]
fn copy<T: Element>(to: &mut [T; WIDTH], from: &[T], count: usize) {
    if let Some(from) = from.first_chunk()
        && count == WIDTH
    {
        *to = *from;
    } else {
        to[..count].copy_from_slice(&from[..count]);
    }
}

#[inline(always)]
fn add(values: &mut [f32; WIDTH], bias: &[f32], count: usize) {
    let mut line = [0.0; WIDTH];
    copy(&mut line, bias, count);
    for index in 0..WIDTH {
        values[index] += line[index];
    }
}

#[inline(always)]
fn multiply(values: &mut [f32; WIDTH], gain: &[f32], count: usize) {
    let mut line = [0.0; WIDTH];
    copy(&mut line, gain, count);
    for index in 0..WIDTH {
        values[index] *= line[index];
    }
}

#[inline(always)]
fn mix<T: Element>(
    values: &mut [f32; WIDTH],
    residual: &Residual<'_, T>,
    start: usize,
    count: usize,
) {
    let Residual { data, t, scale } = *residual;
    let mut line = [T::default(); WIDTH];
    copy(&mut line, &data[start..], count);
    for index in 0..WIDTH {
        let other = line[index].to_f32();
        values[index] = scale * (other + t * (values[index] - other));
    }
}

/// The activation of each value; the choice is made once for all of them.
struct Each<'a>(&'a mut [f32; WIDTH]);

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
fn limit(values: &mut [f32; WIDTH], clip: f32) {
    for value in values {
        // Comparisons let NaN through, as it should be seen.
        let low = if *value < -clip { -clip } else { *value };
        *value = if low > clip { clip } else { low };
    }
}

#[inline(always)]
fn store<T: Element>(values: &[f32; WIDTH], out: &mut [T]) {
    let mut line = [T::default(); WIDTH];
    for index in 0..WIDTH {
        line[index] = T::from_f32(values[index]);
    }
    if let Some(out) = out.first_chunk_mut() {
        *out = line;
    } else {
        let count = out.len();
        out.copy_from_slice(&line[..count]);
    }
}
