"""Parts of the page of compared runs."""

from faastraingym.client.comparison_html import par


def test_what_is_to_be_typed_looks_like_it() -> None:
    """Text stays text: no run's name is HTML."""
    assert par("no target; `--target X` sets one") == (
        "<p>no target; <code>--target X</code> sets one</p>"
    )
    assert par("<b> & `<i>`") == "<p>&lt;b&gt; &amp; <code>&lt;i&gt;</code></p>"
    assert par("one ` alone") == "<p>one ` alone</p>"
