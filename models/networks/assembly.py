"""Assembling a network of parts that are given by name: what a command line, or a config file, says."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from mcore.module import skeleton
from models import backbones, heads, necks
from models.backbones.base import Backbone
from models.heads.base import Head
from models.necks.base import Neck
from models.networks.backbone_head import BackboneHead
from models.utils import public_name

Parameters = Mapping[str, Any]


def assemble(
    *,
    backbone: str | Backbone,
    head: str | Head,
    neck: str | Neck | None = None,
    backbone_parameters: Parameters | None = None,
    head_parameters: Parameters | None = None,
    neck_parameters: Parameters | None = None,
) -> BackboneHead:
    """A network of the given parts, each made for the features of the one before it.

    All of it is built without weights first, so that what does not fit is refused before any weight takes memory or is read.
    Names are taken as :func:`models.utils.public_name` does: in other case too, where one public name alone is meant.

    Args:
        backbone: a public name of ``models.backbones``, or an object.
        head: a public name of ``models.heads``, or an object.
        neck: a public name of ``models.necks``, an object, or ``None``.
        backbone_parameters: of its constructor, where it is given by name.
        head_parameters: likewise; those that describe the features are filled in.
        neck_parameters: likewise.

    Raises:
        ValueError: no part has that name, a part does not take a parameter, its features are not those of the part before
            it, or parameters are given with an object or without a part. The text is one line.
    """

    def build() -> BackboneHead:
        made_backbone = _part("backbone", backbones, backbone, backbone_parameters)
        made_neck = None
        features = made_backbone
        if neck is not None:
            features = made_neck = _part("neck", necks, neck, neck_parameters, of=made_backbone)
        elif neck_parameters:
            raise ValueError("parameters were given for a neck, but no neck")
        made_head = _part("head", heads, head, head_parameters, of=features)
        return BackboneHead(backbone=made_backbone, neck=made_neck, head=made_head)

    with skeleton():
        build()
    return build()


def _part(role: str, home: ModuleType, part: Any, parameters: Parameters | None, *, of: Any = None) -> Any:
    """The part itself, or one built by name for the features that ``of`` gives."""
    if not isinstance(part, str):
        if parameters:
            raise ValueError(f"parameters were given for a {role} that is built already, a {type(part).__name__}")
        return part
    name = _public_name(role, home, part)
    described = {"in_channels": of.channels, "in_strides": of.strides} if of is not None else {}
    try:
        return getattr(home, name)(**{**described, **(parameters or {})})
    except TypeError as error:
        raise ValueError(f"{role} {name} cannot be built: {error}") from error


def _public_name(role: str, home: ModuleType, name: str) -> str:
    try:
        return public_name(name, home.__all__)
    except KeyError as error:
        raise ValueError(f"no {role} is named {name!r}: {error.args[0]}") from None
