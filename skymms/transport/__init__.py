"""Transport: what decides about a call, and what both clients share.

In reading order:

- ``guard``: keeps tests from sending to real gateways
- ``compression``: decompresses responses, up to a size limit
- ``retries``: when and how often a call is repeated
- ``exchange``: one call as a series of steps, decided without I/O
- ``logging``: what skymms logs, and how keys stay out of urllib3's log
- ``requests_adapter``: a requests adapter whose read time-out holds for the whole response
- ``errors``: why there was no response, from the errors of requests and urllib3
- ``calls``: time-outs, links and argument checks for both clients
"""
