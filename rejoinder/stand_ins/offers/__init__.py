"""What `rejoinder stand-in` starts, by name: how it is made, what reaches it, its faults."""

from collections.abc import Mapping

from rejoinder.stand_ins.offers.offer import RECORDED, RECORDING_HZ, Fault, Offer, Wanted
from rejoinder.stand_ins.offers.recognisers import RECOGNISERS
from rejoinder.stand_ins.offers.services import SERVICES
from rejoinder.stand_ins.offers.voices import VOICES

__all__ = ["OFFERS", "RECORDED", "RECORDING_HZ", "Fault", "Offer", "Wanted"]

OFFERS: Mapping[str, Offer] = {**SERVICES, **RECOGNISERS, **VOICES}
