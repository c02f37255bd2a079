//! The paper's figures 2 and 9 from three trained networks.

use anyhow::Result;
use foil_diffusion::Sigma;
use foil_toy::{
    Point,
    distribution::{Class, Distribution},
    figures::{Comparison, Density, Figure, ZOOM, ZoomInput, figure_2, figure_9},
    network::DensityModel,
    sampling::{Guidance, Recorder, STEPS, Sampling, levels},
};

/// Noise level of the densities in the close view, and where its trajectories start.
const ZOOM_SIGMA: f64 = 0.06;
const ZOOM_START: f64 = 0.2;
/// Trajectories in it.
const TRAJECTORIES: usize = 160;
/// Noise levels of the implied densities.
const IMPLIED_SIGMAS: [f64; 4] = [0.05, 0.1, 0.25, 0.5];

/// Densities of main model and guide close up, and trajectories without and with guidance.
pub fn close_view(
    main: &DensityModel,
    guide: &DensityModel,
    weight: f64,
    seed: u64,
) -> Result<Figure> {
    let from = Sigma::new(ZOOM_START)?;
    let candidates = Distribution::new(Class::A)
        .at(from)
        .samples(40 * TRAJECTORIES, seed);
    let inside = candidates.into_iter().filter(|point| ZOOM.contains(*point));
    let start: Vec<Point> = inside.take(TRAJECTORIES).collect();
    let sampling = Sampling {
        levels: levels(ZOOM_START, STEPS)?,
        ..Sampling::published()?
    };
    let trajectories = |guidance: &Guidance<'_>| -> Result<Vec<Vec<Point>>> {
        let mut recorder = Recorder::default();
        sampling.run(main, guidance, &start, &mut recorder)?;
        Ok(recorder.trajectories(&start))
    };
    let (unguided, guided) = (
        trajectories(&Guidance::none())?,
        trajectories(&Guidance::auto(guide, weight)?)?,
    );
    let input = ZoomInput {
        view: ZOOM,
        strong: &|points: &[Point], sigma| main.evaluate(points, sigma),
        weak: &|points: &[Point], sigma| guide.evaluate(points, sigma),
        sigma: Sigma::new(ZOOM_SIGMA)?,
        start: from,
        weight,
        unguided: &unguided,
        guided: &guided,
    };
    Ok(figure_2(&input)?)
}

/// Implied densities of the main model and of both guides, and their ratios.
pub fn implied_densities(
    main: &DensityModel,
    guide: &DensityModel,
    unconditional: &DensityModel,
) -> Result<Figure> {
    let strong: Density<'_> = &|points: &[Point], sigma| main.evaluate(points, sigma);
    let weak: Density<'_> = &|points: &[Point], sigma| guide.evaluate(points, sigma);
    let both: Density<'_> = &|points: &[Point], sigma| unconditional.evaluate(points, sigma);
    let describe = |class: &str, model: &DensityModel| {
        format!(
            "guide: {class}, width {}, less trained",
            model.architecture().width
        )
    };
    let (of_both, of_class) = (
        describe("both classes", unconditional),
        describe("class A", guide),
    );
    let comparisons = [
        Comparison {
            title: "Classifier-free guidance",
            subtitle: &of_both,
            strong,
            weak: both,
        },
        Comparison {
            title: "Autoguidance",
            subtitle: &of_class,
            strong,
            weak,
        },
    ];
    let sigmas = IMPLIED_SIGMAS
        .iter()
        .map(|&sigma| Sigma::new(sigma))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(figure_9(&comparisons, &sigmas)?)
}
