"""The example of docs/workflow-as-code.md does what the page says."""

from __future__ import annotations

import re
import sys
from types import ModuleType

import pytest

from orchestrator.sdk import Machine, MachineError
from tests.statechart.support import ROOT

PAGE = (ROOT / "docs" / "workflow-as-code.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n# (\S+)\.py\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The modules of the page; gives the last one."""
    monkeypatch.setattr("orchestrator.sdk.activities._REGISTRY", {})
    made = ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", made)
    for path, text in BLOCKS:
        made = ModuleType(path.replace("/", "."))
        monkeypatch.setitem(sys.modules, made.__name__, made)
        exec(compile(text, f"{path}.py", "exec"), vars(made))
    return made


def test_the_example_can_be_published(shop: ModuleType) -> None:
    chart = shop.order.chart()
    assert list(chart.states) == ["placed", "reserving", "done", "cancelled"]
    assert chart.states["reserving"].activities[0].input["callable"] == "reserve_stock"


def test_a_wrong_target_is_told_as_the_page_shows(shop: ModuleType) -> None:
    order: Machine = shop.order
    order.state("more").on("x", "resreving")
    with pytest.raises(MachineError, match=r"The target “resreving” does not exist\. Choose a state that exists\."):
        order.chart()
