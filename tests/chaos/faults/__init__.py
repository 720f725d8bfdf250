"""One file for each family of faults; importing this package registers them all."""

from tests.chaos.faults import database, deploy, intake, kills, leases, poison, sagas, schedule, services, shapes
from tests.chaos.outcome import FAULTS

__all__ = [
    "FAULTS",
    "database",
    "deploy",
    "intake",
    "kills",
    "leases",
    "poison",
    "sagas",
    "schedule",
    "services",
    "shapes",
]
