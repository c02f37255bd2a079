//! Standard output and who reads it.

use std::process::Stdio;

use crate::{command, fixture};

#[test]
fn a_reader_who_has_gone_is_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let network = fixture("edm2-tiny-main.pkl");
    for arguments in [
        format!("sample --model {network} --out images --dry-run"),
        format!("convert {network} copy.safetensors"),
        format!("inspect {network}"),
        format!("bench net --model {network} --runs 1"),
        format!("bench net --model {network} --runs 1 --json"),
        "bench ops --only 16x32x32x32 --seconds 0.001".to_owned(),
        "models".to_owned(),
        "toy train --out toy --dry-run".to_owned(),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(folder.path(), &arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "foil {arguments}: {said}");
    }
    assert!(folder.path().join("copy.safetensors").is_file());
}
