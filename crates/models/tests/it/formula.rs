//! Weights and images by a formula that the scripts of `tests/golden` have too, so that no file holds them.

use candle_core::DType;
use foil_models::StoredTensor;

/// Numbers from −1 to 1: `SplitMix64` of the stream and the place.
pub fn uniform(stream: u64, count: usize) -> impl Iterator<Item = f32> {
    (0..count as u64).map(move |place| {
        let z = ((stream << 32) + place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = z ^ (z >> 31);
        ((z >> 40) as f64 / f64::from(1 << 23) - 1.0) as f32
    })
}

pub fn stored(shape: &[usize], numbers: impl Iterator<Item = f32>) -> StoredTensor {
    let bytes = numbers.flat_map(f32::to_le_bytes).collect();
    StoredTensor::in_memory(DType::F32, shape, bytes).expect("as many numbers as the shape says")
}
