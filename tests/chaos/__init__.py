"""What Signalbox survives: every fault of the list against real services, in a short form and in full."""
