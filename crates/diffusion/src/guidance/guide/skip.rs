//! `skip(blocks):w`: skip-layer guidance, by the same network without some of its blocks. Stable Diffusion 3.5's reference program,
//! which leaves out layers 7, 8 and 9 at scale 2.8; s is w − 1.
//!
//! Cost: less than one evaluation of the network. The caller supplies the network and knows the names of its blocks.

use crate::guidance::text::{Keys, Method, Read};

/// The same network without some blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Skip {
    /// The names of the blocks, as the network has them.
    pub blocks: Vec<String>,
}

impl Method for Skip {
    const NAME: &'static str = "skip";
    const KEYS: &'static [&'static str] = &["blocks"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            blocks: keys.list("blocks")?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![self.blocks.join("/")]
    }
}
