"""The `icon` tag: one line icon out of the vendored sprite."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, classes: str = "icon-s") -> SafeString:
    """An `<svg>` that shows the sprite's symbol; hidden from readers, so the text beside it must speak."""
    sprite = static("vendor/lucide/sprite.svg")
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" aria-hidden="true"><use href="{}#{}"></use></svg>',
        classes,
        sprite,
        name,
    )
