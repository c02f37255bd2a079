//! Nonlinear functions of one number. Each is also a type of its own, so that the loops that fuse one (here, the group norm's,
//! the products' epilogues) are compiled for it instead of asking at every element.

use super::check_lengths;
use super::pieces::{OneInput, TwoInputs, one_input, two_inputs};
use crate::element::Element;
use crate::functions::{MP_SILU_GAIN, gelu, gelu_slope, silu, silu_slope};
use crate::instructions::Instructions;

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Activation {
    /// x itself.
    #[default]
    None,
    /// silu / 0.596, which keeps the magnitude of a normal input. Karras et al. 2024, Eq. 81.
    MpSilu,
    /// x · sigmoid(x).
    Silu,
    /// x Φ(x), exactly, not by tanh.
    Gelu,
    /// x where it is positive, else 0.
    Relu,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::MpSilu, Self::Silu, Self::Gelu, Self::Relu];

    /// f(x).
    #[inline(always)]
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::None => Identity.apply(x),
            Self::MpSilu => MpSilu.apply(x),
            Self::Silu => Silu.apply(x),
            Self::Gelu => Gelu.apply(x),
            Self::Relu => Relu.apply(x),
        }
    }

    /// f′(x).
    #[inline(always)]
    pub fn slope(self, x: f32) -> f32 {
        match self {
            Self::None => Identity.slope(x),
            Self::MpSilu => MpSilu.slope(x),
            Self::Silu => Silu.slope(x),
            Self::Gelu => Gelu.slope(x),
            Self::Relu => Relu.slope(x),
        }
    }

    /// Goes on with the function's own type.
    #[inline(always)]
    pub(crate) fn choose<C: Choice>(self, choice: C) -> C::Output {
        match self {
            Self::None => choice.with(Identity),
            Self::MpSilu => choice.with(MpSilu),
            Self::Silu => choice.with(Silu),
            Self::Gelu => choice.with(Gelu),
            Self::Relu => choice.with(Relu),
        }
    }
}

/// An activation as a type.
pub(crate) trait Function: Copy + Send + Sync {
    fn apply(self, x: f32) -> f32;
    fn slope(self, x: f32) -> f32;
}

/// What [`Activation::choose`] goes on with.
pub(crate) trait Choice {
    type Output;
    fn with<F: Function>(self, function: F) -> Self::Output;
}

#[derive(Clone, Copy)]
pub(crate) struct Identity;
#[derive(Clone, Copy)]
pub(crate) struct MpSilu;
#[derive(Clone, Copy)]
pub(crate) struct Silu;
#[derive(Clone, Copy)]
pub(crate) struct Gelu;
#[derive(Clone, Copy)]
pub(crate) struct Relu;

impl Function for Identity {
    #[inline(always)]
    fn apply(self, x: f32) -> f32 {
        x
    }

    #[inline(always)]
    fn slope(self, _: f32) -> f32 {
        1.0
    }
}

impl Function for MpSilu {
    #[inline(always)]
    fn apply(self, x: f32) -> f32 {
        silu(x) * MP_SILU_GAIN
    }

    #[inline(always)]
    fn slope(self, x: f32) -> f32 {
        silu_slope(x) * MP_SILU_GAIN
    }
}

impl Function for Silu {
    #[inline(always)]
    fn apply(self, x: f32) -> f32 {
        silu(x)
    }

    #[inline(always)]
    fn slope(self, x: f32) -> f32 {
        silu_slope(x)
    }
}

impl Function for Gelu {
    #[inline(always)]
    fn apply(self, x: f32) -> f32 {
        gelu(x)
    }

    #[inline(always)]
    fn slope(self, x: f32) -> f32 {
        gelu_slope(x)
    }
}

impl Function for Relu {
    /// What is not a number stays so: it is not below 0.
    #[inline(always)]
    fn apply(self, x: f32) -> f32 {
        if x < 0.0 { 0.0 } else { x }
    }

    #[inline(always)]
    fn slope(self, x: f32) -> f32 {
        if x <= 0.0 { 0.0 } else { 1.0 }
    }
}

/// `out` = f(x), both of any shape.
///
/// # Panics
/// If the lengths differ.
pub fn activation<T: Element>(
    instructions: Instructions,
    activation: Activation,
    x: &[T],
    out: &mut [T],
) {
    check_lengths("activation", "out", out.len(), x.len());
    activation.choose(Forward {
        instructions,
        x,
        out,
    });
}

/// `out` = f′(x) · `gradient`, all of one shape.
///
/// # Panics
/// If the lengths differ.
pub fn activation_backward<T: Element>(
    instructions: Instructions,
    activation: Activation,
    x: &[T],
    gradient: &[T],
    out: &mut [T],
) {
    check_lengths("activation_backward", "gradient", gradient.len(), x.len());
    check_lengths("activation_backward", "out", out.len(), x.len());
    activation.choose(Backward {
        instructions,
        inputs: [x, gradient],
        out,
    });
}

struct Forward<'a, T> {
    instructions: Instructions,
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Element> Choice for Forward<'_, T> {
    type Output = ();

    fn with<F: Function>(self, function: F) {
        one_input(self.instructions, Apply(function), [1, 1], self.x, self.out);
    }
}

struct Backward<'a, T> {
    instructions: Instructions,
    inputs: [&'a [T]; 2],
    out: &'a mut [T],
}

impl<T: Element> Choice for Backward<'_, T> {
    type Output = ();

    fn with<F: Function>(self, function: F) {
        two_inputs(
            self.instructions,
            Slope(function),
            [1, 1, 1],
            self.inputs,
            self.out,
        );
    }
}

#[derive(Clone, Copy)]
struct Apply<F>(F);

impl<F: Function> OneInput for Apply<F> {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], out: &mut [T]) {
        for (x, out) in x.iter().zip(out) {
            *out = T::from_f32(self.0.apply(x.to_f32()));
        }
    }
}

#[derive(Clone, Copy)]
struct Slope<F>(F);

impl<F: Function> TwoInputs for Slope<F> {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], gradient: &[T], out: &mut [T]) {
        for ((x, gradient), out) in x.iter().zip(gradient).zip(out) {
            *out = T::from_f32(self.0.slope(x.to_f32()) * gradient.to_f32());
        }
    }
}
