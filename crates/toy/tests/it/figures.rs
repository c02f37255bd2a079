//! Figures as files: documents that parse, hold what they were given, and are drawn with the
//! bundled font.

use foil_diffusion::Sigma;
use foil_toy::{
    Point,
    distribution::{Class, Distribution},
    figures::{
        Comparison, Figure, FigureError, Panel, View, ZOOM, ZoomInput, figure_1, figure_2, figure_9,
    },
};
use resvg::usvg::{Options, Tree};

/// GitHub shows images of a few megabytes, and nobody waits for larger ones.
const LARGEST_SVG: usize = 1_500_000;

fn sigma(value: f64) -> Sigma {
    Sigma::new(value).unwrap()
}

fn samples(count: usize) -> Vec<Point> {
    Distribution::new(Class::A)
        .at(Sigma::ZERO)
        .samples(count, 5)
}

/// Width, height and the bytes of all pixels.
fn decoded(png: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame.width, frame.height, pixels)
}

/// Without fonts, so that nothing of the machine helps.
fn parses(figure: &Figure) -> Tree {
    assert!(
        figure.svg().len() < LARGEST_SVG,
        "{} bytes",
        figure.svg().len()
    );
    Tree::from_str(figure.svg(), &Options::default()).unwrap()
}

fn panel<'a>(title: &'a str, points: &'a [Point]) -> Panel<'a> {
    Panel {
        title,
        subtitle: "w = 3",
        points,
    }
}

#[test]
fn figure_1_has_a_dot_for_every_point_and_stays_small() {
    let counts = [0, 1, 500, 8192, 8192];
    let sets = counts.map(samples);
    let panels: Vec<Panel<'_>> = sets
        .iter()
        .map(|points| panel("A < B & \"C\"", points))
        .collect();
    let figure = figure_1(&panels).unwrap();
    parses(&figure);
    // The legend has five dots of its own.
    let dots = figure.svg().matches("h0").count();
    assert_eq!(dots, counts.iter().sum::<usize>() + 5);
    let (width, _, _) = decoded(&figure.png(2.0).unwrap());
    assert_eq!(width, 2400);
}

#[test]
fn titles_are_drawn_with_the_bundled_font() {
    let points = samples(10);
    let [with, without] = ["Autoguidance σ → ∇", ""].map(|title| {
        let figure = figure_1(&[panel(title, &points)]).unwrap();
        decoded(&figure.png(1.0).unwrap())
    });
    assert_eq!((with.0, with.1), (without.0, without.1));
    let rows = with
        .2
        .chunks(3 * with.0 as usize)
        .zip(without.2.chunks(3 * with.0 as usize));
    let changed: Vec<usize> = rows
        .map(|(a, b)| a.iter().zip(b).filter(|(a, b)| a != b).count())
        .collect();
    // The title's base line is 24 units from the top; nothing else may differ.
    assert!(
        changed[16..24].iter().all(|count| *count > 50),
        "{changed:?}"
    );
    let elsewhere = changed[..10].iter().chain(&changed[30..]);
    assert_eq!(elsewhere.sum::<usize>(), 0);
}

#[test]
fn a_sample_is_drawn_where_it_lies() {
    // Below and left of both classes, where the panel is white.
    let [dark, light] = [vec![[-1.2, -1.2]; 1], Vec::new()].map(|points| {
        let figure = figure_1(&[panel("", &points)]).unwrap();
        decoded(&figure.png(4.0).unwrap())
    });
    let differing = |(index, (a, b)): (usize, (&u8, &u8))| (a != b).then_some(index / 3);
    let pixels: Vec<usize> = dark
        .2
        .iter()
        .zip(&light.2)
        .enumerate()
        .filter_map(differing)
        .collect();
    assert!(!pixels.is_empty());
    let width = dark.0 as usize;
    // The lower left quarter of the first panel: from 13 to 126 and from 163 to 276 units.
    let inside = |pixel: &usize| {
        (52..504).contains(&(pixel % width)) && (652..1104).contains(&(pixel / width))
    };
    assert!(pixels.iter().all(inside));
}

#[test]
fn figures_2_and_9_parse_with_and_without_trajectories() {
    let truth = Distribution::new(Class::A);
    let both = Distribution::new(Class::AB);
    let strong = |points: &[Point], sigma: Sigma| truth.at(sigma).evaluate(points);
    let weak = |points: &[Point], sigma: Sigma| both.at(sigma).evaluate(points);
    let trajectory = vec![[0.5, 0.9], [0.7, 1.0], [0.8, 1.2]];
    for (unguided, guided) in [
        (vec![trajectory; 20], vec![vec![[0.5, 0.9]], vec![]]),
        (vec![], vec![]),
    ] {
        let input = ZoomInput {
            view: ZOOM,
            strong: &strong,
            weak: &weak,
            sigma: sigma(0.1),
            start: sigma(0.2),
            weight: 3.0,
            unguided: &unguided,
            guided: &guided,
        };
        parses(&figure_2(&input).unwrap());
    }
    let comparison = Comparison {
        title: "Exact",
        subtitle: "",
        strong: &strong,
        weak: &weak,
    };
    for (comparisons, levels) in [
        (vec![comparison; 2], vec![0.1, 0.3, 0.6, 1.0]),
        (vec![], vec![]),
    ] {
        let levels: Vec<Sigma> = levels.into_iter().map(sigma).collect();
        let figure = figure_9(&comparisons, &levels).unwrap();
        parses(&figure);
        let pictures = figure.svg().matches("<image").count();
        assert_eq!(pictures, 3 * comparisons.len() * levels.len());
    }
}

#[test]
fn the_zoom_holds_part_of_the_class() {
    let inside = samples(10_000)
        .into_iter()
        .filter(|point| ZOOM.contains(*point))
        .count();
    assert!((500..5000).contains(&inside), "{inside}");
    assert!(View::new([0.0, 0.0], 3.0).contains([1.0, -1.0]));
}

#[test]
fn bad_input_is_refused() {
    parses(&figure_1(&[]).unwrap());
    let diverged = [[f32::NAN, 0.0]];
    assert!(matches!(
        figure_1(&[panel("", &diverged)]),
        Err(FigureError::NotFinite(_))
    ));
}
