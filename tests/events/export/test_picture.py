"""docs/pipeline.svg shows the whole flow; that it is current is held by test_asyncapi.py."""

from xml.etree import ElementTree

from faastraingym.events.export.picture import COLUMNS, X, svg
from faastraingym.events.pipeline import flow
from faastraingym.schemas.messages import tag

SVG = "{http://www.w3.org/2000/svg}"
PICTURE = ElementTree.fromstring(svg())  # noqa: S314  our own
TEXTS = [element.text for element in PICTURE.iter(f"{SVG}text")]


def test_each_message_and_each_participant_is_named_once() -> None:
    for name in COLUMNS:
        assert TEXTS.count(name) == 1 + (name == "update-policy")  # a command's name, too
    for part, lines in flow.FLOW.items():
        assert TEXTS.count(part) == 1
        for line in lines:
            shown = flow.EVERY_STAGE not in line.senders
            assert (tag(line.message) in TEXTS) == shown


def test_an_arrow_leads_from_each_sender_to_each_receiver() -> None:
    at = {text.text: int(text.attrib["y"]) - 4 for text in PICTURE.iter(f"{SVG}text")}
    arrows = {
        (int(line.attrib["y1"]), int(line.attrib["x1"]), int(line.attrib["x2"]))
        for line in PICTURE.iter(f"{SVG}line")
        if line.attrib.get("class")
    }
    y = at["collect-rollout"]
    to = X["rollout"] + 6  # before the arrow's head
    assert {(y, X["update-policy"], to), (y, X["plan-update"], to)} <= arrows
    assert not [arrow for arrow in arrows if arrow[0] == at["report.written"]]
