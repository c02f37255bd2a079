//! What is weak: who estimates worse than the model that is guided, one file each.
//!
//! Most guides need another network or a change inside the network, which only the caller can make ([`Guides`](super::Guides));
//! `self`, `noise`, `window` and `truncate` are made here.

mod attention_blur;
mod attention_identity;
mod auto;
mod average;
mod bits;
mod blend;
mod classifier;
mod classifier_free;
mod dropout;
mod independent_condition;
mod input_noise;
mod self_guidance;
mod skip;
mod time_step;
mod truncate;
mod weight_noise;
mod window;

pub use attention_blur::AttentionBlur;
pub use attention_identity::AttentionIdentity;
pub use auto::Auto;
pub use average::Average;
pub use bits::Bits;
pub use blend::Blend;
pub use classifier::{ByClassifier, Classifier, Dialect};
pub use classifier_free::ClassifierFree;
pub use dropout::Dropout;
pub use independent_condition::IndependentCondition;
pub use input_noise::{InputNoise, Noisier};
pub use self_guidance::{SelfGuidance, Shifted};
pub use skip::Skip;
pub use time_step::TimeStep;
pub use truncate::{Flat, Truncate};
pub use weight_noise::WeightNoise;
pub use window::{Window, Windowed};

use super::text::methods;

methods! {
    /// What guides.
    Guide {
        /// `auto`
        Auto(Auto),
        /// `cfg`
        ClassifierFree(ClassifierFree),
        /// `truncate`
        Truncate(Truncate),
        /// `classifier(dialect)`
        Classifier(ByClassifier),
        /// `icg`
        IndependentCondition(IndependentCondition),
        /// `time-step(scale,exponent)`
        TimeStep(TimeStep),
        /// `self(shift)`
        SelfGuidance(SelfGuidance),
        /// `dropout(p)`
        Dropout(Dropout),
        /// `noise(amount)`
        InputNoise(InputNoise),
        /// `skip(blocks)`
        Skip(Skip),
        /// `attention-identity`
        AttentionIdentity(AttentionIdentity),
        /// `attention-blur(sigma)`
        AttentionBlur(AttentionBlur),
        /// `weight-noise(amount)`
        WeightNoise(WeightNoise),
        /// `bits(n)`
        Bits(Bits),
        /// `ema(std)`
        Average(Average),
        /// `window(size,stride)`
        Window(Window),
    }
}

impl Guide {
    /// The weight that is no guidance: 1, and of what adds to the estimate 0.
    pub fn neutral(&self) -> f64 {
        match self {
            Self::Classifier(_) => 0.0,
            _ => 1.0,
        }
    }
}
