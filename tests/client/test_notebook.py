"""A followed run in a notebook; by IPython's own display, where it is installed."""

import pytest

from faastraingym.events.views.run import Watched
from faastraingym.schemas.messages import RunRequested
from tests.client.facts import RUN, SPEC, beginning, records

pytest.importorskip("IPython")


def test_one_output_is_drawn_again_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """As HTML whose texts are escaped, and as text for what shows no HTML."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import RichOutput

    from faastraingym.client.notebook import NotebookView

    shell = InteractiveShell.instance()
    shown: list[RichOutput] = []
    publish = shell.display_pub.publish

    def kept(data, metadata=None, **options):
        shown.append(RichOutput(data, metadata, **options))

    shell.display_pub.publish = kept
    try:
        with NotebookView(RUN) as view:
            run = Watched(run=RUN)
            for record in records(RunRequested(run=RUN, spec=SPEC), *beginning()):
                view.show(run.add([record]).view, record)
            view.notice("<b>the stack does not answer")
    finally:
        shell.display_pub.publish = publish
        InteractiveShell.clear_instance()
    assert len({output.transient["display_id"] for output in shown}) == 1
    assert [output.update for output in shown] == [False] + [True] * (len(shown) - 1)
    last = shown[-1].data
    assert '<progress value="0.5000" max="1">' in last["text/html"]
    assert "&lt;b&gt;the stack does not answer" in last["text/html"]
    assert "64 of 128 steps, return 20.00" in last["text/plain"]
