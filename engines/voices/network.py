"""ONNX networks: opened, made to tell an inner result, and run in a way that can be stopped."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as state

from engines.base import Report

#: How often progress is reported while a network works, in seconds.
_REPORT_S = 0.5
_ERRORS_ONLY = 3
_LOW_SEVEN_BITS = 0x7F
_SEED = 1


_FAULTS = (
    state.EngineError,
    state.EPFail,
    state.Fail,
    state.InvalidArgument,
    state.InvalidGraph,
    state.InvalidProtobuf,
    state.NotImplemented,
    state.RuntimeException,
)


class NetworkFault(Exception):
    """A file is no network that can be run, or a network failed on its input."""


def open_session(network: bytes, threads: int) -> ort.InferenceSession:
    """Load a network, an ONNX file's bytes, to run on `threads` CPU threads; chance takes the same course in each.

    Raises:
        NetworkFault: when it is no network that can be run.
    """
    ort.set_seed(_SEED)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _ERRORS_ONLY
    try:
        return ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except _FAULTS as fault:
        raise NetworkFault(str(fault)) from fault


def with_output(network: bytes, name: str) -> bytes:
    """Make an inner result of an ONNX file one of its outputs.

    Protocol Buffers merge messages that follow one another, so the addition is simply appended:
    ModelProto.graph (7) . GraphProto.output (12) . ValueInfoProto.name (1).
    """
    addition = name.encode()
    for number in (1, 12, 7):
        addition = bytes([number << 3 | 2]) + _varint(len(addition)) + addition
    return network + addition


def run(
    session: ort.InferenceSession,
    outputs: Sequence[str],
    feeds: Mapping[str, NDArray[np.generic]],
    report: Report,
    fraction: float,
) -> Sequence[NDArray[np.generic]]:
    """Run a network aside, so that progress is reported and the run can be stopped while it works.

    Args:
        session: the network.
        outputs: the results wanted, by name.
        feeds: its inputs, by name.
        report: called with `fraction` while it works; what it raises stops the run.
        fraction: what of the whole is done.

    Raises:
        NetworkFault: when it fails on its input.
    """
    control = ort.RunOptions()
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(session.run, list(outputs), dict(feeds), control)
        try:
            while not running.done():
                report(fraction)
                wait([running], _REPORT_S)
        finally:
            control.terminate = True
        try:
            results: Sequence[NDArray[np.generic]] = running.result()
        except _FAULTS as fault:
            raise NetworkFault(str(fault)) from fault
        return results


def _varint(number: int) -> bytes:
    low, rest = number & _LOW_SEVEN_BITS, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
