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


_OPENAI_CHAT = (
    Loss(
        (f.API_TYPE,),
        "langchain-openai picks the API inside the call; a failed call does not tell which",
        ("failed",),
    ),
    _merged("langchain-openai"),
)
_GEMINI = (
    Loss((f.TEXT_IN,), "langchain-google-genai keeps no counts by modality", _ANSWERED),
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
    "ChatOpenAI, Responses API": (),
    "OpenAI": (
        Loss(
            (f.ID, f.RESPONSE_MODEL, f.FINGERPRINT),
            "langchain-openai's completion model does not keep it",
            ("whole",),
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
        Loss((f.CACHE_READ,), "langchain-mistralai keeps the totals of a stream only", ("streamed",)),
        _merged("langchain-mistralai"),
    ),
    "ChatGroq": (_merged("langchain-groq"),),
    "ChatDeepSeek": (),
    "ChatXAI": (
        Loss(
            (f.TEXT_IN, f.IMAGE_IN),
            "langchain-xai keeps no counts of text and images from a stream",
            ("streamed",),
        ),
        _merged("langchain-openai"),
    ),
    "ChatTogether": (_merged("langchain-openai", "eos"),),
    "ChatHuggingFace": (
        Loss(
            (f.MODEL,),
            "huggingface-hub sends a placeholder to an endpoint of one's own",
            but_not=("another model",),
        ),
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
    "ChatFireworks": (_merged("langchain-fireworks"),),
}
