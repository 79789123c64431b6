"""Messages of livekit-server's bus that are in no package for Python: of the bus, and of calls.

Only fields that are looked at. Source: livekit/psrpc 0.7 `internal.proto`, livekit/protocol
`rpc/sip.proto`.
"""

from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, duration_pb2, message_factory

_TYPES = {"string": 9, "bytes": 12, "int64": 3, "float": 2, "bool": 8}
_FIELDS: dict[str, dict[str, tuple[int, str]]] = {
    "internal.Msg": {"type_url": (1, "string"), "value": (2, "bytes")},
    "internal.Request": {
        "request_id": (1, "string"),
        "client_id": (2, "string"),
        "expiry": (4, "int64"),
        "raw_request": (8, "bytes"),
    },
    "internal.Response": {
        "request_id": (1, "string"),
        "server_id": (2, "string"),
        "sent_at": (3, "int64"),
        "error": (5, "string"),
        "code": (6, "string"),
        "raw_response": (7, "bytes"),
        "error_details": (8, "*google.protobuf.Any"),
    },
    "internal.ClaimRequest": {
        "request_id": (1, "string"),
        "server_id": (2, "string"),
        "affinity": (3, "float"),
    },
    "internal.ClaimResponse": {"request_id": (1, "string"), "server_id": (2, "string")},
    "rpc.InternalCreateSIPParticipantRequest": {
        "address": (2, "string"),
        "number": (3, "string"),
        "call_to": (4, "string"),
        "username": (5, "string"),
        "password": (6, "string"),
        "room_name": (7, "string"),
        "participant_identity": (8, "string"),
        "sip_call_id": (13, "string"),
        "participant_name": (14, "string"),
        "participant_attributes": (17, "*rpc.Attribute"),
        "ringing_timeout": (23, "google.protobuf.Duration"),
        "wait_until_answered": (29, "bool"),
    },
    # A map on the wire.
    "rpc.Attribute": {"key": (1, "string"), "value": (2, "string")},
    "rpc.InternalCreateSIPParticipantResponse": {
        "participant_id": (1, "string"),
        "participant_identity": (2, "string"),
        "sip_call_id": (3, "string"),
    },
    "rpc.InternalTransferSIPParticipantRequest": {
        "sip_call_id": (1, "string"),
        "transfer_to": (2, "string"),
    },
}


def _classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    for module in (any_pb2, duration_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    for package in ("internal", "rpc"):
        file = descriptor_pb2.FileDescriptorProto(
            name=f"testbed/{package}.proto", package=package, syntax="proto3"
        )
        file.dependency.extend(["google/protobuf/any.proto", "google/protobuf/duration.proto"])
        for full_name, fields in _FIELDS.items():
            owner, _, name = full_name.partition(".")
            if owner != package:
                continue
            described = file.message_type.add(name=name)
            for field_name, (number, kind) in fields.items():
                field = described.field.add(name=field_name, number=number)
                field.label = 3 if kind.startswith("*") else 1
                kind = kind.removeprefix("*")
                field.type = _TYPES.get(kind, 11)  # type: ignore[assignment]
                if kind not in _TYPES:
                    field.type_name = f".{kind}"
        pool.Add(file)
    return {
        name.rpartition(".")[2]: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
        for name in _FIELDS
    }


_CLASSES = _classes()
Msg: Any = _CLASSES["Msg"]
Request: Any = _CLASSES["Request"]
Response: Any = _CLASSES["Response"]
ClaimRequest: Any = _CLASSES["ClaimRequest"]
ClaimResponse: Any = _CLASSES["ClaimResponse"]
CreateParticipant: Any = _CLASSES["InternalCreateSIPParticipantRequest"]
Created: Any = _CLASSES["InternalCreateSIPParticipantResponse"]
Transfer: Any = _CLASSES["InternalTransferSIPParticipantRequest"]
