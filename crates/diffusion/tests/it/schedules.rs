//! Schedules against the published programs' numbers, and σ ⇄ time.

use foil_diffusion::{
    NoiseLevels, Sigma,
    schedule::{
        Discrete, Exponential, Karras, Schedule, Sections, Time, VariancePreserving, Wuerstchen,
        leading, linspace, respaced, trailing,
    },
};

use crate::random::specification;

fn close(found: f64, expected: f64, relative: f64) {
    assert!(
        (found / expected - 1.0).abs() < relative,
        "found {found}, expected {expected}"
    );
}

#[test]
fn karras_levels_are_those_of_the_reference() {
    let levels = Karras::new(0.002, 80.0, 7.0).unwrap().levels(32).unwrap();
    let expected = specification()["edm_t_steps32"].as_array().unwrap().clone();
    assert_eq!((levels.steps(), expected.len()), (32, 32));
    for (found, expected) in levels.as_slice().iter().zip(&expected) {
        // The reference computes them in single precision.
        close(found.get(), expected.as_f64().unwrap(), 1e-5);
    }
    assert!(levels.last().is_zero());
}

#[test]
fn discrete_schedules_have_the_published_signal_shares() {
    let at = [0, 250, 500, 750, 999];
    let table = [
        (
            Discrete::linear(1000),
            [0.9999, 0.521_423_03, 0.077_796_66, 0.003_300_16, 4.0358e-5],
        ),
        (
            Discrete::cosine(1000),
            [
                0.999_958_72,
                0.845_887_99,
                0.492_285_17,
                0.143_178_65,
                2.4288e-9,
            ],
        ),
        (
            Discrete::scaled_linear(1000),
            [
                0.99915,
                0.673_792_63,
                0.276_332_68,
                0.056_169_85,
                0.004_660_10,
            ],
        ),
    ];
    for (schedule, expected) in table {
        let schedule = schedule.unwrap();
        assert_eq!(schedule.len(), 1000);
        for (index, expected) in at.into_iter().zip(expected) {
            close(schedule.alpha_bars()[index], expected, 2e-5);
        }
    }
    let stable_diffusion = Discrete::scaled_linear(1000).unwrap();
    close(
        stable_diffusion.sigma_from_time(Time(999.0)).get(),
        14.614_641,
        1e-6,
    );
    close(
        stable_diffusion.sigma_from_time(Time(0.0)).get(),
        0.029_167_16,
        1e-6,
    );
}

#[test]
fn wuerstchen_has_its_shares_and_its_clamps() {
    for (time, expected) in [
        (0.0, 0.9999),
        (0.25, 0.847_012_22),
        (0.5, 0.493_843_64),
        (0.75, 0.144_272_07),
        (1.0, 1e-4),
    ] {
        // The published values were computed in single precision.
        close(Wuerstchen.alpha_bar(Time(time)), expected, 1e-6);
    }
    let prior: Vec<Time> = (0..=60)
        .map(|step| Time(1.0 - f64::from(step) / 60.0))
        .collect();
    let levels = Wuerstchen.levels(&prior).unwrap();
    close(levels.last().alpha_bar(), 0.9999, 1e-12);
    assert!(Wuerstchen.levels(&[Time(1.2), Time(0.0)]).is_err());
    assert!(Wuerstchen.levels(&[Time(0.5), Time(0.6)]).is_err());
}

#[test]
fn time_and_sigma_are_inverse_in_every_schedule() {
    let karras = Karras::new(0.002, 80.0, 7.0).unwrap();
    let exponential = Exponential::new(0.01, 20.0).unwrap();
    let (linear, cosine) = (
        Discrete::linear(1000).unwrap(),
        Discrete::cosine(1000).unwrap(),
    );
    let stable_diffusion = Discrete::scaled_linear(1000).unwrap();
    let continuous = VariancePreserving::PUBLISHED;
    let table: [(&dyn Schedule, f64, f64); 7] = [
        (&karras, 0.0, 1.0),
        (&exponential, 0.0, 1.0),
        (&linear, 0.0, 999.0),
        (&cosine, 0.0, 999.0),
        (&stable_diffusion, 0.0, 999.0),
        (&continuous, 1e-3, 1.0),
        (&Wuerstchen, 0.01, 0.99),
    ];
    for (number, (schedule, first, last)) in table.into_iter().enumerate() {
        let mut before = 0.0;
        for index in 0..=37 {
            let time = first + (last - first) * f64::from(index) / 37.0;
            let sigma = schedule.sigma_from_time(Time(time));
            assert!(
                sigma.get() > before,
                "schedule {number} must rise at {time}"
            );
            before = sigma.get();
            let back = schedule.time_from_sigma(sigma).0;
            assert!(
                (back - time).abs() < 1e-9 * (1.0 + time.abs()),
                "schedule {number}: {time} became {back}"
            );
        }
        assert!(schedule.time_from_sigma(Sigma::ZERO).0 <= first);
        assert!(schedule.time_from_sigma(Sigma::new(1e9).unwrap()).0 >= last);
    }
}

#[test]
fn the_continuous_linear_schedule_is_the_limit_of_the_discrete_one() {
    let (discrete, continuous) = (
        Discrete::linear(100_000).unwrap(),
        VariancePreserving::PUBLISHED,
    );
    for step in [10_000, 40_000, 80_000, 99_999] {
        let found = continuous
            .sigma_from_time(Time((f64::from(step) + 1.0) / 100_000.0))
            .get();
        close(
            found,
            discrete.sigma_from_time(Time(f64::from(step))).get(),
            5e-4,
        );
    }
}

#[test]
fn respacing_is_adms() {
    let kept = respaced(1000, &Sections::Counts(vec![250])).unwrap();
    assert_eq!(kept.len(), 250);
    assert_eq!(
        (&kept[..4], &kept[247..]),
        (&[0, 4, 8, 12][..], &[991, 995, 999][..])
    );
    let kept_ddim = respaced(1000, &Sections::Ddim(25)).unwrap();
    assert_eq!(
        (kept_ddim[1], kept_ddim[24], kept_ddim.len()),
        (40, 960, 25)
    );
    assert_eq!(
        respaced(300, &Sections::Counts(vec![10, 15, 20]))
            .unwrap()
            .len(),
        45
    );
    assert!(
        respaced(1000, &Sections::Ddim(300)).is_err()
            && respaced(10, &Sections::Counts(vec![11])).is_err()
    );

    // β' between the kept steps of the cosine schedule.
    let levels = Discrete::cosine(1000).unwrap().levels(&kept).unwrap();
    let betas: Vec<f64> = levels
        .moves()
        .map(|(from, to)| 1.0 - from.alpha_bar() / to.alpha_bar())
        .collect();
    close(betas[249], 4.128e-5, 1e-3);
    close(betas[248], 2.137e-4, 1e-3);
    close(betas[1], 0.75, 1e-3);
    close(betas[0], 0.999_937_5, 1e-6);
}

#[test]
fn spacings_are_those_of_diffusers() {
    assert_eq!(leading(1000, 50, 1).unwrap()[..3], [1, 21, 41]);
    assert!(leading(1000, 1000, 1).is_err());
    assert_eq!(trailing(1000, 4).unwrap(), [249, 499, 749, 999]);
    let twenty: Vec<usize> = linspace(1000, 21)
        .unwrap()
        .into_iter()
        .rev()
        .take(20)
        .collect();
    assert_eq!(
        (twenty[0], twenty[1], twenty[2], twenty[18], twenty[19]),
        (999, 949, 899, 100, 50)
    );
}

#[test]
fn karras_levels_of_stable_diffusion_are_at_the_known_times() {
    let schedule = Discrete::scaled_linear(1000).unwrap();
    let ends = (
        schedule.sigma_from_time(Time(0.0)).get(),
        schedule.sigma_from_time(Time(999.0)).get(),
    );
    let levels = Karras::new(ends.0, ends.1, 7.0)
        .unwrap()
        .levels(10)
        .unwrap();
    let times: Vec<f64> = levels.as_slice()[..10]
        .iter()
        .map(|&sigma| schedule.time_from_sigma(sigma).0.round())
        .collect();
    assert_eq!(
        times,
        [
            999.0, 916.0, 815.0, 687.0, 523.0, 327.0, 146.0, 41.0, 7.0, 0.0
        ]
    );
}

#[test]
fn impossible_schedules_are_refused() {
    assert!(Karras::new(0.0, 80.0, 7.0).is_err());
    assert!(Karras::new(0.002, 80.0, f64::NAN).is_err());
    assert!(Karras::new(3.0, 2.0, 7.0).is_err());
    assert!(Karras::new(0.002, 80.0, 7.0).unwrap().levels(0).is_err());
    assert!(Exponential::new(1.0, f64::INFINITY).is_err());
    assert!(VariancePreserving::new(0.0, 20.0, 1e-3).is_err());
    assert!(Discrete::from_betas(&[0.1, 1.5]).is_err() && Discrete::linear(1).is_err());
    assert!(Discrete::linear(10).is_err(), "β would pass 1");
    assert!(Discrete::linear(1000).unwrap().levels(&[1000]).is_err());
    assert!(Sigma::new(-1.0).is_err() && Sigma::new(f64::NAN).is_err());
    assert!(
        NoiseLevels::from_values(&[1.0]).is_err() && NoiseLevels::from_values(&[1.0, 2.0]).is_err()
    );
}
