"""The smallest traced application: a prompt, a model, a parser.

Start a collector and Jaeger (`docker compose up -d`), run this file (offline, or with MODEL=openai:gpt-5-mini
and its key), then look for the service "quickstart" at http://localhost:16686.
"""

import os

from langchain.chat_models import init_chat_model
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

import langspan

os.environ.setdefault("OTEL_SERVICE_NAME", "quickstart")
langspan.instrument()

name = os.environ.get("MODEL")
model = init_chat_model(name) if name else FakeListChatModel(responses=["Because it has a tree of spans."])
chain = ChatPromptTemplate([("human", "Why is {what} easy to debug?")]) | model | StrOutputParser()
print(chain.invoke({"what": "this program"}))
