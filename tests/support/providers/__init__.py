"""Model providers on 127.0.0.1: their API formats, what was really sent, and the LangChain classes that ask.

`server` answers and records. One module per API (`openai_chat`, `anthropic`, ...) writes a reply in that
API's format and reads facts back out of the recorded bytes. `clients` lists the LangChain classes,
`scenarios` what they are made to do, `table` which facts are lost on the way.
"""
