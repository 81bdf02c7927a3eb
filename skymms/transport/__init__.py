"""Transport: how one call becomes HTTP requests, and everything that both clients share.

In reading order:

- ``guard``: keeps tests from sending to real gateways
- ``keep_alive``: how long a connection may be idle and be used again
- ``proxies``: which proxy a request goes through
- ``certificates``: says which certificate file cannot be used
- ``compression``: decompresses responses, up to a size limit
- ``retries``: when and how often a request is retried
- ``logging``: the log of skymms, and how API keys stay out of urllib3's log
- ``events``: the events that an observer receives
- ``observer``: reports the events of a call to the observer
- ``exchange``: decides the steps of one call; a client performs them
- ``errors``: explains why there is no response, from the errors of requests and urllib3
- ``aiohttp_body``: records whether aiohttp has begun to send a body
- ``aiohttp_route``: prepares each request of aiohttp, and turns its errors into reasons
- ``connections``: connections of urllib3 with a deadline for connecting and one for the whole response
- ``recorders``: lets VCR.py record requests, and answer them from a cassette
- ``pools``: pools of these connections
- ``requests_adapter``: an adapter for requests that uses these pools and never repeats a request
- ``fetching``: checks links and downloaded files for ``client.fetch``
- ``operation_methods``: the methods ``send_mms``, ``save_mms`` and so on of both clients
- ``calls``: checks a client's arguments, and measures, logs and reports each call
"""
