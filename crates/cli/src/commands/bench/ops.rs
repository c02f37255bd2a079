//! `foil bench ops`: every operation's speed beside candle's and beside what the processor could do.

use anyhow::{Context, Result, bail, ensure};
use foil_kernels::{
    Element, Instructions, bf16,
    peak::{Factors, peak_gflops},
};
use serde::Serialize;

use super::{
    candle::Reference,
    case::{Case, joined},
    foil::prepare,
    truth,
};
use crate::{arguments::BenchOps, interrupt, output, progress::Progress, timing::median_seconds};

/// Rounding of sums in f32, in sizes of the result.
const TOLERANCE_F32: f64 = 1e-4;
/// A result of four sizes is rounded by 2⁻⁹ of itself; what Winograd's convolution multiplies is rounded too.
const TOLERANCE_BF16: f64 = 0.02;

#[derive(Serialize)]
struct Report {
    threads: usize,
    instructions: String,
    peak_gflops: Peak,
    rows: Vec<Row>,
}

/// Of all threads at once, measured.
#[derive(Serialize, Clone, Copy)]
struct Peak {
    f32: f64,
    bf16: f64,
}

#[derive(Serialize)]
struct Row {
    op: String,
    dtype: &'static str,
    shape: Vec<usize>,
    isa: String,
    gflops: f64,
    /// Of candle in f32 whatever the type: it has no convolution in bf16 on the CPU.
    candle_gflops: Option<f64>,
    share_of_peak: f64,
}

/// Measures all rows, or those that were asked for, on a thread of the pool: handing work to the pool from outside costs tens of
/// microseconds, which an operation within a network does not pay.
pub fn run(arguments: &BenchOps) -> Result<()> {
    rayon::scope(|_| measure(arguments))
}

fn measure(arguments: &BenchOps) -> Result<()> {
    let wanted = wanted(arguments.only.as_deref().unwrap_or_default())?;
    let instructions = Instructions::best();
    let bench = Bench {
        instructions,
        peak: Peak::measure(instructions),
        seconds: arguments.seconds,
    };
    let progress = Progress::new();
    let bar = progress.bar("operations", wanted.len() as u64, "shapes");
    let mut rows = Vec::new();
    for (index, (case, dtypes)) in wanted.iter().enumerate() {
        bar.at(index as u64);
        bar.message(case.name());
        rows.extend(bench.measure(case, dtypes)?);
        if interrupt::requested() {
            bail!("interrupted");
        }
    }
    bar.done(&format!("{} rows", rows.len()));
    Report {
        threads: rayon::current_num_threads(),
        instructions: instructions.set().to_string(),
        peak_gflops: bench.peak,
        rows,
    }
    .print(arguments.json)
}

/// The cases of which a row contains the text, with the types of these rows.
fn wanted(only: &str) -> Result<Vec<(Case, Vec<&'static str>)>> {
    let mut wanted = Vec::new();
    let mut names = Vec::new();
    for case in Case::all() {
        let dtypes = DTYPES.into_iter();
        let dtypes: Vec<_> = dtypes
            .filter(|dtype| case.label(dtype).contains(only))
            .collect();
        names.push(case.name());
        if !dtypes.is_empty() {
            wanted.push((case, dtypes));
        }
    }
    names.dedup();
    ensure!(
        !wanted.is_empty(),
        "no row contains '{only}'; operations are {}",
        names.join(", ")
    );
    Ok(wanted)
}

const DTYPES: [&str; 2] = [f32::NAME, bf16::NAME];

struct Bench {
    instructions: Instructions,
    peak: Peak,
    /// For each measurement.
    seconds: f64,
}

impl Bench {
    /// One row for each type, all beside the same measurement of candle.
    fn measure(&self, case: &Case, dtypes: &[&'static str]) -> Result<Vec<Row>> {
        let inputs = case.inputs();
        let candle_gflops = self.candle(case, &inputs)?;
        let row = |&dtype: &&'static str| {
            let (gflops, peak) = if dtype == f32::NAME {
                (
                    self.foil::<f32>(case, &inputs, TOLERANCE_F32)?,
                    self.peak.f32,
                )
            } else {
                (
                    self.foil::<bf16>(case, &inputs, TOLERANCE_BF16)?,
                    self.peak.bf16,
                )
            };
            Ok(Row {
                op: case.name(),
                dtype,
                shape: case.shape(),
                isa: self.instructions.set().to_string(),
                gflops,
                candle_gflops,
                share_of_peak: gflops / peak,
            })
        };
        dtypes.iter().map(row).collect()
    }

    fn foil<T: Element>(&self, case: &Case, inputs: &[Vec<f32>], tolerance: f64) -> Result<f64> {
        let mut operation = prepare::<T>(self.instructions, case, inputs);
        operation.run();
        truth::check(case, inputs, &operation.result(), tolerance)
            .with_context(|| case.label(T::NAME))?;
        let seconds = median_seconds(self.seconds, || operation.run());
        Ok(case.operations() / seconds / 1e9)
    }

    fn candle(&self, case: &Case, inputs: &[Vec<f32>]) -> Result<Option<f64>> {
        let Some(reference) = Reference::new(case, inputs)? else {
            return Ok(None);
        };
        truth::check(case, inputs, &reference.result()?, TOLERANCE_F32)
            .with_context(|| format!("candle's {}", case.label(f32::NAME)))?;
        let seconds = median_seconds(self.seconds, || {
            std::hint::black_box(reference.run().is_ok());
        });
        Ok(Some(case.operations() / seconds / 1e9))
    }
}

impl Peak {
    fn measure(instructions: Instructions) -> Self {
        let together = |factors: Factors| {
            let each = rayon::broadcast(|_| peak_gflops(instructions, factors));
            each.into_iter().sum()
        };
        Self {
            f32: together(Factors::F32),
            bf16: together(Factors::Bf16),
        }
    }
}

impl Report {
    fn print(&self, json: bool) -> Result<()> {
        if json {
            output::print(&format!("{}\n", serde_json::to_string(self)?))?;
            return Ok(());
        }
        let Peak { f32, bf16 } = self.peak_gflops;
        output::print(&format!(
            "{} threads, {}; peak {f32:.0} GFLOP/s in f32, {bf16:.0} in bf16\n",
            self.threads, self.instructions
        ))?;
        output::print(&format!(
            "{:<23} {:<5} {:<16} {:>8} {:>8} {:>8}\n",
            "", "", "", "GFLOP/s", "of peak", "candle"
        ))?;
        for row in &self.rows {
            let candle = row
                .candle_gflops
                .map_or("–".to_owned(), |gflops| format!("{gflops:.1}"));
            output::print(&format!(
                "{:<23} {:<5} {:<16} {:>8.1} {:>6.0} % {candle:>8}\n",
                row.op,
                row.dtype,
                joined(&row.shape),
                row.gflops,
                100.0 * row.share_of_peak,
            ))?;
        }
        Ok(())
    }
}
