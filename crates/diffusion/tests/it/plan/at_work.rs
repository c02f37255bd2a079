//! Shapes that remember, and guides that are made of the network itself.

use std::{cell::RefCell, rc::Rc};

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Denoiser, FromFunction, Noise, Sigma,
    guidance::guide::{InputNoise, Noisier, SelfGuidance, Shifted, Window, Windowed},
    random::StreamKind,
    sampler::SamplerChoice,
};

use super::table::{Only, answers, guided, plan};
use crate::worlds::{broad, distance, levels, noisy, run, strong, values};

fn image(numbers: &[f64]) -> Tensor {
    Tensor::from_slice(numbers, (numbers.len() / 2, 2, 1, 1), &Device::Cpu).unwrap()
}

fn sigma(value: f64) -> Sigma {
    Sigma::new(value).unwrap()
}

#[test]
fn each_image_ends_its_guidance_when_its_own_estimates_agree() {
    // Two images: the first agrees at the second evaluation, the second at the third.
    let strongs = vec![image(&[1.0, 0.0, 0.0, 1.0]); 5];
    let weaks = vec![
        image(&[0.5, 0.5, 0.5, 0.5]),
        image(&[0.5, 0.0, 0.5, 0.5]),
        image(&[0.5, 0.5, 0.0, 0.5]),
    ];
    let asked = Rc::new(RefCell::new(0));
    let count = Rc::clone(&asked);
    let mut weak = answers(weaks);
    let weak = FromFunction::new(move |x: &Tensor, sigma| {
        *count.borrow_mut() += 1;
        weak.denoise(x, sigma)
    });
    let mut weak = Some(weak);
    let mut denoiser = plan("cfg:3,adaptive(threshold=0.99)")
        .build(answers(strongs), &mut Only(|| weak.take().unwrap()))
        .unwrap();
    let x = image(&[0.0; 4]);
    let mut found = || values(&denoiser.denoise(&x, sigma(1.0)).unwrap());
    assert_eq!(found(), [2.0, -1.0, -1.0, 2.0]);
    // The evaluation that shows agreement is still guided.
    assert_eq!(found(), [2.0, 0.0, -1.0, 2.0]);
    assert_eq!(found(), [1.0, 0.0, 0.0, 2.0]);
    assert_eq!(found(), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(found(), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(*asked.borrow(), 3);
}

#[test]
fn a_kept_difference_is_added_to_the_new_strong_estimate() {
    let strongs = [1.0, 2.0, 3.0, 4.0].map(|value| image(&[value, 0.0]));
    let weaks = [0.5, 3.0].map(|value| image(&[value, 0.0]));
    let mut weak = Some(answers(weaks.to_vec()));
    let mut denoiser = plan("cfg:3,refresh(every=2)")
        .build(
            answers(strongs.to_vec()),
            &mut Only(|| weak.take().unwrap()),
        )
        .unwrap();
    let found: Vec<f64> = [8.0, 4.0, 2.0, 1.0]
        .iter()
        .map(|&level| {
            denoiser.begin_step(sigma(level), sigma(level / 2.0));
            values(&denoiser.denoise(&image(&[0.0, 0.0]), sigma(level)).unwrap())[0]
        })
        .collect();
    // Differences 0.5, kept, then 0, kept.
    assert_eq!(found, [2.0, 3.0, 3.0, 4.0]);
}

#[test]
fn momentum_sees_only_evaluations_at_which_its_term_acts() {
    let strongs = vec![image(&[1.0, 0.0]); 3];
    let weaks = vec![image(&[0.0, 0.0]); 2];
    let mut weak = Some(answers(weaks));
    let mut denoiser = plan("cfg:2@1..inf,apg(eta=1,norm=0,momentum=0.5)")
        .build(answers(strongs), &mut Only(|| weak.take().unwrap()))
        .unwrap();
    let found: Vec<f64> = [3.0, 0.5, 2.0]
        .iter()
        .map(|&level| values(&denoiser.denoise(&image(&[0.0, 0.0]), sigma(level)).unwrap())[0])
        .collect();
    assert_eq!(found, [2.0, 1.0, 2.5]);
}

#[test]
fn nothing_moves_in_the_first_steps_of_zero_star() {
    // In a straight path's coordinates the state is x/(1+σ).
    let x = noisy(2, &levels());
    let mut states = vec![(x.clone() / (1.0 + levels().first().get())).unwrap()];
    let mut observer = |step: &foil_diffusion::Step<'_>| {
        states.push((step.x / (1.0 + step.to.get())).unwrap());
        std::ops::ControlFlow::Continue(())
    };
    let sampler = SamplerChoice::Euler.build(levels().steps()).unwrap();
    let mut noise = Noise::new(StreamKind::Foil, 0..2);
    let mut denoiser = guided("cfg:2,zero-star(zero=0.3)", 0..2);
    foil_diffusion::sample(
        sampler,
        &mut denoiser,
        x,
        &levels(),
        &mut noise,
        &mut observer,
    )
    .unwrap();
    for state in &states[1..=3] {
        assert!(distance(state, &states[0]) < 1e-14);
    }
    assert!(distance(&states[4], &states[0]) > 1e-3);
}

#[test]
fn a_flat_density_lengthens_the_score() {
    let (x, level) = (noisy(3, &levels()), sigma(0.7));
    let denoised = strong().denoise(&x, level).unwrap();
    let expected = (&x + ((denoised - &x).unwrap() * 1.5).unwrap()).unwrap();
    assert!(
        distance(
            &guided("truncate:1.5", 0..3).denoise(&x, level).unwrap(),
            &expected
        ) < 1e-12
    );
}

#[test]
fn self_guidance_tells_the_network_a_later_time() {
    let guidance = SelfGuidance { shift: 0.01 };
    for level in [0.0, 0.002, 0.3, 1.0, 12.0, 80.0, 1e6] {
        let raised = guidance.raised(sigma(level)).unwrap();
        let time = |sigma: Sigma| 2.0 / std::f64::consts::PI * sigma.get().atan();
        let shift = time(raised) - time(sigma(level));
        let expected = f64::min(0.01, 0.5 * (1.0 - time(sigma(level))));
        assert!((shift - expected).abs() < 1e-12, "{level}: {shift}");
    }
    let x = noisy(2, &levels());
    let raised = guidance.raised(sigma(1.0)).unwrap();
    let found = Shifted::new(strong(), guidance)
        .denoise(&x, sigma(1.0))
        .unwrap();
    assert_eq!(
        values(&found),
        values(&strong().denoise(&x, raised).unwrap())
    );
}

#[test]
fn input_noise_raises_the_noise_level_by_its_amount() {
    let level = sigma(2.0);
    let x = Tensor::zeros((4000, 2, 1, 1), DType::F64, &Device::Cpu).unwrap();
    let seen = Rc::new(RefCell::new(None));
    let record = Rc::clone(&seen);
    let network = FromFunction::new(move |x: &Tensor, sigma| {
        *record.borrow_mut() = Some((x.clone(), sigma));
        Ok(x.clone())
    });
    let noise = Noise::new(StreamKind::Foil, 0..4000);
    Noisier::new(network, InputNoise { amount: 0.2 }, noise)
        .denoise(&x, level)
        .unwrap();
    let (input, told) = seen.take().unwrap();
    assert!((told.get() - 2.4).abs() < 1e-12);
    let squares = values(&input)
        .iter()
        .map(|value| value * value)
        .sum::<f64>()
        / 8000.0;
    // Four standard errors of a variance of 8000 normals.
    let expected = 2.4_f64.powi(2) - 2.0_f64.powi(2);
    assert!(
        (squares / expected - 1.0).abs() < 4.0 * (2.0_f64 / 8000.0).sqrt(),
        "{squares}"
    );
}

#[test]
fn windows_average_the_estimates_of_crops() {
    // A network that answers with the mean of what it sees; 3×5 by windows of 2 with stride 2: the last ones end at the edge.
    let network = FromFunction::new(|x: &Tensor, _| {
        let mean = x.mean_keepdim((2, 3))?;
        Ok(mean.broadcast_as(x.shape())?.contiguous()?)
    });
    let numbers: Vec<f64> = (0..15).map(|index| f64::from(index * index % 11)).collect();
    let x = Tensor::from_slice(&numbers, (1, 1, 3, 5), &Device::Cpu).unwrap();
    let found = values(
        &Windowed::new(network, Window { size: 2, stride: 2 })
            .denoise(&x, sigma(1.0))
            .unwrap(),
    );
    for (row, column) in (0..3).flat_map(|row| (0..5).map(move |column| (row, column))) {
        let mut means = Vec::new();
        for (top, left) in [(0, 0), (0, 2), (0, 3), (1, 0), (1, 2), (1, 3)] {
            if (top..top + 2).contains(&row) && (left..left + 2).contains(&column) {
                let sum: f64 = (0..4)
                    .map(|part| numbers[(top + part / 2) * 5 + left + part % 2])
                    .sum();
                means.push(sum / 4.0);
            }
        }
        let expected = means.iter().sum::<f64>() / means.len() as f64;
        assert!((found[row * 5 + column] - expected).abs() < 1e-12);
    }
    let whole = Windowed::new(broad(), Window { size: 5, stride: 2 }).denoise(&x, sigma(1.0));
    assert!(
        whole
            .unwrap_err()
            .to_string()
            .contains("a window of 5 sees all of an image of 3x5")
    );
}

#[test]
fn what_a_caller_cannot_supply_is_an_error_that_says_so() {
    for (text, message) in [
        ("classifier:1", "no classifier"),
        ("noise(amount=0.1):2", "no noise"),
    ] {
        let error = plan(text).build(strong(), &mut Only(broad)).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
    let x = noisy(2, &levels());
    let error = guided("classifier(dialect=adm):1", 0..2)
        .denoise(&x, sigma(1.0))
        .unwrap_err();
    assert!(
        error.to_string().contains("needs a sampler's steps"),
        "{error}"
    );
    assert!(
        run(
            SamplerChoice::Euler,
            &mut guided("classifier(dialect=adm):1", 0..2),
            x,
            &levels(),
            0
        )
        .rank()
            == 4
    );
}
