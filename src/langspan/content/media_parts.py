"""Images, audio, video and files in message content: by URI, by file id, or by reference to their bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from langspan._values import as_mapping, is_present
from langspan.content import media

Part: TypeAlias = dict[str, Any]

_DOCUMENT: Final = "document"
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
    if isinstance(uri, str) and uri.startswith("data:"):
        data, uri = uri, None
    if isinstance(data, str) and data:
        return _blob(modality, media.of_base64(data, mime))
    if isinstance(data, bytes | bytearray | memoryview):
        try:
            return _blob(modality, media.of_bytes(data, mime))
        except ValueError:  # a released memoryview
            return None
    if isinstance(uri, str) and uri:
        return _located("uri", "uri", uri, modality, mime)
    if isinstance(file_id, str) and file_id:
        return _located("file", "file_id", file_id, modality, mime)
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
    family = mime.partition("/")[0] if isinstance(mime, str) else ""
    return family if family in _MODALITIES else modality


def _mime(modality: str, form: object) -> str | None:
    if not isinstance(form, str) or not form:
        return None
    return f"application/{form}" if modality == _DOCUMENT else f"{modality}/{form}"


def _standard(modality: str) -> Callable[[Mapping[str, Any]], Part | None]:
    """Return a reader of image, audio, video and file blocks, both LangChain's (v0, v1) and providers'."""

    def read(block: Mapping[str, Any]) -> Part | None:
        source = as_mapping(block.get("source")) or as_mapping(block.get("file")) or block
        if source.get("type") == "text" or source.get("source_type") == "text":
            text = source.get("data") or source.get("text")
            return {"type": "text", "content": text} if isinstance(text, str) else None
        if isinstance(source.get("content"), str):  # an Anthropic text document
            return {"type": "text", "content": source["content"]}
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
    url = held if isinstance(held, str) else as_mapping(held).get("url")
    return media_part("image", uri=url, file_id=block.get("file_id"))


def _input_audio(block: Mapping[str, Any]) -> Part | None:
    held = as_mapping(block.get("input_audio"))
    return media_part("audio", data=held.get("data"), mime_type=_mime("audio", held.get("format")))


def _plain_text(block: Mapping[str, Any]) -> Part | None:
    text = block.get("text")
    return {"type": "text", "content": text} if isinstance(text, str) else _standard(_DOCUMENT)(block)


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
