//! By what settings are compared, as it was typed after `foil compare` and `foil tune`.

use clap::Args;

use super::{Extractors, MetricName, Shown};

/// What decides.
#[derive(Debug, Args)]
pub struct Deciding {
    /// What images are compared with: statistics or a data set [default: the bundled statistics of the model's test images]
    #[arg(long, value_name = "FILE|DATA")]
    pub reference: Option<String>,
    #[command(flatten)]
    pub shown: Shown,
    /// As of foil evaluate; the first one decides what is best [default: fid; of bundled models fd,class-score,accuracy]
    #[arg(long, value_name = "METRIC,…", value_delimiter = ',')]
    pub metrics: Vec<MetricName>,
    #[command(flatten)]
    pub extractors: Extractors,
}
