"""Writes events.tfevents: two statuses as TensorBoard's own package (2.21) writes them, for tests/it/tensorboard.rs.

    python events.py
"""

import os

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

BEGAN = 1_700_000_000.25


def scalar(tag, value):
    return Summary.Value(tag=tag, simple_value=value)


def main():
    with open(os.path.join(os.path.dirname(__file__), "events.tfevents"), "wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=BEGAN, file_version="brain.Event:2").SerializeToString())
        first = [
            scalar("loss/all", 0.5),
            scalar("loss/sigma from 0", 0.75),
            scalar("loss/sigma from 0.3", 0.1),
            scalar("learning rate", 0.01),
            scalar("gradient/norm", 895.25),
            scalar("gradient/zeroed", 0),
            scalar("images per second", 202.5),
        ]
        second = [
            scalar("loss/all", -0.25),
            scalar("accuracy", 0.875),
            scalar("learning rate", 1e-4),
            scalar("gradient/norm", 1e30),
            scalar("gradient/zeroed", 3),
            scalar("images per second", 0.5),
        ]
        for step, elapsed, values in [(4096, 20.5, first), (5_000_000_000, 1e6, second)]:
            event = Event(wall_time=BEGAN + elapsed, step=step, summary=Summary(value=values))
            writer.write(event.SerializeToString())
        writer.close()


main()
