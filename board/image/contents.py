"""`python -m board.image.contents`: lists what an image holds, with licences, as SPDX 2.3.

It reads what the build has at hand: the lists of Debian's packages (`status`, beside a folder
`copyright`), the wheels' metadata and the project's own. The same contents give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import Parser
from hashlib import sha256
from pathlib import Path
from typing import Any

from board.image.licences import NO_ASSERTION, of_debian, of_wheel

IMAGE = "SPDXRef-image"
REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """One thing that is in the image; `locator` is its package URL."""

    name: str
    version: str
    licence: str
    locator: str
    supplier: str = NO_ASSERTION

    @property
    def identity(self) -> str:
        """What the document calls it."""
        kind = self.locator.split("/")[0].removeprefix("pkg:")
        return "SPDXRef-" + re.sub("[^A-Za-z0-9.-]", "-", f"{kind}-{self.name}")

    def entry(self) -> dict[str, Any]:
        """Return it as SPDX writes it."""
        locator = {
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": self.locator,
        }
        return {
            "SPDXID": self.identity,
            "name": self.name,
            "versionInfo": self.version,
            "supplier": self.supplier,
            "downloadLocation": NO_ASSERTION,
            "filesAnalyzed": False,
            "licenseConcluded": NO_ASSERTION,
            "licenseDeclared": self.licence,
            "copyrightText": NO_ASSERTION,
            "externalRefs": [locator],
        }


def debian_packages(folder: Path) -> Iterator[Package]:
    """Yield what a folder's `status` says is there."""
    for paragraph in (folder / "status").read_text(errors="replace").split("\n\n"):
        fields = Parser().parsestr(paragraph)
        if not fields.get("Status", "").startswith("install ok"):
            continue
        name, version = fields["Package"], fields["Version"]
        told = folder / "copyright" / name
        yield Package(
            name,
            version,
            of_debian(told.read_text(errors="replace")) if told.exists() else NO_ASSERTION,
            f"pkg:deb/debian/{name}@{version}?arch={fields['Architecture']}",
            f"Organization: {fields['Maintainer']}" if fields["Maintainer"] else NO_ASSERTION,
        )


def wheels(folder: Path) -> Iterator[Package]:
    """Yield the Python packages of a folder."""
    for file in folder.glob("*.dist-info/METADATA"):
        fields = Parser().parsestr(file.read_text(), headersonly=True)
        name, version = fields["Name"], fields["Version"]
        yield Package(name, version, of_wheel(fields), f"pkg:pypi/{name.lower()}@{version}")


def project(file: Path) -> Package:
    """Return the application itself."""
    table = tomllib.loads(file.read_text())["project"]
    name, version = table["name"], table["version"]
    return Package(name, version, NO_ASSERTION, f"pkg:generic/{name}@{version}")


def document(packages: list[Package], moment: datetime) -> dict[str, Any]:
    """Return the whole list."""
    entries = [package.entry() for package in sorted(packages)]
    mark = sha256(json.dumps(entries).encode()).hexdigest()
    own = sorted({name for each in packages for name in REFERENCE.findall(each.licence)})
    image = {
        "SPDXID": IMAGE,
        "name": "handset.img",
        "downloadLocation": NO_ASSERTION,
        "filesAnalyzed": False,
    }
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "handset.img",
        "documentNamespace": f"https://spdx.org/spdxdocs/handset-{mark}",
        "creationInfo": {
            "created": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: handset-image"],
        },
        "packages": [image, *entries],
        "hasExtractedLicensingInfos": [
            {"licenseId": name, "extractedText": "As the package's copyright file says."}
            for name in own
        ],
        "relationships": [
            _relation("SPDXRef-DOCUMENT", "DESCRIBES", IMAGE),
            *(_relation(IMAGE, "CONTAINS", entry["SPDXID"]) for entry in entries),
        ],
    }


def _relation(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def main() -> None:
    """Print the list."""
    parser = argparse.ArgumentParser(prog="python -m board.image.contents", description=__doc__)
    parser.add_argument("debian", type=Path, nargs="+", metavar="FOLDER", help="status, copyright/")
    parser.add_argument("--wheels", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--project", type=Path, required=True, metavar="FILE")
    parser.add_argument("--epoch", type=int, required=True, metavar="SECONDS")
    given = parser.parse_args()
    packages = [project(given.project), *wheels(given.wheels)]
    for folder in given.debian:
        packages += debian_packages(folder)
    print(json.dumps(document(packages, datetime.fromtimestamp(given.epoch, UTC)), indent=1))


if __name__ == "__main__":
    main()
