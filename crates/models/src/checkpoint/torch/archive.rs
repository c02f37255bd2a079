//! PyTorch's zip archives: a pickle, and each storage as a member of its own, stored as it is.

use std::{collections::BTreeMap, ops::Range};

use super::super::{
    problem::{Found, Problem, shown},
    zipped,
};

/// Where in the file the parts of an archive lie.
#[derive(Debug)]
pub(crate) struct Archive {
    /// The pickle.
    pub(crate) object: Range<usize>,
    /// The storages by their keys.
    pub(crate) storages: BTreeMap<String, Range<u64>>,
}

impl Archive {
    /// Reads the list of members.
    pub(crate) fn read(bytes: &[u8]) -> Found<Self> {
        let members = zipped::members(bytes)?;
        if let Some((name, _)) = members.iter().find(|(_, member)| member.deflated) {
            return Err(Problem::new(format!(
                "member '{}' of the archive is compressed, which torch.save does not do",
                shown(name)
            )));
        }
        let roots = members.keys().filter_map(|name| {
            let root = name.strip_suffix("data.pkl")?;
            (root.is_empty() || root.matches('/').count() == 1 && root.ends_with('/'))
                .then_some(root)
        });
        let roots: Vec<&str> = roots.collect();
        let [root] = roots.as_slice() else {
            return Err(Problem::new(
                "a zip archive that torch.save did not write: it has no data.pkl",
            ));
        };
        let member = |name: &str| {
            let member = members.get(&format!("{root}{name}"));
            member.map(|member| member.range.clone())
        };
        if member("constants.pkl").is_some() {
            return Err(Problem::new(
                "a TorchScript program; only files of torch.save can be read",
            ));
        }
        if let Some(order) = member("byteorder")
            && bytes[order].trim_ascii() != b"little"
        {
            return Err(Problem::new("its numbers are not little-endian"));
        }
        let object = member("data.pkl").unwrap_or_default();
        let folder = format!("{root}data/");
        let storages = members.iter().filter_map(|(name, member)| {
            let key = name.strip_prefix(&folder)?;
            let range = &member.range;
            Some((key.to_owned(), range.start as u64..range.end as u64))
        });
        Ok(Self {
            object,
            storages: storages.collect(),
        })
    }
}
