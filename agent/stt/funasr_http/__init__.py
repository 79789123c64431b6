"""Recognisers behind FunASR's and SenseVoice's HTTP servers: whole utterances."""
