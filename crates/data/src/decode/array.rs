//! numpy's files of one array: the moments of an image's latent, 32-bit floats `[2 × channels, height, width]`, means first.

use super::{Content, Decoded, Head};
use crate::{error::shown, npy::Header};

/// Reads what the array is, in a file of so many bytes. The header fits a file's first kilobytes.
pub(super) fn head(bytes: &[u8], size: u64) -> Decoded<Head> {
    let (head, start) = description(bytes)?;
    let sizes = [8, head.content.channels(), head.height, head.width];
    let announced = sizes
        .iter()
        .try_fold(1_u64, |count, &size| count.checked_mul(size as u64));
    if announced.and_then(|announced| announced.checked_add(start as u64)) != Some(size) {
        return Err(format!("{size} bytes, too few or too many for {head}"));
    }
    Ok(head)
}

/// Reads the array.
pub(crate) fn moments(bytes: &[u8], head: Head, out: &mut [f32]) -> Decoded<()> {
    let own = self::head(bytes, bytes.len() as u64)?;
    if own != head {
        return Err(format!("{own} where {head} are needed"));
    }
    let numbers = &bytes[bytes.len() - 4 * out.len()..];
    for (value, number) in out.iter_mut().zip(numbers.chunks_exact(4)) {
        *value = f32::from_le_bytes([number[0], number[1], number[2], number[3]]);
    }
    if out.iter().any(|value| !value.is_finite()) {
        return Err("some of its numbers are infinite or none at all".to_owned());
    }
    Ok(())
}

/// The array's sizes, and where its numbers begin.
fn description(bytes: &[u8]) -> Decoded<(Head, usize)> {
    let header = Header::read(bytes).ok_or("damaged .npy file")?;
    if header.kind != "<f4" || header.fortran {
        return Err(
            "an array that is not of 32-bit floats, little-endian and in C's order".to_owned(),
        );
    }
    match header.sizes().as_deref() {
        Some(&[doubled, height, width]) if doubled > 0 && doubled.is_multiple_of(2) => {
            let head = Head {
                height,
                width,
                content: Content::Moments {
                    channels: doubled / 2,
                },
            };
            Ok((head, header.start))
        }
        _ => Err(format!(
            "an array ({}) where the means and standard deviations of a latent, (2 × channels, height, width), are needed",
            shown(header.shape)
        )),
    }
}
