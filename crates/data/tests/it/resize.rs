//! Resizing against what Pillow makes of the same images.

use foil_data::resize::{Filter, adm_crop, resize, resize_unrounded_bicubic};
use safetensors::SafeTensors;

const FILTERS: [Filter; 6] = [
    Filter::Nearest,
    Filter::Box,
    Filter::Bilinear,
    Filter::Hamming,
    Filter::Bicubic,
    Filter::Lanczos,
];

/// In levels of 255: PyTorch has weights of single precision, too.
const ROUNDING: f32 = 1e-3;

/// Name, size and bytes of all images of the file.
fn golden() -> Vec<(String, [usize; 3], Vec<u8>)> {
    let file = SafeTensors::deserialize(include_bytes!("../golden/resize.safetensors")).unwrap();
    let image = |(name, tensor): (&str, safetensors::tensor::TensorView<'_>)| {
        let size = tensor.shape().try_into().unwrap();
        (name.to_owned(), size, tensor.data().to_vec())
    };
    file.iter().map(image).collect()
}

#[test]
fn every_bit_is_pillows() {
    let images = golden();
    let mut compared = 0;
    for (name, size, expected) in &images {
        let [case, way, _] = name.split('.').collect::<Vec<_>>()[..] else {
            continue;
        };
        let source = format!("{case}.source");
        let (_, own, pixels) = images.iter().find(|(name, ..)| *name == source).unwrap();
        let wanted = [size[0], size[1]];
        let named = FILTERS.into_iter().find(|filter| filter.to_string() == way);
        let found = match (named, way) {
            (Some(filter), _) => resize(pixels, *own, wanted, filter),
            (None, "adm") => adm_crop(pixels, *own, size[0]),
            _ => continue,
        };
        assert!(found == *expected, "{name} differs");
        compared += 1;
    }
    assert_eq!(compared, 91);
}

#[test]
fn the_unrounded_cubic_is_pytorchs() {
    let images = golden();
    let (mut compared, mut beyond) = (0, 0);
    for (name, size, expected) in &images {
        let [case, "torch", _] = name.split('.').collect::<Vec<_>>()[..] else {
            continue;
        };
        let source = format!("{case}.source");
        let (_, [height, width, channels], pixels) =
            images.iter().find(|(name, ..)| *name == source).unwrap();
        let numbers = expected.chunks_exact(4);
        let numbers: Vec<f32> = numbers
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        for channel in 0..*channels {
            let of_channel = |all: usize| (channel..all).step_by(*channels);
            let plane: Vec<u8> = of_channel(pixels.len()).map(|at| pixels[at]).collect();
            let found = resize_unrounded_bicubic(&plane, [*height, *width], [size[0], size[1]]);
            let expected: Vec<f32> = of_channel(numbers.len()).map(|at| numbers[at]).collect();
            assert_eq!(found.len(), expected.len(), "{name}");
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() < ROUNDING,
                    "{name}: {found} {expected}"
                );
                beyond += usize::from(!(0.0..=255.0).contains(found));
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 29);
    assert!(beyond > 100, "the cubic leaves the range {beyond} times");
}

#[test]
fn a_constant_image_stays_constant_and_its_own_size_is_itself() {
    for filter in FILTERS {
        assert!(
            resize(&[255; 35], [5, 7, 1], [11, 3], filter)
                .iter()
                .all(|&level| level == 255)
        );
        let pixels: Vec<u8> = (0..42).collect();
        assert_eq!(resize(&pixels, [2, 7, 3], [2, 7], filter), pixels);
    }
}
