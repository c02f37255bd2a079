//! Resizing against what Pillow makes of the same images.

use foil_data::resize::{Filter, adm_crop, resize};
use safetensors::SafeTensors;

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
        let found = match way {
            "box" => resize(pixels, *own, wanted, Filter::Box),
            "bicubic" => resize(pixels, *own, wanted, Filter::Bicubic),
            _ => adm_crop(pixels, *own, size[0]),
        };
        assert!(found == *expected, "{name} differs");
        compared += 1;
    }
    assert_eq!(compared, 39);
}

#[test]
fn a_constant_image_stays_constant_and_its_own_size_is_itself() {
    for filter in [Filter::Box, Filter::Bicubic] {
        assert!(
            resize(&[255; 35], [5, 7, 1], [11, 3], filter)
                .iter()
                .all(|&level| level == 255)
        );
        let pixels: Vec<u8> = (0..42).collect();
        assert_eq!(resize(&pixels, [2, 7, 3], [2, 7], filter), pixels);
    }
}
