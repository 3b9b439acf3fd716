"""Longer texts below the options of a command's `--help`."""

HOW_TO_LOAD = """\
FILE is a NumPy .npz; it needs nothing of ours to be read:

  import json, numpy
  data = numpy.load("policy.npz")
  report = json.loads(str(data["report"]))  # report["spec"]: the specification
  data["policy/layer_0/kernel"], data["policy/layer_0/bias"], ...,
  data["policy/head/kernel"], data["policy/head/bias"]

report["spec"]["algorithm"]["name"] is the algorithm. Where it has a policy
network, observations [B, O] float32, flat, or one-hot of a Discrete space, of a
Dict or Tuple the parts that data["spaces/leaves"] lists (JSON) side by side,
become logits or, of continuous actions, means (then there is policy/log_std
too) through

  x = observations
  if "statistics/mean" in data:  # the run normalised observations
      variance = data["statistics/m2"] / data["statistics/count"]
      x = (x - data["statistics/mean"]) / numpy.sqrt(variance + 1e-8)
      x = numpy.clip(x, -10, 10)
  for each layer_i:  # report["spec"]["algorithm"]["activation"]
      x = activation(x @ kernel + bias)
  outputs = x @ data["policy/head/kernel"] + data["policy/head/bias"]

The deterministic action is outputs.argmax(axis=1) +
data["spaces/action_start"], or outputs clipped to data["spaces/low"] and
data["spaces/high"]. Of a MultiDiscrete action data["spaces/action_choices"]
divides the outputs among its elements, an argmax each; of a MultiBinary one
(data["spaces/action_bits"]) those bits are set whose outputs are positive.
faastraingym.Policy.load("policy.npz") does all that.
"""

SCRIPTS = """\
where the shells look for it:
  faastrain completion bash > ~/.local/share/bash-completion/completions/faastrain
  faastrain completion zsh > DIR/_faastrain    # DIR: a folder of $fpath
  faastrain completion fish > ~/.config/fish/completions/faastrain.fish
"""
