"""Print the JSON Schema of what is sent: ``python -m insight_sessions_webhook.schema``."""

import json
import sys

from insight_sessions_webhook.payload import schema


def schema_text() -> str:
    """The JSON Schema as text, the same each time."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
