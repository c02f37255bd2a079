//! Weights of few bits, symmetric around zero, with a scale for each row.

/// Rounds a row to integers of so many bits times a step, the largest magnitude being the largest integer.
pub(super) fn round(row: &mut [f32], bits: u32) {
    let largest = row
        .iter()
        .fold(0.0_f32, |most, weight| most.max(weight.abs()));
    let step = largest / ((1_u32 << (bits - 1)) - 1) as f32;
    if step > 0.0 {
        for weight in row {
            *weight = (*weight / step).round() * step;
        }
    }
}
