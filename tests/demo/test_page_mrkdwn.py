"""The page shows Slack's markup as Slack does, and lets nothing that was typed become the page's own."""

from datetime import UTC, datetime
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.local_slack.workspace import Workspace
from demo.page.mrkdwn import CantRender, mrkdwn, plain_text, plain_words
from tests.demo.drawn import Drawn

NAMES = Workspace(lambda: datetime(2026, 3, 4, 12, 5, tzinfo=UTC))
NOON = 1772625600
TAGS = {"a", "blockquote", "br", "code", "del", "em", "pre", "span", "strong", "time"}
MARKUP = st.lists(
    st.sampled_from(
        ["*", "_", "~", "`", "```", "<", ">", "&", ";", "\n", " ", "|", "a", "&gt;", "&amp;", ":x:", "\u2060"]
    )
    | st.sampled_from(
        ["<@U0MEGAN>", "<https://x.example|", "<javascript:alert(1)|x>", '"', "<script>", "!date^1^{time}|"]
    )
    | st.characters(),
).map("".join)


def mention(words: str) -> str:
    return f'<span class="sl-mention">{words}</span>'


def link(url: str, words: str) -> str:
    return f'<a href="{url}" target="_blank" rel="noopener noreferrer">{words}</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _italic_ ~gone~", "<strong>bold</strong> <em>italic</em> <del>gone</del>"),
        ("*bold _and italic_*", "<strong>bold <em>and italic</em></strong>"),
        ("_*both*_", "<em><strong>both</strong></em>"),
        ("(*bold*), *one* *two*", "(<strong>bold</strong>), <strong>one</strong> <strong>two</strong>"),
        ("*\u2068Adele Vance\u2069* · x", "<strong>\u2068Adele Vance\u2069</strong> · x"),
        ("*see <https://x.example/*a*|it>*", f"<strong>see {link('https://x.example/*a*', 'it')}</strong>"),
        ("`a *b* &lt;c&gt; :x:`", "<code>a *b* &lt;c&gt; :x:</code>"),
        ("`to <@U0MEGAN>`", f"<code>to {mention('@Megan Bowen')}</code>"),
        ("see\n```one\n  *two*```\nend", "see<pre>one\n  *two*</pre>end"),
        ("&gt; one\n>two\nend", "<blockquote>one<br>two</blockquote>end"),
        ("1 &gt; 0", "1 &gt; 0"),
        ("• one\n• two\n\nend", "• one<br>• two<br><br>end"),
        ("Tom &amp; Jerry &lt;3 &amp;lt; &quot;", "Tom &amp; Jerry &lt;3 &amp;lt; &amp;quot;"),
        ("<@U0MEGAN> <@U0MEGAN|meg> <@U0NOBODY>", f"{mention('@Megan Bowen')} " * 2 + mention("@U0NOBODY")),
        ("<#C0APPROVE> <#C0NOWHERE>", f"{mention('#id-approvals')} {mention('#C0NOWHERE')}"),
        ("<!subteam^S0SOC> <!subteam^S0NONE>", f"{mention('@soc-approvers')} {mention('@S0NONE')}"),
        ("<!here><!channel><!everyone>", mention("@here") + mention("@channel") + mention("@everyone")),
        ("<https://x.example/?a=1&amp;b=2|open *it*>", link("https://x.example/?a=1&amp;b=2", "open *it*")),
        ("<http://x.example>", link("http://x.example", "http://x.example")),
        ("<mailto:a@b.example>", link("mailto:a@b.example", "a@b.example")),
        ("<mailto:a@b.example|us>", link("mailto:a@b.example", "us")),
        (":white_check_mark: done :no_such_thing: 12:00:05", "✅ done :no_such_thing: 12:00:05"),
        ("", ""),
    ],
)
def test_markup_is_drawn_as_slack_does(text: str, html: str) -> None:
    assert mrkdwn(text, NAMES) == html


@pytest.mark.parametrize(
    "text",
    [
        "a*b*c",
        "snake_case_name",
        "* no *",
        "*",
        "**",
        "2 * 3 * 4",
        "*open",
        "*a\nb*",
        "`open",
        "a_b_@contoso.com",
        "__",
    ],
)
def test_marks_that_enclose_nothing_stay_as_typed(text: str) -> None:
    assert mrkdwn(text, NAMES) == text.replace("\n", "<br>")


@pytest.mark.parametrize("name", ["*bold*", "_it_", "~gone~", ":smile:"])
def test_a_mark_beside_a_word_joiner_stays_a_mark(name: str) -> None:
    """So the bot writes the marks of a name."""
    joined = "".join(f"\u2060{c}\u2060" if c in "*_~:" else c for c in name)
    assert mrkdwn(f"\u2068{joined}\u2069", NAMES) == f"\u2068{joined}\u2069"


def test_a_time_is_told_by_the_day_and_pointed_at_as_it_reads_without_slack() -> None:
    shown = mrkdwn(f"until <!date^{NOON}^{{time}} {{date_short_pretty}}|2026-03-04 12:00 &gt; UTC>", NAMES)
    opened = '<time datetime="2026-03-04T12:00:00+00:00" title="2026-03-04 12:00 &gt; UTC">'
    assert shown == f"until {opened}12:00 today</time>"


def test_a_time_can_be_a_link() -> None:
    shown = Drawn(mrkdwn(f"<!date^{NOON}^{{time}}^https://x.example/|noon>", NAMES))
    assert [tag for tag, _ in shown.elements] == ["a", "time"]
    assert shown.all("a")[0]["href"] == "https://x.example/"


def test_a_form_of_a_date_that_is_not_known_is_an_error() -> None:
    with pytest.raises(CantRender, match=r"^a date with \{date_long\}$"):
        mrkdwn(f"<!date^{NOON}^{{date_long}}|then>", NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "<javascript:alert(1)|x>",
        "<JavaScript:alert(1)>",
        "<data:text/html,x|x>",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<!date^1^{time}^javascript:alert(1)|x>",
        "<!nonsense>",
        "<!date^999999999999^{time}|no such year>",
    ],
)
def test_what_is_no_markup_of_slacks_is_shown_as_typed(text: str) -> None:
    assert mrkdwn(text, NAMES) == escape(text, quote=False)


def test_a_link_can_not_leave_its_attribute() -> None:
    shown = Drawn(mrkdwn('<https://x.example/"onclick="alert(1)|y">', NAMES))
    assert shown.one("a")["href"] == 'https://x.example/"onclick="alert(1)'
    assert set(shown.one("a")) == {"href", "target", "rel"}


@given(MARKUP)
def test_whatever_is_typed_makes_no_other_elements_and_no_script(text: str) -> None:
    try:
        shown = Drawn(mrkdwn(text, NAMES))
    except CantRender:
        return
    for tag, attributes in shown.elements:
        assert tag in TAGS
        assert set(attributes) <= {"href", "target", "rel", "class", "datetime", "title"}
        assert attributes.get("href", "https:").startswith(("https:", "http:", "mailto:"))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")))
def test_plain_text_reads_as_typed(text: str) -> None:
    assert Drawn(plain_text(text, emoji=False)).text == text
    assert plain_words(text, emoji=False) == text


def test_plain_text_has_no_markup_but_pictures() -> None:
    assert plain_text("*a* &amp; <@U0MEGAN>\n:tada: :nope:") == "*a* &amp;amp; &lt;@U0MEGAN&gt;<br>🎉 :nope:"
    assert plain_text(":tada:", emoji=False) == ":tada:"
    assert plain_words("a & b :tada:") == "a & b 🎉"
