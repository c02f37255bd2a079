//! Weights that follow the noise level.

use foil_diffusion::{Denoiser, Sigma, guidance::Schedule};

use super::table::{SCHEDULES, guided, plan};
use crate::worlds::{distance, levels, noisy};

fn schedule(text: &str) -> Schedule {
    let plan = plan(&format!("cfg:2{text}"));
    plan.terms()[0].strength.schedule.clone().unwrap()
}

fn sigma_at(time: f64) -> Sigma {
    Sigma::new((std::f64::consts::FRAC_PI_2 * time).tan()).unwrap()
}

#[test]
fn every_schedule_has_the_mean_one_over_time() {
    for text in SCHEDULES
        .iter()
        .chain(&["~power(exponent=0)", "~beta(a=1,b=1)", "~beta(a=5,b=3)"])
    {
        let schedule = schedule(text);
        // The midpoint rule, which never asks at an end.
        let count = 20_000;
        let mean = (0..count)
            .map(|index| schedule.at(sigma_at((f64::from(index) + 0.5) / f64::from(count))))
            .sum::<f64>()
            / f64::from(count);
        // Half-integer powers at the ends cost the rule its second order.
        assert!((mean - 1.0).abs() < 1e-5, "{text}: {mean}");
    }
}

#[test]
fn schedules_are_their_formulas() {
    for time in [0.1, 0.35, 0.8] {
        let close = |text: &str, expected: f64| {
            let found = schedule(text).at(sigma_at(time));
            assert!(
                (found - expected).abs() < 1e-12,
                "{text} at {time}: {found} and {expected}"
            );
        };
        close("~linear", 2.0 - 2.0 * time);
        close("~cosine", 1.0 + (std::f64::consts::PI * time).cos());
        close("~power(3)", 4.0 * (1.0 - time).powi(3));
        // B(2, 3) = 1!·2!/4!.
        close("~beta(a=2,b=3)", 12.0 * time * (1.0 - time).powi(2));
    }
}

#[test]
fn the_excess_over_one_follows_the_schedule() {
    let x = noisy(2, &levels());
    let sigma = sigma_at(0.3);
    let scheduled = guided("auto:3~linear", 0..2).denoise(&x, sigma).unwrap();
    // 1 + (3 − 1)·2·(1 − 0.3).
    let constant = guided("auto:3.8", 0..2).denoise(&x, sigma).unwrap();
    assert!(distance(&scheduled, &constant) < 1e-12);
    assert!(
        distance(
            &scheduled,
            &guided("auto:3", 0..2).denoise(&x, sigma).unwrap()
        ) > 1e-3
    );
}
