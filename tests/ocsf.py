"""The schema of OCSF: what an event of each class may and must have."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.5.0"


@cache
def schema(version: str = VERSION) -> OcsfJsonSchemaEmbedded:
    """The whole schema of a version."""
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version))


@cache
def _validator(class_uid: int, version: str) -> Draft202012Validator:
    name = schema(version).lookup_class_name_from_uid(class_uid)
    return Draft202012Validator(schema(version).get_class_schema(name))


def attributes(class_uid: int) -> dict[str, Any]:
    """The attributes that a class has without profiles."""
    return schema().get_class_schema(schema().lookup_class_name_from_uid(class_uid))["properties"]


def captions(class_uid: int) -> tuple[str, dict[int, str]]:
    """The name of a class, and the names of its activities by number."""
    found = schema().schema.schema["classes"][schema().lookup_class_name_from_uid(class_uid)]
    activities = found["attributes"]["activity_id"]["enum"]
    return found["caption"], {int(number): one["caption"] for number, one in activities.items()}


def faults(events: Iterable[Mapping[str, Any]], version: str = VERSION) -> list[str]:
    """What is wrong with events, one line each."""
    return [
        f"{event['metadata'].get('event_code')} ({event['class_uid']}): "
        f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}"
        for event in events
        for fault in _validator(event["class_uid"], version).iter_errors(event)
    ]
