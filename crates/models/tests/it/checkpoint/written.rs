//! Statistics written for other programs, against what these write themselves.

use std::path::Path;

use foil_models::checkpoint::{Contents, Moments, Statistics};

use super::fixture;

fn read(path: &Path) -> Statistics {
    match Contents::open(path).unwrap() {
        Contents::Statistics(statistics) => statistics,
        other => panic!("{} holds {other:?}", path.display()),
    }
}

fn golden(name: &str) -> Statistics {
    read(&fixture("checkpoints").join(name))
}

fn numbers(moments: &Moments) -> [Vec<u64>; 2] {
    [&moments.mean, &moments.covariance].map(|tensor| {
        let numbers = tensor.double_numbers().unwrap();
        numbers.into_iter().map(f64::to_bits).collect()
    })
}

fn assert_same(left: &Statistics, right: &Statistics) {
    assert!(left.metrics.keys().eq(right.metrics.keys()));
    for (name, moments) in &left.metrics {
        let other = &right.metrics[name];
        assert_eq!(moments.covariance.shape(), other.covariance.shape());
        assert_eq!(numbers(moments), numbers(other), "{name}");
    }
}

/// More images than 31 bits, and an array so large that it lies between frames.
#[test]
fn a_pickle_is_the_one_that_python_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statistics.pkl");
    let golden_path = fixture("checkpoints/statistics-numpy-1.pkl");
    let statistics = read(&golden_path);
    assert_eq!(statistics.images, Some(1 << 31));
    assert_eq!(statistics.metrics["fd_dinov2"].mean.shape(), [91]);
    statistics.write_pickle(&path).unwrap();
    let (found, expected) = (std::fs::read(&path), std::fs::read(&golden_path));
    assert!(found.unwrap() == expected.unwrap());
}

/// Numbers of every length; Python's are those of `pickle.dumps(n, 4)`.
#[test]
fn numbers_of_images_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statistics.pkl");
    let mut statistics = golden("statistics.pkl");
    for images in [
        2,
        255,
        256,
        50_000,
        65_535,
        65_536,
        (1 << 31) - 1,
        1 << 39,
        (1 << 53) - 1,
    ] {
        statistics.images = Some(images);
        statistics.write_pickle(&path).unwrap();
        assert_eq!(read(&path).images, Some(images));
        assert_same(&read(&path), &statistics);
    }
}

#[test]
fn an_archive_comes_back_in_double_precision() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statistics.npz");
    for name in ["statistics-adm.npz", "statistics-edm.npz"] {
        let statistics = golden(name);
        statistics.write_arrays(&path).unwrap();
        assert_same(&read(&path), &statistics);
        let first = std::fs::read(&path).unwrap();
        statistics.write_arrays(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
    }
    let names = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(names.count(), 1);
}

/// Each array as numpy writes it, its header to the byte.
#[test]
fn arrays_are_files_of_numpys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statistics.npz");
    golden("statistics-adm.npz").write_arrays(&path).unwrap();
    let members = |path: &Path| {
        let file = std::fs::File::open(path).unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let mut read = |name: &str| {
            let mut bytes = Vec::new();
            let mut member = archive.by_name(name).unwrap();
            std::io::Read::read_to_end(&mut member, &mut bytes).unwrap();
            bytes
        };
        ["mu.npy", "sigma.npy", "mu_s.npy"].map(&mut read)
    };
    let theirs = members(&fixture("checkpoints/statistics-adm.npz"));
    assert_eq!(members(&path), theirs);
}

#[test]
fn what_a_file_has_no_place_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut adm = golden("statistics-adm.npz");
    let said = |result: foil_models::Result<()>| result.unwrap_err().to_string();
    assert!(said(adm.write_pickle(&path)).contains("holds fid and fd_dinov2, not sfid"));
    adm.metrics.remove("sfid");
    assert!(said(adm.write_pickle(&path)).contains("that is not known"));
    adm.metrics.clear();
    assert!(said(adm.write_arrays(&path)).contains("statistics of nothing"));
    let edm2 = golden("statistics.pkl");
    assert!(said(edm2.write_arrays(&path)).contains("holds fid and sfid, not fd_dinov2"));
    let nowhere = folder.path().join("nowhere/file");
    assert!(said(edm2.write_pickle(&nowhere)).contains("cannot write"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
