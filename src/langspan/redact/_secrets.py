"""Secrets of programs: keys, tokens, passwords."""

from __future__ import annotations

import re
from typing import Any, Final

_SECRET: Final = "[secret]"  # noqa: S105 - what is written instead of one
_SHORTEST: Final = 8  # characters of a text that could hold a name and a secret

# Where a word begins, also behind an escaped line break in a JSON text inside of a text.
_START: Final = r"(?:(?<![\w-])|(?<=\\[nrt]))"

# Tokens that say by their beginning what they are. Each part is as long as it gets, and never tried again.
_TOKENS: Final = re.compile(
    _START
    + r"""(?:
    sk-[\w-]{16,}+                                   # OpenAI, Anthropic, DeepSeek, Langfuse, OpenRouter
    | pk-lf-[\w-]{16,}+
    | (?:gsk|csk|hf|xai|pplx|r8|tgp_v1|fw|nvapi|jina|tvly|lsv2_pt|lsv2_sk)[_-][\w-]{16,}+
    | (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?!\w)      # AWS
    | gh[pousr]_[A-Za-z0-9]{20,}+ | github_pat_\w{20,}+
    | glpat-[\w-]{16,}+
    | xox[abeprs]-[\w-]{10,}+ | xapp-[\w-]{10,}+     # Slack
    | AIza[\w-]{30,}+ | ya29\.[\w-]{16,}+ | GOCSPX-[\w-]{16,}+
    | (?:sk|rk|pk|whsec)_(?:(?:live|test)_)?[A-Za-z0-9]{16,}+
    | npm_[A-Za-z0-9]{20,}+ | pypi-[\w-]{16,}+ | dckr_pat_[\w-]{16,}+
    | SG\.[\w-]{16,}+\.[\w-]{16,}+
    | dapi[0-9a-f]{32}(?!\w) | do[opr]_v1_[0-9a-f]{32,}+ | dop_v1_[0-9a-f]{32,}+
    | eyJ[\w-]{6,}+\.[\w-]{6,}+(?:\.[\w-]*+)?        # JSON web tokens
    )""",
    re.VERBOSE | re.ASCII,
)
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]|-(?!----))*+"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
)
_BEARER: Final = re.compile(
    r"(?<![a-z])(bearer[ \t]{1,4})(?=[a-z._~+/=-]{0,64}[0-9])[\w.~+/=-]{12,}+", re.IGNORECASE | re.ASCII
)
_URL_PASSWORD: Final = re.compile(r"""(://[^\s:/?\#@"'\\]{0,128}+:)[^\s/?\#@"'\\]{1,256}+(?=@)""", re.VERBOSE)
_HOOK: Final = re.compile(r"(hooks\.slack\.com/(?:services|workflows)/)[\w/]{8,}+", re.ASCII)

# What somebody calls a secret, and what follows. Quotes may be escaped, in a JSON text inside of a text.
_NAMES: Final = (
    "pass(?:word|wd|phrase)|pwd|secret(?:[_-]?access)?(?:[_-]?key)?|client[_-]?secret|credential|authorization"
    "|(?:api|access|account|auth|private|signing|encryption|subscription)[_-]?key"
)
_IS: Final = r"""[\\"']{0,6}[ \t]{0,4}(?:=>|[:=])[ \t]{0,4}"""
_SCHEME: Final = r"(?:(?:basic|bearer|digest|token|apikey)[ \t]{1,4})?"
_NAMED: Final = re.compile(
    rf"((?:{_NAMES})(?:s|[_-][\w-]{{0,24}}+)?{_IS})"
    rf"""(?:([\\"']{{1,6}}{_SCHEME})[^"'\\\n]{{4,}}+|({_SCHEME})[^\s"'\\,;&<>]{{6,}}+)""",
    re.IGNORECASE | re.ASCII,
)
# Counts of tokens are everywhere here, so a token is long.
_NAMED_TOKEN: Final = re.compile(
    rf"""(token{_IS}[\\"']{{0,6}})[\w.~+/=-]{{16,}}+""", re.IGNORECASE | re.ASCII
)


def secrets(value: Any, _where: str = "") -> Any:
    """Write `[secret]` for keys, tokens and passwords.

    Found are tokens that say what they are by their beginning (`sk-…`, `ghp_…`, `AKIA…`, JSON web tokens),
    private keys, bearer tokens, passwords in URLs, and what is called a password, a secret or a key in the
    same text (`password=…`, `"api_key": "…"`).

    Args:
        value: A captured value; anything but a text is returned unchanged.
        where: What it is part of; makes no difference.
    """
    if not isinstance(value, str) or len(value) < _SHORTEST:
        return value
    if "-----BEGIN" in value:
        value = _PRIVATE_KEY.sub(_SECRET, value)
    if "://" in value:
        value = _URL_PASSWORD.sub(rf"\1{_SECRET}", value)
        value = _HOOK.sub(rf"\1{_SECRET}", value)
    value = _NAMED.sub(_hidden, value)
    value = _NAMED_TOKEN.sub(rf"\1{_SECRET}", value)
    value = _BEARER.sub(rf"\1{_SECRET}", value)
    return _TOKENS.sub(_SECRET, value)


def _hidden(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2] or found[3] or ''}{_SECRET}"
