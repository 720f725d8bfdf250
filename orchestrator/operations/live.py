"""Live parts of pages: a partial is sent again only when it differs from what the browser shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page instead of the browser for all of it."""
    details = getattr(request, "htmx", None)
    return isinstance(details, HtmxDetails) and bool(details)


def live_part(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """The rendered partial with an ETag, or 304 when the browser has it.

    The partial must hold no CSRF token, which differs each time.
    """
    html = render_to_string(template, dict(context), request=request)
    etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'
    same = request.headers.get("If-None-Match") == etag
    response = HttpResponseNotModified() if same else HttpResponse(html)
    response["ETag"] = etag
    patch_vary_headers(response, ["HX-Request"])
    return response
