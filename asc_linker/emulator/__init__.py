"""App Store Connect in memory, on loopback: strict about requests, honest in its answers.

    key = ThrowawayKey.generate()
    with Emulator(example_world(), keys=[key]) as emulator:
        ...  # talk to emulator.url, signing with key.private_key

It checks tokens, parameters and bodies as Apple does, refuses what Apple refuses with Apple's
codes and texts, and has bad days when its script says so.
"""

from asc_linker.emulator.codec import WorldError
from asc_linker.emulator.example import example_world
from asc_linker.emulator.faults import Fault
from asc_linker.emulator.keys import ThrowawayKey
from asc_linker.emulator.server import Emulator, Received
from asc_linker.emulator.world import Key, World

__all__ = [
    "Emulator",
    "Fault",
    "Key",
    "Received",
    "ThrowawayKey",
    "World",
    "WorldError",
    "example_world",
]
