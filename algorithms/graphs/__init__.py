"""A policy as a graph of ONNX operators, as data: no ONNX is needed to draw it."""
