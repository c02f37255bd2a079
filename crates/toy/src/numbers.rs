//! Numbers as they lie in files: single precision, the low byte first.

/// Numbers as safetensors stores them.
pub fn bytes_of(numbers: &[f32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

/// Stored numbers; none if one of them is not finite.
pub fn finite_numbers(bytes: &[u8]) -> Option<Vec<f32>> {
    let numbers = bytes
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes));
    numbers
        .map(|number| number.is_finite().then_some(number))
        .collect()
}
