"""The order in which people wait: a persistent, ordered set of arrival numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rpds import HashTrieMap

_BITS = 10
_MASK = (1 << _BITS) - 1


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


_NO_BLOCKS: Final[HashTrieMap[int, int]] = HashTrieMap()


@dataclass(frozen=True, slots=True)
class Queue:
    """Numbers in ascending order; adding and removing give a new queue and copy almost nothing.

    Kept as blocks of 1,024 bits, found through a bit set of the blocks that are not empty, so that
    the cost does not grow with the number of people (100,000 waiting are 98 blocks).
    """

    _blocks: HashTrieMap[int, int] = _NO_BLOCKS
    _filled: int = 0

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Queue:
        """A queue of these numbers."""
        blocks: dict[int, int] = {}
        for number in numbers:
            block = number >> _BITS
            blocks[block] = blocks.get(block, 0) | 1 << (number & _MASK)
        return cls(HashTrieMap(blocks), sum(1 << block for block in blocks))

    def add(self, number: int) -> Queue:
        """With that number in it."""
        block = number >> _BITS
        bits = self._blocks.get(block, 0) | 1 << (number & _MASK)
        return Queue(self._blocks.insert(block, bits), self._filled | 1 << block)

    def discard(self, number: int) -> Queue:
        """Without that number."""
        block = number >> _BITS
        bits = self._blocks.get(block, 0)
        left = bits & ~(1 << (number & _MASK))
        if left == bits:
            return self
        if left:
            return Queue(self._blocks.insert(block, left), self._filled)
        return Queue(self._blocks.remove(block), self._filled & ~(1 << block))

    def __iter__(self) -> Iterator[int]:
        filled = self._filled
        while filled:
            block = _lowest(filled)
            filled &= filled - 1
            bits = self._blocks[block]
            while bits:
                yield (block << _BITS) + _lowest(bits)
                bits &= bits - 1

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self._blocks.values())

    def __bool__(self) -> bool:
        return self._filled != 0
