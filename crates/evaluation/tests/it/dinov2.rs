//! What DINOv2 sees of images, against PyTorch and Pillow.

use foil_evaluation::Dinov2Protocol;
use safetensors::SafeTensors;

/// PyTorch's weights of pixels are of single precision.
const ROUNDING: f32 = 1e-4;

const WAYS: [(Dinov2Protocol, &str); 2] = [
    (Dinov2Protocol::Torch, "torch"),
    (Dinov2Protocol::Pillow, "pillow"),
];

fn numbers(bytes: &[u8]) -> Vec<f32> {
    let numbers = bytes.as_chunks::<4>().0.iter();
    numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[test]
fn images_of_any_shape_are_presented_as_the_published_programs_do() {
    let file = SafeTensors::deserialize(include_bytes!("../golden/dinov2.safetensors")).unwrap();
    for case in ["odd", "grey", "large"] {
        let source = file.tensor(&format!("{case}.source")).unwrap();
        let shape: [usize; 3] = source.shape().try_into().unwrap();
        let mut seen = Vec::new();
        for (protocol, way) in WAYS {
            let expected = file.tensor(&format!("{case}.{way}")).unwrap();
            let expected = numbers(expected.data());
            let presented = protocol.present(source.data(), shape).unwrap();
            assert_eq!(presented.dims(), [1, 224, 224, 3]);
            let presented = presented.squeeze(0).unwrap().to_vec3::<f32>().unwrap();
            let rows = presented.iter().step_by(9);
            let pixels = rows.flat_map(|row| row.iter().step_by(11));
            let found: Vec<f32> = pixels.flatten().copied().collect();
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                let error = (found - expected).abs();
                assert!(error < ROUNDING, "{case} by {way}: {found} {expected}");
            }
            seen.push(found);
        }
        assert_ne!(seen[0], seen[1], "{case}: the programs' cubics differ");
    }
}

#[test]
fn images_that_are_none_are_refused() {
    let error = Dinov2Protocol::Torch.present(&[0; 11], [3, 2, 2]);
    assert!(error.is_err());
}
