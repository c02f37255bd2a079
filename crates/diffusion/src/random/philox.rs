//! Philox4x32-10, a counter-based generator: any block of the stream in constant time. Salmon et al. 2011.

/// Four words for a counter under a key.
#[inline]
pub(super) fn philox(key: u64, counter: [u32; 4]) -> [u32; 4] {
    let (mut key_low, mut key_high) = (key as u32, (key >> 32) as u32);
    let mut words = counter;
    for _ in 0..10 {
        let first = 0xD251_1F53_u64 * u64::from(words[0]);
        let second = 0xCD9E_8D57_u64 * u64::from(words[2]);
        words = [
            (second >> 32) as u32 ^ words[1] ^ key_low,
            second as u32,
            (first >> 32) as u32 ^ words[3] ^ key_high,
            first as u32,
        ];
        key_low = key_low.wrapping_add(0x9E37_79B9);
        key_high = key_high.wrapping_add(0xBB67_AE85);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::philox;

    #[test]
    fn gives_the_published_words() {
        assert_eq!(
            philox(0, [0; 4]),
            [1_713_891_541, 3_781_805_453, 3_159_862_348, 2_600_524_760]
        );
        let words = philox(123_456_789_012_345, [0, 0, 7, 0]);
        assert_eq!(
            words,
            [1_931_890_327, 3_814_821_739, 4_141_493_118, 1_736_343_623]
        );
    }
}
