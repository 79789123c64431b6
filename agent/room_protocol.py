"""The names that the worker and its clients know each other by in a room.

docs/room-protocol.md says what each carries; `lk.*` are LiveKit's own.
"""

TOPIC_CAPTIONS = "lk.transcription"
TOPIC_CHAT = "lk.chat"
TOPIC_TURN = "rejoinder.turn"
TOPIC_NOTICE = "rejoinder.notice"
TOPIC_SOURCE = "rejoinder.source"
TOPIC_COST = "rejoinder.cost"
TOPIC_VOICE = "rejoinder.voice"
TOPIC_CLONE = "rejoinder.clone"
TOPIC_TOOL = "rejoinder.tool"
TOPIC_PICTURE = "rejoinder.picture"
TOPIC_IMAGES = "images"
"""What LiveKit's own examples send pictures by."""
TOPIC_BUFFERED = "lk.agent.pre-connect-audio-buffer"
"""What a client has recorded before it was heard."""

# Attributes of a stream of captions.
SEGMENT = "lk.segment_id"
FINAL = "lk.transcription_final"
TRACK = "lk.transcribed_track_id"
LANGUAGE = "rejoinder.language"
CAPTION = "rejoinder.caption"
CAPTION_OF = "rejoinder.caption_of"
UNTRANSLATED = "rejoinder.untranslated"

# Attributes of a person, and what they may be set by: whoever is captioned or interpreted has both,
# the caller of a call the first.
SPEAKS = "rejoinder.speaks"
HEARS = "rejoinder.hears"
SET_LANGUAGE = "set_language"
CLONE_VOICE = "clone_voice"

# Who the agent is: an attribute of the agent's, and of the caller's who wants another one.
PERSONA = "rejoinder.persona"
PERSONA_TITLE = "rejoinder.persona_title"

SEES = "rejoinder.sees"
"""Of the agent: whether it looks at pictures."""
SET_PERSONA = "set_persona"
GET_PERSONAS = "get_personas"

# What the caller's client can ask for in a call.
INTERRUPT = "interrupt"
GET_LATENCY = "get_latency"
TAKE_TURN = "take_turn"

# What is known of the caller from earlier calls: an attribute of the agent's, and procedures.
MEMORY = "rejoinder.memory"
GET_MEMORY = "get_memory"
SET_MEMORY = "set_memory"
CORRECT_MEMORY = "correct_memory"
DELETE_MEMORY = "delete_memory"

# Attributes of the agent.
ANSWERED_BY = "rejoinder.answered_by"
"""Of a call out: `voicemail`, when one has taken it."""
STATE = "lk.agent.state"
SERVES = "rejoinder.serves"
"""Identity of who is listened to, once there was more than one person."""
MODE = "rejoinder.mode"
RECORDED = "rejoinder.recorded"
CLONING = "rejoinder.cloning"
STT = "rejoinder.stt"
LLM = "rejoinder.llm"
TTS = "rejoinder.tts"

# In the metadata of the agent.
BEAT = "rejoinder.beat"
HISTORY = "rejoinder.history"
