"""Block maps as bmaptool makes them (format 2.0): which blocks of an image a card must have.

A range is a pair of the first block and the one behind the last, with the SHA-256 of its bytes.
The map protects itself: its own checksum is taken over the file with zeros in that place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from board.image.flash.error import FlashError

MAP_BYTES_MAX = 64 * 1024 * 1024
"""Half a million ranges: more than any image has."""

HEAD_BYTES = 1024 * 1024
"""The head of a card: what lies before the first partition. It is written last."""

PIECE_BYTES = HEAD_BYTES
"""What is read at once. Pieces begin where partitions may, and none is in the head in part."""

NUMBERS = {
    name: re.compile(rf"<{name}>\s*(\d+)\s*</{name}>".encode())
    for name in ("ImageSize", "BlockSize", "BlocksCount", "MappedBlocksCount")
}
CHECKSUM = re.compile(rb"<BmapFileChecksum>\s*([0-9a-f]{64})\s*</BmapFileChecksum>")
RANGE = re.compile(rb'<Range chksum="([0-9a-f]{64})">\s*(\d+)(?:-(\d+))?\s*</Range>')

BLOCK_BYTES = frozenset({512, 1024, 2048, 4096, 8192, 16384, 32768, 65536})

WRITTEN = """\
<?xml version="1.0" ?>
<bmap version="2.0">
    <ImageSize> {image_bytes} </ImageSize>
    <BlockSize> {block_bytes} </BlockSize>
    <BlocksCount> {blocks} </BlocksCount>
    <MappedBlocksCount> {mapped} </MappedBlocksCount>
    <ChecksumType> sha256 </ChecksumType>
    <BmapFileChecksum> {checksum} </BmapFileChecksum>
    <BlockMap>
{ranges}
    </BlockMap>
</bmap>
"""


@dataclass(frozen=True)
class Range:
    """Bytes of an image that a card must have, from `start` to before `end`."""

    start: int
    end: int
    sha256: str


@dataclass(frozen=True)
class BlockMap:
    """The ranges of an image, in their order."""

    image_bytes: int
    block_bytes: int
    ranges: tuple[Range, ...]

    @property
    def mapped_bytes(self) -> int:
        """How much there is to write."""
        return sum(one.end - one.start for one in self.ranges)

    def __str__(self) -> str:
        """The map as a file that bmaptool takes."""
        size = self.block_bytes
        values = {
            "image_bytes": self.image_bytes,
            "block_bytes": size,
            "blocks": -(-self.image_bytes // size),
            "mapped": sum(-(-(one.end - one.start) // size) for one in self.ranges),
            "ranges": "\n".join(_range(one, size) for one in self.ranges),
        }
        unsigned = WRITTEN.format(checksum="0" * 64, **values)
        return WRITTEN.format(checksum=hashlib.sha256(unsigned.encode()).hexdigest(), **values)

    def pieces(self) -> Iterator[tuple[Range, int, int]]:
        """Yield every range in pieces that end where a MiB does: range, start, end."""
        for one in self.ranges:
            start = one.start
            while start < one.end:
                end = min(one.end, (start // PIECE_BYTES + 1) * PIECE_BYTES)
                yield one, start, end
                start = end


def read_block_map(path: Path) -> BlockMap:
    """Read a map; FlashError says what is wrong with it."""
    if not path.is_file():
        raise FlashError(f"There is no block map {path.name} beside the image: both come together.")
    with path.open("rb") as file:
        data = file.read(MAP_BYTES_MAX + 1)
    found = CHECKSUM.search(data)
    if found is None or len(data) > MAP_BYTES_MAX:
        raise FlashError(f"{path.name} is no block map as bmaptool makes it, with SHA-256.")
    unsigned = data[: found.start(1)] + b"0" * 64 + data[found.end(1) :]
    if hashlib.sha256(unsigned).hexdigest().encode() != found[1]:
        raise FlashError(f"The block map {path.name} is damaged: its checksum is another one.")
    return _parsed(data, path.name)


def _parsed(data: bytes, name: str) -> BlockMap:
    numbers = {key: int(found[1]) for key, one in NUMBERS.items() if (found := one.search(data))}
    if len(numbers) < len(NUMBERS) or numbers["BlockSize"] not in BLOCK_BYTES:
        raise FlashError(f"{name} is no block map as bmaptool makes it, with SHA-256.")
    size, image_bytes = numbers["BlockSize"], numbers["ImageSize"]
    ranges = tuple(_ranges(data, size, image_bytes))
    block_map = BlockMap(image_bytes, size, ranges)
    ends = (0, *(one.end for one in ranges))
    in_order = all(end <= one.start < one.end for end, one in zip(ends, ranges, strict=False))
    mapped = sum(-(-(one.end - one.start) // size) for one in ranges)
    if not ranges or not in_order or mapped != numbers["MappedBlocksCount"]:
        raise FlashError(f"The block map {name} contradicts itself.")
    return block_map


def _ranges(data: bytes, block_bytes: int, image_bytes: int) -> Iterator[Range]:
    for checksum, first, last in RANGE.findall(data):
        end = (int(last or first) + 1) * block_bytes
        yield Range(int(first) * block_bytes, min(end, image_bytes), checksum.decode())


def _range(one: Range, block_bytes: int) -> str:
    first, last = one.start // block_bytes, -(-one.end // block_bytes) - 1
    return f'        <Range chksum="{one.sha256}"> {first}-{last} </Range>'
