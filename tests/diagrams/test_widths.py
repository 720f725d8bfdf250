"""Words are as wide as they were measured, in whatever font the browser sets them."""

from __future__ import annotations

import pytest

from orchestrator.diagrams.measure import BADGE, EVENT, MARK, REGION, TITLE, Font, tabular_width, width
from orchestrator.diagrams.render import Overlay, render_svg
from tests.diagrams.charts import activity, chart, state, way
from tests.diagrams.watched import CSS, Watched
from tests.support import needs_chromium

pytestmark = needs_chromium
SAMPLES = {
    "Latin": ("Awaiting payment", "WWWW MMMM", "illicit fill-in 1111", "event.amount >= context.total && x[0] != 'y'"),
    "accented Latin": ("Zażółć gęślą jaźń", "Őrült Čeština žluťoučký", "Tiếng Việt đẹp", "ÀÉÎÕÜ ßñç"),
    "Cyrillic": ("Ожидание оплаты", "Выполнение заказа", "Щедрый жёлтый ШЩЖЮ", "Українська їжак ґедзь"),
    "Greek": ("Αναμονή πληρωμής", "Ολοκλήρωση παραγγελίας", "ΩΜΈΓΑ ΨΗΦΊΟ"),
    "Han": ("等待付款", "订单处理"),
    "Kana": ("まつしはらい", "カートにいれる"),
    "Hangul": ("주문처리대기", "결제완료"),
    "Arabic": ("في انتظار الدفع", "تنفيذ الطلب"),
    "Hebrew": ("ממתין לתשלום", "ביצוע ההזמנה"),
    "Armenian": ("Սպասում վճարման", "Պատվերի կատարում"),
    "Georgian": ("გადახდის მოლოდინი", "შეკვეთის შესრულება"),
    "Devanagari": ("भुगतान की प्रतीक्षा", "आदेश पूर्ति"),
    "Thai": ("รอการชำระเงิน", "ดำเนินการสั่งซื้อ"),
    "emoji": ("🙂🚀", "👍😀🎉"),
    "signs": ("→ ≥ ∞ … — “” €", "✓ ★ ← ↑"),
}
FONTS: dict[str, tuple[str, Font]] = {  # classes of the group and of the text, and the font they are measured in
    "title": ("sb-state sb-name", TITLE),
    "title of a box": ("sb-cluster sb-ctitle", TITLE),
    "title of a region": ("sb-cluster sb-rtitle", REGION),
    "mark": ("sb-state sb-sub", MARK),
    "event": ("sb-label sb-ev", EVENT),
    "guard": ("sb-label sb-gd", MARK),
    "badge": ("sb-badge sb-words", BADGE),
}
LEAST_SHARE = 0.9
MEASURE = """async ([samples, css]) => {
  await Promise.all(['400 11px', '600 13px'].map(font => document.fonts.load(font + ' Inter')));
  const svg = document.querySelector('svg'), found = {};
  for (const [part, [group, own]] of Object.entries(css)) for (const sample of samples) {
    svg.innerHTML = `<g class="${group}"><text class="${own}"></text></g>`;
    const text = svg.querySelector('text');
    text.textContent = sample;
    found[part + '|' + sample] = text.getComputedTextLength();
  }
  return found;
}"""
LACKING = """letters => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 40, height: 40});
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.font = '24px Inter, system-ui, sans-serif';
  const look = letter => {
    context.clearRect(0, 0, 40, 40);
    context.fillText(letter, 4, 30);
    return context.canvas.toDataURL();
  };
  const [unassigned, noncharacter] = ['\\u0378', '\\u{1fffe}'].map(look);
  return letters.filter(letter => [unassigned, noncharacter].includes(look(letter)));
}"""


@pytest.mark.parametrize("script", SAMPLES)
def test_a_text_is_measured_at_no_less_than_nine_tenths_of_what_the_browser_takes(
    watched: Watched, script: str
) -> None:
    page = watched.show('<svg class="sb-diagram" width="900" height="90"></svg>', CSS)
    samples = SAMPLES[script]
    if lacking := page.evaluate(
        LACKING, sorted({letter for sample in samples for letter in sample if letter.isprintable()} - {" "})
    ):
        pytest.skip(f"the browser has no font for {script}: {' '.join(lacking)}")
    taken = page.evaluate(MEASURE, [samples, {part: css.split() for part, (css, _) in FONTS.items()}])
    shares = {
        (part, sample): round(
            (tabular_width if part == "badge" else width)(sample, font) / taken[f"{part}|{sample}"], 3
        )
        for part, (_, font) in FONTS.items()
        for sample in samples
    }
    assert {place: share for place, share in shares.items() if share < LEAST_SHARE} == {}


OVERFLOWING = """() => {
  const found = [];
  for (const group of document.querySelectorAll('.sb-state:not(.sb-history), .sb-label, .sb-badge, .sb-cluster')) {
    const box = group.querySelector('.sb-box, .sb-halo, :scope > rect').getBBox();
    for (const text of group.querySelectorAll('text')) {
      const {x, width} = text.getBBox();
      if (x < box.x - 1 || x + width > box.x + box.width + 1) found.push(text.textContent);
    }
  }
  return found;
}"""


def test_no_words_of_any_script_leave_their_box_in_a_drawing(watched: Watched) -> None:
    made = []
    for samples in SAMPLES.values():
        long, short = " ".join(samples), samples[0]
        first = state(
            "a", short, way("on", long, "b", guard=long), way("on", short), activities=(activity("a", long, 5, short),)
        )
        inner = state("d", long, way("after", short, "a"))
        made.append(
            chart(short, "a", first, state("b", long, children=("c", "d"), initial="c"), state("c", short), inner)
        )
    badges = {"a": (("stuck", "6 h 12 min"), ("bad", "111,111,111"), ("wait", "Ожидание 12")), "d": (("act", "1,204"),)}
    page = watched.show(
        "".join(render_svg(one, Overlay(badges=badges), prefix=f"p{i}") for i, one in enumerate(made)), CSS
    )
    page.evaluate("document.fonts.ready.then(() => true)")
    assert page.evaluate(OVERFLOWING) == []
