"""The list of an image's contents: licences in SPDX's words; the same contents, the same bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.parser import Parser
from pathlib import Path

import pytest

from board.image.contents import Package, debian_packages, document, project, wheels
from board.image.licences import of_debian, of_wheel

ROOT = Path(__file__).parents[3]
MOMENT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)

DEP_5 = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+

Files: a
License: Expat or Apache-2.0

Files: b
License: Own-Words
 Do as you like.
"""

STATUS = """Package: here
Status: install ok installed
Maintainer: A Person <person@example.org>
Architecture: arm64
Version: 1:2.0-3
Description: one
 line: of prose

Package: gone
Status: deinstall ok config-files
Architecture: arm64
Version: 1
"""


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (DEP_5, "(Apache-2.0 OR MIT) AND GPL-2.0-or-later AND LicenseRef-Own-Words"),
        ("License: LGPL-2.1\n", "LGPL-2.1-only"),
        ("License: GPL-3+ and BSD-3-clause\n", "(BSD-3-Clause AND GPL-3.0-or-later)"),
        ("see /usr/share/common-licenses/GPL-2.\n", "GPL-2.0-only"),
        ("Nobody knows.\n", "NOASSERTION"),
    ],
)
def test_the_licences_of_a_debian_package(text: str, licence: str) -> None:
    assert of_debian(text) == licence


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT AND Zlib\nLicense: other\n", "MIT AND Zlib"),
        ("Classifier: License :: OSI Approved :: MIT License\n", "MIT"),
        ("License: ISC\n", "ISC"),
        ("License: one\n two\n", "NOASSERTION"),
        ("Name: x\n", "NOASSERTION"),
    ],
)
def test_the_licence_of_a_wheel(metadata: str, licence: str) -> None:
    assert of_wheel(Parser().parsestr(metadata)) == licence


def test_what_dpkg_and_the_wheels_say_is_there(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    (tmp_path / "copyright").mkdir()
    (tmp_path / "copyright" / "here").write_text("License: ISC\n")
    assert list(debian_packages(tmp_path)) == [
        Package(
            *("here", "1:2.0-3", "ISC", "pkg:deb/debian/here@1:2.0-3?arch=arm64"),
            supplier="Organization: A Person <person@example.org>",
        )
    ]
    (tmp_path / "Wheel-1.dist-info").mkdir()
    (tmp_path / "Wheel-1.dist-info" / "METADATA").write_text("Name: Wheel\nVersion: 1\n")
    assert list(wheels(tmp_path)) == [Package("Wheel", "1", "NOASSERTION", "pkg:pypi/wheel@1")]


def test_the_list_is_the_same_for_the_same_contents() -> None:
    own = project(ROOT / "pyproject.toml")
    other = Package("other", "2", "LicenseRef-Own", "pkg:pypi/other@2")
    text = json.dumps(document([other, own], MOMENT))
    assert text == json.dumps(document([own, other], MOMENT))
    told = json.loads(text)
    assert [each["name"] for each in told["packages"]] == ["handset.img", "handset", "other"]
    assert [each["licenseId"] for each in told["hasExtractedLicensingInfos"]] == ["LicenseRef-Own"]
    inside = [each["relatedSpdxElement"] for each in told["relationships"]]
    assert inside == ["SPDXRef-image", "SPDXRef-generic-handset", "SPDXRef-pypi-other"]
    assert told["creationInfo"]["created"] == "2026-11-26T09:30:00Z"
    assert len({each["SPDXID"] for each in told["packages"]}) == 3
