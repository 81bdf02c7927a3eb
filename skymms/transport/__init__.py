"""Transport: how one call becomes HTTP requests, and everything that both clients share.

In reading order:

- ``guard``: keeps tests from sending to real gateways
- ``compression``: decompresses responses, up to a size limit
- ``retries``: when and how often a request is retried
- ``logging``: the log of skymms, and how API keys stay out of urllib3's log
- ``events``: the events that an observer receives
- ``observer``: reports the events of a call to the observer
- ``exchange``: decides the steps of one call; a client performs them
- ``errors``: explains why there is no response, from the errors of requests and urllib3
- ``requests_adapter``: an adapter for requests whose read time-out covers the whole response
- ``aiohttp_body``: records whether aiohttp has begun to send a body
- ``fetching``: checks links and downloaded files for ``client.fetch``
- ``operation_methods``: the methods ``send_mms``, ``save_mms`` and so on of both clients
- ``calls``: checks a client's arguments, and measures, logs and reports each call
"""
