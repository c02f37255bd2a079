//! How a run goes, drawn above its bar: the loss of each band of noise levels and how it came there.

use std::fmt::Write;

use foil_training::{Band, Status};

/// Columns of a curve.
const WIDTH: usize = 40;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// All that was said so far, as lines of text.
pub fn drawn(history: &[Status]) -> String {
    let Some(last) = history.last() else {
        return String::new();
    };
    let mut text = format!("{:>12}  {:>7}  since the beginning\n", "σ", "loss");
    for (index, band) in last.bands.iter().enumerate() {
        let name = range(band, last.bands.get(index + 1));
        let of_band = |status: &Status| status.bands.get(index)?.loss;
        row(&mut text, &name, history.iter().filter_map(of_band));
    }
    row(&mut text, "all", history.iter().map(|status| status.loss));
    text + &numbers(last)
}

/// A status in one line, for those who cannot see the curves.
pub fn line(status: &Status) -> String {
    let bands = status.bands.iter().map(|band| match band.loss {
        Some(loss) => format!("{loss:.3}"),
        None => "–".to_owned(),
    });
    let bands: Vec<String> = bands.collect();
    format!(
        "{:>10} images  loss {:.4} [{}]  {}",
        status.images,
        status.loss,
        bands.join(" "),
        numbers(status)
    )
}

/// What is no loss.
fn numbers(status: &Status) -> String {
    let mut text = format!(
        "{:.0} images/s  learning rate {:.2e}  gradient {:.3}",
        status.images_per_second, status.learning_rate, status.gradient_norm
    );
    if let Some(share) = status.accuracy {
        // Writing to a string cannot fail.
        let _ = write!(text, "  right {:.1} %", 100.0 * share);
    }
    if status.zeroed > 0 {
        let _ = write!(text, "  {} gradients not finite", status.zeroed);
    }
    text
}

fn range(band: &Band, next: Option<&Band>) -> String {
    match next {
        Some(next) if band.from == 0.0 => format!("below {}", next.from),
        Some(next) => format!("{} to {}", band.from, next.from),
        None => format!("from {}", band.from),
    }
}

fn row(text: &mut String, name: &str, losses: impl Iterator<Item = f64>) {
    let losses: Vec<f64> = losses.collect();
    let last = losses.last();
    let last = last.map_or("–".to_owned(), |loss| format!("{loss:.4}"));
    let _ = writeln!(text, "{name:>12}  {last:>7}  {}", curve(&losses, WIDTH));
}

/// Numbers as columns from the least to the greatest, means of neighbours where there are more numbers than columns.
fn curve(numbers: &[f64], width: usize) -> String {
    let columns = numbers.len().min(width);
    let mean = |column: usize| {
        let bound = |column: usize| column * numbers.len() / columns;
        let part = &numbers[bound(column)..bound(column + 1)];
        part.iter().sum::<f64>() / part.len() as f64
    };
    let means: Vec<f64> = (0..columns).map(mean).collect();
    let finite = || means.iter().copied().filter(|mean| mean.is_finite());
    let (least, greatest) = (
        finite().fold(f64::INFINITY, f64::min),
        finite().fold(f64::NEG_INFINITY, f64::max),
    );
    let steps = (LEVELS.len() - 1) as f64;
    let drawn = means.iter().map(|mean| {
        let level = (mean - least) / (greatest - least) * steps;
        if mean.is_finite() {
            // All alike are drawn at the bottom: the cast takes what is no number to 0.
            LEVELS[level.round() as usize]
        } else {
            '!'
        }
    });
    drawn.collect()
}

#[cfg(test)]
mod tests {
    use super::{curve, drawn};

    #[test]
    fn curves_run_from_the_least_to_the_greatest() {
        assert_eq!(curve(&[], 4), "");
        assert_eq!(curve(&[3.0], 4), "▁");
        assert_eq!(curve(&[2.0, 2.0], 4), "▁▁");
        assert_eq!(curve(&[7.0, 0.0, 3.0], 4), "█▁▄");
        assert_eq!(curve(&[1.0, f64::NAN, 0.0], 4), "█!▁");
    }

    #[test]
    fn long_histories_are_averaged_and_none_is_left_out() {
        // Columns of two and three numbers: 7 and 7, then 0, 0 and 0.
        assert_eq!(curve(&[7.0, 7.0, 0.0, 0.0, 0.0], 2), "█▁");
        assert_eq!(curve(&[0.0; 1000], 40).chars().count(), 40);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(drawn(&[]), "");
    }
}
