"""announce-model: tells the operator's webhooks that an alias of a model points to another version.

A delivery that a webhook did not take is tried again by the queue, with the same event id and the
same bytes; a replica that dies in between sends the event twice. Receivers know it by its id.
"""

import os

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.http import webhooks
from faastraingym.adapters.settings import webhook_settings
from faastraingym.adapters.stage.stage import stage
from faastraingym.events.models.announcement import event
from faastraingym.events.models.registry import Registry
from faastraingym.events.ports import Messages, Services
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import ModelPromoted
from faastraingym.schemas.models import Named


@stage(ModelPromoted)
async def handle(promoted: ModelPromoted, services: Services) -> Messages:
    """Nothing is published: the webhooks have it, or the delivery is tried again."""
    try:
        settings = webhook_settings(os.environ)
    except SettingsError as error:  # trying again cannot help; a replay after the repair can
        raise RunFault(str(error)) from error
    if not settings.urls:
        return []
    registry = Registry(services.objects, services.bucket)
    version = await registry.find(Named(promoted.model, version=promoted.version))
    move = await registry.move(promoted.model, promoted.alias, promoted.number)
    await webhooks.tell(settings, event(promoted, move, version))
    return []
