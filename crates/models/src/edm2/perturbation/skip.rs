//! Blocks left out, so that only their main path remains: its resampling, the concatenation of the skip connection, the 1×1
//! convolution where the width changes, and the normalisation of pixels in the encoder. The residual branch and attention are what is
//! left out; a block of the decoder that keeps its width returns its input as it is.
//!
//! The main path has the magnitude that the mix with its branch would have had, so what follows sees numbers of the usual size. The
//! limit on activations is not applied: rows of length 1 multiply what the blocks before have limited.

use candle_core::Tensor;

use super::super::alteration::Alteration;

/// Whether each block is skipped.
pub(super) struct SkippedBlocks(pub Vec<bool>);

impl Alteration<Tensor> for SkippedBlocks {
    fn skips(&self, block: usize) -> bool {
        self.0[block]
    }
}
