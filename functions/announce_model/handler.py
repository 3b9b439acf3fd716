"""announce-model: tells webhooks where an alias points from now on, and MLflow of all versions.

Each target is told beside the others, so none waits for one that is late. What one did not take is
tried again by the queue. The others may be told again then: receivers know an event by its id, and
MLflow's registry is asked what it has.
"""

import asyncio
import os

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.http import mlflow, webhooks
from faastraingym.adapters.settings import mlflow_settings, webhook_settings
from faastraingym.adapters.stage.stage import stage
from faastraingym.events.models import mirror
from faastraingym.events.models.announcement import event
from faastraingym.events.models.registry import Registry
from faastraingym.events.ports import Messages, Services, Unavailable
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import ModelPromoted, ModelRegistered
from faastraingym.schemas.models import Named

Received = ModelRegistered | ModelPromoted


@stage(ModelRegistered, ModelPromoted)
async def handle(message: Received, services: Services) -> Messages:
    """Nothing is published: every target has it, or the delivery is tried again."""
    registry = Registry(services.objects, services.bucket)
    told = await asyncio.gather(
        _webhooks(message, registry), _mlflow(message, registry), return_exceptions=True
    )
    troubles = [each for each in told if isinstance(each, BaseException)]
    again = [each for each in troubles if isinstance(each, Unavailable)]
    if again:  # before what no attempt can help, which ends the delivery
        raise Unavailable("; ".join(map(str, again)))
    if troubles:
        raise troubles[0]
    return []


async def _webhooks(message: Received, registry: Registry) -> None:
    if not isinstance(message, ModelPromoted):
        return
    try:
        settings = webhook_settings(os.environ)
    except SettingsError as error:  # trying again cannot help; a replay after the repair can
        raise RunFault(str(error)) from error
    if not settings.urls:
        return
    version = await registry.find(Named(message.model, version=message.version))
    move = await registry.move(message.model, message.alias, message.number)
    await webhooks.tell(settings, event(message, move, version))


async def _mlflow(message: Received, registry: Registry) -> None:
    try:
        server = mlflow_settings(os.environ)
    except SettingsError as error:
        raise RunFault(str(error)) from error
    if server is None:
        return
    model, bucket = message.model, message.manifest.bucket
    async with mlflow.connected(server) as target:
        if isinstance(message, ModelPromoted):
            await mirror.promoted(registry, target, model, message.alias, bucket)
        else:
            await mirror.registered(registry, target, model, bucket)
