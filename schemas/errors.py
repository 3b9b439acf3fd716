"""What can be wrong with data that arrives.

SchemaError
├── MessageError         bytes that are no message of ours
├── PayloadError         bytes that are no trajectory, policy or learner state of ours
└── SpecificationError   a run specification that cannot be run; its text names every problem
"""


class SchemaError(ValueError):
    """Data that does not have the form it must have; sending it again cannot help."""


class MessageError(SchemaError):
    """A message that does not decode or does not validate."""


class PayloadError(SchemaError):
    """A stored object whose content does not decode, validate or fit the stated bounds."""


class SpecificationError(SchemaError):
    """A run specification that is refused.

    `problems` holds one sentence per problem: the field's path, what was found, what is allowed.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
