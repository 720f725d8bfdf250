"""One file for each family of faults; importing this package registers them all."""

from tests.chaos.faults import intake, kills, leases, sagas, services
from tests.chaos.outcome import FAULTS

__all__ = ["FAULTS", "intake", "kills", "leases", "sagas", "services"]
