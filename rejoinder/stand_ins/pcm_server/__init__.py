"""Servers of voices where model weights would be: each speaks its engine's wire in tones.

    async with GptSovitsStandIn().serve() as server:
        ...  # a client of server.url

Delays and faults are fields that may be set between requests; each
server keeps a record of what it was asked (`rejoinder.stand_ins.pcm_server.base`).
"""

from rejoinder.stand_ins.pcm_server.base import VoiceStandIn
from rejoinder.stand_ins.pcm_server.chattts import ChatTTSStandIn
from rejoinder.stand_ins.pcm_server.cosyvoice import CosyVoiceStandIn
from rejoinder.stand_ins.pcm_server.f5_tts import F5SocketStandIn
from rejoinder.stand_ins.pcm_server.fish_speech import FishSpeechStandIn
from rejoinder.stand_ins.pcm_server.gpt_sovits import GptSovitsStandIn
from rejoinder.stand_ins.pcm_server.piper import PiperStandIn
from rejoinder.stand_ins.pcm_server.wyoming import WyomingStandIn

__all__ = [
    "ChatTTSStandIn",
    "CosyVoiceStandIn",
    "F5SocketStandIn",
    "FishSpeechStandIn",
    "GptSovitsStandIn",
    "PiperStandIn",
    "VoiceStandIn",
    "WyomingStandIn",
]
