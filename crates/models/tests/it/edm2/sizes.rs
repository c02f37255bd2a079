//! Images of other sizes than the network was made for.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::Model;
use foil_models::edm2::Labels;

use super::{error, network, normal, relative, snapshot, twin::Twin};

const SIGMAS: [f64; 2] = [0.3, 8.0];

#[test]
fn images_of_every_size_that_can_be_halved_are_denoised_as_by_the_twin() {
    let labels = Tensor::new(
        &[[0_f32, 0., 1., 0., 0., 0., 0., 0., 0., 0.]; 2],
        &Device::Cpu,
    );
    let labels = labels.unwrap();
    let twin = Twin::of(&snapshot("main"));
    // The network was made for 16×16.
    for [height, width] in [[2, 2], [10, 14], [24, 40], [6, 64]] {
        let x = normal([2, 3, height, width], 9);
        let expected = twin.denoise(&x, &SIGMAS, Some(&labels));
        let expected = expected.to_dtype(DType::F32).unwrap();
        for dtype in [DType::F32, DType::BF16] {
            let sigma = Tensor::new(&SIGMAS.map(|sigma| sigma as f32), &Device::Cpu).unwrap();
            let found = network("main", dtype)
                .denoise_batch(&x, &sigma, &Labels::weights(&labels).unwrap())
                .unwrap();
            let (wrong, allowed) = match dtype {
                DType::F32 => (error(&found, &expected), 2e-5),
                _ => (relative(&found, &expected), 0.02),
            };
            assert!(wrong < allowed, "{height}×{width} {dtype:?}: {wrong}");
        }
    }
}

#[test]
fn images_that_cannot_be_halved_and_other_channels_are_refused() {
    let model = network("main", DType::F32);
    for shape in [[2, 3, 15, 16], [2, 3, 16, 7], [2, 4, 16, 16], [2, 3, 0, 16]] {
        let x = Tensor::zeros(&shape, DType::F32, &Device::Cpu).unwrap();
        let sigma = Tensor::new(&[1_f32, 1.0], &Device::Cpu).unwrap();
        let refused = model
            .denoise_batch(&x, &sigma, &Labels::none())
            .unwrap_err();
        let expected = format!(
            "images {shape:?}: the network takes [batch, 3, height, width], both sizes multiples of 2"
        );
        assert_eq!(refused.to_string(), expected);
    }
}
