"""The errors of data that arrives, and of a run.

SchemaError
├── MessageError         bytes that are no message of ours
├── PayloadError         bytes that are no trajectory, policy or learner state of ours
├── DocumentError        a text that is no TOML, YAML or JSON, or too large
├── TriggerError         an outside event that starts no run
├── PackageError         an environment's package that cannot be made, stored or imported
├── ModelError           a name of a registered model that is none, or that nothing has
└── SpecificationError   a run specification that cannot be run; its text names every problem
RunFault                 the run itself is at fault: trying again cannot help
"""


class SchemaError(ValueError):
    """Data that does not have the form it must have; sending it again cannot help."""


class MessageError(SchemaError):
    """A message that does not decode or does not validate."""


class PayloadError(SchemaError):
    """A stored object whose content does not decode, validate or fit the stated bounds."""


class DocumentError(SchemaError):
    """A specification's text that does not parse; one sentence with the file's name and line."""


class TriggerError(SchemaError):
    """An outside event that starts no run; the text names those that do."""


class PackageError(SchemaError):
    """A package of environments that is refused: one sentence on what is wrong and what to do."""


class ModelError(SchemaError):
    """A name of a registered model that is refused: one sentence on what there is instead."""


class SpecificationError(SchemaError):
    """A run specification that is refused.

    `problems` holds one sentence per problem: the field's path, what was found, what is allowed.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RunFault(Exception):  # noqa: N818  a fault is not always an error of ours
    """The run itself is at fault, as its environment; the text is for the person who started it."""
