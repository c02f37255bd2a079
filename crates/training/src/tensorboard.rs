//! Records as TensorBoard reads them: protocol buffers of TensorFlow's `event.proto` and `summary.proto`, framed as TFRecords.

use prost::Message;

use crate::Status;

const VERSION: &str = "brain.Event:2";

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Scalar>,
}

#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// What a file begins with, of a run that began at this time, in seconds since 1970.
pub fn beginning(began: f64) -> Vec<u8> {
    framed(&Event {
        wall_time: began,
        step: 0,
        file_version: Some(VERSION.to_owned()),
        summary: None,
    })
}

/// A status; steps are images seen.
pub fn record(status: &Status, began: f64) -> Vec<u8> {
    let mut values = Vec::new();
    let mut add = |tag: String, value: f64| {
        values.push(Scalar {
            tag,
            simple_value: Some(value as f32),
        });
    };
    add("loss/all".into(), status.loss);
    for band in &status.bands {
        if let Some(loss) = band.loss {
            add(format!("loss/sigma from {}", band.from), loss);
        }
    }
    if let Some(accuracy) = status.accuracy {
        add("accuracy".into(), accuracy);
    }
    add("learning rate".into(), status.learning_rate);
    add("gradient/norm".into(), status.gradient_norm);
    add("gradient/zeroed".into(), status.zeroed as f64);
    add("images per second".into(), status.images_per_second);
    framed(&Event {
        wall_time: began + status.elapsed_seconds,
        step: status.images as i64,
        file_version: None,
        summary: Some(Summary { values }),
    })
}

/// A TFRecord: length, its checksum, the bytes, and theirs.
fn framed(event: &Event) -> Vec<u8> {
    let bytes = event.encode_to_vec();
    let length = (bytes.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked(&length).to_le_bytes());
    record.extend(&bytes);
    record.extend(masked(&bytes).to_le_bytes());
    record
}

/// A checksum that stays one where it is itself checked: rotated by 15 bits, and a constant added.
fn masked(bytes: &[u8]) -> u32 {
    let checksum = crc32c::crc32c(bytes);
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}
