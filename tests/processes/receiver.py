"""An OTLP receiver in a process of its own, over both protocols, that tells what it has as soon as it has it.

The first line that it reads names its two ports. After the next one it stores what it is sent, and answers
no more.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter

from support.otlp import receive
from support.otlp_data import decode

holding = threading.Event()


def tell(**facts):
    os.write(1, json.dumps(facts).encode() + b"\n")


def watch(server):
    take = server.take

    def take_and_tell(signal, request, headers):
        answer = take(signal, request, headers)
        held = holding.is_set()
        tell(held=held, stored=Counter(span.resource["service.name"] for span in decode(request)))
        if held:
            threading.Event().wait()
        return answer

    server.take = take_and_tell


def main():
    http_port, grpc_port = map(int, sys.stdin.readline().split())
    with receive(port=http_port) as http, receive("grpc", port=grpc_port) as grpc:
        watch(http)
        watch(grpc)
        tell(endpoints={"http/protobuf": http.endpoint, "grpc": grpc.endpoint})
        if sys.stdin.readline():
            holding.set()
            tell(holding=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
