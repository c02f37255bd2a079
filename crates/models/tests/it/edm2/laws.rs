//! The trained form against the packed one, and what is refused.

use candle_core::{DType, Device, Tensor, Var};
use foil_diffusion::Model;
use foil_models::edm2::{Config, Labels, Network, Trained, check_guide};
use foil_tensor::traced::{Traced, gradients};

use super::{error, expected, labels, network, snapshot};

fn trained(name: &str, device: &Device) -> (Network<Trained<Tensor>>, Vec<(String, Var)>) {
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

/// Gradients of a weighted sum of D and u, by candle's graph over composed and fast operations.
fn gradients_of_candle(name: &str, weights: &Tensor) -> Vec<(String, Vec<f32>)> {
    let expected = expected();
    let (network, variables) = trained(name, &Device::Cpu);
    let loss = loss(&network, &expected["forward.x"], weights).unwrap();
    let gradients = loss.backward().unwrap();
    let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1().unwrap();
    variables
        .into_iter()
        .filter_map(|(name, variable)| Some((name, numbers(gradients.get(&variable)?))))
        .collect()
}

fn loss(
    network: &Network<Trained<Tensor>>,
    x: &Tensor,
    weights: &Tensor,
) -> foil_models::Result<Tensor> {
    let sigma = &expected()["forward.sigma"];
    let with = labels(&expected()["forward.labels"]);
    let noise = (sigma.log()? * 0.25)?;
    let uncertainty = network.log_variance(sigma)?.expect("has a head");
    let output = network.forward(x, &noise, &with)?;
    Ok(((output * weights)?.sum_all()? + uncertainty.sum_all()?)?)
}

#[test]
fn traced_gradients_of_a_whole_network_are_those_of_candle_s_graph() {
    let expected = expected();
    let (x, sigma) = (&expected["forward.x"], &expected["forward.sigma"]);
    let with = labels(&expected["forward.labels"]);
    // Another weight for every number, so that no two can be exchanged.
    let weights = (x.sin().unwrap() + 0.3).unwrap();
    for (name, dtype, tolerance) in [
        ("main", DType::F32, 2e-5),
        ("uncond", DType::F32, 2e-5),
        ("main", DType::BF16, 3e-2),
    ] {
        let snapshot = snapshot(name);
        let mut variables = std::collections::BTreeMap::new();
        let network = Network::trainable(&snapshot.config, dtype, |name| {
            let tensor = snapshot.weights.get(name)?.tensor(&Device::Cpu)?;
            let variable = Traced::variable(tensor);
            variables.insert(name.to_owned(), variable.clone());
            Ok(variable)
        })
        .unwrap();
        let input = Traced::variable(x.clone());
        let noise = (sigma.log().unwrap() * 0.25).unwrap();
        let output = network.forward(&input, &noise, &with).unwrap();
        let uncertainty = network.log_variance(sigma).unwrap().expect("has a head");
        let ones = uncertainty.value().ones_like().unwrap();
        let arguments = [(output, weights.clone()), (uncertainty, ones)];
        let mut found = gradients(&arguments).unwrap();
        assert!(found.take(&input).is_some());
        let wanted = gradients_of_candle(name, &weights);
        assert!(wanted.len() > 20);
        let most = |numbers: &[f32]| numbers.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        // Some gains' gradients are small differences of large sums.
        let floor = wanted.iter().map(|(_, wanted)| most(wanted));
        let floor = 1e-2 * floor.fold(0.0, f32::max);
        for (tensor, wanted) in wanted {
            if tensor.contains("_fourier.") {
                continue;
            }
            let found = found.take(&variables[&tensor]).expect("has a gradient");
            let largest = most(&wanted);
            let wrong = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs());
            let wrong = wrong.fold(0.0_f32, f32::max);
            assert!(
                largest > 0.0 && wrong <= tolerance * largest.max(floor),
                "{name} {dtype:?} {tensor}: {wrong} of {largest}"
            );
        }
    }
}

#[test]
fn the_traced_gradient_of_the_input_is_a_difference_quotient() {
    let expected = expected();
    let x = &expected["forward.x"];
    let weights = (x.cos().unwrap() + 0.1).unwrap();
    let snapshot = snapshot("main");
    let network = Network::trainable(&snapshot.config, DType::F32, |name| {
        Ok(Traced::constant(
            snapshot.weights.get(name)?.tensor(&Device::Cpu)?,
        ))
    });
    let network = network.unwrap();
    let with = labels(&expected["forward.labels"]);
    let noise = (expected["forward.sigma"].log().unwrap() * 0.25).unwrap();
    let value = |x: &Tensor| -> f64 {
        let input = Traced::constant(x.clone());
        let output = network.forward(&input, &noise, &with).unwrap();
        let product = (output.value() * &weights).unwrap().to_dtype(DType::F64);
        product.unwrap().sum_all().unwrap().to_scalar().unwrap()
    };
    let input = Traced::variable(x.clone());
    let output = network.forward(&input, &noise, &with).unwrap();
    let gradient = gradients(&[(output, weights.clone())])
        .unwrap()
        .take(&input)
        .unwrap();
    let gradient = Tensor::from_vec(gradient, x.shape(), &Device::Cpu).unwrap();
    let direction = (x * 3.0).unwrap().sin().unwrap();
    let expected: f32 = (&gradient * &direction)
        .unwrap()
        .sum_all()
        .unwrap()
        .to_scalar()
        .unwrap();
    let step = 1e-2;
    let at = |sign: f64| value(&(x + (&direction * (sign * step)).unwrap()).unwrap());
    let quotient = (at(1.0) - at(-1.0)) / (2.0 * step);
    let error = (quotient - f64::from(expected)).abs();
    assert!(error < 5e-3 * quotient.abs(), "{quotient} and {expected}");
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
