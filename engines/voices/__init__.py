"""Speech made of text: voices behind one interface, with the times of what they say."""

from contracts.settings import forbid_telemetry

# ONNX Runtime's wheels report to their maker, over the network, from the moment they are loaded.
forbid_telemetry()
