"""Images, audio, video and files in message content: by URI, by file id, or by reference to their bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from langspan._reading import as_text
from langspan._values import as_mapping, is_present
from langspan.content import media

Part: TypeAlias = dict[str, Any]

_DOCUMENT: Final = "document"
_TEXT: Final = "text"
_MODALITIES: Final = ("image", "audio", "video")


def media_part(
    modality: str,
    *,
    data: Any = None,
    uri: Any = None,
    file_id: Any = None,
    mime_type: Any = None,
) -> Part | None:
    """Return a `blob`, `uri` or `file` part; None if there is neither data nor location.

    Args:
        modality: The modality to use if the MIME type does not determine it.
        data: The bytes, or base64 text; only their size and hash are kept.
        uri: A URI; a data URL is treated as data.
        file_id: The provider's id of an uploaded file.
        mime_type: The MIME type, if known.
    """
    mime = media.as_mime_type(mime_type)
    place = as_text(uri)
    if place is not None and place.startswith("data:"):
        data, place = place, None
    if encoded := as_text(data):
        return _blob(modality, media.of_base64(encoded, mime))
    if issubclass(type(data), (bytes, bytearray, memoryview)):
        try:
            return _blob(modality, media.of_bytes(data, mime))
        except ValueError:  # a released memoryview
            return None
    if place:
        return _located("uri", "uri", place, modality, mime)
    if identity := as_text(file_id):
        return _located("file", "file_id", identity, modality, mime)
    return None


def untyped_media(block: Mapping[str, Any]) -> Part | None:
    """Read a Bedrock block, which has no type: `{"image": {"format": "png", "source": {"bytes": ...}}}`."""
    for key in (*_MODALITIES, _DOCUMENT):
        held = as_mapping(block.get(key))
        if held:
            source, form = as_mapping(held.get("source")), held.get("format")
            location = as_mapping(source.get("s3Location"))
            mime = _mime(key, form)
            return media_part(key, data=source.get("bytes"), uri=location.get("uri"), mime_type=mime)
    return None


def _blob(modality: str, reference: Mapping[str, Any]) -> Part:
    """Return a blob part with empty `content`: the message schema requires that field."""
    mime = reference.get("mime_type")
    return {"type": "blob", "modality": _modality(modality, mime), "content": "", **reference}


def _located(kind: str, key: str, place: str, modality: str, mime: str | None) -> Part:
    part: Part = {"type": kind, "modality": _modality(modality, mime), key: place}
    if mime is not None:
        part["mime_type"] = mime
    return part


def _modality(modality: str, mime: object) -> str:
    """Return the MIME type's modality, else the given one: a `file` may hold an image."""
    family = mime.partition("/")[0] if type(mime) is str else ""
    return family if family in _MODALITIES else modality


def _mime(modality: str, form: object) -> str | None:
    text = as_text(form)
    if not text:
        return None
    return f"application/{text}" if modality == _DOCUMENT else f"{modality}/{text}"


def _standard(modality: str) -> Callable[[Mapping[str, Any]], Part | None]:
    """Return a reader of image, audio, video and file blocks, both LangChain's (v0, v1) and providers'."""

    def read(block: Mapping[str, Any]) -> Part | None:
        source = as_mapping(block.get("source")) or as_mapping(block.get("file")) or block
        if _TEXT in (as_text(source.get("type")), as_text(source.get("source_type"))):
            text = as_text(source.get("data")) or as_text(source.get("text"))
            return None if text is None else {"type": _TEXT, "content": text}
        content = as_text(source.get("content"))
        if content is not None:  # an Anthropic text document
            return {"type": _TEXT, "content": content}
        return media_part(
            modality,
            data=_first(source, "base64", "data", "file_data", "bytes"),
            uri=_first(source, "url", "file_uri", "file_url"),
            file_id=_first(source, "file_id", "id"),
            mime_type=_first({**block, **source}, "mime_type", "media_type"),
        )

    return read


def _first(fields: Mapping[str, Any], *keys: str) -> Any:
    for key in keys:
        if is_present(value := fields.get(key)):
            return value
    return None


def _image_url(block: Mapping[str, Any]) -> Part | None:
    held = block.get("image_url")
    url = as_text(held) or as_mapping(held).get("url")
    return media_part("image", uri=url, file_id=block.get("file_id"))


def _input_audio(block: Mapping[str, Any]) -> Part | None:
    held = as_mapping(block.get("input_audio"))
    return media_part("audio", data=held.get("data"), mime_type=_mime("audio", held.get("format")))


def _plain_text(block: Mapping[str, Any]) -> Part | None:
    text = as_text(block.get("text"))
    return _standard(_DOCUMENT)(block) if text is None else {"type": _TEXT, "content": text}


def _generated_image(block: Mapping[str, Any]) -> Part | None:
    return media_part("image", data=block.get("result"), mime_type=_mime("image", block.get("output_format")))


MEDIA_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Part | None]]] = {
    **{modality: _standard(modality) for modality in _MODALITIES},
    "file": _standard(_DOCUMENT),
    "document": _standard(_DOCUMENT),
    "input_file": _standard(_DOCUMENT),
    "file_data": _standard(_DOCUMENT),
    "media": _standard(_DOCUMENT),
    "text-plain": _plain_text,
    "image_url": _image_url,
    "input_image": _image_url,
    "input_audio": _input_audio,
    "image_generation_call": _generated_image,
}
