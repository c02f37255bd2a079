//! By what weights pixels become one: Pillow's filters, by Pillow's names.

use std::{f64::consts::PI, fmt};

/// A filter. All but [`Self::Nearest`] are stretched by the factor of reduction, so that every source pixel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// The source pixel that the new one's middle lies in.
    Nearest,
    /// The mean of the source pixels below.
    Box,
    /// A triangle.
    Bilinear,
    /// The sinc of one period within Hamming's window.
    Hamming,
    /// Keys's cubic with a = −1/2.
    Bicubic,
    /// The sinc of three periods within the sinc of one.
    Lanczos,
}

impl Filter {
    /// Distance in pixels beyond which weights are zero.
    pub(super) fn support(self) -> f64 {
        match self {
            Self::Nearest => 0.0,
            Self::Box => 0.5,
            Self::Bilinear | Self::Hamming => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// At a distance in pixels.
    pub(super) fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        match self {
            Self::Nearest | Self::Box => f64::from(u8::from(x > -0.5 && x <= 0.5)),
            Self::Bilinear => (1.0 - x.abs()).max(0.0),
            Self::Hamming if x.abs() < 1.0 => sinc(x.abs()) * (0.54 + 0.46 * (PI * x.abs()).cos()),
            Self::Bicubic => match x.abs() {
                x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
                x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
                _ => 0.0,
            },
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Hamming | Self::Lanczos => 0.0,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nearest => "nearest",
            Self::Box => "box",
            Self::Bilinear => "bilinear",
            Self::Hamming => "hamming",
            Self::Bicubic => "bicubic",
            Self::Lanczos => "lanczos",
        })
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * PI;
    x.sin() / x
}
