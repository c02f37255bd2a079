//! What activations and weights are stored as.

use half::bf16;

use crate::{
    instructions::Instructions,
    product::{Microkernel, transforms::Transforms},
};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for half::bf16 {}
}

/// `f32`, or `bf16`, of which every product is summed in `f32`.
pub trait Element: sealed::Sealed + Copy + Default + PartialEq + Send + Sync + 'static {
    /// As users write it.
    const NAME: &'static str;
    /// The same number with more bits.
    fn to_f32(self) -> f32;
    /// Rounded to the nearest, ties to even.
    fn from_f32(value: f32) -> Self;
    /// Its bits, the lowest of a word.
    #[doc(hidden)]
    fn to_bits(self) -> u32;
    /// The number of a word's lowest bits.
    #[doc(hidden)]
    fn from_bits(word: u32) -> Self;
    /// The same slice, if it is of `f32`.
    #[doc(hidden)]
    fn as_f32(slice: &[Self]) -> Option<&[f32]>;
    /// The same slice, if it is of `f32`.
    #[doc(hidden)]
    fn as_f32_mut(slice: &mut [Self]) -> Option<&mut [f32]>;
    /// The same slice, if it is of `bf16`.
    #[doc(hidden)]
    fn as_bf16_mut(slice: &mut [Self]) -> Option<&mut [bf16]>;
    /// The tile product of these instructions.
    #[doc(hidden)]
    fn microkernel(instructions: Instructions) -> Microkernel<Self>;
    /// The transforms of Winograd's convolution by these instructions.
    #[doc(hidden)]
    fn transforms(instructions: Instructions) -> Transforms<Self>;
}

impl Element for f32 {
    const NAME: &'static str = "f32";

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn to_bits(self) -> u32 {
        self.to_bits()
    }

    #[inline(always)]
    fn from_bits(word: u32) -> Self {
        Self::from_bits(word)
    }

    fn as_f32(slice: &[Self]) -> Option<&[f32]> {
        Some(slice)
    }

    #[inline(always)]
    fn as_f32_mut(slice: &mut [Self]) -> Option<&mut [f32]> {
        Some(slice)
    }

    #[inline(always)]
    fn as_bf16_mut(_: &mut [Self]) -> Option<&mut [bf16]> {
        None
    }

    fn microkernel(instructions: Instructions) -> Microkernel<Self> {
        Microkernel::f32(instructions)
    }

    fn transforms(instructions: Instructions) -> Transforms<Self> {
        Transforms::f32(instructions)
    }
}

impl Element for bf16 {
    const NAME: &'static str = "bf16";

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }

    /// Without a branch, so that loops over it become vector code.
    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        let bits = value.to_bits();
        let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
        // Rounding must not turn a NaN into an infinity.
        let quiet = (bits >> 16) | 0x40;
        let is_nan = bits & 0x7fff_ffff > 0x7f80_0000;
        Self::from_bits(if is_nan { quiet } else { rounded } as u16)
    }

    #[inline(always)]
    fn to_bits(self) -> u32 {
        u32::from(self.to_bits())
    }

    #[inline(always)]
    fn from_bits(word: u32) -> Self {
        Self::from_bits(word as u16)
    }

    fn as_f32(_: &[Self]) -> Option<&[f32]> {
        None
    }

    #[inline(always)]
    fn as_f32_mut(_: &mut [Self]) -> Option<&mut [f32]> {
        None
    }

    #[inline(always)]
    fn as_bf16_mut(slice: &mut [Self]) -> Option<&mut [bf16]> {
        Some(slice)
    }

    fn microkernel(instructions: Instructions) -> Microkernel<Self> {
        Microkernel::bf16(instructions)
    }

    fn transforms(instructions: Instructions) -> Transforms<Self> {
        Transforms::bf16(instructions)
    }
}
