"""The REST API under /api/v1, its documentation at /api/v1/docs. What is not found answers in the API's own shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from orchestrator.api import errors, instances, lifecycle, machines, schedules, tasks
from orchestrator.api.strict_json import StrictParser
from orchestrator.api.tokens import TokenAuth

DESCRIPTION = (
    "Start instances and send them events. Every request carries `Authorization: Bearer <token>`; "
    "`manage.py token --user NAME --name NAME` makes one. An answer to a write comes after the commit."
)
View = Callable[..., HttpResponse]

api = NinjaAPI(
    title="Signalbox",
    version="1",
    description=DESCRIPTION,
    auth=TokenAuth(),
    parser=StrictParser(),
    urls_namespace="api",
)
api.add_router("/machines", machines.router)
api.add_router("/machines", schedules.router)
api.add_router("/schedules", schedules.rules)
api.add_router("/machines", lifecycle.machines)
api.add_router("/instances", instances.router)
api.add_router("/instances", lifecycle.instances)
api.add_router("/tasks", tasks.router)
errors.install(api)


def _in_shape(view: View) -> View:
    """A wrong method is answered by ninja in plain text; give it the shape of every other refusal."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        shaped = errors.plain(405)
        shaped["Allow"] = response.get("Allow", "")
        return shaped

    return answer


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:
    return errors.plain(404)


_patterns, _app_name, _namespace = api.urls
for _pattern in _patterns:
    if isinstance(_pattern, URLPattern):
        _pattern.callback = _in_shape(_pattern.callback)

app_name = "api"
urlpatterns = [*_patterns, re_path(r"^.*$", unknown_address, name="unknown")]
