//! The search on losses that are known, with the errors that few images have.

use foil_diffusion::random::{FoilStream, Stream};

use super::{Effort, Halving, Point, Trial};

const EFFORT: Effort = Effort {
    least: 100,
    most: 1600,
    budget: 20_000,
};

fn key(point: &Point) -> String {
    format!("{point:?}")
}

fn best(search: &Halving) -> &Trial {
    let best = search.best().expect("something was judged");
    &search.trials()[best]
}

/// Runs a search to its end; images of each ask are counted here too.
fn run(mut search: Halving, loss: impl Fn(&Point, usize) -> f64) -> (Halving, usize) {
    let mut made = 0;
    while let Some(ask) = search.ask(key) {
        assert_eq!(search.ask(key), Some(ask), "asking changes nothing");
        made += ask.images - ask.made;
        let loss = loss(&search.trials()[ask.trial].point, ask.images);
        search.tell(loss);
    }
    (search, made)
}

/// A bowl with its bottom at (0.7, 0.2) in the second kind; the first is worse everywhere. What falls with the images is common to all, as of a Fréchet
/// distance, and an error of its own comes to it.
fn bowl(point: &Point, images: usize) -> f64 {
    let [x, y] = [point.positions[0], point.positions[1]];
    let depth = (x - 0.7).powi(2) + 0.5 * (y - 0.2).powi(2) + 0.05 * (1.0 - point.kind as f64);
    let mut error = [0.0];
    FoilStream::new((x * 1e9) as u64 ^ images as u64).fill_normal(&mut error);
    depth + 30.0 / images as f64 + 0.2 * f64::from(error[0]) / (images as f64).sqrt()
}

#[test]
fn it_finds_the_bottom_within_its_budget() {
    let (search, made) = run(Halving::new(&[2, 2], EFFORT, vec![]), bowl);
    assert_eq!(made, search.spent());
    assert!(made <= EFFORT.budget && made > EFFORT.budget - EFFORT.most);
    let found = best(&search);
    assert_eq!(
        found.losses.len(),
        search.counts().len(),
        "judged by the most images"
    );
    assert_eq!(found.point.kind, 1);
    let [x, y] = [found.point.positions[0], found.point.positions[1]];
    assert!((x - 0.7).abs() < 0.1 && (y - 0.2).abs() < 0.15, "{x} {y}");
}

#[test]
fn it_is_nearer_than_a_grid_that_costs_as_much() {
    // Twelve settings of 1600 images cost what the search may: a grid of three by four, of the kind that is right.
    let (search, _) = run(Halving::new(&[2, 2], EFFORT, vec![]), bowl);
    let true_loss = |point: &Point| bowl(point, usize::MAX);
    let found = true_loss(&best(&search).point);
    let grid = (0..12).map(|place| Point {
        kind: 1,
        positions: vec![f64::from(place / 4) / 2.0, f64::from(place % 4) / 3.0],
    });
    let grid = grid
        .map(|point| true_loss(&point))
        .fold(f64::INFINITY, f64::min);
    assert!(found < 0.5 * grid, "{found} {grid}");
}

#[test]
fn it_repeats_itself_and_begins_with_what_is_known() {
    let start = Point {
        kind: 1,
        positions: vec![0.7, 0.2],
    };
    let once = || run(Halving::new(&[2, 2], EFFORT, vec![start.clone()]), bowl).0;
    let (one, other) = (once(), once());
    assert_eq!(one.trials(), other.trials());
    assert_eq!(one.trials()[0].point, start);
}

#[test]
fn where_few_settings_exist_all_are_judged_as_well_as_the_budget_allows() {
    let line = |point: &Point, _: usize| point.kind as f64;
    let (search, made) = run(Halving::new(&[0, 0, 0], EFFORT, vec![]), line);
    assert_eq!(search.trials().len(), 3);
    assert_eq!(made, 3 * EFFORT.most);
    assert_eq!(best(&search).point.kind, 0);
    let nothing = run(Halving::new(&[], EFFORT, vec![]), line).0;
    assert_eq!(nothing.best(), None);
}

#[test]
fn what_is_no_number_is_worst() {
    let broken = |point: &Point, _: usize| if point.kind == 0 { f64::NAN } else { 1e9 };
    let (search, _) = run(Halving::new(&[0, 0], EFFORT, vec![]), broken);
    assert_eq!(best(&search).point.kind, 1);
}

#[test]
fn counts_double_up_to_the_most() {
    let counts = |least, most| {
        let effort = Effort {
            least,
            most,
            budget: 1,
        };
        Halving::new(&[1], effort, vec![]).counts().to_vec()
    };
    assert_eq!(counts(100, 1000), [100, 200, 400, 800, 1000]);
    assert_eq!(counts(50, 50), [50]);
    assert_eq!(counts(70, 50), [70]);
}
