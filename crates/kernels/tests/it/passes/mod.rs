//! The passes, each against its twin: over channels that fill vectors and that do not, over nothing, one pixel and more than a
//! thread takes at once.

mod elementwise;
mod layer_norm;
mod mix;
mod modulate;
mod optimise;
mod pixel_norm;
mod pool;
mod resample;
mod sample_norms;
mod softmax;

/// Around the widths of vectors, and a real one.
const CHANNELS: [usize; 10] = [1, 2, 3, 5, 16, 17, 31, 64, 100, 192];

/// Numbers of pixels; the last is more than a piece of any of [`CHANNELS`] but the smallest.
const PIXELS: [usize; 4] = [0, 1, 7, 700];

/// More elements than two pieces, so that threads share them.
const MANY: usize = 70_001;

/// Runs a generic test for both storage types.
macro_rules! for_both {
    ($test:ident($($argument:expr),*)) => {
        $test::<f32>($($argument),*);
        $test::<foil_kernels::bf16>($($argument),*);
    };
}
use for_both;
