"""Quick ways with the same results in place of moto's costliest ones.

moto lists its own folder twice a request to find which service a host belongs to; works out anew, for each member of
each resource of each answer, under which names an object may keep it; looks through every tag of a region for those of
one resource; and copies a whole region to stop one cluster. That was more than half of what a simulated AWS spent. What
is replaced here gives the same answers, byte by byte (`tests/estate/test_quick_moto.py`); whatever is not of the usual
form goes moto's own way.
"""

from __future__ import annotations

import copy
import re
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import xmltodict
from moto.core import responses as moto_responses
from moto.core import serialize as moto_serialize
from moto.core.utils import get_value
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.rds.models import DBCluster

if TYPE_CHECKING:
    from collections.abc import Mapping

# What is replaced is no part of moto's typed surface.
responses: Any = moto_responses
serialize: Any = moto_serialize
_moto_value = serialize.ResponseSerializer.get_value
_moto_tags: Any = TaggedEC2Resource.get_tags
_moto_methods = responses.method_names_from_class
_moto_backend: Any = DomainDispatcherApplication.get_backend_for_host
_PICKERS = (serialize.AttributePicker, serialize.XFormedAttributePicker)
_ABSENT = object()
_NAMES = "_lamplighter_names"
_PLAIN_ID = re.compile(r"[A-Za-z0-9-]+")


def quicken() -> None:
    """Replace them, in this process; to do it again changes nothing."""
    serialize.ResponseSerializer.get_value = picked_value
    serialize.xmltodict = SimpleNamespace(unparse=unparse)
    tagged: Any = TaggedEC2Resource
    tagged.get_tags = tags_of
    responses.method_names_from_class = cache(_moto_methods)
    dispatcher: Any = DomainDispatcherApplication
    # Hosts are few but for S3, where each bucket may have one.
    dispatcher.get_backend_for_host = lru_cache(maxsize=1000)(_moto_backend)
    cluster: Any = DBCluster
    cluster.__deepcopy__ = _itself


def picked_value(serializer: Any, value: Any, key: str, shape: Any) -> Any:
    """What a moto object has for a member of a shape; under which names it may stand is worked out once a class."""
    picker = serializer._value_picker  # noqa: SLF001 - moto keeps it there
    if type(picker) not in _PICKERS or picker.alias_providers is not serialize.DEFAULT_ALIAS_PROVIDERS:
        return _moto_value(serializer, value, key, shape)
    known = shape.__dict__.setdefault(_NAMES, {})
    at = (type(picker), type(value), key)
    names = known.get(at)
    if names is None:
        context = serialize.AttributePickerContext(value, key, shape)
        names = known[at] = tuple(dict.fromkeys(picker.get_possible_keys(context)))
    found = _first(value, names)
    if picker.response_transformers:
        path = f"{'.'.join(serializer.path)}.{key}"
        for end, transform in picker.response_transformers.items():
            if path.endswith(end):
                return transform(found)
    return found


def _first(value: Any, names: tuple[str, ...]) -> Any:
    if type(value) is dict:
        for name in names:
            if name in value:
                return value[name]
            if "." in name and (found := get_value(value, name, _ABSENT)) is not _ABSENT:
                return found
        return None
    for name in names:
        found = get_value(value, name, _ABSENT)
        if found is not _ABSENT:
            return found
    return None


def unparse(body: Mapping[str, Any], *, full_document: bool = True, pretty: bool = False, **more: Any) -> str:
    """An answer as XML, as `xmltodict.unparse` writes it with short empty elements."""
    if pretty or len(body) != 1 or more != {"short_empty_elements": True}:
        return str(xmltodict.unparse(body, full_document=full_document, pretty=pretty, **more))
    [(name, value)] = body.items()
    parts: list[str] = ['<?xml version="1.0" encoding="utf-8"?>\n'] if full_document else []
    try:
        _element(parts, name, value)
    except _Unusual:
        return str(xmltodict.unparse(body, full_document=full_document, pretty=pretty, **more))
    return "".join(parts)


class _Unusual(Exception):
    """Something that xmltodict is left to deal with."""


def _element(parts: list[str], name: str, value: Any) -> None:
    if type(value) is not dict:
        text = escape(_text(value))
        parts.append(f"<{_checked(name)}>{text}</{name}>" if text else f"<{_checked(name)}/>")
        return
    attributes: list[str] = []
    inner: list[str] = []
    for key, each in value.items():
        if not isinstance(key, str):
            raise _Unusual
        if key.startswith("@"):
            attributes.append(f" {_checked(key[1:])}={quoteattr(_text(each))}")
        elif key[:1] == "#":
            raise _Unusual
        elif type(each) is list:
            for one in each:
                _element(inner, key, one)
        else:
            _element(inner, key, each)
    opened = f"<{_checked(name)}{''.join(attributes)}"
    if inner:
        parts.append(f"{opened}>")
        parts += inner
        parts.append(f"</{name}>")
    else:
        parts.append(f"{opened}/>")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    kind = type(value)
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return str(value)
    raise _Unusual


@cache
def _checked(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][\w.:-]*", name):
        raise _Unusual
    return name


def tags_of(resource: Any) -> list[dict[str, str]]:
    """The tags of an EC2 resource."""
    id_ = resource.id
    if type(id_) is not str or not _PLAIN_ID.fullmatch(id_):
        found: list[dict[str, str]] = _moto_tags(resource)
        return found
    tags = resource.ec2_backend.tags.get(id_)
    if not tags:
        return []
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(id_), "")
    return [
        {"resource_id": id_, "key": key, "value": value, "resource_type": kind} for key, value in list(tags.items())
    ]


def _itself(cluster: DBCluster, _memo: object) -> DBCluster:
    """What moto copies to answer with the state before: the cluster's own attributes, not the region that it is in."""
    return copy.copy(cluster)
