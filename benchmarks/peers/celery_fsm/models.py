"""An order in ten states with a guard at each transition, and its history."""

from django.db import models
from django_fsm import FSMField, transition

STATES = 10


class Order(models.Model):
    state = FSMField(default="s0")
    data = models.JSONField(default=dict)
    updated = models.DateTimeField(auto_now=True)

    def __str__(self):
        return self.state

    def is_due(self):
        return self.data["amount"] > 100


def _step(at):
    def step(self):
        """Nothing but the transition."""

    step.__name__ = f"go_s{at}"
    way = {"source": f"s{at}", "target": f"s{(at + 1) % STATES}", "conditions": [Order.is_due]}
    return transition(field=Order._meta.get_field("state"), **way)(step)


for _at in range(STATES):
    setattr(Order, f"go_s{_at}", _step(_at))


class Log(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    event = models.CharField(max_length=20)
    source = models.CharField(max_length=20)
    target = models.CharField(max_length=20)
    payload = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.source} {self.target}"
