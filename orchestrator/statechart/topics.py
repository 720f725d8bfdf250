"""What topics may be called: the names are routing keys of brokers and parts of addresses as well."""

from __future__ import annotations

import re

MAX_NAME = 200  # characters of an event type or a key
TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
TOPIC_RULE = "must be a name of at most 100 letters, digits, “.”, “_” and “-” that begins with a letter or digit"
