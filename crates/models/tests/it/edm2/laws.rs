//! The trained form against the packed one, and what is refused.

use candle_core::{DType, Device, Tensor, Var};
use foil_diffusion::Model;
use foil_models::edm2::{Config, Labels, Network, Trained, check_guide};

use super::{error, expected, labels, network, snapshot};

fn trained(name: &str, device: &Device) -> (Network<Trained>, Vec<(String, Var)>) {
    let snapshot = snapshot(name);
    let mut variables = Vec::new();
    let network = Network::trainable(&snapshot.config, DType::F32, |name| {
        let variable = Var::from_tensor(&snapshot.weights.get(name)?.tensor(device)?)?;
        let tensor = variable.as_tensor().clone();
        variables.push((name.to_owned(), variable));
        Ok(tensor)
    });
    (network.unwrap(), variables)
}

#[test]
fn the_trained_form_computes_what_the_packed_one_does() {
    let expected = expected();
    let with = labels(&expected["forward.labels"]);
    let (x, sigma) = (&expected["forward.x"], &expected["forward.sigma"]);
    for name in ["main", "uncond"] {
        let (trained, _) = trained(name, &Device::Cpu);
        let variance = trained.log_variance(sigma).unwrap().expect("has a head");
        assert!(error(&variance, &expected[&format!("forward.{name}.logvar")]) < 1e-5);
        let found = trained
            .preconditioned()
            .denoise_batch(x, sigma, &with)
            .unwrap();
        let packed = network(name, DType::F32)
            .denoise_batch(x, sigma, &with)
            .unwrap();
        let error = error(&found, &packed);
        assert!(error < 2e-5, "{name}: {error}");
    }
}

#[test]
fn every_parameter_of_the_trained_form_has_a_gradient() {
    let expected = expected();
    let with = labels(&expected["forward.labels"]);
    let (network, variables) = trained("main", &Device::Cpu);
    let sigma = &expected["forward.sigma"];
    let variance = network
        .log_variance(sigma)
        .unwrap()
        .expect("has a head")
        .sum_all()
        .unwrap();
    let found = network
        .preconditioned()
        .denoise_batch(&expected["forward.x"], sigma, &with)
        .unwrap();
    let loss = (found.sqr().unwrap().sum_all().unwrap() + variance).unwrap();
    let gradients = loss.backward().unwrap();
    for (name, variable) in variables {
        if name.contains("_fourier.") {
            continue;
        }
        let gradient = gradients
            .get(&variable)
            .unwrap_or_else(|| panic!("{name} has no gradient"));
        let largest: f32 = gradient
            .abs()
            .unwrap()
            .flatten_all()
            .unwrap()
            .max(0)
            .unwrap()
            .to_scalar()
            .unwrap();
        assert!(largest > 0.0 && largest.is_finite(), "{name}: {largest}");
    }
}

#[test]
fn conditions_that_do_not_fit_are_refused() {
    let device = Device::Cpu;
    let refused = |labels: foil_models::Result<Labels>| labels.expect_err("wrong").to_string();
    assert!(
        refused(Labels::classes(&[3, 10], 10, &device))
            .contains("class 10 does not exist: the network knows 0 to 9")
    );
    assert!(refused(Labels::classes(&[0], 0, &device)).contains("unconditional"));
    let three = Labels::weights(&Tensor::zeros((2, 3), DType::F32, &device).unwrap()).unwrap();
    let expected = expected();
    let (x, sigma) = (&expected["forward.x"], &expected["forward.sigma"]);
    let error = network("main", DType::F32)
        .denoise_batch(x, sigma, &three)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("[2, 3] do not fit 3 images and 10 classes"),
        "{error}"
    );
}

#[test]
fn guides_of_other_images_or_classes_are_refused() {
    let main = Config::default();
    let guide = |change: fn(&mut Config)| {
        let mut guide = Config {
            model_channels: 64,
            ..Config::default()
        };
        change(&mut guide);
        check_guide(&main, &guide)
    };
    assert!(guide(|_| ()).is_ok());
    assert!(guide(|guide| guide.labels = 0).is_ok());
    assert!(
        guide(|guide| guide.channels = 3)
            .unwrap_err()
            .to_string()
            .contains("[3, 64, 64]")
    );
    assert!(
        guide(|guide| guide.labels = 10)
            .unwrap_err()
            .to_string()
            .contains("10 classes")
    );
}
