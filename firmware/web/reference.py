"""The page of the guide on metrics and API, generated from their tables (`make generated`)."""

from __future__ import annotations

from firmware.web.api import api_list
from firmware.web.metrics import metrics_list

PAGE = """\
# Metrics and API

Generated from the tables in `firmware/web/metrics.py` and `api.py` beside it by `make generated`.

Both are on the port of the web page, over HTTPS, for whoever shows the token that `token new` at
the console makes (`Authorization: Bearer ...`). The phone keeps its hash as `api token` (`sha256:`
and the SHA-256 of the token): the same line in the files of a fleet lets one token open all of it.

    curl --cacert phone.pem -H "Authorization: Bearer $TOKEN" https://phone/api/status
    curl ... -X PUT -H 'Content-Type: application/json' -d '{{"value": "2"}}' \\
        https://phone/api/parameters/ringer%20volume

## API

`/api/openapi.json` describes it for programs (OpenAPI 3.1).

{api}

## Metrics

OpenMetrics text. A number that is not known is not there. No label names a far end.

{metrics}
"""


def api_reference() -> str:
    """Return the page as Markdown."""
    return PAGE.format(api=api_list(), metrics=metrics_list())
