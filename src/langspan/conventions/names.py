"""Every attribute name and well-known value that this package writes.

Pinned to the last released GenAI conventions (core v1.41), plus the span attributes that were added later in
the conventions' own repository and that tools already read. They are defined here because the published
constants end at v1.41 and are marked deprecated. A constant is named like its attribute.
"""

from __future__ import annotations

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.41.0"

# --- GenAI: common ---
GEN_AI_OPERATION_NAME: Final = "gen_ai.operation.name"
GEN_AI_PROVIDER_NAME: Final = "gen_ai.provider.name"
GEN_AI_CONVERSATION_ID: Final = "gen_ai.conversation.id"
GEN_AI_CONVERSATION_COMPACTED: Final = "gen_ai.conversation.compacted"
GEN_AI_OUTPUT_TYPE: Final = "gen_ai.output.type"
GEN_AI_PROMPT_NAME: Final = "gen_ai.prompt.name"
GEN_AI_PROMPT_VERSION: Final = "gen_ai.prompt.version"

# --- GenAI: request ---
GEN_AI_REQUEST_MODEL: Final = "gen_ai.request.model"
GEN_AI_REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
GEN_AI_REQUEST_TOP_P: Final = "gen_ai.request.top_p"
GEN_AI_REQUEST_TOP_K: Final = "gen_ai.request.top_k"
GEN_AI_REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
GEN_AI_REQUEST_FREQUENCY_PENALTY: Final = "gen_ai.request.frequency_penalty"
GEN_AI_REQUEST_PRESENCE_PENALTY: Final = "gen_ai.request.presence_penalty"
GEN_AI_REQUEST_STOP_SEQUENCES: Final = "gen_ai.request.stop_sequences"
GEN_AI_REQUEST_SEED: Final = "gen_ai.request.seed"
GEN_AI_REQUEST_CHOICE_COUNT: Final = "gen_ai.request.choice.count"
GEN_AI_REQUEST_STREAM: Final = "gen_ai.request.stream"
GEN_AI_REQUEST_ENCODING_FORMATS: Final = "gen_ai.request.encoding_formats"
GEN_AI_REQUEST_REASONING_LEVEL: Final = "gen_ai.request.reasoning.level"
GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID: Final = "gen_ai.request.previous_response.id"
GEN_AI_EMBEDDINGS_DIMENSION_COUNT: Final = "gen_ai.embeddings.dimension.count"

# --- GenAI: response ---
GEN_AI_RESPONSE_ID: Final = "gen_ai.response.id"
GEN_AI_RESPONSE_MODEL: Final = "gen_ai.response.model"
GEN_AI_RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"

# --- GenAI: usage ---
GEN_AI_USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
GEN_AI_USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
# Renamed after v1.41. Viewers read the old name, the newest conventions have the new one: both are written.
GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"
GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
GEN_AI_USAGE_TEXT_INPUT_TOKENS: Final = "gen_ai.usage.text.input_tokens"
GEN_AI_USAGE_IMAGE_INPUT_TOKENS: Final = "gen_ai.usage.image.input_tokens"
GEN_AI_USAGE_AUDIO_INPUT_TOKENS: Final = "gen_ai.usage.audio.input_tokens"
GEN_AI_USAGE_TEXT_OUTPUT_TOKENS: Final = "gen_ai.usage.text.output_tokens"
GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.image.output_tokens"
GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: Final = "gen_ai.usage.audio.output_tokens"
GEN_AI_TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - tokens of text, not of access
GEN_AI_TOKEN_MODALITY: Final = "gen_ai.token.modality"  # noqa: S105 - as above

# --- GenAI: content (off by default) ---
GEN_AI_INPUT_MESSAGES: Final = "gen_ai.input.messages"
GEN_AI_OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
GEN_AI_SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
GEN_AI_TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"

# --- GenAI: tools, retrieval, agents, workflows ---
GEN_AI_TOOL_NAME: Final = "gen_ai.tool.name"
GEN_AI_TOOL_TYPE: Final = "gen_ai.tool.type"
GEN_AI_TOOL_DESCRIPTION: Final = "gen_ai.tool.description"
GEN_AI_TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
GEN_AI_TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
GEN_AI_TOOL_CALL_RESULT: Final = "gen_ai.tool.call.result"
GEN_AI_RETRIEVAL_TOP_K: Final = "gen_ai.retrieval.top_k"
GEN_AI_RETRIEVAL_QUERY_TEXT: Final = "gen_ai.retrieval.query.text"
GEN_AI_RETRIEVAL_DOCUMENTS: Final = "gen_ai.retrieval.documents"
GEN_AI_AGENT_NAME: Final = "gen_ai.agent.name"
GEN_AI_AGENT_ID: Final = "gen_ai.agent.id"
GEN_AI_WORKFLOW_NAME: Final = "gen_ai.workflow.name"

# --- GenAI: evaluation ---
GEN_AI_EVALUATION_NAME: Final = "gen_ai.evaluation.name"
GEN_AI_EVALUATION_SCORE_VALUE: Final = "gen_ai.evaluation.score.value"
GEN_AI_EVALUATION_SCORE_LABEL: Final = "gen_ai.evaluation.score.label"
GEN_AI_EVALUATION_EXPLANATION: Final = "gen_ai.evaluation.explanation"

# --- OpenAI refinements ---
OPENAI_API_TYPE: Final = "openai.api.type"
OPENAI_REQUEST_SERVICE_TIER: Final = "openai.request.service_tier"
OPENAI_RESPONSE_SERVICE_TIER: Final = "openai.response.service_tier"
OPENAI_RESPONSE_SYSTEM_FINGERPRINT: Final = "openai.response.system_fingerprint"

# --- core conventions ---
ERROR_TYPE: Final = "error.type"
OTEL_COMPONENT_NAME: Final = "otel.component.name"
OTEL_COMPONENT_TYPE: Final = "otel.component.type"
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
USER_ID: Final = "user.id"
SESSION_ID: Final = "session.id"

# --- LangChain's own data ---
LANGCHAIN_RUN_ID: Final = "langchain.run.id"
LANGCHAIN_RUN_NAME: Final = "langchain.run.name"
LANGCHAIN_TAGS: Final = "langchain.tags"
LANGCHAIN_METADATA_PREFIX: Final = "langchain.metadata."
LANGCHAIN_SOURCE: Final = "langchain.source"
LANGCHAIN_RETRIEVER_NAME: Final = "langchain.retriever.name"
LANGCHAIN_EMBEDDINGS_NAME: Final = "langchain.embeddings.name"
LANGCHAIN_VECTOR_STORE: Final = "langchain.vector_store"
LANGCHAIN_INPUT: Final = "langchain.input"
LANGCHAIN_OUTPUT: Final = "langchain.output"
LANGCHAIN_PROMPT_NAME: Final = "langchain.prompt.name"
LANGCHAIN_PROMPT_VERSION: Final = "langchain.prompt.version"
LANGCHAIN_PROMPT_VARIABLE_PREFIX: Final = "langchain.prompt.variable."
LANGCHAIN_TEXT: Final = "langchain.text"
LANGCHAIN_EVENT_NAME: Final = "langchain.event.name"
LANGCHAIN_EVENT_DATA: Final = "langchain.event.data"
LANGCHAIN_RETRY_ATTEMPT: Final = "langchain.retry.attempt"
LANGCHAIN_TOOL_CALL_REASON: Final = "langchain.tool_call.reason"

# --- LangGraph's own data ---
LANGGRAPH_NODE: Final = "langgraph.node"
LANGGRAPH_STEP: Final = "langgraph.step"
LANGGRAPH_TRIGGERS: Final = "langgraph.triggers"
LANGGRAPH_SEND_INDEX: Final = "langgraph.send.index"
LANGGRAPH_DEFERRED: Final = "langgraph.deferred"
LANGGRAPH_CHECKPOINT_NS: Final = "langgraph.checkpoint.ns"
LANGGRAPH_CHECKPOINT_ID: Final = "langgraph.checkpoint.id"
LANGGRAPH_GRAPH_ID: Final = "langgraph.graph.id"
LANGGRAPH_ASSISTANT_ID: Final = "langgraph.assistant.id"
LANGGRAPH_RUN_ID: Final = "langgraph.run.id"
LANGGRAPH_INTERRUPT_STATUS: Final = "langgraph.interrupt.status"
LANGGRAPH_INTERRUPT_COUNT: Final = "langgraph.interrupt.count"
LANGGRAPH_INTERRUPT_VALUES: Final = "langgraph.interrupt.values"

# --- this package's own ---
LANGSPAN_CONVERSATION_ID: Final = "langspan.conversation.id"
LANGSPAN_EVALUATION_NAME: Final = "langspan.evaluation.name"
LANGSPAN_EVALUATION_SCORE_VALUE: Final = "langspan.evaluation.score.value"
LANGSPAN_EVALUATION_SCORE_LABEL: Final = "langspan.evaluation.score.label"
LANGSPAN_EVALUATION_EXPLANATION: Final = "langspan.evaluation.explanation"
LANGSPAN_COST_AMOUNT: Final = "langspan.cost.amount"
LANGSPAN_COST_CURRENCY: Final = "langspan.cost.currency"
LANGSPAN_COST_SOURCE: Final = "langspan.cost.source"
LANGSPAN_COST_PRICE_DATE: Final = "langspan.cost.price_date"
LANGSPAN_COST_PRICE_LIST: Final = "langspan.cost.price_list"
LANGSPAN_COST_UNPRICED_CALLS: Final = "langspan.cost.unpriced_calls"
LANGSPAN_BUDGET_PER: Final = "langspan.budget.per"
LANGSPAN_BUDGET_MEASURE: Final = "langspan.budget.measure"
LANGSPAN_BUDGET_LIMIT: Final = "langspan.budget.limit"
LANGSPAN_BUDGET_SPENT: Final = "langspan.budget.spent"
LANGSPAN_OUTCOME: Final = "langspan.outcome"
LANGSPAN_CACHE_HIT: Final = "langspan.cache.hit"
LANGSPAN_RETRY_ATTEMPT: Final = "langspan.retry.attempt"
LANGSPAN_FALLBACK_FROM: Final = "langspan.fallback.from"
LANGSPAN_ROUTED_FROM: Final = "langspan.routed.from"
LANGSPAN_REASONING_BUDGET_TOKENS: Final = "langspan.request.reasoning.budget_tokens"
LANGSPAN_RETRIEVAL_DOCUMENT_COUNT: Final = "langspan.retrieval.document_count"
LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: Final = "langspan.retrieval.document_texts"
LANGSPAN_EMBEDDINGS_INPUT_COUNT: Final = "langspan.embeddings.input_count"
LANGSPAN_USAGE_CACHE_WRITE_5M_INPUT_TOKENS: Final = "langspan.usage.cache_write_5m.input_tokens"
LANGSPAN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS: Final = "langspan.usage.cache_write_1h.input_tokens"


class EventName:
    """Names of log events."""

    OPERATION_DETAILS: Final = "gen_ai.client.inference.operation.details"
    EXCEPTION: Final = "gen_ai.client.operation.exception"
    EVALUATION_RESULT: Final = "gen_ai.evaluation.result"


class OperationName:
    """Values of `gen_ai.operation.name`."""

    CHAT: Final = "chat"
    TEXT_COMPLETION: Final = "text_completion"
    GENERATE_CONTENT: Final = "generate_content"
    EMBEDDINGS: Final = "embeddings"
    RETRIEVAL: Final = "retrieval"
    EXECUTE_TOOL: Final = "execute_tool"
    INVOKE_AGENT: Final = "invoke_agent"
    INVOKE_WORKFLOW: Final = "invoke_workflow"


class OwnOperationName:
    """Values of `gen_ai.operation.name` that the conventions lack; they allow names of one's own."""

    CLASSIFY: Final = "classify"


MODEL_CALLS: Final = frozenset(
    {
        OperationName.CHAT,
        OperationName.TEXT_COMPLETION,
        OperationName.GENERATE_CONTENT,
        OperationName.EMBEDDINGS,
        OwnOperationName.CLASSIFY,
    }
)
"""The operations whose tokens are their own. Those of agents and of roots are sums."""


class OutputType:
    """Values of `gen_ai.output.type`."""

    TEXT: Final = "text"
    JSON: Final = "json"
    IMAGE: Final = "image"
    SPEECH: Final = "speech"


class ToolType:
    """Values of `gen_ai.tool.type`."""

    FUNCTION: Final = "function"


class ToolCallReason:
    """Values of `langchain.tool_call.reason`: why no tool ran."""

    UNKNOWN_TOOL: Final = "unknown_tool"
    CALL_LIMIT: Final = "call_limit"
    BLOCKED: Final = "blocked"
    EMULATED: Final = "emulated"
    REJECTED: Final = "rejected"
    ANSWERED_BY_PERSON: Final = "answered_by_person"
    ANSWERED_BY_NODE: Final = "answered_by_node"


class TokenType:
    """Values of `gen_ai.token.type`."""

    INPUT: Final = "input"
    OUTPUT: Final = "output"


class Modality:
    """Values of `gen_ai.token.modality`; the first three also name message part modalities."""

    TEXT: Final = "text"
    IMAGE: Final = "image"
    AUDIO: Final = "audio"
    UNKNOWN: Final = "unknown"


class OpenAIApi:
    """Values of `openai.api.type`."""

    CHAT_COMPLETIONS: Final = "chat_completions"
    RESPONSES: Final = "responses"


TOOL_ERROR: Final = "tool_error"
"""The `error.type` of a tool that reported its failure as a result (the value of the MCP conventions)."""
