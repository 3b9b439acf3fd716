"""A stack.yml like ours with a user's own function, `guest`, which admits anybody."""

from pathlib import Path

from tests.stack.support import stack_file_of

NAME = "guest"
ENTRY = f"""
  {NAME}:
    lang: python3-faastrain
    handler: ./functions/{NAME}
    image: example/{NAME}:1
    environment: {{max_inflight: "2"}}
    annotations:
      com.openfaas.retry.attempts: "2"
"""


def stack_file(folder: Path) -> Path:
    """Written to `folder`, with functions/ beside it."""
    file = stack_file_of(folder, lambda ours: ours.rstrip("\n") + "\n" + ENTRY)
    (folder / "functions" / NAME).symlink_to(Path(__file__).parent / NAME)
    return file
