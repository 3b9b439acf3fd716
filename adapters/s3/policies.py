"""Roles as S3's own policy documents: AWS, MinIO and SeaweedFS read the same.

`python -m faastraingym.adapters.s3.policies [BUCKET]` prints them, by role, as one JSON object.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from faastraingym.events.topology.roles import ROLES, SUPERVISOR, Role

GET, PUT, DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"
BUCKET = ("s3:ListBucket", "s3:GetBucketLocation")  # most clients ask for the second one first


def policy(rights: Role, bucket: str) -> dict[str, Any]:
    """The document that allows a role its rights, and nothing else."""
    return {"Version": "2012-10-17", "Statement": list(_statements(rights, bucket))}


def policies(bucket: str) -> dict[str, dict[str, Any]]:
    """By role, of those that use the store. The supervisor is the store's owner."""
    used = {name: role for name, role in ROLES.items() if role.stores and name != SUPERVISOR}
    return {name: policy(role, bucket) for name, role in used.items()}


def _statements(rights: Role, bucket: str) -> Iterator[dict[str, Any]]:
    if rights.reads:  # without the right to list, AWS and MinIO answer 403 for a 404
        yield _allow(BUCKET, [f"arn:aws:s3:::{bucket}"])
    for action, keys in ((GET, rights.reads), (PUT, rights.writes), (DELETE, rights.deletes)):
        if keys:
            yield _allow([action], [f"arn:aws:s3:::{bucket}/{key}" for key in keys])


def _allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


if __name__ == "__main__":
    print(json.dumps(policies(sys.argv[1] if len(sys.argv) > 1 else "faastraingym"), indent=2))
