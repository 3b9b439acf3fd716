"""env-step: environments over HTTP. It keeps nothing that another replica could not make again.

A state travels with its caller, signed. A replica keeps the environments that it stepped, and goes
on with them when it is given the state that they are in; else it makes them anew from the state.
"""

import os
import secrets

from faastraingym.adapters.packages.choosing import choose, module_of
from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.settings import memory_mb
from faastraingym.adapters.stage import current
from faastraingym.adapters.stage.answering import AnsweringStage, Asked, Verb
from faastraingym.adapters.stage.isolated import imported
from faastraingym.adapters.stage.policies import Policies
from faastraingym.schemas import env_step as wire
from faastraingym.schemas.errors import SpecificationError

from . import states, tokens
from .apart import Apart
from .stepping import Stepping, refusal

PACKAGES = imported(os.environ)  # of the environments that this process steps, a child
# A replica and its children have one limit.
STEPPING, POLICIES = Stepping(memory_mb() // (2 if PACKAGES else 1)), Policies()
APART = Apart()


async def make(asked: wire.Make, by: Asked) -> wire.Made:
    """New environments."""
    content, about = await APART.do(STEPPING.make, asked, secrets.randbits(128), PACKAGES)
    return wire.Made(state=await _sealed(content, by), **about)


async def reset(asked: wire.Reset, by: Asked) -> wire.Begun:
    """New episodes."""
    content, begun = await APART.do(STEPPING.reset, await _opened(asked.state, by), asked)
    return wire.Begun(state=await _sealed(content, by), **begun._asdict())


async def step(asked: wire.Step, by: Asked) -> wire.Stepped:
    """Steps: by actions, or by a policy's."""
    content = await _opened(asked.state, by)
    if asked.policy is None:
        if STEPPING.is_quick(content, asked):  # the way to the thread and back takes as long
            content, played = STEPPING.step(content, asked, None)
        else:
            content, played = await APART.do(STEPPING.step, content, asked, None)
        return wire.Stepped(state=await _sealed(content, by), **played)
    held = await POLICIES.find(asked.policy, by.services, by.body, asked.want)
    name, sha256 = held.version.name, held.version.sha256
    current.acts(name)
    content, played = await APART.do(STEPPING.step, content, asked, held.ready)
    return wire.Stepped(state=await _sealed(content, by), policy=name, sha256=sha256, **played)


async def render(asked: wire.Render, by: Asked) -> wire.Rendered:
    """A frame."""
    return wire.Rendered(
        frame=await APART.do(STEPPING.render, await _opened(asked.state, by), asked)
    )


async def close(asked: wire.Close, by: Asked) -> wire.Closed:
    """What was kept is let go."""
    await APART.do(STEPPING.close, await _opened(asked.state, by))
    return wire.Closed()


async def packages(asked: wire.Make | wire.Reset | wire.Step, by: Asked) -> list[str]:
    """The packages of the environments: those that a new one's id stands for, else the state's."""
    if not isinstance(asked, wire.Make):
        told = tokens.opened(by.key(tokens.PURPOSE), by.caller, asked.state, by.now)
        return states.packages_of(told)
    if not module_of(asked.env_id):
        return []
    try:
        return choose(asked.env_id, await Library(by.services.bucket).records())
    except SpecificationError as error:
        raise refusal(error.problems[0]) from error


handle = AnsweringStage(
    {
        "make": Verb(wire.Make, wire.Made, make),
        "reset": Verb(wire.Reset, wire.Begun, reset),
        "step": Verb(wire.Step, wire.Stepped, step),
        "render": Verb(wire.Render, wire.Rendered, render),
        "close": Verb(wire.Close, wire.Closed, close),
    },
    wire.MOST_BODY,
    packages=packages,
)


async def _opened(state: str, by: Asked) -> bytes:
    told = tokens.opened(by.key(tokens.PURPOSE), by.caller, state, by.now)
    return await states.found(told, by.services.objects)


async def _sealed(content: bytes, by: Asked) -> str:
    told = await states.kept(content, by.services.objects, by.now, PACKAGES)
    return tokens.sealed(by.key(tokens.PURPOSE), by.caller, told, by.now)
