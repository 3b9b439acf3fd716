"""act: a policy of a run or a registered model answers observations with actions.

Nothing is kept between requests but what can be read again: what a recurrent policy remembers goes
out with the answer and comes back with the next request.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from faastraingym.adapters.stage import current
from faastraingym.adapters.stage.answering import AnsweringStage, Asked, Verb
from faastraingym.adapters.stage.policies import Policies
from faastraingym.algorithms.actors.answers import answer
from faastraingym.schemas.act import MOST_BODY, ActAnswer, ActRequest

AT_ONCE = 8  # requests that are decoded and wait for their policy, which bounds memory
ACTING = ThreadPoolExecutor(max_workers=1, thread_name_prefix="act")  # one at a time computes
# A policy's bytes times a request's, up to which no thread is asked: an answer takes some
# milliseconds at the most, and the way there and back takes as long as a small answer.
SMALL = 1 << 30


def answering(policies: Policies) -> AnsweringStage:
    """The function, with the policies that it keeps."""

    async def act(request: ActRequest, asked: Asked) -> ActAnswer:
        key = asked.body if request.key is None else request.key.encode()
        held = await policies.find(request.policy, asked.services, key, request.want)
        version = held.version
        current.acts(version.name)
        if version.size * len(asked.body) <= SMALL:
            found = answer(held.ready, request)
        else:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(ACTING, answer, held.ready, request)
        return ActAnswer(
            policy=version.name, sha256=version.sha256, actions=found.actions, **found.told
        )

    return AnsweringStage({"": Verb(ActRequest, ActAnswer, act)}, MOST_BODY, AT_ONCE)


handle = answering(Policies())
