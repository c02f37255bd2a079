//! No instructions named: arrays of eight, which the compiler turns into what every processor of the architecture has.

#![allow(
    unsafe_code,
    reason = "implements the contract of the vector microkernels"
)]

use half::bf16;

use super::{
    lanes::{Lanes, Pairs, SplitPairs, tile_of_rows},
    microkernel::Tile,
    strip::{self, Strip},
    transforms::{self, Filter, Widened},
};
use crate::Element;

/// Rows and columns.
pub(crate) const TILE: (usize, usize) = (4, 8);

const LANES: usize = 8;

#[derive(Clone, Copy)]
struct Array;

// SAFETY: every method reads or writes what the trait says.
unsafe impl Lanes<f32> for Array {
    type Sum = [f32; LANES];
    type Factor = [f32; LANES];
    const LANES: usize = LANES;
    const GROUP: usize = 1;

    #[inline(always)]
    unsafe fn zero() -> [f32; LANES] {
        [0.0; LANES]
    }
    #[inline(always)]
    unsafe fn splat(from: *const f32) -> [f32; LANES] {
        // SAFETY: the caller's.
        [unsafe { *from }; LANES]
    }
    #[inline(always)]
    unsafe fn splat_one(from: *const f32) -> [f32; LANES] {
        // SAFETY: the caller's.
        [unsafe { *from }; LANES]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; LANES] {
        // SAFETY: the caller's.
        unsafe { from.cast::<[f32; LANES]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn multiply_add(a: [f32; LANES], b: [f32; LANES], sum: [f32; LANES]) -> [f32; LANES] {
        let mut result = sum;
        for lane in 0..LANES {
            result[lane] += a[lane] * b[lane];
        }
        result
    }
    #[inline(always)]
    unsafe fn store(sum: [f32; LANES], to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(sum) }
    }
}

// SAFETY: every method reads what the trait says.
unsafe impl SplitPairs for Array {
    #[inline(always)]
    unsafe fn splat_pair(pair: u32) -> [[f32; LANES]; 2] {
        // The first of two in memory is the low half where bytes are little-endian, the high half elsewhere.
        let [first, second] = if cfg!(target_endian = "little") {
            [pair << 16, pair & 0xffff_0000]
        } else {
            [pair & 0xffff_0000, pair << 16]
        };
        [
            [f32::from_bits(first); LANES],
            [f32::from_bits(second); LANES],
        ]
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const bf16) -> [[f32; LANES]; 2] {
        let mut split = [[0.0; LANES]; 2];
        let [even, odd] = &mut split;
        for (lane, (even, odd)) in even.iter_mut().zip(odd).enumerate() {
            // SAFETY: the caller's.
            let pair = unsafe { [*from.add(2 * lane), *from.add(2 * lane + 1)] };
            (*even, *odd) = (Element::to_f32(pair[0]), Element::to_f32(pair[1]));
        }
        split
    }
}

/// # Safety
/// As [`Tile`] says.
pub(crate) unsafe fn product_f32(tile: &Tile<f32>, out: *mut f32) {
    tile_of_rows!(tile, out, Array, 1, 1 2 3 4);
}

/// # Safety
/// As [`Tile`] says.
pub(crate) unsafe fn product_bf16(tile: &Tile<bf16>, out: *mut f32) {
    tile_of_rows!(tile, out, Pairs<Array>, 1, 1 2 3 4);
}

/// # Safety
/// As [`Strip`] says.
pub(crate) unsafe fn strip(strip: &Strip) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { strip::strip::<Array>(strip) }
}

/// # Safety
/// As [`transforms::Input`] says.
pub(crate) unsafe fn transform_f32<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Input<f32>,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, Array, F, _, _>(tile) }
}

/// # Safety
/// As [`transforms::Input`] says.
pub(crate) unsafe fn transform_bf16<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Input<bf16>,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, Widened<Array>, F, _, _>(tile) }
}

/// # Safety
/// As [`transforms::Output`] says.
pub(crate) unsafe fn transform_output<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Output,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::output::<Array, F, _, _>(tile) }
}
