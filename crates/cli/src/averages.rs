//! Averages of a run's weights by name, rebuilt in memory: `RUN@0.07`, or `RUN@262-0.07` of the moment after 262 thousand images.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use foil_models::SourceFile;
use foil_training::reconstruction::{Moment, Precision, Reconstruction, Run};

use crate::interrupt;

/// An average that may be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Average<'a> {
    /// The run's folder.
    pub run: &'a Path,
    /// When.
    pub moment: Moment,
    /// EMA length, a relative standard deviation.
    pub length: f64,
}

/// What divides a run from what is wanted of it.
const AT: char = '@';
const ALLOWED: &str = "allowed is the EMA length of an average in thousandths, such as RUN@0.07, or RUN@262-0.07 after 262 thousand images";

impl<'a> Average<'a> {
    /// What a name means if it is that of a folder, with what is wanted of it; none if it is something else.
    pub fn parse(name: &'a str) -> Result<Option<Self>> {
        if Path::new(name).exists() {
            return Ok(None);
        }
        let Some((run, wanted)) = name.rsplit_once(AT) else {
            return Ok(None);
        };
        let run = Path::new(run);
        if !run.is_dir() {
            return Ok(None);
        }
        let (moment, length) = match wanted.split_once('-') {
            None => (Some(Moment::Latest), wanted),
            Some((thousands, length)) => (thousands.parse().ok().map(Moment::Thousands), length),
        };
        match (moment, length.parse()) {
            (Some(moment), Ok(length)) => Ok(Some(Self {
                run,
                moment,
                length,
            })),
            _ => bail!("{name}: {ALLOWED}"),
        }
    }

    /// Another length of the same moment.
    pub fn of_length(&self, length: f64) -> String {
        let run = self.run.display();
        match self.moment {
            Moment::Latest => format!("{run}{AT}{length}"),
            Moment::Thousands(thousands) => format!("{run}{AT}{thousands}-{length}"),
        }
    }

    /// Rebuilds it: the same bytes as those of the file that `foil ema` writes.
    pub fn rebuild(&self, name: &str) -> Result<Arc<SourceFile>> {
        let rebuilt = || format!("cannot rebuild {name}");
        let run = Run::open(self.run).with_context(rebuilt)?;
        let images = run.images_at(self.moment).with_context(rebuilt)?;
        let job = Reconstruction::new(&run, images, &[self.length], Precision::F16);
        let job = job.with_context(rebuilt)?;
        let bytes = job.in_memory(0, &mut |_| interrupt::check());
        Ok(SourceFile::in_memory(name, bytes.with_context(rebuilt)?))
    }
}
