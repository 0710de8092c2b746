import pytest

from core.catalog.importing.prose import html_to_text, list_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>A <b>silk</b> dress</p><p>Long</p>", "A silk dress\nLong"),
        ("<ul><li>Silk</li><li>Lined</li></ul>", "• Silk\n• Lined"),
        ("Caf&eacute; &amp; bar", "Café & bar"),
        ("a<br/>b", "a\nb"),
        ("<style>p{}</style><script>x</script>Dress", "Dress"),
        ("sizes 36 < 38 > 34", "sizes 36 < 38 > 34"),
        ("plain\ntext", "plain\ntext"),
        ("<b>never closed", "never closed"),
    ],
)
def test_html_reads_as_a_person_sees_it(html, text):
    assert html_to_text(html) == text


def test_written_out_lists_become_lines():
    assert list_to_text("['nice', \"it's ok\"]") == "nice\nit's ok"
    assert list_to_text('["a", "b"]') == "a\nb"
    assert list_to_text("[sale] dress") == "[sale] dress"
    assert list_to_text("[__import__('os').getcwd()]") == "[__import__('os').getcwd()]"
