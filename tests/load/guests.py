"""A stack.yml like ours with a user's own function, `guest`, which admits anybody."""

from pathlib import Path

from embedded.settings import CHECKOUT

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
    functions = folder / "functions"
    functions.mkdir(parents=True)
    for path in (CHECKOUT / "functions").iterdir():
        if path.name != "__pycache__":
            (functions / path.name).symlink_to(path)
    (functions / NAME).symlink_to(Path(__file__).parent / NAME)
    file = folder / "stack.yml"
    file.write_text((CHECKOUT / "stack.yml").read_text().rstrip("\n") + "\n" + ENTRY)
    return file
