"""What a package says of its licences, in the words of SPDX.

Debian writes them into a copyright file, in the form of DEP-5 or in prose; Python's packages into
their metadata. A licence that SPDX has no name for is a `LicenseRef-` of its own words.
"""

from __future__ import annotations

import re
from email.message import Message

NO_ASSERTION = "NOASSERTION"

NAMES = {
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "bsd": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-3-clause license": "BSD-3-Clause",
    "bsd-4-clause": "BSD-4-Clause",
    "cc0": "CC0-1.0",
    "cc0-1.0": "CC0-1.0",
    "expat": "MIT",
    "hpnd": "HPND",
    "isc": "ISC",
    "mit": "MIT",
    "mit license": "MIT",
    "mpl-2.0": "MPL-2.0",
    "psf-2": "PSF-2.0",
    "python": "PSF-2.0",
    "unlicense": "Unlicense",
    "zlib": "Zlib",
}
"""By what Debian and Python's packages call them, in small letters."""

GNU = re.compile(r"(a?gpl|lgpl|gfdl)-?(\d)(?:\.(\d))?(\+?)")
FIELD = re.compile(r"^License: *(\S.*?) *$", re.MULTILINE)
COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z]+-?[0-9.]*[0-9])")
CLASSIFIER = re.compile(r"License :: OSI Approved :: (.*)")


def spdx_name(words: str) -> str:
    """Return SPDX's name of one licence: `GPL-2+` is `GPL-2.0-or-later`."""
    small = words.lower()
    if small in NAMES:
        return NAMES[small]
    if match := GNU.fullmatch(small):
        kind, major, minor, later = match.groups()
        return f"{kind.upper()}-{major}.{minor or 0}-{'or-later' if later else 'only'}"
    return f"LicenseRef-{re.sub('[^A-Za-z0-9.]+', '-', words).strip('-')}"


def of_debian(copyright_text: str) -> str:
    """Return the licences of a Debian copyright file, all of which hold for some of its files."""
    said = FIELD.findall(copyright_text) or COMMON.findall(copyright_text)
    terms = {_term(words) for words in said}
    return " AND ".join(sorted(terms)) or NO_ASSERTION


def _term(words: str) -> str:
    """Return one line of a copyright file: a licence, or a choice, or several."""
    choices = re.split(r" or ", words.replace(",", ""))
    parts = [sorted(map(spdx_name, re.split(r" and ", choice))) for choice in choices]
    text = " OR ".join(sorted({" AND ".join(part) for part in parts}))
    return f"({text})" if " " in text else text


def of_wheel(metadata: Message) -> str:
    """Return the licence of a Python package by its metadata."""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    for classifier in metadata.get_all("Classifier", []):
        if match := CLASSIFIER.fullmatch(str(classifier)):
            return spdx_name(match[1].split(" (")[0].removesuffix(" License"))
    words = str(metadata.get("License", "")).strip()
    return spdx_name(words) if words and "\n" not in words else NO_ASSERTION
