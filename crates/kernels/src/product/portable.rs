//! No instructions named: arrays of eight, which the compiler turns into what every processor of the architecture has.

#![allow(
    unsafe_code,
    reason = "implements the contract of the vector microkernels"
)]

use half::bf16;

use super::{
    lanes::{Lanes, tile_of_rows},
    microkernel::Tile,
    strip::{self, Strip},
    transforms,
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

/// # Safety
/// `from` points to `LANES` pairs.
#[inline(always)]
unsafe fn pairs(from: *const [bf16; 2]) -> [[f32; LANES]; 2] {
    let mut split = [[0.0; LANES]; 2];
    let [even, odd] = &mut split;
    for (lane, (even, odd)) in even.iter_mut().zip(odd).enumerate() {
        // SAFETY: the caller's.
        let pair = unsafe { *from.add(lane) };
        (*even, *odd) = (Element::to_f32(pair[0]), Element::to_f32(pair[1]));
    }
    split
}

// SAFETY: every method reads or writes what the trait says.
unsafe impl Lanes<bf16> for Array {
    type Sum = [f32; LANES];
    type Factor = [[f32; LANES]; 2];
    const LANES: usize = LANES;
    const GROUP: usize = 2;

    #[inline(always)]
    unsafe fn zero() -> [f32; LANES] {
        [0.0; LANES]
    }
    #[inline(always)]
    unsafe fn splat(from: *const bf16) -> [[f32; LANES]; 2] {
        // SAFETY: the caller's; elements of an array are read one by one.
        let pair = unsafe { [*from, *from.add(1)] };
        [
            [Element::to_f32(pair[0]); LANES],
            [Element::to_f32(pair[1]); LANES],
        ]
    }
    #[inline(always)]
    unsafe fn splat_one(from: *const bf16) -> [[f32; LANES]; 2] {
        // SAFETY: the caller's.
        [[Element::to_f32(unsafe { *from }); LANES], [0.0; LANES]]
    }
    #[inline(always)]
    unsafe fn load(from: *const bf16) -> [[f32; LANES]; 2] {
        // SAFETY: the caller's; a pair has the alignment of its elements.
        unsafe { pairs(from.cast()) }
    }
    #[inline(always)]
    unsafe fn multiply_add(
        a: [[f32; LANES]; 2],
        b: [[f32; LANES]; 2],
        sum: [f32; LANES],
    ) -> [f32; LANES] {
        let mut result = sum;
        for lane in 0..LANES {
            result[lane] += a[0][lane] * b[0][lane];
            result[lane] += a[1][lane] * b[1][lane];
        }
        result
    }
    #[inline(always)]
    unsafe fn store(sum: [f32; LANES], to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(sum) }
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
    tile_of_rows!(tile, out, Array, 1, 1 2 3 4);
}

/// # Safety
/// As [`Strip`] says.
pub(crate) unsafe fn strip(strip: &Strip) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { strip::strip::<Array>(strip) }
}

/// # Safety
/// As [`transforms::Input`] says.
pub(crate) unsafe fn transform_input(tile: &transforms::Input) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, Array>(tile) }
}

/// # Safety
/// As [`transforms::Output`] says.
pub(crate) unsafe fn transform_output(tile: &transforms::Output) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::output::<_, Array>(tile) }
}
