//! stub
use crate::functions::{MP_SILU_GAIN, gelu, silu};
/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activation {
    /// x.
    #[default]
    None,
    /// silu(x) / 0.596.
    MpSilu,
    /// x sigmoid(x).
    Silu,
    /// x Φ(x).
    Gelu,
}
impl Activation {
    #[inline(always)]
    pub(crate) fn apply_all(self, line: &mut [f32]) {
        match self {
            Self::None => {}
            Self::MpSilu => {
                for value in line {
                    *value = silu(*value) * MP_SILU_GAIN;
                }
            }
            Self::Silu => {
                for value in line {
                    *value = silu(*value);
                }
            }
            Self::Gelu => {
                for value in line {
                    *value = gelu(*value);
                }
            }
        }
    }
}
