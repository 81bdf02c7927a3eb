"""Values: slideshows, operations, replies and notices. They hold data and do no I/O.

In reading order:

- ``slideshow``: the fluent builder of a multimedia message
- ``replies``: what a gateway answers when it accepts a request
- ``operations``: what a gateway can be asked: send, save, send saved, list, delete
- ``actions``: the operations that only Skycore 1.3 has
- ``notices``: postbacks: delivery reports and inbound messages
"""
