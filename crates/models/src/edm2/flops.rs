//! How much arithmetic one evaluation of the network is.

use super::{BlockPlan, Config, Plan};

impl BlockPlan {
    /// Multiply-adds of the convolutions, of the embedding's product and of attention's two, for one image.
    pub fn multiply_adds(&self, embedding: usize) -> u64 {
        let [pixels, outputs, width, residual, embedding] = [
            self.resolution * self.resolution,
            self.outputs,
            self.width(),
            self.residual_inputs(),
            embedding,
        ]
        .map(|count| count as u64);
        let mut convolutions = 9 * outputs * (residual + outputs);
        if self.has_conv_skip() {
            convolutions += width * outputs;
        }
        let mut total = pixels * convolutions + embedding * outputs;
        if self.attention {
            // Queries, keys and values, then the projection; each pixel with each, for the weights and for the values.
            total += pixels * 4 * outputs * outputs;
            total += 2 * pixels * pixels * outputs;
        }
        total
    }
}

impl Plan {
    /// Multiply-adds of one evaluation for one image; elementwise work is not counted. The paper lists
    /// multiply-adds as FLOPs.
    pub fn multiply_adds(&self, config: &Config) -> u64 {
        let embedding = config.embedding_channels();
        let blocks = self.blocks().map(|block| block.multiply_adds(embedding));
        let pixels = config.resolution * config.resolution;
        let first = config.channel_multipliers[0] * config.model_channels;
        let last = self.decoder.last().map_or(first, |block| block.outputs);
        let ends = 9 * pixels * (first * (config.channels + 1) + last * config.channels);
        let conditions = embedding * (config.noise_channels() + config.labels);
        blocks.sum::<u64>() + (ends + conditions) as u64
    }
}
