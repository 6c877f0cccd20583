"""What each class loses of what was on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from support.providers import facts as f
from support.providers.table import Loss

_ANSWERED: Final = ("whole", "streamed", "cut")
_STREAMS: Final = ("streamed", "cut")


def _merged(package: str, word: str = "stop") -> Loss:
    reason = f"{package} merges the choices of a stream into one message"
    return Loss((f.FINISH,), reason, ("streamed",), only=("two choices",), leaves=[word])


_OPENAI_STREAM_ID = Loss(
    (f.ID,),
    "langchain-openai does not copy the id of streamed chunks, except where the SDK parses the whole answer",
    _STREAMS,
    but_not=("structured by schema", "JSON mode"),
)
_OPENAI_LATE_MODEL = Loss(
    (f.RESPONSE_MODEL,), "langchain-openai reads it from the chunk with the finish reason only", ("cut",)
)
_OPENAI_LIKE = (_OPENAI_STREAM_ID, _OPENAI_LATE_MODEL)
_OPENAI_CHAT = (
    *_OPENAI_LIKE,
    Loss((f.FINGERPRINT,), "langchain-openai reads it from the chunk with the finish reason only", ("cut",)),
    Loss(
        (f.API_TYPE,),
        "langchain-openai picks the API inside the call; a failed call does not tell which",
        ("failed", "cut"),
    ),
    _merged("langchain-openai"),
)
_GEMINI = (
    Loss((f.ID,), "langchain-google-genai does not keep the id", _ANSWERED),
    Loss((f.TEXT_IN,), "langchain-google-genai keeps no counts by modality", _ANSWERED),
    Loss((f.RESPONSE_MODEL,), "langchain-google-genai reads it from the last chunk only", ("cut",)),
    Loss(
        (f.RESPONSE_MODEL,),
        "langchain-google-genai keeps no model beside a blocked prompt",
        ("whole", "streamed"),
        only=("refusal",),
    ),
    Loss(
        (f.INPUT, f.OUTPUT),
        "langchain-google-genai keeps no counts beside a blocked prompt in one piece",
        ("whole",),
        only=("refusal",),
    ),
    Loss(
        (f.LEVEL,),
        "langchain-google-genai sends the level in capitals and tells it as it was given",
        ("whole", "streamed"),
        only=("reasoning level",),
        leaves="low",
    ),
    _merged("langchain-google-genai", "STOP"),
)

LOSSES: Final[Mapping[str, tuple[Loss, ...]]] = {
    "ChatOpenAI": _OPENAI_CHAT,
    "AzureChatOpenAI": _OPENAI_CHAT,
    "ChatOpenAI, Responses API": (
        Loss((f.RESPONSE_MODEL, f.TIER), "langchain-openai reads it from the last event only", ("cut",)),
    ),
    "OpenAI": (
        Loss(
            (f.ID, f.RESPONSE_MODEL, f.FINGERPRINT),
            "langchain-openai's completion model does not keep it",
            _ANSWERED,
        ),
        Loss(
            (f.CACHE_READ, f.REASONING, f.AUDIO_IN, f.AUDIO_OUT),
            "langchain-openai's completion model keeps the totals only",
            ("whole", "streamed"),
        ),
        Loss(
            (f.INPUT, f.OUTPUT),
            "langchain-openai's completion model drops the usage chunk of a stream",
            ("streamed",),
        ),
    ),
    "ChatAnthropic": (
        Loss((f.ID,), "langchain-anthropic does not copy the id of a streamed message", _STREAMS),
        Loss(
            (f.INPUT, f.OUTPUT, f.CACHE_READ, f.CACHE_WRITE, f.CACHE_CREATION, f.CACHE_5M, f.CACHE_1H),
            "langchain-anthropic reads usage from the closing event only",
            ("cut",),
        ),
        Loss(
            (f.INPUT, f.CACHE_READ, f.CACHE_WRITE, f.CACHE_CREATION, f.CACHE_5M, f.CACHE_1H),
            "langchain-anthropic reads usage from the closing event only",
            ("streamed",),
            only=("input counted early",),
        ),
    ),
    "ChatGoogleGenerativeAI": _GEMINI,
    "ChatGoogleGenerativeAI, Vertex AI": _GEMINI,
    "ChatBedrockConverse": (
        Loss(
            (f.CACHE_WRITE, f.CACHE_CREATION),
            "langchain-aws writes 0 where nothing was sent, so a 0 that was sent is not told",
            ("whole", "streamed"),
            only=("cache read",),
        ),
    ),
    "ChatCohere": (
        Loss((f.ID,), "langchain-cohere does not copy the id of a stream", _STREAMS),
        Loss(
            (f.INPUT,),
            "langchain-cohere keeps the tokens seen by the model, not the billed ones",
            ("whole",),
            instead=f.INPUT_SEEN,
        ),
        Loss(
            (f.OUTPUT,),
            "langchain-cohere keeps the tokens seen by the model, not the billed ones",
            ("whole",),
            instead=f.OUTPUT_SEEN,
        ),
        Loss((f.CACHE_READ,), "langchain-cohere keeps the totals only", ("whole", "streamed")),
        Loss(
            (f.OUTPUT_TYPE,),
            "langchain-cohere's structured output by tool tells nothing of it",
            ("whole", "streamed"),
            only=("structured by tool",),
        ),
        Loss(
            (f.STOP,),
            "langchain-cohere reports the stop sequences of its constructor and does not send them",
            ("whole", "streamed"),
            only=("parameters",),
            leaves=["END", "STOP"],
        ),
    ),
    "ChatOllama": (
        Loss((f.RESPONSE_MODEL,), "langchain-ollama reads it from the last line only", ("cut",)),
        Loss(
            (f.STREAM,),
            "langchain-ollama has every answer streamed, and tells so with the first chunk only",
            ("failed",),
            but_not=("cut",),
            modes=("invoke", "ainvoke"),
        ),
    ),
    "ChatMistralAI": (
        Loss((f.ID,), "langchain-mistralai does not keep the id", _ANSWERED),
        Loss(
            (f.RESPONSE_MODEL,),
            "langchain-mistralai writes the requested model into a whole answer",
            ("whole",),
        ),
        Loss((f.RESPONSE_MODEL,), "langchain-mistralai reads it from the last chunk only", ("cut",)),
        Loss((f.CACHE_READ,), "langchain-mistralai keeps the totals of a stream only", ("streamed",)),
        _merged("langchain-mistralai"),
    ),
    "ChatGroq": (
        Loss((f.ID,), "langchain-groq does not keep the id", _ANSWERED),
        Loss((f.RESPONSE_MODEL,), "langchain-groq writes the requested model in its place", _ANSWERED),
        _merged("langchain-groq"),
    ),
    "ChatDeepSeek": _OPENAI_LIKE,
    "ChatXAI": (
        *_OPENAI_LIKE,
        Loss(
            (f.TEXT_IN, f.IMAGE_IN),
            "langchain-xai keeps no counts of text and images from a stream",
            ("streamed",),
        ),
        _merged("langchain-openai"),
    ),
    "ChatTogether": (*_OPENAI_LIKE, _merged("langchain-openai", "eos")),
    "ChatHuggingFace": (
        Loss(
            (f.MODEL,),
            "huggingface-hub sends a placeholder to an endpoint of one's own",
            but_not=("another model",),
        ),
        Loss((f.RESPONSE_MODEL,), "langchain-huggingface writes the requested one in its place", _ANSWERED),
        Loss(
            (f.ADDRESS, f.PORT),
            "langchain-huggingface tells no callback of the endpoint inside, which has it",
        ),
        Loss(
            (f.TOP_P,),
            "langchain-huggingface takes over its endpoint's default and does not send it",
            leaves=0.95,
        ),
    ),
    "ChatFireworks": (
        Loss((f.ID,), "langchain-fireworks does not keep the id", _ANSWERED),
        Loss((f.RESPONSE_MODEL,), "langchain-fireworks writes the requested model in its place", _ANSWERED),
        _merged("langchain-fireworks"),
    ),
}
